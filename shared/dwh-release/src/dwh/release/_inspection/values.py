"""What the public names of an imported package are: constants, defaults, constructors, places."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

from dwh.release._inspection.instances import instance_traits
from dwh.release._inspection.plain import is_fixed, plain_text

__all__ = ["read_values"]

_GONE = object()


@dataclass(frozen=True)
class _Unknown:
    """What is made when it is asked for, and cannot be made here; it may need a library that is not there."""

    missing: str | None


def read_values(package: str, promised: Iterable[str]) -> dict[str, Any]:
    """Import every public module that can be imported and return what is in it.

    Parameters:
        promised: paths below the package that must still lead to something.

    Returns `values` (constants as text), `fixed` (those that cannot change in place), `defaults` (of
    parameters), `traits` (of functions and classes), `instances` (what those of a class can do), `calls`
    (parameters of functions, and of constructors that the package defines), `kinds` (`class`,
    `function`, `value` or `unknown`), `abstract` (classes that nobody can make), `scanned` (the modules
    and classes whose members are all told here), `found`: for each promised path that leads somewhere,
    and each name that a module makes when it is asked for, where it is defined; and `missing`: for each
    promised path that leads somewhere once a library is installed, that library.
    """
    keys = ("values", "defaults", "calls", "kinds", "traits", "instances", "found", "missing")
    answer: dict[str, Any] = {key: {} for key in keys}
    answer.update(fixed=[], abstract=[], scanned=[])
    for module in _modules(package):
        prefix = module.__name__.removeprefix(package).lstrip(".")
        answer["scanned"].append(prefix)
        written = {*vars(module)}
        for name, value in _members(module):
            path = f"{prefix}.{name}".lstrip(".")
            _note(answer, package, path, value)
            if name not in written and not isinstance(value, _Unknown):
                answer["found"][path] = _home(value)
    for path in promised:
        _note_promised(answer, package, path)
    return answer


def _note_promised(answer: dict[str, Any], package: str, path: str) -> None:
    value = _value(package, path)
    if isinstance(value, _Unknown):
        if value.missing and not f"{value.missing}.".startswith(f"{package}."):
            answer["missing"][path] = value.missing
    elif value is not _GONE:
        answer["found"][path] = _home(value)
        _note(answer, package, path, value)


def _modules(package: str) -> Iterator[ModuleType]:
    top = _imported(package)
    if top is None:
        return
    yield top
    for found in pkgutil.iter_modules(getattr(top, "__path__", ())):
        if found.name.isidentifier() and not found.name.startswith("_"):
            yield from _modules(f"{package}.{found.name}")


def _imported(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except (
        Exception,
        SystemExit,
    ):  # an extra that is not installed, a script: what griffe reads of it has to do
        return None


def _members(module: ModuleType) -> Iterator[tuple[str, object]]:
    listed = getattr(module, "__all__", None)
    # A module says by `__dir__` what its `__getattr__` makes.
    for name in dict.fromkeys(listed if listed is not None else [*vars(module), *dir(module)]):
        value = _attribute(module, name)
        if not name.startswith("_") and value is not _GONE and not isinstance(value, ModuleType):
            yield name, value


def _note(answer: dict[str, Any], package: str, path: str, value: object) -> None:
    text = plain_text(value)
    answer["kinds"][path] = _kind(value)
    if text is not None:
        answer["values"][path] = text
        if is_fixed(value):
            answer["fixed"].append(path)
    elif isinstance(value, FunctionType):
        answer["defaults"][path] = _defaults(value)
        answer["traits"][path] = ["a generator"] if _generates(value) else []
        answer["calls"][path] = _parameters(value)
    elif isinstance(value, type) and _inside(value, package):
        _note_class(answer, package, path, value)


def _kind(value: object) -> str:
    if isinstance(value, _Unknown):
        return "unknown"
    if isinstance(value, type):
        return "class"
    return "function" if callable(value) else "value"


def _note_class(answer: dict[str, Any], package: str, path: str, found: type) -> None:
    owners = [owner for owner in found.__mro__ if _inside(owner, package)]
    answer["scanned"].append(path)
    traits = {"final": getattr(found, "__final__", False), "unhashable": found.__hash__ is None}
    answer["traits"][path] = [trait for trait, holds in traits.items() if holds]
    answer["instances"][path] = instance_traits(found)
    if inspect.isabstract(found):
        answer["abstract"].append(path)
    made = any({"__init__", "__new__"} & vars(owner).keys() for owner in owners)
    if made or (_inside(type(found), package) and "__call__" in vars(type(found))):
        answer["calls"][path] = _parameters(found)
    for owner in reversed(owners):
        for name, member in vars(owner).items():
            if not name.startswith("_") or name == "__init__":
                function = member.__func__ if isinstance(member, staticmethod | classmethod) else member
                _note(answer, package, f"{path}.{name}", function)


def _generates(function: FunctionType) -> bool:
    written = inspect.unwrap(function)
    return inspect.isgeneratorfunction(written) or inspect.isasyncgenfunction(written)


def _inside(found: type, package: str) -> bool:
    return found.__module__ == package or found.__module__.startswith(f"{package}.")


def _defaults(function: FunctionType) -> dict[str, str]:
    parameters = inspect.signature(function).parameters.values()
    texts = {p.name: plain_text(p.default) for p in parameters if p.default is not p.empty}
    return {name: text for name, text in texts.items() if text is not None}


def _parameters(found: type | FunctionType) -> list[dict[str, str | None]]:
    try:
        parameters = inspect.signature(found).parameters.values()
    except (TypeError, ValueError):
        return []
    return [
        {
            "name": parameter.name,
            "kind": parameter.kind.description,
            "annotation": None,
            "default": None if parameter.default is parameter.empty else plain_text(parameter.default) or "…",
        }
        for parameter in parameters
    ]


def _value(package: str, path: str) -> object:
    """Return what a path leads to, _GONE, or _Unknown, as is all that is in what cannot be made."""
    found: Any = _imported(package)
    for name in path.split("."):
        below = _attribute(found, name)
        if below is _GONE and isinstance(found, ModuleType):
            below = _imported(f"{found.__name__}.{name}") or _GONE
        found = below
    return found


def _attribute(owner: object, name: str) -> Any:
    if isinstance(owner, _Unknown):
        return owner
    try:
        return getattr(owner, name, _GONE)
    except Exception as error:
        return _Unknown(error.name if isinstance(error, ModuleNotFoundError) else None)


def _home(value: Any) -> str:
    """Return where a class, a function or a module is defined; an empty text for a value."""
    if isinstance(value, type | FunctionType):
        return f"{value.__module__}.{value.__qualname__}"
    return value.__name__ if isinstance(value, ModuleType) else ""

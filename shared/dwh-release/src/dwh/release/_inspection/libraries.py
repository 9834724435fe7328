"""Other libraries to read a line under: each that it asks for is absent, or there, or of another version.

A library that a line cannot do without is its requirement, and no condition: whether a contract depends
on one is told only where the line can be read without it.
"""

from __future__ import annotations

import builtins
import contextlib
import functools
import importlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.machinery import ModuleSpec
from importlib.metadata import Distribution, PackageNotFoundError
from types import ModuleType
from typing import Any

from dwh.release._inspection.replacing import replaced

__all__ = ["Libraries", "other_libraries", "watched_libraries"]

_VERSIONS = ("0.0.1", "999.0.0")


class Libraries:
    """Which libraries and distributions a package has asked for, whether they are installed or not."""

    def __init__(self, package: str) -> None:
        self.modules: dict[str, set[str]] = {}
        self.distributions: set[str] = set()
        self._package = package

    def note_module(self, name: object, asking: object) -> None:
        """Note a module below the library that it is of, if the package's own code asks for it."""
        if isinstance(name, str) and self.is_own(asking):
            top = name.partition(".")[0]
            if top and top not in (self._package.partition(".")[0], "__future__"):
                self.modules.setdefault(top, set()).add(name)

    def is_own(self, asking: object) -> bool:
        """Tell whether a module is one of the package."""
        return f"{asking}.".startswith(f"{self._package}.")


class _Installed(Distribution):
    """A distribution of which nothing is known but its version."""

    def __init__(self, version: str, name: str) -> None:
        self._text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"

    def read_text(self, filename: str) -> str | None:
        return self._text if filename == "METADATA" else None

    def locate_file(self, path: Any) -> Any:
        return path


class _Stand(ModuleType):
    """A module that has whatever is asked for."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__spec__ = ModuleSpec(name, None)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


@contextlib.contextmanager
def watched_libraries(package: str) -> Iterator[Libraries]:
    """Note which libraries a package asks for."""
    libraries = Libraries(package)
    real_import, from_name = builtins.__import__, Distribution.from_name

    def statement(name: str, globals: Any = None, *arguments: Any, **options: Any) -> Any:
        level = options.get("level", arguments[2] if len(arguments) > 2 else 0)
        if not level:
            libraries.note_module(name, (globals or {}).get("__name__"))
        return real_import(name, globals, *arguments, **options)

    def noted(real: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(real)
        def ask(name: str, *arguments: Any, **options: Any) -> Any:
            libraries.note_module(name, sys._getframe(1).f_globals.get("__name__"))
            return real(name, *arguments, **options)

        return ask

    def distribution(cls: type, name: str) -> Distribution:
        if libraries.is_own(_asking()):
            libraries.distributions.add(name)
        return from_name(name)

    with replaced(
        (builtins, "__import__", statement),
        (importlib, "import_module", noted(importlib.import_module)),
        (importlib.util, "find_spec", noted(importlib.util.find_spec)),
        (Distribution, "from_name", classmethod(distribution)),
    ):
        yield libraries


def _asking() -> object:
    """Return the name of the module that asks, through importlib.metadata."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__") in (__name__, "importlib.metadata"):
        frame = frame.f_back
    return frame.f_globals.get("__name__")


def other_libraries(libraries: Libraries) -> Iterator[tuple[str, Any]]:
    """Yield a label and a context manager for each way in which a library may be there or not."""
    for name, asked in sorted(libraries.modules.items()):
        yield f"without the library {name}", _modules(name, {name: None})
        if name not in sys.modules:
            stands = {module: _Stand(module) for module in (name, *asked)}
            yield f"with the library {name}", _modules(name, stands)
        for version in _VERSIONS if hasattr(sys.modules.get(name), "__version__") else ():
            yield f"with {name} {version}", replaced((sys.modules[name], "__version__", version))
    if libraries.distributions:
        names = ", ".join(sorted(libraries.distributions))
        yield f"without the distribution {names}", _distributions(_not_found)
        for version in _VERSIONS:
            yield f"with {names} {version}", _distributions(functools.partial(_Installed, version))


@contextlib.contextmanager
def _modules(name: str, stands: Mapping[str, ModuleType | None]) -> Iterator[None]:
    """Let the modules of a library be others, or None for one that is absent."""
    hidden = {key: sys.modules.pop(key) for key in [*sys.modules] if f"{key}.".startswith(f"{name}.")}
    absent: dict[str, Any] = dict.fromkeys(hidden)  # Python takes None for a module that is not there
    sys.modules.update(absent | dict(stands))
    try:
        yield
    finally:
        for key in [key for key in sys.modules if f"{key}.".startswith(f"{name}.")]:
            del sys.modules[key]
        sys.modules.update(hidden)


def _not_found(name: str) -> Distribution:
    raise PackageNotFoundError(name)


def _distributions(answer: Callable[[str], Distribution]) -> Any:
    return replaced((Distribution, "from_name", classmethod(lambda cls, name: answer(name))))

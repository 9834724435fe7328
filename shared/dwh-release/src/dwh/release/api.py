"""The public Python API of a package, read from source by griffe.

A name is public as griffe has it: listed in `__all__`, or, where there is none, defined in the
module without a leading underscore. Paths are relative to the import package, so that two lines
can be compared; its own name inside annotations becomes `{line}`.
"""

from __future__ import annotations

import ast
import contextlib
import gc
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

import griffe

from dwh.release._text import text_of
from dwh.release.api_data import ApiData
from dwh.release.api_values import add_values
from dwh.release.errors import ReadError
from dwh.release.imports import Import, Importing
from dwh.release.jobs import Place
from dwh.release.repository import Package

__all__ = ["Api", "read_api"]

# Compared as contracts and settings, not as values.
_DECLARATIONS = ("reads", "writes", "changes")


class Api(NamedTuple):
    """What the sources of a package say.

    Attributes:
        objects: the public ones, by path.
        places: where each of them is written.
        imports: those of all modules, public or not.
    """

    objects: dict[str, ApiData]
    places: dict[str, Place]
    imports: list[Import]


def read_api(package: Package, root_path: str, seen: Mapping[str, Any]) -> Api:
    """Read the public API of a package; raises ReadError.

    Parameters:
        seen: what `looking` saw in the imported package: it knows values, and what was promised before
            and is still there, wherever it is defined now.
    """
    with _uncollected():
        importing = Importing()
        module = _loaded(package, importing)
        api, places = {}, {}
        for path, found in _listed(module, package, seen):
            api[path] = _described(found, package.module)
            places[path] = Place(_file(found, package, root_path), found.lineno or 1)
        add_values(api, seen, set(_written(module, "")))
        return Api(api, places, importing.below(package.folder, root_path))


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Collect no garbage meanwhile: there is none in a growing tree, and looking takes half of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _loaded(package: Package, importing: Importing) -> griffe.Module:
    try:
        module = griffe.load(
            package.module,
            search_paths=[package.src],
            allow_inspection=False,
            extensions=griffe.load_extensions(importing),
        )
    except (griffe.LoadingError, ImportError, SyntaxError, KeyError) as error:
        _parse_others(package, importing)
        raise ReadError(f"reading the API of {package.name}", str(error), "fix the file") from error
    _parse_others(package, importing)
    return cast(griffe.Module, module)


def _written(module: griffe.Module, above: str) -> Iterator[str]:
    """Yield the path of each name that a module's source defines or imports, public or not."""
    for name, member in module.members.items():
        yield f"{above}{name}"
        if not member.is_alias and member.is_module:
            yield from _written(cast(griffe.Module, member), f"{above}{name}.")


def _listed(
    module: griffe.Module, package: Package, seen: Mapping[str, Any]
) -> Iterator[tuple[str, griffe.Object | griffe.Alias]]:
    """Yield each public object by its path, also one defined elsewhere: promised, or made when asked for."""
    known = set()
    for path, found in _public(module, package, ""):
        known.add(path)
        yield path, found
    # A name that a module no longer lists, but still has, keeps its promise.
    for path, where in seen["found"].items():
        inside = where.removeprefix(f"{package.module}.")
        if path not in known and inside != where and _exists(module, inside):
            yield from _with_members(path, module[inside], package, known)


def _with_members(
    path: str, found: griffe.Object | griffe.Alias, package: Package, known: set[str]
) -> Iterator[tuple[str, griffe.Object | griffe.Alias]]:
    """Yield an object, and what is in it if it is a class, unless it is known."""
    inside = _public(cast(griffe.Class, found), package, f"{path}.") if found.is_class else ()
    for below, member in [(path, found), *inside]:
        if below not in known:
            known.add(below)
            yield below, member


def _exists(module: griffe.Module, path: str) -> bool:
    try:
        return module[path] is not None
    except (KeyError, griffe.GriffeError):
        return False


def _parse_others(package: Package, importing: Importing) -> None:
    """Parse what griffe left out; raises ReadError where that is an error: its names would look removed."""
    for path in sorted({*package.module_folder.rglob("*.py")} - importing.found.keys()):
        try:
            importing.note(path, ast.parse(text_of(path)))
        except (SyntaxError, ValueError) as error:
            raise ReadError(f"reading {path}", str(error), "fix the file") from error


def _public(
    parent: griffe.Module | griffe.Class, package: Package, above: str
) -> Iterator[tuple[str, griffe.Object | griffe.Alias]]:
    for name, member in (parent.members | _inherited(parent, package)).items():
        hidden = name.startswith("_") and name != "__init__"
        if hidden or not (member.is_public or name in _inherited(parent, package)):
            continue
        found = _target(member, package)
        if _is_declaration(found, package):
            continue
        path = f"{above}{name}"
        yield path, found
        if not found.is_alias and (found.is_class or (found.is_module and found is member)):
            yield from _public(cast("griffe.Module | griffe.Class", found), package, f"{path}.")


def _inherited(parent: griffe.Module | griffe.Class, package: Package) -> dict[str, griffe.Alias]:
    """Return what a class has of other classes of the package: a private one may be its only home."""
    if not parent.is_class:
        return {}
    found = parent.inherited_members
    return {name: member for name, member in found.items() if _target(member, package) is not member}


def _target(member: griffe.Object | griffe.Alias, package: Package) -> griffe.Object | griffe.Alias:
    """Return what a name leads to inside the package; the name itself where that is elsewhere."""
    if not isinstance(member, griffe.Alias):
        return member
    try:
        found = member.final_target
    except griffe.GriffeError:
        return member
    return found if f"{found.path}.".startswith(f"{package.module}.") else member


def _is_declaration(member: griffe.Object | griffe.Alias, package: Package) -> bool:
    if package.line is None or member.is_alias or not member.is_attribute:
        return False
    line = package.project["entry-points"]["dwh.lines"][package.line].replace(":", ".")
    inside_class = member.parent is not None and member.parent.is_class
    return member.path == line or (inside_class and member.name in _DECLARATIONS)


def _file(found: Any, package: Package, root_path: str) -> str:
    path = found.parent.filepath if found.is_alias else found.filepath
    return f"{root_path}/{path.relative_to(package.folder).as_posix()}"


def _described(found: Any, module: str) -> ApiData:
    def text(expression: object) -> str | None:
        return None if expression is None else str(expression).replace(module, "{line}")

    if found.is_alias:
        return {"kind": "alias", "target": str(text(found.target_path))}
    described: ApiData = {"kind": found.kind.value}
    if found.is_class:
        described["bases"] = [str(text(base)) for base in found.bases]
    elif found.is_function:
        described["labels"] = sorted(found.labels)
        described["parameters"] = [
            {
                "name": parameter.name,
                "kind": parameter.kind.value if parameter.kind else "",
                # griffe gives a parameter without annotation of `self` the text None.
                "annotation": text(parameter.annotation),
                "default": text(parameter.default),
            }
            for parameter in found.parameters
        ]
        described["returns"] = text(found.returns)
    elif found.is_attribute:
        described["labels"] = sorted(found.labels & {"property", "cached", "writable", "deletable"})
        described["annotation"] = text(found.annotation)
        if not _is_field(found):
            described["value"] = text(found.value) if _is_constant(found) else None
    return described


def _is_field(found: griffe.Attribute) -> bool:
    """Tell whether it belongs to a dataclass, whose synthesized `__init__` has its default."""
    return found.parent is not None and found.parent.is_class and "dataclass" in found.parent.labels


def _is_constant(found: griffe.Attribute) -> bool:
    """Tell whether callers may count on the value: a constant, a type alias, a literal default."""
    if found.value is None:
        return False
    if found.name[0].isupper():
        return True
    try:
        ast.literal_eval(str(found.value))
    except (ValueError, SyntaxError):
        return False
    return True

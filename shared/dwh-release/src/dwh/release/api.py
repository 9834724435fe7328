"""The public Python API of a package, read from source by griffe.

A name is public as griffe has it: listed in `__all__`, or, where there is none, defined in the
module without a leading underscore. Paths are relative to the import package, so that two lines
can be compared; its own name inside annotations becomes `{line}`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, TypedDict, cast

import griffe

from dwh.release.errors import ReadError
from dwh.release.jobs import Place
from dwh.release.repository import Package

__all__ = ["ApiData", "ParameterData", "read_api", "rebuilt"]

# Compared as contracts and settings, not as values.
_DECLARATIONS = ("reads", "writes", "changes")


class ParameterData(TypedDict):
    """A parameter of a function, as it is written."""

    name: str
    kind: str
    annotation: str | None
    default: str | None


class ApiData(TypedDict, total=False):
    """A public object. Which keys it has depends on its kind.

    kind: `module`, `class`, `function`, `attribute` or `alias` (a name that a module passes on).
    """

    kind: str
    labels: list[str]
    bases: list[str]
    parameters: list[ParameterData]
    returns: str | None
    annotation: str | None
    value: str | None
    target: str


def read_api(package: Package, root_path: str) -> tuple[dict[str, ApiData], dict[str, Place]]:
    """Return the public objects of a package by path, and where each is written; raises ReadError."""
    try:
        module = griffe.load(package.module, search_paths=[package.src], allow_inspection=False)
    except (griffe.LoadingError, ImportError, SyntaxError) as error:
        raise ReadError(f"reading the API of {package.name}", str(error), "mend the file") from error
    _require_readable(package)
    api, places = {}, {}
    for found in _public(cast(griffe.Module, module), package):
        path = found.path.removeprefix(f"{package.module}.")
        api[path] = _described(found, package.module)
        places[path] = Place(_file(found, package, root_path), found.lineno or 1)
    return api, places


def rebuilt(name: str, api: dict[str, ApiData]) -> griffe.Module:
    """Make griffe's objects again from what was recorded, for its comparison."""
    top = griffe.Module(name)
    for path in sorted(api):
        parent: Any = top
        for word in path.split(".")[:-1]:
            if word not in parent.members:
                parent[word] = griffe.Module(word, parent=parent)
            parent = parent[word]
        made = _object(path.rpartition(".")[2], api[path])
        made.public = True
        parent.set_member(made.name, made)
    return top


def _require_readable(package: Package) -> None:
    # griffe leaves out a module that does not parse; its names would look removed.
    for path in sorted(package.module_folder.rglob("*.py")):
        try:
            ast.parse(path.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError) as error:
            raise ReadError(f"reading {path}", str(error), "mend the file") from error


def _public(parent: griffe.Module | griffe.Class, package: Package) -> Iterator[Any]:
    for name, member in parent.members.items():
        if (
            not member.is_public
            or (name.startswith("_") and name != "__init__")
            or _is_declaration(member, package)
        ):
            continue
        yield member
        if not member.is_alias and (member.is_module or member.is_class):
            yield from _public(cast("griffe.Module | griffe.Class", member), package)


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
        described["value"] = text(found.value) if _is_constant(found) else None
    return described


def _is_constant(found: griffe.Attribute) -> bool:
    """Tell whether callers may count on the value: a constant, a type alias, a literal default."""
    if found.parent is not None and found.parent.is_class and "dataclass" in found.parent.labels:
        return False  # the synthesized __init__ has it
    if found.value is None:
        return False
    if found.name[0].isupper():
        return True
    try:
        ast.literal_eval(str(found.value))
    except (ValueError, SyntaxError):
        return False
    return True


def _object(name: str, described: ApiData) -> griffe.Object | griffe.Alias:
    kind = described["kind"]
    if kind == "alias":
        # An alias is compared as a name; where it points to is compared as text.
        return griffe.Attribute(name, value=described["target"])
    if kind == "function":
        return griffe.Function(name, parameters=_parameters(described), returns=described["returns"])
    if kind == "class":
        return griffe.Class(name, bases=list(described["bases"]))
    return griffe.Module(name) if kind == "module" else griffe.Attribute(name)


def _parameters(described: ApiData) -> griffe.Parameters:
    return griffe.Parameters(
        *(
            griffe.Parameter(p["name"], kind=griffe.ParameterKind(p["kind"]), default=p["default"])
            for p in described["parameters"]
        )
    )

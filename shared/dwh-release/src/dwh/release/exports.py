"""What a package exports, as text: a line for each public name, so that a review sees each change of it.

The text is kept in `exports.txt` beside the package's `pyproject.toml`, and written anew by a command. It
decides nothing: whether a change breaks what was released is for the gate, which compares with `released/`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

from dwh.release._text import text_of
from dwh.release.api_data import ApiData, ParameterData
from dwh.release.jobs import Place
from dwh.release.repository import Package, Repository
from dwh.release.surface import Surface, read_surface

__all__ = ["changed_exports", "exports", "exports_path"]

_MARKS = {"variadic positional": "*", "variadic keyword": "**"}


def exports(repository: Repository, package: Package) -> str:
    """Return the public names of a package in the tree, sorted, each with its signature; raises ReadError."""
    surface = read_surface(repository, package)
    lines = [line for _, line in sorted(_lines(package, surface))]
    return "".join(f"{line}\n" for line in [f"# {package.module}", *lines])


def exports_path(package: Package) -> Path:
    """Return where what a package exports is recorded."""
    return package.folder / "exports.txt"


def changed_exports(package: Package, now: str) -> list[str]:
    """Return how what is exported now differs from what is recorded: its lines, each with `+` or `-`."""
    path = exports_path(package)
    recorded = text_of(path) if path.is_file() else ""
    found = difflib.unified_diff(recorded.splitlines(), now.splitlines(), n=0, lineterm="")
    return [line for line in found if not line.startswith(("---", "+++", "@@"))]


def _lines(package: Package, surface: Surface) -> Iterator[tuple[str, str]]:
    """Yield each path with its line; a name that is passed on is told once, its members where they are."""
    passed_on: set[str] = set()
    for path in sorted(surface.api, key=lambda path: path.count(".")):
        found, above = surface.api[path], path.rpartition(".")[0]
        if above in passed_on:
            passed_on.add(path)
        elif found["kind"] != "module":
            home = _module(package, surface.place(path))
            of_a_class = surface.api.get(above, {}).get("kind") == "class"
            if of_a_class or f"{path}.".startswith(f"{home}." if home else ""):
                yield path, _line(path, found).replace("{line}", package.module)
            else:
                passed_on.add(path)
                yield path, f"{path} is {home}.{path.rpartition('.')[2]}"


def _module(package: Package, place: Place) -> str:
    """Return the module, below the import package, that a place is in; empty for the package's own."""
    home = package.module_folder.relative_to(package.folder).as_posix()
    inside = place.path.partition(f"{home}/")[2].removesuffix(".py").replace("/", ".")
    return inside.removesuffix("__init__").removesuffix(".")


def _line(path: str, found: ApiData) -> str:
    labels = "".join(f" [{label}]" for label in found.get("labels", ()))
    if found["kind"] == "function":
        returns = f" -> {found['returns']}" if found["returns"] else ""
        return f"{path}({', '.join(_parameters(found['parameters']))}){returns}{labels}"
    if found["kind"] == "class":
        return f"{path}: class({', '.join(found['bases'])})".removesuffix("()")
    if found["kind"] == "alias":
        return f"{path} is {found['target']}"
    annotation = f": {found['annotation']}" if found.get("annotation") else ""
    value = " ".join((found.get("value") or "").split())
    return f"{path}{annotation}{f' = {value}' if value else ''}{labels}"


def _parameters(parameters: list[ParameterData]) -> Iterator[str]:
    before = ""
    for parameter in parameters:
        kind = parameter["kind"]
        if before == "positional-only" != kind:
            yield "/"
        if kind == "keyword-only" and before not in (kind, "variadic positional"):
            yield "*"
        before = kind
        annotation = f": {parameter['annotation']}" if parameter["annotation"] else ""
        variadic = kind in _MARKS
        default = f" = {parameter['default']}" if parameter["default"] and not variadic else ""
        yield f"{_MARKS.get(kind, '')}{parameter['name']}{annotation}{default}"

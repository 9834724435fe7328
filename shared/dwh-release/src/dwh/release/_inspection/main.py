"""Read from standard input what to look at, print what was found, both as JSON."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dwh.release._inspection.conditions import CONDITIONS, Asked, watched
from dwh.release._inspection.jobs import note_places, read_line
from dwh.release._inspection.order import has_sets
from dwh.release._inspection.sources import read_sources
from dwh.release._inspection.values import read_values

__all__ = ["main"]


def main() -> None:
    """Look at the package that standard input describes.

    Its keys: `folders` to import from, `package`, `promised` paths, and for a line `line`, the name of
    its Line, and `pythons`, the versions to read it under, too.
    """
    asked = json.load(sys.stdin)
    answer, sys.stdout = sys.stdout, sys.stderr
    read_sources(asked["folders"])
    _forget(asked["package"])
    found: dict[str, Any] = {"jobs": {}, "places": {}, "settings": {}, "uncallable": {}, "unsteady": None}
    if asked["line"]:
        note_places(importlib.import_module("dwh.core.contract"))
        found.update(_line(asked["package"], asked["line"], asked["pythons"]))
    json.dump({**found, **read_values(asked["package"], asked["promised"])}, answer)


def _line(package: str, name: str, pythons: list[list[int]]) -> dict[str, Any]:
    with watched(package, pythons) as asked:
        found = _promises(package, name)
    unsteady = next(_differences(package, name, found, asked), None)
    _forget(package)
    folder = Path(str(importlib.import_module(package).__file__)).parent
    return {**read_line(package, name), "unsteady": unsteady, "unordered": has_sets(folder)}


def _promises(package: str, name: str) -> dict[str, Any]:
    return {**read_line(package, name), **read_values(package, ())}


def _differences(package: str, name: str, found: dict[str, Any], asked: Asked) -> Iterator[str]:
    """Yield what is another contract, or no contract, under other conditions."""
    for conditions in CONDITIONS:
        for label, context in conditions(asked):
            _forget(package)
            try:
                with context:
                    other = _promises(package, name)
            except Exception as error:
                yield f"{label} it cannot be read ({type(error).__name__}: {error})"
                continue
            for path, here, there in _unequal(found, other):
                yield f"{label} {path} is {there!r} instead of {here!r}"


def _unequal(here: dict[str, Any], there: dict[str, Any]) -> Iterator[tuple[str, object, object]]:
    for key in ("jobs", "settings", "values", "defaults"):
        yield from _compared(key, here[key], there[key])


def _compared(path: str, here: Any, there: Any) -> Iterator[tuple[str, object, object]]:
    if isinstance(here, dict) and isinstance(there, dict) and here.keys() == there.keys():
        for key in here:
            yield from _compared(f"{path}.{key}", here[key], there[key])
    elif isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        for number, (one, other) in enumerate(zip(here, there, strict=True)):
            yield from _compared(f"{path}.{number}", one, other)
    elif here != there:
        yield path.partition(".")[2] or path, here, there


def _forget(package: str) -> None:
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        del sys.modules[name]

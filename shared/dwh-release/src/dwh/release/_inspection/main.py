"""Read from standard input which packages to look at, print what was found in each, both as JSON."""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from dwh.release._inspection.conditions import CONDITIONS, REQUIRED, Asked, watched
from dwh.release._inspection.jobs import note_places, read_line
from dwh.release._inspection.order import has_sets
from dwh.release._inspection.sources import read_sources
from dwh.release._inspection.values import read_values

__all__ = ["main"]


def main() -> None:
    """Look at the packages that standard input describes, and print a line for each: its number and answer.

    The first is looked at in this process, each other in a fork of it, which need not import again what the
    first has imported. One that cannot be looked at has no line; if it is the first, this process fails.

    The keys of each: `folders` to import from, `package`, `promised` paths, and for a line `line`, the name
    of its Line, and `pythons`, the versions to read it under, too.
    """
    first, *others = json.load(sys.stdin)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a package prints, by whatever way, is no answer
    sys.stdout = sys.stderr
    print(json.dumps([0, _look(first)]), file=answers, flush=True)
    for number, answer in _forked(others):
        print(json.dumps([number, answer]), file=answers, flush=True)


def _forked(packages: Sequence[dict[str, Any]]) -> Iterator[tuple[int, Any]]:
    """Look at packages in forks, as many at a time as there are processors, and yield what each has found."""
    found: dict[int, tuple[int, IO[str]]] = {}
    for number, asked in enumerate(packages, 1):
        if len(found) == (os.cpu_count() or 1):
            yield from _ended(found)
        file = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - its parent closes it
        if not (child := os.fork()):
            _write_and_leave(asked, file)
        found[child] = number, file
    while found:
        yield from _ended(found)


def _write_and_leave(asked: dict[str, Any], file: IO[str]) -> None:
    try:
        json.dump(_look(asked), file)
        file.flush()
    finally:
        os._exit(0)


def _ended(children: dict[int, tuple[int, IO[str]]]) -> Iterator[tuple[int, Any]]:
    """Wait for a child, and yield what it wrote, if it could."""
    number, file = children.pop(os.wait()[0])
    with file:
        file.seek(0)
        if text := file.read():
            yield number, json.loads(text)


def _look(asked: dict[str, Any]) -> dict[str, Any]:
    read_sources(asked["folders"])
    _forget(asked["package"])
    found: dict[str, Any] = {"jobs": {}, "places": {}, "settings": {}, "uncallable": {}, "unsteady": None}
    if asked["line"]:
        note_places(importlib.import_module("dwh.core.contract"))
        found.update(_line(asked["package"], asked["line"], asked["pythons"]))
    return {**found, **read_values(asked["package"], asked["promised"])}


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
                if conditions in REQUIRED:  # it cannot do without: the line's requirements say so
                    continue
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

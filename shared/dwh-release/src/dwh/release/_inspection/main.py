"""Read from standard input which packages to look at, print what was found in each, both as JSON."""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import sys
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

    The first is looked at in this process. Each other is looked at in a fork of the process that has looked
    at the package that it comes after, and need not import again what was imported there. One that cannot be
    looked at has no line, and neither have those after it; if it is the first, this process fails.

    The keys of each: `folders` to import from, `package`, `promised` paths, for a line `line`, the name
    of its Line, and `pythons`, the versions to read it under, too; `after`, the number of another package.
    """
    gc.disable()  # next to nothing of what is imported is garbage
    packages = json.load(sys.stdin)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a package prints, by whatever way, is no answer
    sys.stdout = sys.stderr
    _look_from(0, packages, answers)


def _look_from(number: int, packages: Sequence[dict[str, Any]], answers: IO[str]) -> None:
    """Look at a package, print what was found, and look at those after it, one on each processor."""
    line = json.dumps([number, _look(packages[number])])
    with _alone() if number else contextlib.nullcontext():
        print(line, file=answers, flush=True)
    running = 0
    for other in (other for other, asked in enumerate(packages) if asked["after"] == number):
        if running == (os.cpu_count() or 1):
            os.wait()
            running -= 1
        if not os.fork():
            _look_and_leave(other, packages, answers)
        running += 1
    for _ in range(running):
        os.wait()


def _look_and_leave(number: int, packages: Sequence[dict[str, Any]], answers: IO[str]) -> None:
    try:
        _look_from(number, packages, answers)
    finally:
        os._exit(0)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Let no other fork print meanwhile. They all have the same input; one that dies lets go of its lock."""
    os.lockf(0, os.F_LOCK, 0)
    yield
    os.lockf(0, os.F_ULOCK, 0)


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

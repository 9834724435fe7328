"""A script, run in a process of its own: print what a line's jobs declare, as JSON.

It is given the folders to import from, the import package and the name of its Line. It runs apart
so that the tree's code is read and not the installed one, and so that a job that fails to import
fails alone. It imports nothing of dwh.release.
"""

from __future__ import annotations

import importlib
import json
import sys
from types import ModuleType
from typing import Any


def _note_places(contract: ModuleType) -> None:
    """Make Table and Column remember the file and row that wrote them."""
    for kind in (contract.Table, contract.Column):
        original = kind.__init__

        def init(self: Any, *args: Any, _original: Any = original, **kwargs: Any) -> None:
            _original(self, *args, **kwargs)
            frame = sys._getframe(1)
            object.__setattr__(self, "_place", (frame.f_code.co_filename, frame.f_lineno))

        kind.__init__ = init


def _places(table: Any, path: str) -> dict[str, Any]:
    found = {path: table._place}
    found.update({f"{path}.{column.name}": column._place for column in table.columns})
    return found


def _change(change: Any) -> dict[str, Any]:
    return {"change": type(change).__name__, **vars(change)}


def _read(package: str, name: str) -> dict[str, Any]:
    from dwh.core.lines import InstalledLine

    line = getattr(importlib.import_module(package), name)
    installed = InstalledLine(name, package, package, "", line)
    jobs, places = {}, {}
    for job_name in installed.job_names():
        job = installed.job(job_name)
        jobs[job_name] = {
            "class": job.__name__,
            "reads": [table.to_dict() for table in job.reads],
            "writes": job.writes.to_dict(),
            "changes": [_change(change) for change in job.changes],
        }
        places.update(_places(job.writes, f"{job_name}.writes"))
        for table in job.reads:
            places.update(_places(table, f"{job_name}.reads.{table.name}"))
    return {"jobs": jobs, "places": places, "settings": dict(line.settings)}


def main() -> None:
    """Read the arguments, print the answer."""
    *folders, package, name = sys.argv[1:]
    answer, sys.stdout = sys.stdout, sys.stderr
    sys.path[:0] = folders
    _note_places(importlib.import_module("dwh.core.contract"))
    json.dump(_read(package, name), answer)


if __name__ == "__main__":
    main()

"""What a line's jobs declare, and whether they can be called as every job is."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

__all__ = ["note_places", "read_line"]


def note_places(contract: ModuleType) -> None:
    """Make Table and Column remember the file and row that wrote them."""
    import sys

    for kind in (contract.Table, contract.Column):
        original = kind.__init__

        def init(self: Any, *args: Any, _original: Any = original, **kwargs: Any) -> None:
            _original(self, *args, **kwargs)
            frame = sys._getframe(1)
            object.__setattr__(self, "_place", (frame.f_code.co_filename, frame.f_lineno))

        kind.__init__ = init


def read_line(package: str, name: str) -> dict[str, Any]:
    """Import a line and return its jobs, its settings, where they are written, and what cannot be called."""
    from dwh.core.lines import InstalledLine

    line = getattr(importlib.import_module(package), name)
    installed = InstalledLine(name, package, package, "", line)
    jobs: dict[str, Any] = {}
    places: dict[str, Any] = {}
    uncallable: dict[str, str] = {}
    for job_name in installed.job_names():
        job = installed.job(job_name)
        jobs[job_name] = _job(job)
        places.update(_places(job.writes, f"{job_name}.writes"))
        reads: tuple[Any, ...] = job.reads  # tables, or inputs that have one
        for table in reads:
            places.update(_places(getattr(table, "table", table), f"{job_name}.reads.{table.name}"))
        if faults := list(_uncallable(job)):
            uncallable[job_name] = "; ".join(faults)
    return {"jobs": jobs, "places": places, "settings": dict(line.settings), "uncallable": uncallable}


def _job(job: Any) -> dict[str, Any]:
    return {
        "class": job.__name__,
        "reads": [table.to_dict() for table in job.reads],
        "writes": job.writes.to_dict(),
        "changes": [{"change": type(change).__name__, **vars(change)} for change in job.changes],
    }


def _places(table: Any, path: str) -> dict[str, Any]:
    found = {path: table._place}
    found.update({f"{path}.{column.name}": column._place for column in table.columns})
    return found


def _uncallable(job: Any) -> Iterator[str]:
    """Yield why a job cannot be made and run as every other job: `MyJob().run(date=…)`."""
    from dwh.core.job import Job

    if inspect.isabstract(job):
        yield f"{job.__name__}() cannot be made: {', '.join(sorted(job.__abstractmethods__))} is abstract"
    try:
        inspect.signature(job).bind()
    except TypeError as error:
        yield f"{job.__name__}() must need no argument, but: {error}"
    members = {name: value for owner in reversed(Job.__mro__[:-1]) for name, value in vars(owner).items()}
    for name, promised in members.items():
        given = inspect.getattr_static(job, name)
        if name.startswith("_") or name == "transform" or given is promised or not _function(promised):
            continue  # the parameters of transform are the job's inputs
        if type(given) is not type(promised):
            yield f"{job.__name__}.{name} must be a {type(promised).__name__}, as Job.{name} is"
        else:
            yield from _refused(f"{job.__name__}.{name}", name, _function(promised), _function(given))


def _function(member: Any) -> Any:
    """Return the function of a method, None for what is not one."""
    found = member.__func__ if isinstance(member, classmethod | staticmethod) else member
    return found if inspect.isfunction(found) else None


def _refused(where: str, name: str, promised: Any, given: Any) -> Iterator[str]:
    if inspect.iscoroutinefunction(given) or inspect.isgeneratorfunction(given):
        yield f"{where} must return its result, as Job.{name} does"
    parameters = inspect.signature(given).parameters
    others = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    for parameter in inspect.signature(promised).parameters.values():
        there = parameters.get(parameter.name)
        if parameter.kind is parameter.VAR_KEYWORD:
            if not others:
                yield f"{where} must take **{parameter.name}, as Job.{name} does"
        elif (there is None and not others) or (there and there.kind is there.POSITIONAL_ONLY):
            yield f"{where} must take {parameter.name}, as Job.{name} does"
    for parameter in list(parameters.values())[1:]:
        variadic = parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        if parameter.default is parameter.empty and not variadic:
            yield f"{where} must not need {parameter.name}, which Job.{name} does not"

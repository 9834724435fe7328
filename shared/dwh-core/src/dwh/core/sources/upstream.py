"""Which jobs write the tables that a job reads, as far as they are installed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dwh.core.config import Config
from dwh.core.dates import DateRange
from dwh.core.definition import JobDefinition, inputs_of
from dwh.core.errors import CycleError, DefinitionError, InputError, listed
from dwh.core.ledger.schema import runs
from dwh.core.lines import InstalledLine, installed_lines
from dwh.core.warehouse import Warehouse

__all__ = [
    "check_line",
    "command_for",
    "is_written_by_jobs",
    "nobody_writes",
    "refuse_cycles",
    "writer_in",
    "writers",
]

FORMAT = "dwh"
"""The format of a source that other jobs write."""


def is_written_by_jobs(name: str, config: Config) -> bool:
    """Return whether an input is read as other jobs write it, and not from a place of the configuration."""
    place = config.sources.get(name)
    return place is None or place.format == FORMAT


def writer_in(line: InstalledLine, table: str) -> type[JobDefinition] | None:
    """Return the job of a line that writes a table; raises DefinitionError where two do."""
    jobs = filter(None, map(line.usable_job, line.job_names()))
    found = [job for job in jobs if job.writes.name == table]
    if len(found) > 1:
        names = " and ".join(job.name() for job in found)
        raise DefinitionError(f"line {line.name}", f"{names} write {table}; keep one of them")
    return found[0] if found else None


def writers(table: str) -> dict[str, type[JobDefinition]]:
    """Return the installed jobs that write a table, by line; raises DefinitionError for two in one line."""
    found = {name: writer_in(line, table) for name, line in installed_lines().items()}
    return {name: job for name, job in found.items() if job is not None}


def nobody_writes(table: str, origin: str) -> InputError:
    """Return the error for a table of which the configuration says that jobs write it, and none does."""
    return InputError(
        table,
        f'format = "{FORMAT}" in {origin}',
        "no installed job writes a table of that name, and no run has written one",
        "correct its name there and in the job's reads, or install the line whose job writes it; "
        "type: dwh jobs",
    )


def check_line(warehouse: Warehouse, *, table: str, line: str, environment: str) -> None:
    """Raise InputError where a line has no output of a table in an environment, and others alone write it."""
    found, ledger = writers(table), warehouse.ledger
    if not found or line in [*found, *ledger.table_lines(environment=environment, table=table)]:
        return
    raise InputError(
        table,
        f"line {line} in {environment}",
        "it has no output there, and no job of it is installed that writes the table "
        f"(lines whose jobs do: {listed(found)})",
        f"name another line in the job's Input or in dwh.toml, or install line {line}; type: dwh jobs",
    )


def refuse_cycles(job: type[JobDefinition], line: str, warehouse: Warehouse) -> None:
    """Raise CycleError, with the path, when a job reads what is made from its own output."""
    _follow(job, line, warehouse, (), {})


def command_for(
    warehouse: Warehouse, *, table: str, line: str | None, environment: str, spans: Sequence[DateRange]
) -> str:
    """Return the command that makes logical dates of a table.

    Parameters:
        line: the one whose outputs are wanted; None for what the environment publishes.
    """
    job = _job_name(warehouse, table)
    dates = f"--from {spans[0].first} --to {spans[-1].last} --env {environment}"
    if line is not None:
        return f"dwh backfill {job}@{line} {dates}"
    if warehouse.ledger.decision(environment=environment, job=job) is None:
        return f'dwh pin {job} LINE --env {environment} --publish --reason "…"'
    return f"dwh run {job} {dates}"


def _job_name(warehouse: Warehouse, table: str) -> str:
    if found := writers(table):
        return next(reversed(found.values())).name()
    written = warehouse.ledger.find_runs(runs.c.table_name == table)
    return written[-1].job if written else "JOB"


_Path = tuple[tuple[str, str], ...]  # each a job's reference, and the table by which it was reached


def _follow(
    job: type[JobDefinition], line: str, warehouse: Warehouse, path: _Path, seen: dict[str, None]
) -> None:
    """Walk through what a job reads, and what that is made of; `seen` are those that lead to no cycle."""
    reference = f"{job.name()}@{line}"
    if reference in [name for name, _ in path]:
        start = [name for name, _ in path].index(reference)
        raise CycleError([*path[start:], (reference, "")])
    if reference in seen:
        return
    for table, writer, of_line in _upstream(job, line, warehouse):
        _follow(writer, of_line, warehouse, (*path, (reference, table)), seen)
    seen[reference] = None


def _upstream(
    job: type[JobDefinition], line: str, warehouse: Warehouse
) -> Iterator[tuple[str, type[JobDefinition], str]]:
    """Yield, for each table of other jobs that a job reads, the job that writes it and its line."""
    for need in inputs_of(job):
        if need.own or not is_written_by_jobs(need.name, warehouse.config):
            continue
        place, found = warehouse.config.sources.get(need.name), writers(need.name)
        wanted = place.line if place else need.line
        for of_line in [wanted] if wanted else [line, *reversed(found)]:
            if of_line in found:
                yield need.name, found[of_line], of_line
                break

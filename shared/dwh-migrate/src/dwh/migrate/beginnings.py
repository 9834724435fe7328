"""Where a run begins the history of a job that builds on its own output, though it could begin earlier."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from dwh.core.dates import DateRange
from dwh.core.definition import inputs_of
from dwh.core.grain import Grain, grain_of
from dwh.core.ledger import Output
from dwh.core.run import PreparedRun
from dwh.core.sources.published import PublishedSource

__all__ = ["beginning_of"]


def beginning_of(run: PreparedRun) -> str | None:
    """Return what to tell of a run that begins a history from nothing; None for any other."""
    own = [need for need in inputs_of(run.job) if need.own]
    if not own or any(run.sources[need.name].reads() for need in own):
        return None
    first, environment = run.dates.first, run.warehouse.config.environment
    reference, line = f"{run.job.name()}@{run.line.name}", run.line.name
    if _written(run, line, DateRange(first, first)):
        return None  # it began here before
    told = f"the history of {reference} in {environment} begins with {first}, from nothing"
    whose, start = _other_line(run) or _inputs(run) or ("", first)
    if start >= first:
        return told
    return (
        f"{told}; {whose} with {start}: to begin there, type: "
        f"dwh backfill {reference} --from {start} --to {run.dates.last} --env {environment}"
    )


def _other_line(run: PreparedRun) -> tuple[str, date] | None:
    """Return which line's history begins first, and when."""
    where = {"environment": run.warehouse.config.environment, "table": run.job.writes.name}
    until = DateRange(run.dates.grain.first, run.dates.last)
    lines = run.warehouse.ledger.table_lines(**where)
    firsts = [(day, line) for line in lines if (day := _first(_written(run, line, until), until.grain))]
    return (f"that of {run.job.name()}@{min(firsts)[1]} begins", min(firsts)[0]) if firsts else None


def _inputs(run: PreparedRun) -> tuple[str, date] | None:
    """Return the table of other jobs that begins last, of those that are read by date, and when it does."""
    found = []
    for need in inputs_of(run.job):
        source, grain = run.sources[need.name], need.table.logical_grain
        if need.own or need.table.date_column is None or not isinstance(source, PublishedSource):
            continue
        until = DateRange(grain.first, need.dates(run.dates).last)
        if day := _first(source.there(need, until), grain):
            found.append((DateRange(day, day).covering(run.dates.grain).first, f"{need.name} begins"))
    return (max(found)[1], max(found)[0]) if found else None


def _written(run: PreparedRun, line: str, dates: DateRange) -> list[Output]:
    ledger, config = run.warehouse.ledger, run.warehouse.config
    return ledger.newest_outputs(
        environment=config.environment, table=run.job.writes.name, line=line, dates=dates
    )


def _first(outputs: Iterable[Output], grain: Grain) -> date | None:
    """Return the first logical date of outputs; those of another grain are from before it was changed."""
    days = [output.partition_date for output in outputs]
    return min((day for day in days if grain_of(day) == grain), default=None)

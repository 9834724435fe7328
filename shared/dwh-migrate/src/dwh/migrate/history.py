"""What the ledger says about a table: who wrote each partition, and what never became visible."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal

import sqlalchemy as sa

from dwh.core.dates import DateRange, check_grain
from dwh.core.grain import are_neighbours, grain_of
from dwh.core.ledger import Output, OutputsRead
from dwh.core.ledger.schema import decisions, promotions, publications, runs
from dwh.core.names import valid_environment, valid_table
from dwh.core.warehouse import Warehouse
from dwh.migrate.outdated import outdated_inputs, whole_tables

__all__ = [
    "InputsOfRun",
    "Published",
    "RunEnd",
    "Span",
    "check_dates",
    "inputs_history",
    "partition_history",
    "published_history",
    "standing",
    "unfinished_runs",
]


@dataclass(frozen=True)
class Span:
    """Neighbouring logical dates that one run wrote, and what readers of the line see of them.

    Attributes:
        state: `newest` when readers of the line get it, `superseded` when a later one replaced it.
        committed_at: also of the promotion that brought it here.
        promoted_from: the environment that it was promoted from, if it was.
        code: `installed`, `editable` or `changed`: whether the release's own files ran.
        outdated: of what is the newest, the inputs of which other outputs would be read now.
    """

    first_date: date
    last_date: date
    line: str
    release: str
    code: str
    run: str
    rows: int
    committed_at: datetime
    state: Literal["newest", "superseded"]
    promoted_from: str | None
    outdated: tuple[str, ...] = ()

    @property
    def partitions(self) -> str:
        """The dates as a person reads them."""
        return str(DateRange(self.first_date, self.last_date))


@dataclass(frozen=True)
class RunEnd:
    """A run that has not committed: it still works, failed, or was abandoned."""

    run: str
    reference: str
    dates: str
    status: str
    started_at: datetime
    error: str


@dataclass(frozen=True)
class InputsOfRun:
    """What a run has read of one input, for neighbouring logical dates that it wrote.

    Attributes:
        source: where the input came from: a format and a path, a table of a catalog, a line, or what an
            environment published.
        read: the dates that it read of another job's table; None where no job of the warehouse writes it.
        read_run: the run that had written these.
        state, promoted_from, outdated: of what was written, as `Span` has them.
    """

    first_date: date
    last_date: date
    line: str
    run: str
    input: str
    source: str
    read: str | None
    read_run: str | None
    state: Literal["newest", "superseded"]
    promoted_from: str | None
    outdated: tuple[str, ...]

    @property
    def partitions(self) -> str:
        """The dates that were written, as a person reads them."""
        return str(DateRange(self.first_date, self.last_date))


@dataclass(frozen=True)
class Published:
    """Neighbouring logical dates for which an environment published one run, and how that came to be.

    Attributes:
        line, release, run: None from when on nothing was published.
        action: `run` when the run published itself, `promote`, or the decision: `cutover`, `publish`,
            `rollback`, `pin`.
        state: `published` now, `nothing published` now, or `replaced` by a later publication.
    """

    first_date: date
    last_date: date
    line: str | None
    release: str | None
    run: str | None
    published_at: datetime
    action: str
    by: str
    reason: str
    state: str

    @property
    def partitions(self) -> str:
        """The dates as a person reads them."""
        return str(DateRange(self.first_date, self.last_date))


def check_dates(
    warehouse: Warehouse, *, table: str, environment: str, line: str | None, dates: DateRange
) -> None:
    """Raise InvalidDateError for dates of a grain that no output of the table, or of its line, has."""
    if table not in warehouse.ledger.table_names():
        return
    ledger = warehouse.ledger
    lines = [line] if line else ledger.table_lines(environment=environment, table=table)
    found = [ledger.table_grain(table=table, line=one) for one in lines] or [ledger.table_grain(table=table)]
    grains = [grain for grain in found if grain]
    if grains and dates.grain not in grains:
        check_grain(dates, grains[-1], table)


def partition_history(
    warehouse: Warehouse,
    *,
    table: str,
    environment: str,
    line: str | None = None,
    dates: DateRange | None = None,
) -> list[Span]:
    """Return every output of a table in an environment, as they came there; raises InvalidNameError."""
    outputs = warehouse.ledger.outputs(
        environment=valid_environment(environment), table=valid_table(table), line=line, dates=dates
    )
    newest = {(output.line, output.partition_date): output.sequence for output in outputs}
    newest_ones = [one for one in outputs if newest[one.line, one.partition_date] == one.sequence]
    outdated = outdated_inputs(warehouse, newest_ones)
    spans: list[Span] = []
    for output in outputs:
        is_newest = newest[output.line, output.partition_date] == output.sequence
        old = outdated.get((output.run_id, output.partition_date), ()) if is_newest else ()
        span = replace(_span(output, "newest" if is_newest else "superseded"), outdated=old)
        if spans and (joined := _joined(spans[-1], span)):
            spans[-1] = joined
        else:
            spans.append(span)
    return spans


def inputs_history(warehouse: Warehouse, spans: Iterable[Span]) -> list[InputsOfRun]:
    """Return what the runs of some spans have read, in their order, whenever these were committed."""
    spans = _whenever_committed(spans)
    run_ids = {span.run for span in spans}
    records = {run.id: run for run in warehouse.ledger.find_runs(runs.c.id.in_(run_ids))}
    reads = warehouse.ledger.reads_of(run_ids)
    whole = whole_tables(warehouse, {read.read_run_id for found in reads.values() for read in found})
    return [
        InputsOfRun(
            *(span.first_date, span.last_date, span.line, span.run, need["name"], _source(need), *read),
            *(span.state, span.promoted_from, span.outdated),
        )
        for span in spans
        for need in records[span.run].inputs
        for read in _read(need, reads.get(span.run, []), span, whole | {records[span.run].table_name})
    ]


def standing(one: Span | InputsOfRun) -> str:
    """Return what has become of an output, for people: its state, whence it came, and what outdates it."""
    came = f"from {one.promoted_from}" if one.promoted_from else ""
    old = f"outdated by {', '.join(one.outdated)}" if one.outdated else ""
    return ", ".join(filter(None, (one.state, came, old)))


def _whenever_committed(spans: Iterable[Span]) -> list[Span]:
    """Return spans, those as one that differ in nothing but when they came to the environment."""
    found: list[Span] = []
    for span in spans:
        if found and (joined := _joined(replace(found[-1], committed_at=span.committed_at), span)):
            found[-1] = joined
        else:
            found.append(span)
    return found


def _source(need: Mapping[str, Any]) -> str:
    if table := need.get("table"):
        snapshot = need.get("snapshot")
        return f"{need['format']} {table}" + (f" at snapshot {snapshot}" if snapshot else "")
    if need["format"] != "dwh":
        return " ".join(filter(None, [need["format"], need.get("path")]))
    where = f"line {need['line']} in {need['environment']}"
    return where if need["line"] else f"published in {need['environment']}"


def _read(
    need: Mapping[str, Any], reads: Iterable[OutputsRead], span: Span, of_earlier_dates: Container[str]
) -> list[tuple[str | None, str | None]]:
    """Return the dates of an input, each with the run that had written them, that were read for a span.

    Parameters:
        of_earlier_dates: the tables of which a run reads one output, which may be of a date before its own.
    """

    def overlaps(read: OutputsRead) -> bool:
        """Tell whether what was read is of the input's dates that the span covers."""
        if read.table_name in of_earlier_dates:
            return True
        of_span = DateRange(span.first_date, span.last_date).covering(grain_of(read.first_date))
        wanted = of_span.widened(need.get("back", 0), need.get("ahead", 0))
        return read.first_date <= wanted.last and read.last_date >= wanted.first

    mine = [read for read in reads if read.table_name == need["name"] and overlaps(read)]
    if not mine:
        return [(None, None)]
    return [(str(DateRange(read.first_date, read.last_date)), read.read_run_id) for read in mine]


def published_history(
    warehouse: Warehouse, *, table: str, environment: str, dates: DateRange | None = None
) -> list[Published]:
    """Return what an environment has shown of a table, in the order in which it came to be shown."""
    found = [
        publications.c.environment == valid_environment(environment),
        publications.c.table_name == valid_table(table),
    ]
    if dates is not None:
        found.append(publications.c.partition_date.between(dates.first, dates.last))
    decided = sa.and_(
        decisions.c.environment == publications.c.environment,
        decisions.c.table_name == publications.c.table_name,
        decisions.c.sequence == publications.c.sequence,
    )
    promoted = sa.and_(
        promotions.c.environment == publications.c.environment,
        promotions.c.table_name == publications.c.table_name,
        promotions.c.sequence == publications.c.sequence,
    )
    source = publications.outerjoin(runs, runs.c.id == publications.c.run_id).outerjoin(decisions, decided)
    source = source.outerjoin(promotions, promoted)
    columns = (
        publications.c.partition_date,
        publications.c.sequence,
        publications.c.published_at,
        publications.c.run_id,
        runs.c.line,
        runs.c.release,
        runs.c.started_by,
        decisions.c.action,
        decisions.c.decided_by,
        decisions.c.reason,
        promotions.c.promoted_by,
        promotions.c.reason.label("why_promoted"),
    )
    order = (publications.c.sequence, publications.c.partition_date)
    with warehouse.ledger.reading() as connection:
        rows = connection.execute(
            sa.select(*columns).select_from(source).where(*found).order_by(*order)
        ).all()
    newest = {row.partition_date: row.sequence for row in rows}
    spans: list[Published] = []
    for row in rows:
        shown = newest[row.partition_date] == row.sequence
        new = Published(
            row.partition_date,
            row.partition_date,
            row.line,
            row.release,
            row.run_id,
            row.published_at,
            row.action or ("promote" if row.promoted_by else "run"),
            row.decided_by or row.promoted_by or row.started_by,
            row.reason or row.why_promoted or "",
            ("published" if row.run_id else "nothing published") if shown else "replaced",
        )
        last = spans[-1] if spans else None
        if (
            last
            and are_neighbours(last.last_date, new.first_date)
            and replace(new, first_date=last.first_date) == replace(last, last_date=new.last_date)
        ):
            spans[-1] = replace(last, last_date=new.last_date)
        else:
            spans.append(new)
    return spans


def unfinished_runs(
    warehouse: Warehouse,
    *,
    table: str,
    environment: str,
    line: str | None = None,
    dates: DateRange | None = None,
) -> list[RunEnd]:
    """Return the runs of a table in an environment that have not committed, oldest first."""
    conditions = [
        runs.c.table_name == valid_table(table),
        runs.c.environment == valid_environment(environment),
        runs.c.status != "committed",
    ]
    if line is not None:
        conditions.append(runs.c.line == line)
    if dates is not None:
        conditions += [runs.c.first_date <= dates.last, runs.c.last_date >= dates.first]
    return [
        RunEnd(
            run=run.id,
            reference=run.reference,
            dates=str(DateRange(run.first_date, run.last_date)),
            status=run.status,
            started_at=run.started_at,
            error=run.error or "",
        )
        for run in warehouse.ledger.find_runs(*conditions)
    ]


def _span(output: Output, state: Literal["newest", "superseded"]) -> Span:
    return Span(
        first_date=output.partition_date,
        last_date=output.partition_date,
        line=output.line,
        release=output.release,
        code=output.code_state,
        run=output.run_id,
        rows=output.row_count,
        committed_at=output.committed_at,
        state=state,
        promoted_from=output.promoted_from,
    )


def _joined(left: Span, right: Span) -> Span | None:
    """Return one span for two of the same run and state whose dates follow each other."""
    follows = are_neighbours(left.last_date, right.first_date)
    same = replace(left, first_date=right.first_date, last_date=right.last_date, rows=right.rows)
    if not follows or same != right:
        return None
    return replace(left, last_date=right.last_date, rows=left.rows + right.rows)

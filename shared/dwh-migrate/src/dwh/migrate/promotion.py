"""Make outputs of one environment another's: their files are shared, nothing is copied or computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timezone

import sqlalchemy as sa

from dwh.core.dates import DateRange, check_grain, date_spans
from dwh.core.errors import NoOutputError, UsageError
from dwh.core.grain import grain_of_contract
from dwh.core.identity import current_user
from dwh.core.ledger import Output, one_transaction
from dwh.core.ledger.environments import publish_outputs
from dwh.core.ledger.newest import newest_receipts
from dwh.core.ledger.schema import promotions, receipts, runs
from dwh.core.warehouse import Warehouse
from dwh.migrate.compare.subjects import subject_of
from dwh.migrate.rollout.pins import environment_of_readers

__all__ = ["Promoted", "promote"]


@dataclass(frozen=True)
class Promoted:
    """What a promotion did.

    Attributes:
        promoted: how many outputs the target got.
        already: how many were its newest already.
        published: how many of them it publishes by that.
    """

    reference: str
    job: str
    table: str
    source: str
    target: str
    promoted: int
    already: int
    published: int


@one_transaction
def promote(
    warehouse: Warehouse, reference: str, *, source: str, target: str, dates: DateRange, reason: str = ""
) -> Promoted:
    """Make a version's newest outputs of some logical dates in one environment those of another, too.

    They are published where the target's pin, resolution or rollout says so, as if the target had just
    run them; an output that is the target's newest already stays as it is.

    Parameters:
        reference: `JOB@LINE`, `JOB@RELEASE` or `TABLE@LINE`.

    Raises UsageError for one and the same environment or a target aside, NoOutputError when the source
    lacks a date, LostFilesError when files of an output are gone, InvalidDateError for dates of another
    grain, and InvalidNameError, UnknownTableError or LedgerError.
    """
    if source == environment_of_readers(target):
        raise UsageError(f"{source} has these outputs already; name another environment with --to")
    job, table, wanted = _outputs(warehouse, reference, source, dates)
    warehouse.check_there(wanted.values())
    with warehouse.ledger.holding(table) as (connection, sequence):
        new = {day: wanted[day] for day in _not_there(connection, target=target, table=table, wanted=wanted)}
        published: list[date] = []
        if new:
            _refuse_removed(connection, reference=reference, source=source, table=table, outputs=new)
            now = datetime.now(timezone.utc)
            _add(
                connection,
                target=target,
                table=table,
                outputs=new,
                sequence=sequence,
                now=now,
                reason=reason.strip(),
            )
            runs = {day: output.run_id for day, output in new.items()}
            line = next(iter(new.values())).line
            published = publish_outputs(
                connection,
                environment=target,
                job=job,
                table=table,
                line=line,
                run_ids=runs,
                sequence=sequence,
                now=now,
            )
    return Promoted(reference, job, table, source, target, len(new), len(wanted) - len(new), len(published))


def _outputs(
    warehouse: Warehouse, reference: str, source: str, dates: DateRange
) -> tuple[str, str, dict[date, Output]]:
    """Return the job and the table that a reference names, and the source's outputs by logical date."""
    there = replace(warehouse, config=warehouse.config.in_environment(source))
    subject = subject_of(there, reference, dates)
    check_grain(dates, grain_of_contract(subject.contract), reference)
    found = {day: output for day, output in subject.outputs.items() if output.environment == source}
    table = str(subject.contract["name"])
    if lacking := set(dates) - found.keys():
        raise _lacking(lacking, reference=reference, source=source, table=table)
    return subject.written_by, table, found


def _refuse_removed(
    connection: sa.Connection, *, reference: str, source: str, table: str, outputs: Mapping[date, Output]
) -> None:
    """Raise NoOutputError where `dwh gc --keep` has removed an output since it was looked up."""
    mine = runs.c.id.in_({output.run_id for output in outputs.values()})
    removed = set(connection.scalars(sa.select(runs.c.id).where(mine, runs.c.status == "removed")))
    if lacking := {day for day, output in outputs.items() if output.run_id in removed}:
        raise _lacking(lacking, reference=reference, source=source, table=table)


def _lacking(days: Iterable[date], *, reference: str, source: str, table: str) -> NoOutputError:
    problem = f"{source} has no output of {reference} for {', '.join(map(str, date_spans(days)))}"
    return NoOutputError(table, problem, f"type: dwh history {table} --env {source}")


def _not_there(
    connection: sa.Connection, *, target: str, table: str, wanted: Mapping[date, Output]
) -> list[date]:
    """Return the dates whose output is not the target's newest of its line."""
    line, dates = next(iter(wanted.values())).line, DateRange(min(wanted), max(wanted))
    newest = newest_receipts(environment=target, table=table, line=line, dates=dates)
    query = sa.select(receipts.c.partition_date, receipts.c.run_id).select_from(newest)
    there = {row.partition_date: row.run_id for row in connection.execute(query)}
    return [day for day, output in wanted.items() if there.get(day) != output.run_id]


def _add(
    connection: sa.Connection,
    *,
    target: str,
    table: str,
    outputs: Mapping[date, Output],
    sequence: int,
    now: datetime,
    reason: str,
) -> None:
    connection.execute(
        receipts.insert(),
        [
            {
                "environment": target,
                "run_id": output.run_id,
                "partition_date": day,
                "sequence": sequence,
                "table_name": table,
                "line": output.line,
                "row_count": output.row_count,
                "committed_at": now,
                "promoted_from": output.environment,
            }
            for day, output in outputs.items()
        ],
    )
    row = {
        "environment": target,
        "table_name": table,
        "sequence": sequence,
        "reason": reason,
        "promoted_by": current_user(),
        "promoted_at": now,
    }
    connection.execute(promotions.insert(), [row])

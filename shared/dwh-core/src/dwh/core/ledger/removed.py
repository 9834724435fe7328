"""Outputs of whole tables that `dwh gc --keep` has removed, and whose place nothing has taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from dwh.core.dates import DateRange
from dwh.core.ledger.schema import publications, receipts, runs

__all__ = ["Removed", "removed_after"]


@dataclass(frozen=True)
class Removed:
    """Logical dates whose output was there once and is not any more.

    Attributes:
        dates: from the first of them to the last.
        run_id: the run that had written the last one.
    """

    dates: DateRange
    run_id: str

    def __str__(self) -> str:
        return f"the output of {self.dates.last} (run {self.run_id}) was removed by dwh gc --keep"


def removed_after(
    connection: sa.Connection,
    *,
    environment: str,
    table: str,
    line: str | None,
    dates: DateRange,
    after: date | None,
    as_of: datetime | None = None,
) -> Removed | None:
    """Return which logical dates, of some, had an output that was removed; None where none had.

    Parameters:
        line: whose outputs are meant; None for what the environment has published.
        after: only dates later than this one: the newest whose output is there.
        as_of: only what had been there by then.
    """
    rows = publications if line is None else receipts
    mine = [rows.c.environment == environment, rows.c.table_name == table, runs.c.status == "removed"]
    mine += [] if line is None else [receipts.c.line == line]
    mine += [rows.c.partition_date.between(dates.first, dates.last)]
    mine += [] if after is None else [rows.c.partition_date > after]
    instant = publications.c.published_at if line is None else receipts.c.committed_at
    mine += [] if as_of is None else [instant <= as_of]
    query = sa.select(rows.c.partition_date, runs.c.id)
    query = query.join_from(rows, runs, runs.c.id == rows.c.run_id).where(*mine)
    found = connection.execute(query.order_by(rows.c.partition_date, rows.c.sequence)).all()
    return Removed(DateRange(found[0][0], found[-1][0]), found[-1][1]) if found else None

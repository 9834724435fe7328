"""The newest row of each logical date, in tables where rows are only ever added."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from dwh.core.dates import DateRange
from dwh.core.ledger.schema import receipts, runs

__all__ = ["JoinInOrder", "newest_of_each_date", "newest_receipts"]


def newest_receipts(
    *conditions: sa.ColumnElement[bool],
    environment: str,
    table: str,
    line: str,
    dates: DateRange | None = None,
) -> sa.Join:
    """Return the newest receipt of each logical date of a line in an environment, to select from.

    That of a run whose output was removed counts no more.
    """
    mine = (
        (receipts.c.environment == environment) & (receipts.c.table_name == table) & (receipts.c.line == line)
    )
    there = sa.exists().where(runs.c.id == receipts.c.run_id, runs.c.status != "removed")
    newest = newest_of_each_date(receipts.c.sequence, mine, there, *conditions, dates=dates)
    same = sa.and_(
        mine,
        receipts.c.partition_date == newest.c.partition_date,
        receipts.c.sequence == newest.c.sequence,
    )
    return JoinInOrder(newest, receipts, same)


class JoinInOrder(sa.Join):
    """A join whose left side is read first, whatever the database guesses of its size.

    SQLite knows nothing of a table's size until it is analysed. It might look through all dates for each row.
    """

    inherit_cache = True


@compiles(JoinInOrder, "sqlite")
def _cross_join(join: JoinInOrder, compiler: SQLCompiler, **words: Any) -> str:
    """Write the join so that SQLite keeps the order of its sides."""
    sides = (compiler.process(side, **{**words, "asfrom": True}) for side in (join.left, join.right))
    condition = sa.true() if join.onclause is None else join.onclause
    same = compiler.process(condition, **{**words, "asfrom": False})
    return f"{' CROSS JOIN '.join(sides)} ON {same}"


def newest_of_each_date(
    column: sa.Column[Any],
    mine: sa.ColumnElement[bool],
    *conditions: sa.ColumnElement[bool],
    dates: DateRange | None = None,
) -> sa.Subquery:
    """Return (partition_date, column) of the row with the highest sequence of each logical date.

    The history grows for ever, the dates hardly. So the dates are picked from the index one after the
    other, and for each the newest row is looked up: what it takes depends on the dates alone.

    Parameters:
        column: of `receipts` or `publications`.
        mine: equalities on the columns that stand before `partition_date` in an index of the table.
        conditions: what else must hold for the row; where none does, the column is null.
        dates: only these.
    """
    rows = column.table.c
    day = rows.partition_date
    since, until = ([], []) if dates is None else ([day >= dates.first], [day <= dates.last])
    # One lower bound each: of two, SQLite might take the one that lets it read most of the index.
    days = sa.select(sa.func.min(day).label(day.name)).where(mine, *since, *until).cte("days", recursive=True)
    following = sa.select(sa.func.min(day)).where(mine, day > days.c.partition_date, *until).correlate(days)
    days = days.union_all(sa.select(following.scalar_subquery()).where(days.c.partition_date.is_not(None)))
    newest = (
        sa.select(column)
        .where(mine, day == days.c.partition_date, *conditions)
        .order_by(rows.sequence.desc())
        .limit(1)
        .correlate(days)
        .scalar_subquery()
    )
    found = sa.select(days.c.partition_date, newest.label(column.name))
    return found.where(days.c.partition_date.is_not(None)).subquery()

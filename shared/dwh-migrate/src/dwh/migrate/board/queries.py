"""What the board asks the ledger. Each answer is small, however many partitions there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa

from dwh.core.ledger import Decision
from dwh.core.ledger.newest import newest_of_each_date
from dwh.core.ledger.schema import comparisons, decisions, publications, receipts, runs
from dwh.migrate.board.model import Compared, Published, Written

__all__ = [
    "Recorded",
    "age",
    "last_comparisons",
    "last_outputs",
    "last_pins",
    "published",
    "recent_decisions",
    "recorded",
]


@dataclass
class Recorded:
    """What runs have recorded of a job: the tables it wrote, where, and each line's newest release."""

    tables: set[str] = field(default_factory=set)
    environments: set[str] = field(default_factory=set)
    releases: dict[str, str] = field(default_factory=dict)


def age(line: str) -> tuple[tuple[int, str], ...]:
    """Order lines, oldest first; what is no line's name, but is in the ledger, comes before them."""
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in line.split("."))


def recorded(connection: sa.Connection) -> dict[str, Recorded]:
    """Return, by name, the jobs that have committed something."""
    columns = (runs.c.job, runs.c.table_name, runs.c.environment, runs.c.line, runs.c.release)
    committed = sa.func.max(receipts.c.sequence)
    own = (receipts.c.environment == runs.c.environment) & (receipts.c.run_id == runs.c.id)
    query = sa.select(*columns).join(receipts, own).where(runs.c.status == "committed")
    query = query.group_by(*columns).order_by(committed, runs.c.table_name)
    found: dict[str, Recorded] = defaultdict(Recorded)
    for row in connection.execute(query):
        found[row.job].tables.add(row.table_name)
        found[row.job].environments.add(row.environment)
        found[row.job].releases[row.line] = row.release  # the newest comes last, and stays
    return dict(found)


def recent_decisions(connection: sa.Connection, limit: int) -> dict[tuple[str, str], list[Decision]]:
    """Return the last decisions of each environment and job, newest first."""
    newest = decisions.c.sequence.desc()
    place = sa.func.row_number().over(partition_by=_SUBJECT, order_by=newest).label("place")
    ranked = sa.select(decisions, place).subquery()
    columns = [ranked.c[column.name] for column in decisions.c]
    query = sa.select(*columns).where(ranked.c.place <= limit).order_by(ranked.c.place)
    found = defaultdict(list)
    for row in connection.execute(query):
        found[row.environment, row.job].append(Decision.of(row._asdict()))
    return found


def last_pins(connection: sa.Connection) -> dict[tuple[str, str], Decision]:
    """Return, of each environment and job, the last decision that pinned a line or moved the pin."""
    before = sa.func.lag(decisions.c.line).over(partition_by=_SUBJECT, order_by=decisions.c.sequence)
    moves = sa.select(decisions, before.label("line_before")).subquery()
    is_move = (
        (moves.c.action == "pin") | moves.c.line_before.is_(None) | (moves.c.line_before != moves.c.line)
    )
    columns = [moves.c[column.name] for column in decisions.c]
    query = sa.select(*columns).where(is_move).order_by(moves.c.sequence)
    return {(row.environment, row.job): Decision.of(row._asdict()) for row in connection.execute(query)}


def published(connection: sa.Connection, *, environment: str, table: str) -> Published | None:
    """Return what an environment publishes of a table, None where that is nothing."""
    mine = (publications.c.environment == environment) & (publications.c.table_name == table)
    newest = newest_of_each_date(publications.c.run_id, mine)
    day = newest.c.partition_date
    columns = (
        runs.c.line,
        sa.func.count().label("dates"),
        sa.func.min(day).label("first_date"),
        sa.func.max(day).label("last_date"),
    )
    source = newest.join(runs, runs.c.id == newest.c.run_id)
    rows = connection.execute(sa.select(*columns).select_from(source).group_by(runs.c.line)).all()
    if not rows:
        return None
    return Published(
        dates=sum(row.dates for row in rows),
        first_date=min(row.first_date for row in rows),
        last_date=max(row.last_date for row in rows),
        by_line={row.line: row.dates for row in sorted(rows, key=lambda row: age(row.line))},
    )


def last_comparisons(
    connection: sa.Connection, job: str, tables: Collection[str], limit: int
) -> tuple[Compared, ...]:
    """Return the last comparisons with a side that names a job, one of its tables or one of its runs."""
    own_runs = sa.select(runs.c.id).where(runs.c.job == job)
    conditions = [
        condition
        for label in (comparisons.c.left_label, comparisons.c.right_label)
        for condition in (
            label.in_(own_runs),
            *(label.startswith(f"{name}@", autoescape=True) for name in (job, *tables)),
        )
    ]
    columns = (
        comparisons.c.id,
        comparisons.c.left_label,
        comparisons.c.right_label,
        comparisons.c.environment,
        comparisons.c.first_date,
        comparisons.c.last_date,
        comparisons.c.verdict,
        comparisons.c.compared_at,
        comparisons.c.compared_by,
    )
    newest = (comparisons.c.compared_at.desc(), comparisons.c.id.desc())
    query = sa.select(*columns).where(sa.or_(*conditions)).order_by(*newest).limit(limit)
    return tuple(Compared(*row) for row in connection.execute(query))


def last_outputs(
    connection: sa.Connection,
    table: str,
    environments: Collection[str],
    lines: Collection[str],
    limit: int,
) -> list[Written]:
    """Return the outputs of a table's last logical dates, the newest of each environment and line.

    The last date comes first.
    """
    found = [
        row
        for environment in environments
        for line in lines
        for row in connection.execute(
            _last_of_line(environment=environment, table=table, line=line, limit=limit)
        )
    ]
    found.sort(key=lambda row: (row.partition_date, row.sequence), reverse=True)
    shown = _shown_in(connection, table, [row.partition_date for row in found[:limit]])
    return [
        Written(
            table,
            row.environment,
            row.partition_date,
            row.line,
            row.release,
            row.run_id,
            row.started_by,
            row.committed_at,
            row.row_count,
            row.promoted_from,
            (row.environment, row.partition_date, row.run_id) in shown,
        )
        for row in found[:limit]
    ]


_SUBJECT = (decisions.c.environment, decisions.c.job)


def _last_of_line(*, environment: str, table: str, line: str, limit: int) -> sa.Select[tuple[object, ...]]:
    mine = (
        (receipts.c.environment == environment) & (receipts.c.table_name == table) & (receipts.c.line == line)
    )
    day = receipts.c.partition_date
    newest = (
        sa.select(day, sa.func.max(receipts.c.sequence).label("sequence"))
        .where(mine)
        .group_by(day)
        .order_by(day.desc())
        .limit(limit)
        .subquery()
    )
    same = mine & (day == newest.c.partition_date) & (receipts.c.sequence == newest.c.sequence)
    return sa.select(receipts, runs.c.release, runs.c.started_by).select_from(
        newest.join(receipts, same).join(
            runs, (runs.c.id == receipts.c.run_id) & (runs.c.status != "removed")
        )
    )


def _shown_in(
    connection: sa.Connection, table: str, days: Sequence[date]
) -> set[tuple[str, date, str | None]]:
    """Return what environments show for some logical dates: environment, date and run."""
    mine = (publications.c.table_name == table) & publications.c.partition_date.in_(set(days))
    columns = (publications.c.environment, publications.c.partition_date, publications.c.run_id)
    query = sa.select(*columns).where(mine).order_by(publications.c.environment, publications.c.sequence)
    newest = {(row.environment, row.partition_date): row.run_id for row in connection.execute(query)}
    return {(environment, day, run) for (environment, day), run in newest.items()}

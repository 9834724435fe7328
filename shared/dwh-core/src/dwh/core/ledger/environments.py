"""What environments have chosen: pins, rollouts, resolutions and publications.

Everything here works on a connection, inside the caller's transaction. Nothing is ever changed or
removed: the newest row counts, the others are history. Whoever writes holds the row of the table in
`schema.tables`, so that all that happens to one table has an order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from dwh.core.dates import DateRange
from dwh.core.ledger.newest import JoinInOrder, newest_of_each_date
from dwh.core.ledger.rollouts import Rollout
from dwh.core.ledger.schema import decisions, publications, resolutions, runs

__all__ = [
    "Decision",
    "add_publications",
    "add_resolutions",
    "newest_decision",
    "newest_publications",
    "publish_outputs",
    "resolved_lines",
    "shown_lines",
]


@dataclass(frozen=True)
class Decision:
    """What an operator, or a gate, has decided about a job in an environment.

    Attributes:
        sequence: its place among all that happened to the table.
        action: `pin`, or what was done to a rollout: `start`, `advance`, `hold`, `resume`, `cutover`,
            `publish`, `rollback` or `finish`.
        line: the pin from now on.
        rollout: the newest rollout, as it is from now on; None before the first one.
    """

    environment: str
    job: str
    table_name: str
    sequence: int
    action: str
    line: str
    rollout: Rollout | None
    reason: str
    decided_by: str
    decided_at: datetime

    @property
    def active_rollout(self) -> Rollout | None:
        """The rollout, unless it has ended."""
        return self.rollout if self.rollout and self.rollout.is_active else None

    def line_for(self, day: date) -> str:
        """Return the line that serves a logical date about which nothing was decided before."""
        rollout = self.active_rollout
        if rollout and rollout.serves(environment=self.environment, job=self.job, day=day):
            return rollout.new_line
        return self.line

    def to_row(self) -> dict[str, Any]:
        """Return the decision as the ledger's table has it."""
        return {**vars(self), "rollout": self.rollout.to_dict() if self.rollout else None}

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Decision:
        """Return the decision that a row of the ledger's table holds."""
        kept = row["rollout"]
        return cls(**{**row, "rollout": Rollout.from_dict(kept) if kept else None})


def newest_decision(connection: sa.Connection, *, environment: str, job: str) -> Decision | None:
    """Return what holds for a job in an environment, None without a pin."""
    mine = (decisions.c.environment == environment) & (decisions.c.job == job)
    query = sa.select(decisions).where(mine).order_by(decisions.c.sequence.desc()).limit(1)
    row = connection.execute(query).first()
    return Decision.of(row._asdict()) if row else None


def resolved_lines(
    connection: sa.Connection,
    *,
    environment: str,
    job: str,
    days: Iterable[date] | None = None,
    before: int | None = None,
) -> dict[date, str]:
    """Return the line of each logical date that was resolved; of all dates, and as of now, by default."""
    mine = [resolutions.c.environment == environment, resolutions.c.job == job]
    if before is not None:
        mine.append(resolutions.c.sequence < before)
    if days is not None:
        wanted = sorted(days)
        if not wanted:
            return {}
        mine.append(resolutions.c.partition_date.between(wanted[0], wanted[-1]))
    query = sa.select(resolutions.c.partition_date, resolutions.c.line).where(*mine)
    found = connection.execute(query.order_by(resolutions.c.sequence)).all()
    return {row.partition_date: row.line for row in found}  # the newest comes last, and stays


def newest_publications(
    *conditions: sa.ColumnElement[bool], environment: str, table: str, dates: DateRange | None = None
) -> sa.Join:
    """Return the newest publication of each logical date, as a source to select from.

    Its columns are those of `schema.publications`. Where nothing is shown any more, `run_id` is null.
    """
    mine = (publications.c.environment == environment) & (publications.c.table_name == table)
    newest = newest_of_each_date(publications.c.sequence, mine, *conditions, dates=dates)
    same = sa.and_(
        mine,
        publications.c.partition_date == newest.c.partition_date,
        publications.c.sequence == newest.c.sequence,
    )
    return JoinInOrder(newest, publications, same)


def shown_lines(
    connection: sa.Connection, *, environment: str, table: str, dates: DateRange | None = None
) -> dict[date, tuple[str, int]]:
    """Return the line of each logical date that shows something, and since which sequence."""
    shown = newest_publications(environment=environment, table=table, dates=dates)
    columns = (publications.c.partition_date, runs.c.line, publications.c.sequence)
    query = sa.select(*columns).select_from(shown.join(runs, runs.c.id == publications.c.run_id))
    return {row.partition_date: (row.line, row.sequence) for row in connection.execute(query)}


def add_resolutions(
    connection: sa.Connection, *, environment: str, job: str, lines: Mapping[date, str], sequence: int
) -> None:
    """Record which line serves each of these logical dates from now on."""
    rows = [
        {
            "environment": environment,
            "job": job,
            "partition_date": day,
            "sequence": sequence,
            "line": line,
        }
        for day, line in lines.items()
    ]
    if rows:
        connection.execute(resolutions.insert(), rows)


def add_publications(
    connection: sa.Connection,
    *,
    environment: str,
    table: str,
    run_ids: Mapping[date, str] | Mapping[date, str | None],
    sequence: int,
    now: datetime,
) -> None:
    """Show, from now on, these runs for their logical dates; None shows nothing."""
    rows = [
        {
            "environment": environment,
            "table_name": table,
            "partition_date": day,
            "sequence": sequence,
            "run_id": run_id,
            "published_at": now,
        }
        for day, run_id in run_ids.items()
    ]
    if rows:
        connection.execute(publications.insert(), rows)


def publish_outputs(
    connection: sa.Connection,
    *,
    environment: str,
    job: str,
    table: str,
    line: str,
    run_ids: Mapping[date, str],
    sequence: int,
    now: datetime,
) -> list[date]:
    """Publish what has just come to an environment, for the dates that its line serves there.

    While a rollout is under way, an output of the new line is not published before it is proven, which
    is for `dwh.migrate` to find out. Until then, and where the two lines may stand in one table, the old
    line's output is published in its place.

    Parameters:
        run_ids: the run that wrote each logical date.

    Returns the dates for which it is published.
    """
    decision = newest_decision(connection, environment=environment, job=job)
    if decision is None or not run_ids:
        return []
    resolved = resolved_lines(connection, environment=environment, job=job, days=run_ids)
    serving = {day: resolved.get(day, decision.line_for(day)) for day in run_ids}
    new = {day: line for day in run_ids if serving[day] == line and day not in resolved}
    add_resolutions(connection, environment=environment, job=job, lines=new, sequence=sequence)
    shown = _published_at_once(connection, decision, table=table, line=line, serving=serving)
    add_publications(
        connection,
        environment=environment,
        table=table,
        run_ids={day: run_ids[day] for day in shown},
        sequence=sequence,
        now=now,
    )
    return shown


def _published_at_once(
    connection: sa.Connection, decision: Decision, *, table: str, line: str, serving: Mapping[date, str]
) -> list[date]:
    """Return the dates for which an output of the line needs no proof.

    Parameters:
        serving: the line that serves each date.
    """
    rollout = decision.active_rollout
    mine = [day for day, other in serving.items() if other == line]
    if rollout is None or line not in rollout.lines:
        return mine
    if line == rollout.new_line:
        return []
    awaited = [day for day, other in serving.items() if other == rollout.new_line]
    if rollout.way == "cutover" or not awaited:
        return mine
    dates = DateRange(min(awaited), max(awaited))
    shown = shown_lines(connection, environment=decision.environment, table=table, dates=dates)
    proven = {day for day, (other, _) in shown.items() if other == rollout.new_line}
    return [*mine, *(day for day in awaited if day not in proven)]

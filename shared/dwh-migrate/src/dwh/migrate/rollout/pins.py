"""Pins: the line that an environment uses for a job."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timezone
from typing import Any

import sqlalchemy as sa

from dwh.core.dates import DateRange
from dwh.core.distributions import brought_lines
from dwh.core.errors import UsageError, listed
from dwh.core.grain import grain_of
from dwh.core.identity import current_user
from dwh.core.job import Job
from dwh.core.ledger import Decision, one_transaction
from dwh.core.ledger.environments import (
    add_publications,
    add_resolutions,
    newest_decision,
    resolved_lines,
    shown_lines,
)
from dwh.core.ledger.newest import newest_receipts
from dwh.core.ledger.rollouts import Rollout
from dwh.core.ledger.schema import decisions, receipts
from dwh.core.lines import InstalledLine, find_line, installed_lines
from dwh.core.names import environment_read, valid_environment, valid_job
from dwh.core.warehouse import Warehouse
from dwh.migrate.rollout.errors import LineChoiceError, MissingReasonError, RolloutError
from dwh.migrate.rollout.relation import breaks, two_grains

__all__ = [
    "checked_reason",
    "environment_of_readers",
    "living_line",
    "newest_runs",
    "pin",
    "pinnable",
    "record_decision",
]


@one_transaction
def pin(
    warehouse: Warehouse, *, job: str, line: str, environment: str, reason: str, publish: bool = False
) -> Decision:
    """Pin a job to a line in an environment, and return the decision.

    What was resolved before stays resolved: dates that another line has served go on with it.

    Parameters:
        publish: also publish the line's newest output of each logical date that has none published yet.

    Raises RolloutError when a rollout is under way, when the line has ended, or when what the
    environment shows, or has decided, could not stand beside what the line writes, as where it is of another
    grain; LostFilesError when files of what is to be published are gone; UnknownLineError, UnknownJobError,
    InvalidNameError; DecisionConflictError when somebody else decided first.
    """
    new = pinnable(job=job, line=line, environment=environment, reason=reason)
    before = warehouse.ledger.decision(environment=environment, job=job)
    if before and before.active_rollout:
        raise RolloutError(
            f"{job} is being rolled out in {environment}; "
            f"type: dwh rollout finish {job} --env {environment}, or dwh rollout rollback"
        )
    table = new.writes.name
    if before and before.line == line and not publish:
        raise RolloutError(f"{job} is pinned to {line} in {environment} already: {before.reason}")
    if publish:
        published = warehouse.ledger.published_outputs(environment=environment, table=table)
        there = {output.partition_date for output in published}
        found = warehouse.ledger.newest_outputs(environment=environment, table=table, line=line)
        warehouse.check_there(output for output in found if output.partition_date not in there)
    with warehouse.ledger.deciding(environment=environment, job=job, table=table, expected=before) as (
        connection,
        sequence,
    ):
        _refuse_two_writers(connection, job=job, table=table, environment=environment)
        shown = shown_lines(connection, environment=environment, table=table)
        resolved = resolved_lines(connection, environment=environment, job=job)
        newest = newest_runs(connection, environment=environment, table=table, line=line) if publish else {}
        _refuse_two_grains(job=job, line=line, new=new, days=[*shown, *newest])
        others = {other for other, _ in shown.values()}
        if before and before.table_name == table:
            others |= set(resolved.values())
        if before and before.line != line and others - {line}:
            _refuse_mixture(job=job, old=before.line, new=new, environment=environment)
        decision = record_decision(
            connection,
            environment=environment,
            job=job,
            table=table,
            sequence=sequence,
            action="pin",
            line=line,
            rollout=before.rollout if before and before.line == line else None,  # can be rolled back still
            reason=reason.strip(),
        )
        if publish:
            runs = {day: run for day, run in newest.items() if day not in shown}
            lines = {day: line for day in runs if resolved.get(day) != line}
            add_resolutions(connection, environment=environment, job=job, lines=lines, sequence=sequence)
            add_publications(
                connection,
                environment=environment,
                table=table,
                run_ids=runs,
                sequence=sequence,
                now=decision.decided_at,
            )
    return decision


def pinnable(*, job: str, line: str, environment: str, reason: str) -> type[Job]:
    """Return the job in the line, once all that needs no ledger is checked; raises as `pin` does."""
    environment_of_readers(environment), valid_job(job), checked_reason(reason)
    return living_line(line).job(job)


def environment_of_readers(name: str) -> str:
    """Return an environment's name.

    Raises InvalidNameError, and UsageError for one aside: it reads another's tables, and publishes none.
    """
    if (beside := environment_read(valid_environment(name))) != name:
        raise UsageError(
            f"{name} is where {beside} keeps what it ran only to compare, so it publishes nothing; "
            f"name {beside}, or an environment of another name"
        )
    return name


def living_line(name: str) -> InstalledLine:
    """Return an installed line that still gets fixes.

    Raises UnknownLineError, RolloutError, or DefinitionError when the line is broken.
    """
    line = find_line(name)
    if line.line.ended:
        others = listed(other.name for other in installed_lines().values() if not other.line.ended)
        when = f" on {line.line.ends} (UTC)" if line.line.ends else ""
        raise LineChoiceError(f"line {name} has ended{when}; supported lines: {others}")
    return line


def newest_runs(
    connection: sa.Connection,
    *,
    environment: str,
    table: str,
    line: str,
    dates: DateRange | None = None,
    after: int = -1,
) -> dict[date, str]:
    """Return the run that wrote a line's newest output of each logical date in an environment.

    Parameters:
        after: only outputs that came there after this sequence.
    """
    newest = newest_receipts(
        receipts.c.sequence > after, environment=environment, table=table, line=line, dates=dates
    )
    query = sa.select(receipts.c.partition_date, receipts.c.run_id).select_from(newest)
    return {row.partition_date: row.run_id for row in connection.execute(query)}


def record_decision(
    connection: sa.Connection,
    *,
    environment: str,
    job: str,
    table: str,
    sequence: int,
    action: str,
    line: str,
    rollout: Rollout | None,
    reason: str,
) -> Decision:
    """Add a decision to the history, as the current user's."""
    now = datetime.now(timezone.utc)
    decision = Decision(
        environment=environment,
        job=job,
        table_name=table,
        sequence=sequence,
        action=action,
        line=line,
        rollout=rollout,
        reason=reason,
        decided_by=current_user(),
        decided_at=now,
    )
    connection.execute(decisions.insert(), [decision.to_row()])
    return decision


def checked_reason(reason: str) -> str:
    """Return a reason that says something; raises RolloutError."""
    if not reason.strip():
        raise MissingReasonError('say why: --reason "…"; it is kept in the history')
    return reason.strip()


def _refuse_two_writers(connection: sa.Connection, *, job: str, table: str, environment: str) -> None:
    """Two jobs with pins of their own would take turns in one table, and no gate would compare them."""
    here = (decisions.c.environment == environment) & (decisions.c.table_name == table)
    others = sa.select(decisions.c.job).where(here, decisions.c.job != job).distinct()
    for other in connection.scalars(others).all():
        newest = newest_decision(connection, environment=environment, job=other)
        if newest and newest.table_name == table:
            raise LineChoiceError(
                f"{environment} publishes {table} from the job {other}, pinned to {newest.line}; "
                f"a table has one job: give {job} a table of its own"
            )


def _refuse_two_grains(*, job: str, line: str, new: type[Job], days: Iterable[date]) -> None:
    """What is published, and what is to be, must be of the grain that the line's contract has now."""
    now = new.writes.logical_grain
    if other := next((day for day in days if grain_of(day) != now), None):
        raise LineChoiceError(
            f"{job} is {now.adjective} in {line}, and there is an output of {other}: "
            f"{two_grains(was=grain_of(other), now=now, line=line)}"
        )


def _refuse_mixture(*, job: str, old: str, new: Any, environment: str) -> None:
    before = find_line(old) if old in brought_lines() else None
    if before is None or job not in before.job_names():
        problem: tuple[str, ...] = (f"line {old} is not installed here, so its contract is unknown",)
    else:
        problem = breaks(before.job(job), new)
    if problem:
        raise LineChoiceError(
            f"{environment} publishes or expects partitions of line {old}, and one table cannot hold both "
            f"lines': {problem[0]}; type: dwh rollout plan {job} {old} LINE --env {environment}"
        )

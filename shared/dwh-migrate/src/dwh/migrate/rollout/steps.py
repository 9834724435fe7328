"""Move a rollout: start, advance, hold, resume, finish, and roll back.

Each is one transaction, and computes nothing: a cutover and a rollback only move publications to
runs that are there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timezone

import sqlalchemy as sa

from dwh.core.dates import DateRange, date_spans
from dwh.core.ledger import Decision, one_transaction
from dwh.core.ledger.environments import (
    add_publications,
    add_resolutions,
    newest_publications,
    resolved_lines,
    shown_lines,
)
from dwh.core.ledger.rollouts import Rollout, Step
from dwh.core.ledger.schema import publications, resolutions, runs
from dwh.core.warehouse import Warehouse
from dwh.migrate.rollout.errors import GateClosedError, RolloutError, StalePlanError
from dwh.migrate.rollout.pins import checked_reason, newest_runs, record_decision
from dwh.migrate.rollout.plan import Plan, newest_plan, plan
from dwh.migrate.rollout.proof import shown_dates
from dwh.migrate.rollout.remedies import remedy
from dwh.migrate.rollout.state import Progress, progress, progress_in, rolled_back_until, window_is_open
from dwh.migrate.rollout.withheld import arrived_in

__all__ = ["Moved", "advance", "finish", "hold", "resume", "roll_back", "start"]

Deciding = AbstractContextManager[tuple[sa.Connection, int]]


@dataclass(frozen=True)
class Moved:
    """What a move did.

    Attributes:
        published: how many partitions show another run now.
        withdrawn: the logical dates that show nothing any more, because the old line has no output.
        left: the logical dates that stay with the old line, because the new line's output was never proven.
    """

    decision: Decision
    published: int = 0
    withdrawn: tuple[DateRange, ...] = ()
    left: tuple[DateRange, ...] = ()


@one_transaction
def start(warehouse: Warehouse, *, job: str, environment: str, reason: str) -> Moved:
    """Begin exactly what the newest plan showed.

    Raises RolloutError, with what has changed, when planning it again would show something else.
    """
    checked_reason(reason)
    planned = newest_plan(warehouse, job=job, environment=environment)
    before = warehouse.ledger.decision(
        environment=environment, job=job
    )  # first: what is decided from here on is noticed
    now = _again(warehouse, planned)
    if changed := planned.differences(now):
        raise StalePlanError(
            f"something has changed since the plan was made: {'; '.join(changed)}; "
            f"type: dwh rollout plan {job} {planned.old_line} {planned.new_line} --env {environment}"
        )
    with warehouse.ledger.deciding(
        environment=environment, job=job, table=planned.table, expected=before
    ) as (connection, sequence):
        decision = record_decision(
            connection,
            environment=environment,
            job=job,
            table=planned.table,
            sequence=sequence,
            action="start",
            line=planned.old_line,
            rollout=_as_planned(planned, sequence),
            reason=reason,
        )
    return Moved(decision)


@one_transaction
def advance(warehouse: Warehouse, *, job: str, environment: str, reason: str = "") -> Moved:
    """Take the next step, if the gate of this one is open; a cutover moves the whole table.

    Raises RolloutError when the gate is not open, when there is no next step, or when a cutover would
    move a date that is not proven, or find a published date without an output of the new line;
    LostFilesError when files of what a cutover would publish are gone.
    """
    now = _running(warehouse, job=job, environment=environment)
    following = now.rollout.next_step
    if following is None:
        raise RolloutError(
            f"{job} has reached its last step in {environment}; "
            f"type: dwh rollout finish {job} --env {environment}"
        )
    reason = reason or f"gate: {now.gate}"
    advanced = replace(now.rollout, position=now.rollout.position + 1)
    if following.name == "cutover":
        return _cut_over(warehouse, now, advanced, reason)
    return _move(_through_the_gate(warehouse, now), now, "advance", reason, advanced)


@one_transaction
def hold(warehouse: Warehouse, *, job: str, environment: str, reason: str) -> Moved:
    """Stay at this step until somebody resumes; what is served does not change."""
    now = _running(warehouse, job=job, environment=environment)
    held = replace(now.rollout, state="held")
    return _move(_deciding(warehouse, now.decision), now, "hold", reason, held)


@one_transaction
def resume(warehouse: Warehouse, *, job: str, environment: str, reason: str) -> Moved:
    """Go on after a hold. The gate counts from here."""
    now = progress(warehouse, job=job, environment=environment)
    if now.rollout.state != "held":
        raise RolloutError(f"the rollout of {job} in {environment} is {now.rollout.state}, not held")
    return _move(
        _deciding(warehouse, now.decision), now, "resume", reason, replace(now.rollout, state="running")
    )


@one_transaction
def finish(warehouse: Warehouse, *, job: str, environment: str, reason: str = "") -> Moved:
    """End a rollout at its last step: the new line is the pin, and the old one runs no more.

    A date whose output of the new line was never proven stays with the old line, whose output it publishes.
    It can be rolled back until the window that it declares has passed.
    """
    now = _running(warehouse, job=job, environment=environment)
    if not now.rollout.is_at_its_last_step:
        raise RolloutError(
            f"{job} is at {now.step.name} in {environment}, which is not its last step; "
            f"type: dwh rollout advance {job} --env {environment}"
        )
    rollout = replace(now.rollout, state="finished", finished_at=datetime.now(timezone.utc))
    reason = reason or f"gate: {now.gate}"
    with _through_the_gate(warehouse, now) as (connection, sequence):
        left = arrived_in(connection, now.decision, rollout).elsewhere
        if left:
            reason = f"{reason}; not proven, so left to line {rollout.old_line}: {shown_dates(left)}"
        recorded = _record(connection, now.decision, sequence, "finish", reason, rollout, rollout.new_line)
        add_resolutions(
            connection,
            environment=environment,
            job=job,
            lines=dict.fromkeys(left, rollout.old_line),
            sequence=sequence,
        )
    return Moved(recorded, left=tuple(date_spans(left)))


@one_transaction
def roll_back(
    warehouse: Warehouse, *, job: str, environment: str, reason: str, based_on: Progress | None = None
) -> Moved:
    """Show again what was shown before the new line: one transaction over publications.

    Each logical date that the new line has been published for since the rollout began shows what the old
    line has written in a ramp since then, else what it showed before, or else the old line's newest output;
    where there is none of these it shows nothing, which is reported. What the old line published meanwhile
    stays.

    Raises RolloutError when there is nothing to roll back, or the window has passed.
    """
    now = based_on or progress(warehouse, job=job, environment=environment)
    decision, rollout = now.decision, now.rollout
    if rollout.state == "rolled back":
        raise RolloutError(
            f"the rollout of {job} in {environment} is rolled back already: {decision.reason}; "
            f"type: dwh rollout history {job} --env {environment}"
        )
    if rollout.state == "finished" and not window_is_open(rollout):
        raise RolloutError(
            f"the rollout of {job} in {environment} is over, and its window closed at "
            f"{rolled_back_until(rollout):%Y-%m-%d %H:%M}Z, so nothing can be rolled back; "
            f"type: dwh rollout plan {job} {rollout.new_line} {rollout.old_line} --env {environment}"
        )
    checked_reason(reason)
    with _deciding(warehouse, decision) as (connection, sequence):
        ended = replace(rollout, state="rolled back")
        recorded = _record(connection, decision, sequence, "rollback", reason, ended, rollout.old_line)
        taken = [
            day
            for day, (line, since) in shown_lines(
                connection, environment=environment, table=decision.table_name
            ).items()
            if line == rollout.new_line and since > rollout.started
        ]
        restored = _restored(connection, decision, rollout, taken)
        back = _resolved_since(connection, decision, rollout)
        lines = resolved_lines(
            connection, environment=environment, job=job, days=back, before=rollout.started
        )
        lines = dict.fromkeys(back, rollout.old_line) | {day: lines[day] for day in back if day in lines}
        add_resolutions(connection, environment=environment, job=job, lines=lines, sequence=sequence)
        add_publications(
            connection,
            environment=environment,
            table=decision.table_name,
            run_ids=restored,
            sequence=sequence,
            now=recorded.decided_at,
        )
    withdrawn = date_spans(day for day, run in restored.items() if run is None)
    return Moved(recorded, len(restored), tuple(withdrawn))


def _cut_over(warehouse: Warehouse, now: Progress, advanced: Rollout, reason: str) -> Moved:
    decision, rollout = now.decision, now.rollout
    environment, job, table = decision.environment, decision.job, decision.table_name
    _require_open_gate(now)
    _require_files(warehouse, now)
    with _deciding(warehouse, decision) as (connection, sequence):
        seen = progress_in(connection, decision, rollout)
        _require_open_gate(seen)
        moved = {} if seen.proof is None else {day: run for day, (_, run) in seen.proof.pairs.items()}
        unproven = [] if seen.proof is None else seen.proof.unproven
        if unproven:
            reason = f"{reason}; moved unproven: {shown_dates(unproven)}"
        moves = replace(advanced, unproven=tuple(map(str, date_spans(unproven))))
        recorded = _record(connection, decision, sequence, "cutover", reason, moves, rollout.new_line)
        resolved = resolved_lines(connection, environment=environment, job=job)
        lines = {day: rollout.new_line for day, line in resolved.items() if line != rollout.new_line}
        add_resolutions(connection, environment=environment, job=job, lines=lines, sequence=sequence)
        add_publications(
            connection,
            environment=environment,
            table=table,
            run_ids=moved,
            sequence=sequence,
            now=recorded.decided_at,
        )
    return Moved(recorded, len(moved))


def _running(warehouse: Warehouse, *, job: str, environment: str) -> Progress:
    now = progress(warehouse, job=job, environment=environment)
    state = now.rollout.state
    if state == "held":
        raise RolloutError(
            f"the rollout of {job} in {environment} is held: {now.decision.reason}; "
            f'type: dwh rollout resume {job} --env {environment} --reason "…"'
        )
    if state != "running":
        raise RolloutError(
            f"the rollout of {job} in {environment} is {state}; "
            f"type: dwh rollout history {job} --env {environment}"
        )
    return now


def _require_open_gate(now: Progress) -> None:
    if not now.gate_is_open:
        raise GateClosedError(f"the gate of {now.step.name} is not open: {now.gate}; {remedy(now)}")


def _require_files(warehouse: Warehouse, now: Progress) -> None:
    """Raise LostFilesError where files of what a cutover is to publish are gone."""
    environment, table = now.decision.environment, now.decision.table_name
    moved = {} if now.proof is None else {day: run for day, (_, run) in now.proof.pairs.items()}
    found = warehouse.ledger.newest_outputs(environment=environment, table=table, line=now.rollout.new_line)
    warehouse.check_there(output for output in found if moved.get(output.partition_date) == output.run_id)


def _move(deciding: Deciding, now: Progress, action: str, reason: str, rollout: Rollout) -> Moved:
    checked_reason(reason)
    with deciding as (connection, sequence):
        return Moved(_record(connection, now.decision, sequence, action, reason, rollout))


def _deciding(warehouse: Warehouse, decision: Decision) -> Deciding:
    return warehouse.ledger.deciding(
        environment=decision.environment, job=decision.job, table=decision.table_name, expected=decision
    )


@contextmanager
def _through_the_gate(warehouse: Warehouse, now: Progress) -> Iterator[tuple[sa.Connection, int]]:
    """Give a transaction in which to decide, if no comparison recorded before it keeps the gate shut."""
    with _deciding(warehouse, now.decision) as (connection, sequence):
        _require_open_gate(progress_in(connection, now.decision, now.rollout))
        yield connection, sequence


def _record(
    connection: sa.Connection,
    before: Decision,
    sequence: int,
    action: str,
    reason: str,
    rollout: Rollout,
    line: str | None = None,
) -> Decision:
    return record_decision(
        connection,
        environment=before.environment,
        job=before.job,
        table=before.table_name,
        sequence=sequence,
        action=action,
        line=line or before.line,
        rollout=rollout,
        reason=reason,
    )


def _restored(
    connection: sa.Connection, decision: Decision, rollout: Rollout, days: Iterable[date]
) -> dict[date, str | None]:
    """Return the run that each date shows after a rollback, None for nothing.

    In a ramp that is what the old line has written since the rollout began, which stood by to be published.
    """
    environment, table, old = decision.environment, decision.table_name, rollout.old_line
    since = rollout.started if rollout.way == "ramp" else sys.maxsize
    beside = newest_runs(connection, environment=environment, table=table, line=old, after=since)
    before = _before(connection, decision, rollout, days)
    newest = newest_runs(connection, environment=environment, table=table, line=old)
    return {day: beside.get(day) or before.get(day) or newest.get(day) for day in days}


def _before(
    connection: sa.Connection, decision: Decision, rollout: Rollout, days: Iterable[date]
) -> dict[date, str | None]:
    """Return the run that each date showed last, None for nothing, apart from what the rollout brought:
    its publication from before the rollout, or one that another line has made since."""
    wanted = set(days)
    if not wanted:
        return {}
    of_the_new_line = sa.exists().where(runs.c.id == publications.c.run_id, runs.c.line == rollout.new_line)
    since = publications.c.run_id.is_not(None) & ~of_the_new_line
    shown = newest_publications(
        (publications.c.sequence < rollout.started) | since,
        environment=decision.environment,
        table=decision.table_name,
        dates=DateRange(min(wanted), max(wanted)),
    )
    query = sa.select(publications.c.partition_date, publications.c.run_id).select_from(shown)
    found = connection.execute(query).all()
    return {row.partition_date: row.run_id for row in found if row.partition_date in wanted}


def _resolved_since(connection: sa.Connection, decision: Decision, rollout: Rollout) -> list[date]:
    """Return the logical dates that the new line serves since the rollout began."""
    lines = resolved_lines(connection, environment=decision.environment, job=decision.job)
    mine = (resolutions.c.environment == decision.environment) & (resolutions.c.job == decision.job)
    since = sa.select(resolutions.c.partition_date).where(mine, resolutions.c.sequence > rollout.started)
    return sorted({day for day in connection.scalars(since) if lines[day] == rollout.new_line})


def _as_planned(planned: Plan, sequence: int) -> Rollout:
    """Return the rollout that a plan shows, at its first step."""
    return Rollout(
        old_line=planned.old_line,
        new_line=planned.new_line,
        way=planned.way,
        steps=planned.steps,
        on_fail=planned.on_fail,
        window_days=planned.window_days,
        started=sequence,
    )


def _typed(step: Step) -> str:
    if step.name == "cutover":
        return step.name if step.proven is None else f"{step.name}:{step.proven}"
    return f"{step.name}:{step.gate}"


def _again(warehouse: Warehouse, planned: Plan) -> Plan:
    """Plan the same once more, as things are now."""
    return plan(
        warehouse,
        job=planned.job,
        old=planned.old_line,
        new=planned.new_line,
        environment=planned.environment,
        steps=[_typed(step) for step in planned.steps],
        gate=planned.steps[-1].gate,
        on_fail=planned.on_fail,
        window_days=planned.window_days,
        uses=planned.uses,
        keep=False,
    )

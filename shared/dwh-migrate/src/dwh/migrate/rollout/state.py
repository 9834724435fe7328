"""How a rollout stands: its step, what its gate has seen, and until when it can be rolled back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

import sqlalchemy as sa

from dwh.compare.safe_text import plural
from dwh.core.dates import DateRange
from dwh.core.errors import listed
from dwh.core.ledger import Decision
from dwh.core.ledger.rollouts import Rollout, Step
from dwh.core.ledger.schema import decisions, shadows
from dwh.core.names import valid_environment, valid_job
from dwh.core.warehouse import Warehouse
from dwh.migrate.rollout.errors import NoRolloutError
from dwh.migrate.rollout.proof import Proof, proof_in
from dwh.migrate.rollout.withheld import Arrived, arrived_in

__all__ = [
    "Progress",
    "Shadow",
    "progress",
    "progress_in",
    "progress_of",
    "rolled_back_until",
    "standing",
    "window_is_open",
]


@dataclass(frozen=True)
class Shadow:
    """A served run, the other line's run beside it, and what comparing them said.

    Attributes:
        decision: the sequence of the decision that held then.
        outcome: the comparison's verdict, or `error` where the candidate or the comparison crashed.
        comparison: the comparison's id in the ledger.
    """

    decision: int
    first_date: date
    last_date: date
    served_run: str
    candidate_run: str | None
    comparison: str | None
    outcome: str
    error: str | None
    shadowed_at: datetime


@dataclass(frozen=True)
class Progress:
    """How a rollout stands.

    Attributes:
        passed: for how many logical dates the last comparison since the newest decision passed. Where the
            gate asks for more, dates that are proven count, too.
        not_passed: for how many it did not.
        shadows: all of the rollout, oldest first.
        proof: how far the dates that the next step moves are proven; None unless that is a cutover.
        arrived: what the new line has written for dates that it serves; None once the rollout has ended.
    """

    decision: Decision
    rollout: Rollout
    passed: int
    not_passed: int
    shadows: tuple[Shadow, ...]
    proof: Proof | None = None
    arrived: Arrived | None = None

    @property
    def step(self) -> Step:
        """The step that has been reached."""
        return self.rollout.step

    @property
    def gate_is_open(self) -> bool:
        """Whether enough comparisons have passed at this step, none has failed, and the next is proven."""
        has_passed = self.passed >= self.step.gate and not self.not_passed
        return has_passed and (self.proof is None or self.proof.is_enough)

    @property
    def gate(self) -> str:
        """The gate as a person reads it."""
        needed = self.step.gate
        passed = f"{self.passed} of {needed} dates passed"
        if self.passed > needed:
            passed = f"{plural(self.passed, 'date')} passed, {needed or 'none'} needed"
        failed = f", {self.not_passed} did not pass" if self.not_passed else ""
        proof = f"; {self.proof}" if self.proof else ""
        waits = len(self.arrived.withheld) if self.arrived else 0
        withheld = f"; {waits:,} withheld until proven" if waits else ""
        return f"{passed}{failed}{proof}{withheld}"


def progress(warehouse: Warehouse, *, job: str, environment: str) -> Progress:
    """Return how the newest rollout of a job stands; raises RolloutError when there is none."""
    decision = warehouse.ledger.decision(environment=valid_environment(environment), job=valid_job(job))
    if decision is None or decision.rollout is None:
        active = [now for now in standing(warehouse) if now.active_rollout]
        others = listed(f"{now.job} in {now.environment}" for now in active)
        known = f" (rollouts under way: {others})" if active else ""
        raise NoRolloutError(
            f"{job} is not being rolled out in {environment}{known}; "
            f"type: dwh rollout plan {job} OLD NEW --env {environment}"
        )
    return progress_of(warehouse, decision, decision.rollout)


def progress_of(warehouse: Warehouse, decision: Decision, rollout: Rollout) -> Progress:
    """Return how the rollout of a decision stands."""
    with warehouse.ledger.reading() as connection:
        return progress_in(connection, decision, rollout)


def progress_in(connection: sa.Connection, decision: Decision, rollout: Rollout) -> Progress:
    """Return how the rollout of a decision stands, as a transaction sees it."""
    mine = (
        (shadows.c.environment == decision.environment)
        & (shadows.c.job == decision.job)
        & (shadows.c.rollout == rollout.started)
    )
    columns = [shadows.c[name] for name in Shadow.__dataclass_fields__]
    query = sa.select(*columns).where(mine).order_by(shadows.c.shadowed_at)
    found = tuple(Shadow(**row._mapping) for row in connection.execute(query))
    outcomes: dict[date, str] = {}
    for shadow in found:
        if shadow.decision == decision.sequence:
            outcomes |= dict.fromkeys(DateRange(shadow.first_date, shadow.last_date), shadow.outcome)
    proof = _proof(connection, decision, rollout)
    passed = {day for day, outcome in outcomes.items() if outcome == "pass"}
    known = passed | set(proof.proven if proof else ())
    gate = rollout.step.gate
    enough = max(len(passed), min(len(known), gate))
    arrived = arrived_in(connection, decision, rollout) if decision.active_rollout else None
    return Progress(decision, rollout, enough, len(outcomes.keys() - known), found, proof, arrived)


def _proof(connection: sa.Connection, decision: Decision, rollout: Rollout) -> Proof | None:
    """Return how far the next step of a rollout is proven, if that is a cutover."""
    following = rollout.next_step
    if not decision.active_rollout or following is None or following.name != "cutover":
        return None
    environment, job, table = decision.environment, decision.job, decision.table_name
    sample = following.proven
    return proof_in(
        connection, environment=environment, job=job, table=table, line=rollout.new_line, sample=sample
    )


def rolled_back_until(rollout: Rollout) -> datetime | None:
    """Return until when a rollout can be rolled back; None while it has not been finished."""
    if rollout.finished_at is None:
        return None
    return rollout.finished_at + timedelta(days=rollout.window_days)


def window_is_open(rollout: Rollout) -> bool:
    """Tell whether a finished rollout can still be rolled back."""
    until = rolled_back_until(rollout)
    return until is not None and datetime.now(timezone.utc) <= until


def standing(warehouse: Warehouse, environment: str | None = None) -> list[Decision]:
    """Return what holds for each job in each environment, or in one."""
    newest = sa.select(decisions.c.environment, decisions.c.job, sa.func.max(decisions.c.sequence)).group_by(
        decisions.c.environment, decisions.c.job
    )
    conditions: list[sa.ColumnElement[bool]] = [
        sa.tuple_(decisions.c.environment, decisions.c.job, decisions.c.sequence).in_(newest)
    ]
    if environment is not None:
        conditions.append(decisions.c.environment == environment)
    found = warehouse.ledger.decisions(*conditions)
    return sorted(found, key=lambda decision: (decision.environment, decision.job))

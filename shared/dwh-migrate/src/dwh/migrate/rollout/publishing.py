"""Publish an output of a rollout's new line that is not proven, because somebody has looked at it."""

from __future__ import annotations

from datetime import date

from dwh.core.dates import DateRange, check_grain
from dwh.core.ledger import Decision, one_transaction
from dwh.core.ledger.environments import add_publications
from dwh.core.warehouse import Warehouse
from dwh.migrate.rollout.errors import RolloutError
from dwh.migrate.rollout.pins import checked_reason, record_decision
from dwh.migrate.rollout.state import progress
from dwh.migrate.rollout.withheld import arrived_in

__all__ = ["publish"]


@one_transaction
def publish(
    warehouse: Warehouse, *, job: str, line: str, environment: str, day: date, reason: str
) -> Decision:
    """Publish the newest output of a rollout's new line for one logical date that waits for its proof.

    It is a decision, kept with who made it and why; the gate counts from here. A later output of the date
    waits for its proof again.

    Raises RolloutError where no rollout to the line is under way, or nothing of the date is withheld;
    LostFilesError where files of it are gone; InvalidNameError; InvalidDateError for a date of another grain;
    DecisionConflictError when somebody else decided first.
    """
    checked_reason(reason)
    now = progress(warehouse, job=job, environment=environment)
    decision, rollout = now.decision, now.rollout
    if not rollout.is_active or rollout.new_line != line:
        raise RolloutError(
            f"no rollout of {job} to line {line} is under way in {environment}; "
            f"type: dwh rollout history {job} --env {environment}"
        )
    table, one = decision.table_name, DateRange(day, day)
    if grain := warehouse.ledger.table_grain(table=table):
        check_grain(one, grain, job)
    warehouse.check_there(
        warehouse.ledger.newest_outputs(environment=environment, table=table, line=line, dates=one)
    )
    with warehouse.ledger.deciding(environment=environment, job=job, table=table, expected=decision) as (
        connection,
        sequence,
    ):
        arrived = arrived_in(connection, decision, rollout, one)
        if day not in arrived.withheld:
            raise RolloutError(
                f"no output of {job}@{line} is withheld for {day} in {environment}; "
                f"type: dwh rollout status {job} --env {environment}"
            )
        recorded = record_decision(
            connection,
            environment=environment,
            job=job,
            table=table,
            sequence=sequence,
            action="publish",
            line=decision.line,
            rollout=rollout,
            reason=f"{day}, not proven: {reason.strip()}",
        )
        add_publications(
            connection,
            environment=environment,
            table=table,
            run_ids={day: arrived.proof.pairs[day][1]},
            sequence=sequence,
            now=recorded.decided_at,
        )
    return recorded

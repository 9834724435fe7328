"""Run what an environment has decided, and the other line in its shadow.

The served line commits first and its receipt is what counts. Whatever the candidate then does, also
crash, is recorded and judged by the gate, and harms nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from dwh.core.dates import DateRange, date_spans
from dwh.core.errors import DwhError, LedgerError, one_line
from dwh.core.identity import new_id
from dwh.core.ledger import Decision, one_transaction
from dwh.core.ledger.schema import shadows
from dwh.core.lines import find_job
from dwh.core.run import Receipt, run_job
from dwh.core.warehouse import Warehouse
from dwh.migrate.rollout.state import progress
from dwh.migrate.rollout.steps import hold, roll_back

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["Served", "serve"]


@dataclass(frozen=True)
class Served:
    """One run that an environment has decided, for neighbouring logical dates.

    Attributes:
        published: how many of its partitions the environment shows now.
        shadow: the verdict of comparing it with the other line, `error` when that crashed, None when no
            rollout is under way.
        error: why it crashed.
        consequence: `hold` or `rollback`, when the gate has failed by this.
    """

    receipt: Receipt
    published: int
    shadow: str | None = None
    candidate: str | None = None
    error: str | None = None
    consequence: str | None = None


def serve(
    spark: SparkSession, warehouse: Warehouse, job: str, dates: DateRange, *, anew: bool = False
) -> list[Served]:
    """Run a job for some logical dates as the warehouse's environment decides.

    Parameters:
        anew: decide again by what holds now, also for dates that were decided before.

    Raises NotPinnedError, InvalidDateError, and RunError when a served run fails. A candidate's failure
    is in the result.
    """
    served: list[Served] = []
    left: DateRange | None = dates
    while left:
        # Again for what is left: an operator or the gate may have rolled back in the meantime.
        decision, lines = warehouse.ledger.resolve(
            warehouse.config.environment, job, left, anew=anew and not served
        )
        line = lines[left.first]
        span = date_spans(day for day, other in lines.items() if other == line)[0]
        served.append(_serve(spark, warehouse, decision, line, span))
        left = DateRange(span.last + timedelta(days=1), dates.last) if span.last < dates.last else None
    return served


def _serve(
    spark: SparkSession, warehouse: Warehouse, decision: Decision, line: str, dates: DateRange
) -> Served:
    receipt = run_job(find_job(f"{decision.job}@{line}")(), dates, spark=spark, warehouse=warehouse)
    shown = warehouse.ledger.published_outputs(decision.environment, decision.table_name, dates)
    published = sum(output.run_id == receipt["run"] for output in shown)
    rollout = decision.active_rollout
    if rollout is None:
        return Served(receipt, published)
    candidate = rollout["to"] if line == rollout["from"] else rollout["from"]
    try:
        found = _shadow(spark, warehouse, decision, rollout, line, candidate, receipt["run"], dates)
        outcome, error, consequence = found
    except LedgerError as lost:  # what was served is committed, and stays
        outcome, error, consequence = "error", f"what it did cannot be recorded: {lost}", None
    return Served(receipt, published, outcome, f"{decision.job}@{candidate}", error, consequence)


def _shadow(
    spark: SparkSession,
    warehouse: Warehouse,
    decision: Decision,
    rollout: Mapping[str, Any],
    line: str,
    candidate_line: str,
    served: str,
    dates: DateRange,
) -> tuple[str, str | None, str | None]:
    """Run the candidate, compare, record and judge; return the outcome, the error and the consequence."""
    candidate = comparison = error = None
    outcome = "error"
    try:
        job = find_job(f"{decision.job}@{candidate_line}")()
        candidate = run_job(job, dates, spark=spark, warehouse=warehouse)["run"]
        pair = {line: served, candidate_line: candidate}
        comparison, outcome = _compare(spark, warehouse, decision.job, rollout, pair, dates)
    except Exception as raised:
        error = one_line(raised)
    except BaseException:
        error = "interrupted"
        raise
    finally:
        _record(warehouse, decision, rollout, dates, served, candidate, comparison, outcome, error)
    return outcome, error, _judge(warehouse, decision, rollout, outcome, error)


def _compare(
    spark: SparkSession,
    warehouse: Warehouse,
    job: str,
    rollout: Mapping[str, Any],
    pair: Mapping[str, str],
    dates: DateRange,
) -> tuple[str, str]:
    """Compare both runs, the old line's on the left; return the comparison's id and verdict."""
    from dataclasses import replace

    from dwh.migrate.compare.outputs import OutputOptions, compare_outputs, compared_runs, record
    from dwh.migrate.compare.subjects import subject_of

    left, right = (
        replace(subject_of(warehouse, pair[line], dates), label=f"{job}@{line}")
        for line in (rollout["from"], rollout["to"])
    )
    options = OutputOptions(dates=dates)
    result = compare_outputs(spark, warehouse, left, right, options)
    pairs = compared_runs(left, right, options)
    return record(warehouse, result, list(dates), pairs), result.verdict


@one_transaction
def _record(
    warehouse: Warehouse,
    decision: Decision,
    rollout: Mapping[str, Any],
    dates: DateRange,
    served: str,
    candidate: str | None,
    comparison: str | None,
    outcome: str,
    error: str | None,
) -> None:
    now = datetime.now(timezone.utc)
    row = {
        "id": new_id(now),
        "environment": decision.environment,
        "job": decision.job,
        "rollout": rollout["started"],
        "decision": decision.sequence,
        "first_date": dates.first,
        "last_date": dates.last,
        "served_run": served,
        "candidate_run": candidate,
        "comparison": comparison,
        "outcome": outcome,
        "error": error,
        "shadowed_at": now,
    }
    # In order with decisions: who advances either sees this outcome, or has decided before it.
    with warehouse.ledger.holding(decision.table_name) as (connection, _):
        connection.execute(shadows.insert(), [row])


def _judge(
    warehouse: Warehouse, decision: Decision, rollout: Mapping[str, Any], outcome: str, error: str | None
) -> str | None:
    """Hold or roll back, as the rollout says, when the gate has failed."""
    if outcome not in ("fail", "error") or rollout["state"] != "running":
        return None
    now = progress(warehouse, decision.job, decision.environment)
    if now.decision.sequence != decision.sequence:
        return None  # somebody has decided since, so this says nothing about what holds now
    reason = f"gate of {now.step['name']}: {error or 'the comparison failed'}"
    try:
        if rollout["on_fail"] == "rollback":
            roll_back(warehouse, decision.job, decision.environment, reason, based_on=now)
        else:
            hold(warehouse, decision.job, decision.environment, reason)
    except DwhError:
        return None  # somebody was faster
    return str(rollout["on_fail"])

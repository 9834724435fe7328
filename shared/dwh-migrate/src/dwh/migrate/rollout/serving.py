"""Run what an environment has decided, and while a rollout is under way both of its lines.

The old line commits first: it needs no proof. Whatever the new line then does, also crash, is recorded and
judged by the gate, and reaches no reader: where it serves, its output is published once it is proven.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from dwh.core.dates import DateRange, date_spans
from dwh.core.definition import runs_date_by_date
from dwh.core.errors import DwhError, LedgerError, one_line
from dwh.core.grain import date_after
from dwh.core.identity import new_id
from dwh.core.ledger import Decision, one_transaction
from dwh.core.ledger.environments import newest_decision
from dwh.core.ledger.rollouts import Rollout
from dwh.core.ledger.schema import shadows
from dwh.core.lines import find_job
from dwh.core.receipt import Receipt
from dwh.core.warehouse import Warehouse
from dwh.migrate.clock import recorded_now
from dwh.migrate.rollout.state import progress
from dwh.migrate.rollout.steps import hold, roll_back
from dwh.migrate.rollout.withheld import publish_proven

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from dwh.migrate.rollout.proving import Compared

__all__ = ["Served", "serve"]


@dataclass(frozen=True)
class Served:
    """One run that an environment has decided, for neighbouring logical dates.

    Attributes:
        receipt: of the run that readers get: while a rollout is under way, the new line's where one of its
            dates is proven, else the old line's.
        published: how many of its partitions the environment shows now.
        shadow: the verdict of comparing it with the other line, `error` when that crashed, None when no
            rollout is under way.
        candidate: the other line, as `JOB@LINE`.
        error: why it crashed.
        consequence: `hold` or `rollback`, when the gate has failed by this.
        withheld: the dates that the new line serves and that do not show its output, as it is not proven.
        missing: those of them that show nothing at all.
    """

    receipt: Receipt
    published: int
    shadow: str | None = None
    candidate: str | None = None
    error: str | None = None
    consequence: str | None = None
    withheld: tuple[DateRange, ...] = ()
    missing: tuple[DateRange, ...] = ()


@dataclass(frozen=True)
class _Beside:
    """What came of running the new line beside the old one, and of comparing both."""

    outcome: str
    receipt: Receipt | None = None
    error: str | None = None
    consequence: str | None = None


def serve(
    spark: SparkSession, warehouse: Warehouse, job: str, dates: DateRange, *, anew: bool = False
) -> list[Served]:
    """Run a job for some logical dates as the warehouse's environment decides.

    Parameters:
        anew: decide again by what holds now, also for dates that were decided before.

    Raises NotPinnedError, InvalidDateError, and RunError when the run fails that needs no proof: outside
    of a rollout the served line's, within one the old line's. What the new line does is in the result.
    """
    served: list[Served] = []
    left: DateRange | None = dates
    while left:
        # Again for what is left: an operator or the gate may have rolled back in the meantime.
        decision, lines = warehouse.ledger.resolve(
            environment=warehouse.config.environment, job=job, dates=left, anew=anew and not served
        )
        line = lines[left.first]
        first = date_spans(day for day, other in lines.items() if other == line)[0]
        span = _first_run(warehouse, decision, line, first)
        served.append(_serve(spark, warehouse, decision, line, span))
        left = DateRange(date_after(span.last), dates.last) if span.last < dates.last else None
    return served


def _first_run(warehouse: Warehouse, decision: Decision, line: str, dates: DateRange) -> DateRange:
    """Return the first of some dates, and those after it that one run of each line that runs computes."""
    alone = _runs_alone(warehouse, f"{decision.job}@{line}", dates)
    rollout = decision.active_rollout
    for other in rollout.lines if rollout and line in rollout.lines else ():
        with suppress(DwhError):  # which is told when it runs, and may not keep the other line from running
            alone = alone or _runs_alone(warehouse, f"{decision.job}@{other}", dates)
    return DateRange(dates.first, dates.first) if alone else dates


def _runs_alone(warehouse: Warehouse, reference: str, dates: DateRange) -> bool:
    from dwh.core.run import in_runs

    job = find_job(reference)()
    return runs_date_by_date(job) or in_runs(job, [dates], warehouse) != [dates]


def _serve(
    spark: SparkSession, warehouse: Warehouse, decision: Decision, line: str, dates: DateRange
) -> Served:
    from dwh.core.run import run_job

    rollout = decision.active_rollout
    if rollout is None or line not in rollout.lines:
        receipt = run_job(find_job(f"{decision.job}@{line}")(), dates, spark=spark, warehouse=warehouse)
        return Served(receipt, _count(_shown(warehouse, decision, dates), receipt))
    job = find_job(f"{decision.job}@{rollout.old_line}")()
    old = run_job(job, dates, spark=spark, warehouse=warehouse)
    try:
        beside = _shadow(spark, warehouse, decision, rollout, old, line, dates)
    except LedgerError as lost:  # what the old line wrote is committed, and stays
        beside = _Beside("error", error=f"what it did cannot be recorded: {lost}")
    return _served(warehouse, decision, rollout, line, dates, old, beside)


def _served(
    warehouse: Warehouse,
    decision: Decision,
    rollout: Rollout,
    line: str,
    dates: DateRange,
    old: Receipt,
    beside: _Beside,
) -> Served:
    """Return what readers get of both lines' runs."""
    shown, new = _shown(warehouse, decision, dates), beside.receipt
    is_new = new is not None and (_count(shown, new) > 0 or (line == new["line"] and not _count(shown, old)))
    receipt = new if new is not None and is_new else old
    other = rollout.old_line if is_new else rollout.new_line
    waits = [day for day in dates if not new or shown.get(day) != new["run"]]
    if line != rollout.new_line or beside.consequence == "rollback":
        waits = []  # the old line serves them
    return Served(
        receipt,
        _count(shown, receipt),
        beside.outcome,
        f"{decision.job}@{other}",
        beside.error,
        beside.consequence,
        tuple(date_spans(waits)),
        tuple(date_spans(day for day in waits if day not in shown)),
    )


def _shown(warehouse: Warehouse, decision: Decision, dates: DateRange) -> dict[date, str]:
    """Return the run that the environment shows for each date."""
    outputs = warehouse.ledger.published_outputs(
        environment=decision.environment, table=decision.table_name, dates=dates
    )
    return {output.partition_date: output.run_id for output in outputs}


def _count(shown: Mapping[date, str], receipt: Receipt) -> int:
    return sum(run_id == receipt["run"] for run_id in shown.values())


def _shadow(
    spark: SparkSession,
    warehouse: Warehouse,
    decision: Decision,
    rollout: Rollout,
    old: Receipt,
    line: str,
    dates: DateRange,
) -> _Beside:
    """Run the new line, compare, record, publish what is proven, and judge."""
    from dwh.core.run import prepare_run

    new: Receipt | None = None
    found: list[Compared] = []
    error = None
    try:
        job = find_job(f"{decision.job}@{rollout.new_line}")()
        new = prepare_run(job, dates, warehouse=warehouse, like=(old["run"],)).execute(spark)
        found = _compare(spark, warehouse, decision.job, old, new, dates)
    except Exception as raised:
        error = one_line(raised)
    except BaseException:
        error = "interrupted"
        raise
    finally:
        pair = (old, new) if new is None or line == rollout.old_line else (new, old)
        _record(warehouse, decision, rollout, dates, pair, found, error)
    outcome = "error" if error else _worst(found)
    return _Beside(outcome, new, error, _judge(warehouse, decision, rollout, outcome, error))


def _compare(
    spark: SparkSession, warehouse: Warehouse, job: str, old: Receipt, new: Receipt, dates: DateRange
) -> list[Compared]:
    """Compare both runs, the old line's on the left: all dates at once, or each alone."""
    from dwh.migrate.rollout.proving import compare_pairs

    pairs = dict.fromkeys(dates, (old["run"], new["run"]))
    return list(compare_pairs(spark, warehouse, job, pairs))


def _worst(found: Sequence[Compared]) -> str:
    verdicts = {one.verdict for one in found}
    return next((verdict for verdict in ("fail", "incomplete") if verdict in verdicts), "pass")


@one_transaction
def _record(
    warehouse: Warehouse,
    decision: Decision,
    rollout: Rollout,
    dates: DateRange,
    pair: tuple[Receipt, Receipt | None],
    found: Sequence[Compared],
    error: str | None,
) -> None:
    """Record what came of two runs, and publish what is proven by it.

    Parameters:
        pair: what was run, the line that serves first if it has run.
    """
    served, candidate = pair
    row = {
        "environment": decision.environment,
        "job": decision.job,
        "rollout": rollout.started,
        "decision": decision.sequence,
        "served_run": served["run"],
        "candidate_run": candidate["run"] if candidate else None,
        "error": error,
    }
    results = [_result(one.dates[0], one.dates[-1], one.verdict, one.comparison) for one in found]
    results = results or [_result(dates.first, dates.last, "error", None)]
    mine = (shadows.c.environment == decision.environment, shadows.c.job == decision.job)
    # In order with decisions: who advances either sees this outcome, or has decided before it.
    with warehouse.ledger.holding(decision.table_name) as (connection, sequence):
        now = recorded_now(connection, shadows.c.shadowed_at, *mine, shadows.c.rollout == rollout.started)
        rows = [{**row, "id": new_id(now), "shadowed_at": now, **result} for result in results]
        connection.execute(shadows.insert(), rows)
        current = newest_decision(connection, environment=decision.environment, job=decision.job) or decision
        publish_proven(connection, current, dates, sequence, now)


def _result(first: date, last: date, outcome: str, comparison: str | None) -> dict[str, Any]:
    return {"first_date": first, "last_date": last, "outcome": outcome, "comparison": comparison}


def _judge(
    warehouse: Warehouse, decision: Decision, rollout: Rollout, outcome: str, error: str | None
) -> str | None:
    """Hold or roll back, as the rollout says, when the gate has failed."""
    if outcome not in ("fail", "error") or rollout.state != "running":
        return None
    now = progress(warehouse, job=decision.job, environment=decision.environment)
    if now.decision.sequence != decision.sequence:
        return None  # somebody has decided since, so this says nothing about what holds now
    reason = f"gate of {now.step.name}: {error or 'the comparison failed'}"
    try:
        if rollout.on_fail == "rollback":
            roll_back(
                warehouse, job=decision.job, environment=decision.environment, reason=reason, based_on=now
            )
        else:
            hold(warehouse, job=decision.job, environment=decision.environment, reason=reason)
    except DwhError:
        return None  # somebody was faster
    return rollout.on_fail

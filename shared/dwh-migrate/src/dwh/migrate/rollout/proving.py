"""Compare what a rollout exchanges, so that its dates are proven before they move."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from dwh.core.dates import DateRange
from dwh.core.ledger import Decision
from dwh.core.ledger.rollouts import Rollout
from dwh.core.ledger.schema import runs
from dwh.core.warehouse import Warehouse
from dwh.migrate.compare.outputs import OutputOptions, compare_outputs, compared_runs, from_ledger, record
from dwh.migrate.compare.subjects import Subject, contract_of
from dwh.migrate.rollout.pins import newest_runs
from dwh.migrate.rollout.proof import Proof, proof_in, published_runs
from dwh.migrate.rollout.withheld import arrived_in, publish_withheld

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["Compared", "compare_pairs", "proof_of_backfill", "prove", "served_runs", "unproven_pairs"]


def proof_of_backfill(warehouse: Warehouse, *, job: str, line: str, dates: DateRange) -> Proof | None:
    """Return how far the dates are proven that the job's rollout would move; None without a rollout to it."""
    decision, rollout = _rollout_to(warehouse, job=job, line=line)
    if decision is None or rollout is None:
        return None
    with warehouse.ledger.reading() as connection:
        return proof_in(
            connection,
            environment=decision.environment,
            job=job,
            table=decision.table_name,
            line=line,
            dates=dates,
        )


def prove(spark: SparkSession, warehouse: Warehouse, *, job: str, line: str, dates: DateRange) -> list[date]:
    """Compare what the job's rollout would exchange for some dates, or has served, and nobody has compared.

    Returns the dates for which the new line's output is published by that.
    """
    if pairs := unproven_pairs(warehouse, job=job, line=line, dates=dates):
        list(compare_pairs(spark, warehouse, job, pairs))
    return publish_withheld(warehouse, job, dates)


def unproven_pairs(
    warehouse: Warehouse, *, job: str, line: str, dates: DateRange
) -> dict[date, tuple[str, str]]:
    """Return the outputs that can be compared and were not, of the dates that the job's rollout to the line
    would move, or serves."""
    decision, rollout = _rollout_to(warehouse, job=job, line=line)
    if decision is None or rollout is None:
        return {}
    with warehouse.ledger.reading() as connection:
        moved = proof_in(
            connection,
            environment=decision.environment,
            job=job,
            table=decision.table_name,
            line=line,
            dates=dates,
        )
        served = arrived_in(connection, decision, rollout, dates).proof
    return moved.comparable | served.comparable


def served_runs(warehouse: Warehouse, *, job: str, line: str, dates: DateRange) -> dict[date, str]:
    """Return the run whose output the job's rollout to the line would replace, for each date that has one.

    That is what is published, or else the old line's newest output; none without a rollout to the line.
    """
    decision, rollout = _rollout_to(warehouse, job=job, line=line)
    if decision is None or rollout is None:
        return {}
    where: Any = {"environment": decision.environment, "table": decision.table_name, "dates": dates}
    with warehouse.ledger.reading() as connection:
        old = newest_runs(connection, **where, line=rollout.old_line)
        shown = published_runs(connection, **where)
    return old | {day: run for day, (run, other) in shown.items() if other != line}


@dataclass(frozen=True)
class Compared:
    """A comparison of two lines' outputs of some dates.

    Attributes:
        comparison: its id in the ledger.
    """

    dates: tuple[date, ...]
    comparison: str
    verdict: str


def compare_pairs(
    spark: SparkSession, warehouse: Warehouse, job: str, pairs: Mapping[date, tuple[str, str]]
) -> Iterator[Compared]:
    """Compare the two runs of each date, and yield what holds in the end: a comparison for each date.

    All at once first, as they are expected to pass; where they do not, each date alone.
    """
    found = _compare(spark, warehouse, job, pairs)
    if found.verdict == "pass" or len(pairs) == 1:
        yield found
        return
    for day, pair in pairs.items():
        yield _compare(spark, warehouse, job, {day: pair})


def _compare(
    spark: SparkSession, warehouse: Warehouse, job: str, pairs: Mapping[date, tuple[str, str]]
) -> Compared:
    left, right = (
        _subject(warehouse, job, {day: pair[side] for day, pair in pairs.items()}) for side in (0, 1)
    )
    options, days = OutputOptions(), sorted(pairs)
    found = from_ledger(warehouse, left, right, options)
    found = found or compare_outputs(spark, warehouse, left, right, options)
    comparison = record(warehouse, found, days, compared_runs(left, right, options))
    return Compared(tuple(days), comparison, found.verdict)


def _rollout_to(warehouse: Warehouse, *, job: str, line: str) -> tuple[Decision | None, Rollout | None]:
    """Return the decision that holds, and its rollout if it is under way and leads to the line."""
    decision = warehouse.ledger.decision(environment=warehouse.config.environment, job=job)
    rollout = decision.active_rollout if decision else None
    return decision, rollout if rollout and rollout.new_line == line else None


def _subject(warehouse: Warehouse, job: str, run_ids: Mapping[date, str]) -> Subject:
    """Return exactly these outputs of the environment, by the contract of the run that committed last."""
    records = warehouse.ledger.find_runs(runs.c.id.in_(set(run_ids.values())))
    table, line = records[-1].table_name, records[-1].line
    dates = DateRange(min(run_ids), max(run_ids))
    outputs = warehouse.ledger.outputs(
        environment=warehouse.config.environment, table=table, line=line, dates=dates
    )
    wanted = {o.partition_date: o for o in outputs if run_ids.get(o.partition_date) == o.run_id}
    return Subject(f"{job}@{line}", job, line, contract_of(records, wanted), wanted)

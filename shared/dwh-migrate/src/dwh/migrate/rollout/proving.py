"""Compare what a cutover would exchange, so that its dates are proven before it moves them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from dwh.core.dates import DateRange
from dwh.core.ledger.schema import runs
from dwh.core.warehouse import Warehouse
from dwh.migrate.compare.outputs import OutputOptions, compare_outputs, compared_runs, from_ledger, record
from dwh.migrate.compare.subjects import Subject
from dwh.migrate.rollout.proof import Proof, proof_in

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["proof_of_backfill", "prove"]


def proof_of_backfill(warehouse: Warehouse, job: str, line: str, dates: DateRange) -> Proof | None:
    """Return how far the dates are proven that the job's rollout would move; None without a rollout to it."""
    environment = warehouse.config.environment
    decision = warehouse.ledger.decision(environment, job)
    rollout = decision.active_rollout if decision else None
    if decision is None or rollout is None or rollout["to"] != line:
        return None
    with warehouse.ledger.reading() as connection:
        return proof_in(connection, environment, job, decision.table_name, line, dates=dates)


def prove(spark: SparkSession, warehouse: Warehouse, job: str, line: str, dates: DateRange) -> None:
    """Compare what the job's rollout would exchange for some dates and nobody has compared.

    All at once first, as they are expected to pass; where they do not, each date alone.
    """
    proof = proof_of_backfill(warehouse, job, line, dates)
    days = proof.unproven if proof else []
    pairs = {day: (left, right) for day in days if proof for left, right in [proof.pairs[day]] if right}
    if not pairs or _compare(spark, warehouse, job, pairs) == "pass" or len(pairs) == 1:
        return
    for day, pair in pairs.items():
        _compare(spark, warehouse, job, {day: pair})


def _compare(
    spark: SparkSession,
    warehouse: Warehouse,
    job: str,
    pairs: Mapping[date, tuple[str, str | None]],
) -> str:
    left = _subject(warehouse, job, {day: run for day, (run, _) in pairs.items()})
    right = _subject(warehouse, job, {day: run for day, (_, run) in pairs.items() if run})
    options = OutputOptions()
    found = from_ledger(warehouse, left, right, options)
    found = found or compare_outputs(spark, warehouse, left, right, options)
    record(warehouse, found, sorted(pairs), compared_runs(left, right, options))
    return found.verdict


def _subject(warehouse: Warehouse, job: str, run_ids: Mapping[date, str]) -> Subject:
    """Return exactly these outputs of the environment, by the contract of the newest run."""
    records = warehouse.ledger.find_runs(runs.c.id.in_(set(run_ids.values())))
    newest, environment = records[-1], warehouse.config.environment
    dates = DateRange(min(run_ids), max(run_ids))
    outputs = warehouse.ledger.outputs(environment, newest.table_name, newest.line, dates)
    wanted = {o.partition_date: o for o in outputs if run_ids.get(o.partition_date) == o.run_id}
    return Subject(f"{job}@{newest.line}", job, newest.line, newest.contract, wanted)

"""Fill in what a line has not written yet, in runs of some dates each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from dwh.core.dates import DateRange, date_spans
from dwh.core.definition import builds_on_itself, in_runs
from dwh.core.grain import date_after
from dwh.core.job import Job
from dwh.core.lines import line_of
from dwh.core.receipt import Receipt
from dwh.core.run import run_job
from dwh.core.warehouse import Warehouse
from dwh.migrate.rollout.proving import proof_of_backfill, prove

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["batches", "fill", "proof_of_backfill", "prove", "ready"]


def batches(warehouse: Warehouse, job: Job, dates: DateRange, size: int) -> list[DateRange]:
    """Return the dates for which the job's line has no output in the environment, in ranges of `size`.

    Each is a run; of whole tables each date is.
    """
    environment, line = warehouse.config.environment, line_of(type(job)).name
    outputs = warehouse.ledger.newest_outputs(
        environment=environment, table=job.writes.name, line=line, dates=dates
    )
    missing = date_spans(set(dates) - {output.partition_date for output in outputs})
    return in_runs(
        job,
        [
            DateRange(first, min(date_after(first, size - 1), span.last))
            for span in missing
            for first in list(span)[::size]
        ],
    )


def ready(job: Job, spans: Sequence[DateRange]) -> list[DateRange]:
    """Return those of some ranges, which are run in order, that do not build on one before them."""
    if not builds_on_itself(job):
        return list(spans)
    made = {day for span in spans for day in span}
    return [span for span in spans if span.widened(1, 0).first not in made - set(span)]


def fill(
    spark: SparkSession, warehouse: Warehouse, job: Job, missing: Sequence[DateRange]
) -> Iterator[Receipt]:
    """Run each range, and yield its receipt once it has committed; raises RunError when one fails.

    While the environment moves to the job's line, what was run is compared with what is published.
    """
    for dates in missing:
        receipt = run_job(job, dates, spark=spark, warehouse=warehouse)
        prove(spark, warehouse, job=receipt["job"], line=receipt["line"], dates=dates)
        yield receipt

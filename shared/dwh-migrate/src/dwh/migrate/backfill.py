"""Fill in what a line has not written yet, in runs of some dates each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from dwh.core.dates import DateRange, date_spans
from dwh.core.definition import builds_on_itself, inputs_of
from dwh.core.grain import date_after
from dwh.core.job import Job
from dwh.core.lines import line_of
from dwh.core.receipt import Receipt
from dwh.core.run import in_runs, prepare_run
from dwh.core.sources.earlier import read_alike
from dwh.core.warehouse import Warehouse
from dwh.migrate.rollout.proving import proof_of_backfill, prove, served_runs

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["batches", "fill", "proof_of_backfill", "prove", "read_like", "ready"]


def batches(warehouse: Warehouse, job: Job, dates: DateRange, size: int) -> list[DateRange]:
    """Return the dates for which the job's line has no output in the environment, in ranges of `size`.

    Each is a run; of a job that writes whole tables, or reads another one for each date, each date is. While
    the environment moves to the line, the dates of a range are such that their runs which readers have got
    have read alike: see `read_like`.
    """
    environment, line = warehouse.config.environment, line_of(type(job)).name
    outputs = warehouse.ledger.newest_outputs(
        environment=environment, table=job.writes.name, line=line, dates=dates
    )
    missing = date_spans(set(dates) - {output.partition_date for output in outputs})
    served = served_runs(warehouse, job=job.name(), line=line, dates=dates)
    alike = [piece for span in missing for piece in _alike(warehouse, job, span, served)]
    return in_runs(
        job,
        [
            DateRange(first, min(date_after(first, size - 1), span.last))
            for span in alike
            for first in list(span)[::size]
        ],
        warehouse,
    )


def read_like(warehouse: Warehouse, job: Job, dates: DateRange) -> tuple[str, ...]:
    """Return the runs whose inputs a run of some dates reads again, so that both differ in the job alone.

    That are those which readers have got, while the environment moves to the job's line; else none.
    """
    served = served_runs(warehouse, job=job.name(), line=line_of(type(job)).name, dates=dates)
    return tuple(dict.fromkeys(served[day] for day in dates if day in served))


def _alike(
    warehouse: Warehouse, job: Job, span: DateRange, served: Mapping[date, str]
) -> Iterator[DateRange]:
    """Yield a range in parts, each of which can read what its dates' served runs have read."""
    mine = {day: served[day] for day in span if day in served}
    yield from date_spans(set(span) - set(mine))
    yield from read_alike(inputs_of(job), mine, warehouse)


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

    While the environment moves to the job's line, each run reads what those have read that readers got,
    where that was recorded, and is compared with them.
    """
    for dates in missing:
        like = read_like(warehouse, job, dates)
        receipt = prepare_run(job, dates, warehouse=warehouse, like=like).execute(spark)
        prove(spark, warehouse, job=receipt["job"], line=receipt["line"], dates=dates)
        yield receipt

"""Whether a job gives the same for a range of dates in one run as for each date by itself.

Both are run anew in an environment aside, which nobody reads and nothing is pinned in, and read the same
outputs of other jobs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from dwh.core.dates import DateRange, check_grain
from dwh.core.definition import runs_date_by_date
from dwh.core.errors import UsageError
from dwh.core.lines import find_job
from dwh.core.names import environment_aside
from dwh.core.run import in_runs, prepare_run
from dwh.core.warehouse import Warehouse
from dwh.migrate.compare.subjects import Subject, subject_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["check_one_by_one", "run_one_by_one"]


def check_one_by_one(left: str, right: str, dates: DateRange | None, run: bool) -> DateRange:
    """Return the dates of a comparison one by one.

    Raises UsageError where it cannot be one, InvalidDateError for the wrong grain, and what naming a job
    raises.
    """
    if left != right or "@" not in left:
        raise UsageError("--one-by-one compares a version with itself: name JOB@LINE twice")
    if not run or dates is None or len(dates) < 2:
        raise UsageError(
            "--one-by-one runs a range of dates: add --run, --from and --to with two dates or more"
        )
    job = find_job(left)
    check_grain(dates, job.writes.logical_grain, left)
    if runs_date_by_date(job):
        raise _date_by_date(left)
    return dates


def run_one_by_one(
    spark: SparkSession, warehouse: Warehouse, reference: str, dates: DateRange, note: Callable[[str], None]
) -> tuple[Warehouse, Subject, Subject]:
    """Run a job for a range, then for each of its dates.

    Returns the warehouse in the environment aside, with what was written in one run and what one by one.
    Raises RunError, and what naming a job raises.
    """
    job = find_job(reference)()
    if in_runs(job, [dates], warehouse) != [dates]:
        raise _date_by_date(reference)
    aside = environment_aside(warehouse.config.environment)
    warehouse = replace(warehouse, config=warehouse.config.in_environment(aside))
    prepared = prepare_run(job, dates, warehouse=warehouse)
    note(f"running {reference} for {dates}")
    whole = prepared.execute(spark)["run"]
    for day in dates:
        note(f"running {reference} for {day}")
        prepare_run(job, DateRange(day, day), warehouse=warehouse, like=(whole,)).execute(spark)
    left, right = (subject_of(warehouse, text, dates) for text in (whole, reference))
    labels = f"{reference} (in one run)", f"{reference} (one by one)"
    return warehouse, replace(left, label=labels[0]), replace(right, label=labels[1])


def _date_by_date(reference: str) -> UsageError:
    return UsageError(f"{reference} computes a range date by date, so there is nothing to compare")

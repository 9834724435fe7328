"""Runs what a comparison lacks, each side in the release that it names.

Where two releases of one line are compared, nothing that anybody reads may change by it: the runs belong
to an environment that publishes nothing, and where the older release was run after the newer one,
the newer one runs again, so that readers of the line keep what they had.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from dwh.core.dates import DateRange, date_spans
from dwh.core.errors import InvalidNameError, UnknownLineError, UnknownReleaseError
from dwh.core.lines import Reference
from dwh.core.run import run_job
from dwh.core.warehouse import Warehouse
from dwh.migrate.compare.subjects import subject_of, subjects_of
from dwh.migrate.releases.installed import is_installed

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["ENVIRONMENT", "is_complete", "run_missing"]

ENVIRONMENT = "comparisons"
"""The environment of runs that compare releases of one line. Nothing is ever pinned in it."""

Note = Callable[[str], None]


def is_complete(warehouse: Warehouse, left: str, right: str, dates: DateRange) -> bool:
    """Whether both sides have an output for each logical date."""
    if left == right:
        return all(set(dates) <= set(side.outputs) for side in subjects_of(warehouse, left, right, dates))
    return not any(_missing(warehouse, text, dates) for text in (left, right))


def run_missing(
    spark: SparkSession, warehouse: Warehouse, left: str, right: str, dates: DateRange, note: Note
) -> None:
    """Run each side for the dates that it lacks; the same version twice, until it has two outputs.

    Raises RunError, and what `dwh.migrate.releases` raises for a release that is not installed.
    """
    if left == right:
        _run_twice(spark, warehouse, left, dates, note)
        return
    references = [reference for text in (left, right) if (reference := _exact(text))]
    if len(references) < 2 or len({reference.line_name for reference in references}) > 1:
        _run_sides(spark, warehouse, (left, right), dates, note)
        return
    quiet = replace(warehouse, config=warehouse.config.in_environment(ENVIRONMENT))
    before = _newest(warehouse, references[0], dates)
    _have_at_hand(quiet, references[0].job, set(before.values()), note)
    _run_sides(spark, quiet, (left, right), dates, note)
    for reference, span in _displaced(warehouse, references[0], before, dates):
        note(f"running {reference} again for {span}, so that readers of line {reference.line_name} keep it")
        _run(spark, quiet, reference, span, note)


def _run_sides(
    spark: SparkSession, warehouse: Warehouse, texts: tuple[str, str], dates: DateRange, note: Note
) -> None:
    for text in texts:
        for span in _missing(warehouse, text, dates):
            note(f"running {text} for {span}")
            _run(spark, warehouse, Reference.parse(text), span, note)


def _run_twice(spark: SparkSession, warehouse: Warehouse, text: str, dates: DateRange, note: Note) -> None:
    for _ in range(2):
        for subject in subjects_of(warehouse, text, text, dates):
            if lacking := date_spans(set(dates) - set(subject.outputs)):
                for span in lacking:
                    note(f"running {text} for {span}")
                    _run(spark, warehouse, Reference.parse(text), span, note)
                break


def _run(
    spark: SparkSession, warehouse: Warehouse, reference: Reference, dates: DateRange, note: Note
) -> None:
    if is_installed(reference):
        run_job(reference.line().job(reference.job)(), dates, spark=spark, warehouse=warehouse)
        return
    from dwh.migrate.releases.running import run_release
    from dwh.migrate.releases.wanted import Wanted

    run_release(warehouse.config, reference, dates, Wanted.of(reference, warehouse.config), note=note)


def _missing(warehouse: Warehouse, text: str, dates: DateRange) -> list[DateRange]:
    try:
        outputs = subject_of(warehouse, text, dates).outputs
    except (UnknownLineError, UnknownReleaseError):
        if _exact(text) is None:
            raise
        outputs = {}  # it has never run, and is not installed
    return date_spans(set(dates) - set(outputs))


def _exact(text: str) -> Reference | None:
    try:
        found = Reference.parse(text)
    except InvalidNameError:
        return None
    return found if found.exact else None


def _newest(warehouse: Warehouse, reference: Reference, dates: DateRange) -> dict[date, str]:
    """Return, for each logical date, the release whose output readers of the line get."""
    try:
        table = str(subject_of(warehouse, f"{reference.job}@{reference.line_name}", dates).contract["name"])
    except (UnknownLineError, UnknownReleaseError):
        return {}
    found = warehouse.ledger.newest_outputs(table, reference.line_name, dates)
    return {output.partition_date: output.release for output in found}


def _have_at_hand(warehouse: Warehouse, job: str, releases: set[str], note: Note) -> None:
    """Make the environments of releases that may have to run again, before anything is displaced."""
    for release in releases:
        reference = Reference.parse(f"{job}@{release}")
        if not is_installed(reference):
            from dwh.migrate.releases.make import release_environment
            from dwh.migrate.releases.wanted import Wanted

            release_environment(warehouse.config, Wanted.of(reference, warehouse.config), note)


def _displaced(
    warehouse: Warehouse, reference: Reference, before: Mapping[date, str], dates: DateRange
) -> Iterator[tuple[Reference, DateRange]]:
    now = _newest(warehouse, reference, dates)
    displaced = {day: release for day, release in before.items() if now[day] != release}
    for release in sorted(set(displaced.values())):
        for span in date_spans(day for day, other in displaced.items() if other == release):
            yield Reference.parse(f"{reference.job}@{release}"), span

"""Runs what a comparison lacks, each side in the release that it names.

Where two releases of one line are compared, nothing that anybody reads may change by it: what is run for
that belongs to an environment aside, which nobody reads and nothing is pinned in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from dwh.core.contract import Table
from dwh.core.dates import DateRange, check_grain, date_spans
from dwh.core.errors import InvalidNameError, UnknownLineError, UnknownReleaseError
from dwh.core.grain import grain_of_contract
from dwh.core.inputs import Input
from dwh.core.ledger.schema import runs
from dwh.core.lines import Reference
from dwh.core.names import environment_aside
from dwh.core.run import in_runs, prepare_run
from dwh.core.sources.previous import PreviousSource
from dwh.core.warehouse import Warehouse
from dwh.migrate.compare.subjects import subject_of, subjects_of
from dwh.migrate.releases.installed import is_installed

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from dwh.core.ledger import Output

__all__ = ["is_complete", "run_missing"]

Note = Callable[[str], None]


def is_complete(warehouse: Warehouse, left: str, right: str, dates: DateRange) -> bool:
    """Whether both sides have an output for each logical date; raises InvalidDateError for a wrong grain."""
    if left == right:
        return all(set(dates) <= set(side.outputs) for side in subjects_of(warehouse, left, right, dates))
    missing = [_missing(warehouse, text, dates) for text in (left, right)]  # both tell of a wrong grain
    return not any(missing)


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
    config = warehouse.config.in_environment(environment_aside(warehouse.config.environment))
    _run_sides(spark, warehouse, (left, right), dates, note, into=replace(warehouse, config=config))


def _run_sides(
    spark: SparkSession,
    warehouse: Warehouse,
    texts: tuple[str, str],
    dates: DateRange,
    note: Note,
    *,
    into: Warehouse | None = None,
) -> None:
    """Run what the warehouse's environment lacks; `into` names another one that takes it."""
    for text, other in (texts, texts[::-1]):
        for span in _missing(warehouse, text, dates):
            beside = _written(warehouse, other, span).get(span.first)
            _run(spark, into or warehouse, Reference.parse(text), span, note, beside)


def _run_twice(spark: SparkSession, warehouse: Warehouse, text: str, dates: DateRange, note: Note) -> None:
    for _ in range(2):
        for subject in subjects_of(warehouse, text, text, dates):
            if lacking := date_spans(set(dates) - set(subject.outputs)):
                for span in lacking:
                    _run(spark, warehouse, Reference.parse(text), span, note)
                break


def _run(
    spark: SparkSession,
    warehouse: Warehouse,
    reference: Reference,
    dates: DateRange,
    note: Note,
    beside: Output | None = None,
) -> None:
    """Run a version for some dates.

    Parameters:
        beside: the other version's output of the first of them, where there is one.
    """
    if is_installed(reference):
        job, other = reference.line().job(reference.job)(), beside.run_id if beside else None
        for number, alone in enumerate(in_runs(job, [dates], warehouse)):
            prepared = prepare_run(job, alone, warehouse=warehouse, beside=other)
            if number == 0:  # what is refused does not begin
                note(f"running {reference} for {dates}")
            prepared.execute(spark)
        return
    if beside:
        _check_beside(warehouse, reference, dates, beside)
    note(f"running {reference} for {dates}")
    from dwh.migrate.releases.running import run_release
    from dwh.migrate.releases.wanted import Wanted

    run_release(warehouse.config, reference, dates, Wanted.of(reference, warehouse.config), note=note)


def _check_beside(warehouse: Warehouse, reference: Reference, dates: DateRange, beside: Output) -> None:
    """Raise MissingInputError where a release that is not installed here would begin a history anew.

    Its job cannot be asked whether it builds on itself; the other version's run tells.
    """
    (run,) = warehouse.ledger.find_runs(runs.c.id == beside.run_id)
    if run.table_name not in [one.get("name") for one in run.inputs]:
        return
    need = Input.previous().of(Table.from_dict(run.contract))
    previous = PreviousSource.before(need, warehouse, reference.line_name, dates, None)
    previous.check_beside(run, need, dates, command=f"dwh run {reference}")


def _missing(warehouse: Warehouse, text: str, dates: DateRange) -> list[DateRange]:
    return date_spans(set(dates) - set(_written(warehouse, text, dates)))


def _written(warehouse: Warehouse, text: str, dates: DateRange) -> Mapping[date, Output]:
    try:
        subject = subject_of(warehouse, text, dates)
    except (UnknownLineError, UnknownReleaseError):
        if _exact(text) is None:
            raise
        return {}  # it has never run, and is not installed
    check_grain(dates, grain_of_contract(subject.contract), text)
    return subject.outputs


def _exact(text: str) -> Reference | None:
    try:
        found = Reference.parse(text)
    except InvalidNameError:
        return None
    return found if found.exact else None

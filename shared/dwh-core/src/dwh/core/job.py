"""The Job: what a job author writes, and what a DAG calls.

What its parts are is `dwh.core.definition`, how a run proceeds `dwh.core.run`. Importing this module brings
neither Spark nor the ledger, so that a DAG file can import jobs for the price of a few milliseconds.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dwh.core.dates import logical_dates
from dwh.core.definition import JobDefinition, check_definition, resolve_previous
from dwh.core.line import Line, warn_if_ended
from dwh.core.lines import line_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from dwh.core.receipt import Receipt
    from dwh.core.warehouse import Warehouse

__all__ = ["Job"]


class Job(JobDefinition):
    """A job that reads tables and writes one.

    A subclass, alone in its module, sets `reads` and `writes` and implements `transform`. Its name
    is its module's name, the same in every line. Defining a subclass whose parts do not fit
    together raises DefinitionError.

    Attributes:
        reads: what the job needs of each input, which dwh.toml maps to a place, or which other jobs write.
            An input with a `partition_by` is read for the logical dates of the run alone, unless it looks
            back or ahead: see `Input`.
        writes: the contract of the output. A key is audited on every run.
        changes: what is declared to differ from the line before.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        resolve_previous(cls)
        check_definition(cls)
        package = cls.__module__.rpartition(".")[0]
        if isinstance(line := getattr(sys.modules.get(package), "LINE", None), Line):
            warn_if_ended(package, line)

    @property
    def line(self) -> str:
        """The line that the job is of, `0.1`; raises DefinitionError where no installed line has it."""
        return line_of(type(self)).name

    @property
    def release(self) -> str:
        """The installed release of the job's line, `0.1.1`; raises DefinitionError as `line` does."""
        return line_of(type(self)).release

    def run(
        self,
        *,
        date: object = None,
        start: object = None,
        end: object = None,
        spark: SparkSession | None = None,
        warehouse: Warehouse | None = None,
        environment: str | None = None,
        **context: Any,
    ) -> Receipt:
        """Run the job for a logical date or a range of dates, and commit what it wrote.

        Parameters:
            date: the logical date, as text in the grain of `writes` (`2013-01-15T07`, `2013-01-15`,
                `2013-01`), as `date` for a day, or as a datetime with a time zone that it holds.
            start, end: instead of `date`: the first and last logical date, both included.
            spark: the session whose application runs the job; by default the active one, else one
                made from the configuration.
            warehouse: where to write; by default the one that the configuration names.
            environment: where to run, by default the warehouse's, which is the configured one.
            context: Airflow's keyword context, whose `logical_date` or `ds` counts when no date is
                given, and in a DAG run without one the `date` of its configuration. Whatever else it
                holds is ignored.

        Returns:
            The receipt, as JSON-able data. Where each date is a run of its own, it is the last one's, with
            the partitions and the rows of all.

        Raises InvalidDateError, and what an input that cannot be had raises (UnknownSourceError, CycleError,
        InputError, MissingInputError), before anything is recorded, and RunError for a run that failed: it is
        recorded as failed, and nothing that it wrote is visible.
        """
        dates = logical_dates(date, start, end, context, self.writes.logical_grain)
        from dwh.core.run import run_job

        if environment is not None:
            warehouse = _in_environment(warehouse, environment)
        return run_job(self, dates, spark=spark, warehouse=warehouse)


def _in_environment(warehouse: Warehouse | None, name: str) -> Warehouse:
    from dwh.core.names import valid_environment
    from dwh.core.warehouse import Warehouse

    valid_environment(name)
    there = warehouse or Warehouse.create()
    return replace(there, config=there.config.in_environment(name))

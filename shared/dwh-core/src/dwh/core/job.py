"""The Job: what a job author writes, and what a DAG calls.

How a run proceeds is `dwh.core.run`; this module stays free of Spark and of the ledger, so that
a DAG file can import jobs for the price of a few milliseconds.
"""

from __future__ import annotations

import inspect
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from dwh.core.changes import Change
from dwh.core.contract import Table
from dwh.core.dates import DateRange, logical_dates
from dwh.core.errors import DefinitionError
from dwh.core.lines import Line, line_of, warn_if_ended
from dwh.core.names import valid_job

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from dwh.core.run import Receipt
    from dwh.core.warehouse import Warehouse

__all__ = ["Job", "transformed"]


class Job(ABC):
    """A job that reads tables and writes one.

    A subclass, alone in its module, sets `reads` and `writes` and implements `transform`. Its name
    is its module's name, the same in every line. Defining a subclass whose parts do not fit
    together raises DefinitionError.

    Attributes:
        reads: what the job needs of each input, which dwh.toml maps to a place. An input with a
            `partition_by` is read for the logical dates of the run alone.
        writes: the contract of the output, with `partition_by`. A key is audited on every run.
        changes: what is declared to differ from the line before.
    """

    reads: ClassVar[tuple[Table, ...]]
    writes: ClassVar[Table]
    changes: ClassVar[tuple[Change, ...]] = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        where = f"{cls.__module__}.{cls.__qualname__}"
        if not isinstance(getattr(cls, "writes", None), Table):
            raise DefinitionError(where, "set writes = Table(…)")
        partition, key = cls.writes.partition_by, cls.writes.key
        if not partition or (key and partition not in key):
            raise DefinitionError(where, "writes needs partition_by, and its key, if any, must contain it")
        if any(column.name.lower() == "_run" for column in cls.writes.columns):
            raise DefinitionError(where, "no column may be called _run, which is the run's folder")
        reads = getattr(cls, "reads", None)
        if not isinstance(reads, tuple) or not all(isinstance(table, Table) for table in reads):
            raise DefinitionError(where, "set reads to a tuple of Table(…)")
        if len({table.short_name for table in reads}) < len(reads):
            raise DefinitionError(where, "two inputs have the same name")
        _check_transform(cls, where)
        package = cls.__module__.rpartition(".")[0]
        if isinstance(line := getattr(sys.modules.get(package), "LINE", None), Line):
            warn_if_ended(package, line)

    @abstractmethod
    def transform(self, *args: Any, **kwargs: Any) -> DataFrame:
        """Compute the output from the inputs, given by name, without reading or writing anything.

        Each input is a DataFrame with the columns that `reads` names. The result has the columns of
        `writes` in any order. Where it has the keyword-only parameter `dates`, as in
        `def transform(self, flights, *, dates)`, that is the DateRange of the run's logical dates.
        """

    @property
    def line(self) -> str:
        """The line that the job is of, `0.1`; raises DefinitionError where no installed line has it."""
        return line_of(type(self)).name

    @property
    def release(self) -> str:
        """The installed release of the job's line, `0.1.1`; raises DefinitionError as `line` does."""
        return line_of(type(self)).release

    @classmethod
    def name(cls) -> str:
        """Return the job's name: the last word of its module's. Raises InvalidNameError."""
        return valid_job(cls.__module__.rpartition(".")[2])

    def run(
        self,
        *,
        date: object = None,
        start: object = None,
        end: object = None,
        spark: SparkSession | None = None,
        warehouse: Warehouse | None = None,
        **context: Any,
    ) -> Receipt:
        """Run the job for a logical date or a range of dates, and commit what it wrote.

        Parameters:
            date: the logical date, as `date`, `2013-01-15`, or a datetime with a time zone.
            start, end: instead of `date`: the first and last logical date, both included.
            spark: the session whose application runs the job; by default the active one, else one
                made from the configuration.
            warehouse: where to write; by default the one that the configuration names.
            context: Airflow's keyword context, whose `logical_date` or `ds` counts when no date is
                given, and in a DAG run without one the `date` of its configuration. Whatever else it
                holds is ignored.

        Returns:
            The receipt, as JSON-able data.

        Raises InvalidDateError before anything is recorded, and RunError for a run that failed:
        it is recorded as failed, and nothing that it wrote is visible.
        """
        dates = logical_dates(date, start, end, context)
        from dwh.core.run import run_job

        return run_job(self, dates, spark=spark, warehouse=warehouse)


def transformed(job: Job, inputs: Mapping[str, DataFrame], dates: DateRange) -> DataFrame:
    """Return what a job makes of its inputs, by name; it gets the dates of the run if it takes them."""
    asked = inspect.signature(job.transform).parameters.get("dates")
    if asked is None or asked.kind is not inspect.Parameter.KEYWORD_ONLY:
        return job.transform(**inputs)
    return job.transform(**inputs, dates=dates)


def _check_transform(job: type[Job], where: str) -> None:
    """Raise DefinitionError when `transform` has a parameter that nothing would fill."""
    inputs = {table.short_name for table in job.reads}
    for name, parameter in inspect.signature(job.transform).parameters.items():
        only_by_keyword = parameter.kind is inspect.Parameter.KEYWORD_ONLY
        if only_by_keyword and name == "dates" and name in inputs:
            raise DefinitionError(
                where, "dates is the run's logical dates and an input's name; rename the input"
            )
        if name == "dates" and not only_by_keyword and name not in inputs:
            raise DefinitionError(where, "write dates after a star: def transform(self, …, *, dates)")
        if only_by_keyword and name not in ("dates", *inputs) and parameter.default is parameter.empty:
            allowed = ", ".join(["dates", *sorted(inputs)])
            raise DefinitionError(
                where, f"transform asks for {name}=, which nothing fills; it may ask for {allowed}"
            )

"""What a job declares, and whether its parts fit together. What runs it is `dwh.core.job`'s to reach."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from dwh.core.changes import Change
from dwh.core.contract import Table
from dwh.core.dates import DateRange
from dwh.core.errors import DefinitionError
from dwh.core.inputs import Input, Previous
from dwh.core.layout import folder_of
from dwh.core.names import valid_job

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = [
    "JobDefinition",
    "builds_on_itself",
    "check_definition",
    "inputs_of",
    "resolve_previous",
    "runs_date_by_date",
    "transformed",
]


class JobDefinition(ABC):
    """The parts of a job that its author writes, which `dwh.core.job.Job` describes."""

    reads: ClassVar[tuple[Table | Input | Previous, ...]]
    writes: ClassVar[Table]
    changes: ClassVar[tuple[Change, ...]] = ()

    @abstractmethod
    def transform(self, *args: Any, **kwargs: Any) -> DataFrame:
        """Compute the output from the inputs, given by name, without reading or writing anything.

        Each input is a DataFrame with the columns that `reads` names. The result has the columns of
        `writes` in any order. Where an input looks back or ahead, rows of the result for other logical dates
        than the run's are left out; otherwise they are an error. Where it has the keyword-only parameter
        `dates`, as in `def transform(self, flights, *, dates)`, that is the DateRange of the run's logical
        dates.
        """

    @classmethod
    def name(cls) -> str:
        """Return the job's name: the last word of its module's. Raises InvalidNameError."""
        return valid_job(cls.__module__.rpartition(".")[2])


def check_definition(job: type[JobDefinition]) -> None:
    """Raise DefinitionError where the parts of a job do not fit together."""
    where = f"{job.__module__}.{job.__qualname__}"
    if not isinstance(getattr(job, "writes", None), Table):
        raise DefinitionError(where, "set writes = Table(…); for a second table, write a second job")
    partition, key = job.writes.date_column, job.writes.key
    if partition and key and partition not in key:
        raise DefinitionError(where, f"the key of writes must contain {partition}, its partition_by")
    folders = {"_run", folder_of(job.writes)} - {partition}
    for column in job.writes.columns:
        if column.name.lower() in folders:
            raise DefinitionError(where, f"no column may be called {column.name}, which is a folder's name")
    reads = getattr(job, "reads", None)
    if not isinstance(reads, tuple) or not all(isinstance(need, Table | Input) for need in reads):
        raise DefinitionError(where, "set reads to a tuple of Table(…) or Input(…)")
    if len({need.short_name for need in reads}) < len(reads):
        raise DefinitionError(where, "two inputs have the same name")
    _check_transform(job, where)


def resolve_previous(job: type[JobDefinition]) -> None:
    """Let `Input.previous()` in a job's `reads` be an input of the table that the job writes."""
    reads, writes = getattr(job, "reads", None), getattr(job, "writes", None)
    if isinstance(reads, tuple) and isinstance(writes, Table):
        job.reads = tuple(need.of(writes) if isinstance(need, Previous) else need for need in reads)


def inputs_of(job: JobDefinition | type[JobDefinition]) -> tuple[Input, ...]:
    """Return what a job reads, each as an Input."""
    return tuple(Input.of(need) for need in job.reads if not isinstance(need, Previous))


def builds_on_itself(job: JobDefinition | type[JobDefinition]) -> bool:
    """Return whether a job reads its own output of the logical date before."""
    return any(need.own for need in inputs_of(job))


def runs_date_by_date(job: JobDefinition | type[JobDefinition]) -> bool:
    """Return whether each logical date of a job is a run of its own."""
    return job.writes.date_column is None or builds_on_itself(job)


def transformed(job: JobDefinition, inputs: Mapping[str, DataFrame], dates: DateRange) -> DataFrame:
    """Return what a job makes of its inputs, by name; it gets the dates of the run if it takes them."""
    asked = inspect.signature(job.transform).parameters.get("dates")
    if asked is None or asked.kind is not inspect.Parameter.KEYWORD_ONLY:
        return job.transform(**inputs)
    return job.transform(**inputs, dates=dates)


def _check_transform(job: type[JobDefinition], where: str) -> None:
    """Raise DefinitionError when `transform` has a parameter that nothing would fill."""
    inputs = {need.short_name for need in inputs_of(job)}
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

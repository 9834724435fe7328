"""Inputs that Spark reads from a place of the configuration.

A format of files is one module, and one line in `_READERS`. Nothing is taken from some file, or guessed from
a few: which files hold the wanted dates is found first, and each of them is held against what the job needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dwh.core.config import SourcePlace
from dwh.core.contract import Table
from dwh.core.dates import DateRange
from dwh.core.errors import DwhError, SourceError, one_line, without_secrets
from dwh.core.inputs import Input
from dwh.core.ledger.records import OutputsRead
from dwh.core.sources.csv import read_csv
from dwh.core.sources.earlier import EarlierReads
from dwh.core.sources.files import no_rows, wanted_files
from dwh.core.sources.json import read_json
from dwh.core.sources.needed import needed_of
from dwh.core.sources.reader import SourceReader, check_options_on_sail
from dwh.core.sources.typed import read_typed

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["SparkSource", "read_source"]

_READERS = {"csv": read_csv, "json": read_json, **dict.fromkeys(("parquet", "orc", "avro"), read_typed)}


@dataclass(frozen=True)
class SparkSource:
    """An input at a place that Spark reads. See `dwh.core.sources.Source`."""

    place: SourcePlace

    def check(self, need: Input, dates: DateRange) -> None:
        """Let it be: what is there is Spark's to say."""

    def settled(self, spark: SparkSession, need: Input) -> SparkSource:
        """Return the source as it is: a place keeps no versions that could be told apart."""
        return self

    def read(self, spark: SparkSession, need: Input, dates: DateRange) -> DataFrame:
        """Return the columns and the logical dates that the job needs; raises SourceError."""
        return read_source(spark, need.table, self.place, need.dates(dates))

    def listed(self, spark: SparkSession) -> frozenset[str]:
        """Return the files at the place on Sail, which says nothing where one goes before it is read."""
        source = SourceReader(spark, self.place)
        is_told = not source.on_sail or self.place.format.lower() not in _READERS
        return frozenset() if is_told else frozenset(source.files())

    def check_kept(self, spark: SparkSession, need: Input, listed: frozenset[str]) -> None:
        """Raise SourceError where files that were `listed` are gone."""
        if listed and (gone := sorted(listed - self.listed(spark))):
            problem = f"{len(gone)} files went while they were read, such as {without_secrets(gone[0])}"
            raise SourceError(need.name, self.place.path or self.place.format, problem)

    def record(self) -> dict[str, Any]:
        """Return format and path. Options may hold credentials, so they stay out."""
        path = without_secrets(self.place.path) if self.place.path else None
        return {"format": self.place.format, "path": path}

    def reads(self) -> list[OutputsRead]:
        """Return nothing: no job of the warehouse writes it."""
        return []

    def as_read(self, need: Input, dates: DateRange, earlier: EarlierReads) -> SparkSource:
        """Return the source as it is: what a place held before, nobody knows."""
        return self


def read_source(spark: SparkSession, need: Table, place: SourcePlace, dates: DateRange) -> DataFrame:
    """Return an input: the columns that the job needs, of the logical dates that it needs.

    Parameters:
        need: the input as the job's `reads` has it.
        place: where the configuration says it is.
        dates: kept from the input's `partition_by` column, if it has one. Those that are not there have no
            rows.

    Raises SourceError when the place cannot be read, or when what is there for these dates lacks a column
    or has it in another type. Malformed rows are found when the rows are read.
    """
    try:
        frame = _read(spark, need, place, dates)
        frame.schema  # noqa: B018  # the engine looks at it when it is asked for
    except Exception as error:
        raise SourceError(need.name, place.path or place.format, _problem(error)) from error
    return needed_of(frame, need, dates, place.path or place.format)


def _problem(error: Exception) -> str:
    return without_secrets(error.message) if isinstance(error, DwhError) else one_line(error)


def _read(spark: SparkSession, need: Table, place: SourcePlace, dates: DateRange) -> DataFrame:
    source = SourceReader(spark, place)
    read = _READERS.get(place.format.lower())
    if source.on_sail and read is not read_csv:  # which has a list of those that it knows
        check_options_on_sail(place.options)
    if read is None:
        return source.load()
    files = wanted_files(source, need, dates)
    return read(source, need, files) if files else no_rows(source, need)

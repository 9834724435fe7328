"""Inputs that Spark finds in a catalog by name: tables of Hive, Iceberg, Delta, Unity and others.

Where a table's format keeps versions, a run looks up the newest one once, reads that, and records it. How a
format tells its versions, and reads one, is one class, and one line in `_FORMATS`.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from dwh.core.config import SourcePlace
from dwh.core.dates import DateRange
from dwh.core.engine import is_sail
from dwh.core.errors import SourceError, one_line
from dwh.core.inputs import Input
from dwh.core.ledger.records import OutputsRead
from dwh.core.sources.earlier import EarlierReads
from dwh.core.sources.needed import needed_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["CatalogSource"]


class _Format(Protocol):
    """A format whose tables keep versions."""

    def newest(self, spark: SparkSession, table: str) -> str | None:
        """Return the current version of a table, None where it has none yet."""

    def has(self, spark: SparkSession, table: str, version: str) -> bool:
        """Return whether a version can still be read."""

    def read(self, spark: SparkSession, table: str, version: str) -> DataFrame:
        """Return a table as of a version, with the columns that it had then."""


class _Iceberg:
    def newest(self, spark: SparkSession, table: str) -> str | None:
        refs = spark.table(f"{table}.refs")  # not the history, which clocks that differ put out of order
        return _value(refs.where((refs["name"] == "main") & (refs["type"] == "BRANCH")).select("snapshot_id"))

    def has(self, spark: SparkSession, table: str, version: str) -> bool:
        snapshots = spark.table(f"{table}.snapshots").select("snapshot_id")
        return _value(snapshots.where(snapshots["snapshot_id"] == int(version))) is not None

    def read(self, spark: SparkSession, table: str, version: str) -> DataFrame:
        # With `.table()`, the columns would be today's.
        return spark.read.format("iceberg").option("snapshot-id", version).load(table)


class _Delta:
    def newest(self, spark: SparkSession, table: str) -> str | None:
        return _value(spark.sql(f"DESCRIBE HISTORY {table} LIMIT 1").select("version"))

    def has(self, spark: SparkSession, table: str, version: str) -> bool:
        history = spark.sql(f"DESCRIBE HISTORY {table}").select("version")
        return _value(history.where(history["version"] == int(version))) is not None

    def read(self, spark: SparkSession, table: str, version: str) -> DataFrame:
        return spark.read.option("versionAsOf", version).table(table)


_FORMATS: dict[str, _Format] = {"iceberg": _Iceberg(), "delta": _Delta()}


@dataclass(frozen=True)
class CatalogSource:
    """An input at a table of a catalog. See `dwh.core.sources.Source`.

    Attributes:
        format: as the catalog has it, such as `iceberg`; None until Spark was asked.
        snapshot: the version that is read; None for a format that keeps none.
        of_run: the run that has read the snapshot before, if one has.
    """

    place: SourcePlace
    format: str | None = None
    snapshot: str | None = None
    of_run: str | None = None

    def check(self, need: Input, dates: DateRange) -> None:
        """Let it be: what is there is Spark's to say."""

    def settled(self, spark: SparkSession, need: Input) -> CatalogSource:
        """Return the source at the table's current snapshot, or at the one that another run has read.

        Raises SourceError where the catalog does not have the table, or no longer has the snapshot.
        """
        if is_sail(spark):
            said = "Sail reads no catalogs: use Spark, or give its path and format"
            raise SourceError(need.name, self._name, said)
        try:
            found = self.format or _format_of(spark, self._quoted)
            kept = _FORMATS.get(found)
            if kept and self.snapshot and not kept.has(spark, self._quoted, self.snapshot):
                raise SourceError(need.name, self._name, self._expired())
            snapshot = self.snapshot or (kept.newest(spark, self._quoted) if kept else None)
        except SourceError:
            raise
        except Exception as error:
            raise SourceError(need.name, self._name, one_line(error)) from error
        return replace(self, format=found, snapshot=snapshot)

    def read(self, spark: SparkSession, need: Input, dates: DateRange) -> DataFrame:
        """Return the columns and the logical dates that the job needs; raises SourceError."""
        try:
            frame = self._frame(spark)
            return needed_of(frame, need.table, need.dates(dates), self._name)
        except SourceError:
            raise
        except Exception as error:
            raise SourceError(need.name, self._name, self._reason(spark, error)) from error

    def record(self) -> dict[str, Any]:
        """Return the table, its format, and the snapshot that is read."""
        found = {"format": self.format, "snapshot": self.snapshot}
        return {"table": self._name, **{name: value for name, value in found.items() if value}}

    def reads(self) -> list[OutputsRead]:
        """Return nothing: no job of the warehouse writes it."""
        return []

    def as_read(self, need: Input, dates: DateRange, earlier: EarlierReads) -> CatalogSource:
        """Return the source at the snapshot that another run has read."""
        found, snapshot = earlier.record["format"], earlier.record.get("snapshot")
        return replace(self, format=found, snapshot=snapshot, of_run=earlier.run_id)

    @property
    def _name(self) -> str:
        return str(self.place.table)

    @property
    def _quoted(self) -> str:
        return ".".join(f"`{part}`" for part in self._name.split("."))

    def _reason(self, spark: SparkSession, error: Exception) -> str:
        """Return why the table could not be read."""
        kept = _FORMATS.get(self.format or "")
        with suppress(Exception):  # the catalog that is asked may be what is wrong
            if kept and self.snapshot and not kept.has(spark, self._quoted, self.snapshot):
                return self._expired()
        return one_line(error)

    def _expired(self) -> str:
        if self.of_run is None:
            return f"snapshot {self.snapshot} has expired since this run looked it up; run it again"
        return (
            f"snapshot {self.snapshot}, which run {self.of_run} has read, has expired, so nothing can read "
            "the same any more; run the dates of that run again, then this: both read the current snapshot"
        )

    def _frame(self, spark: SparkSession) -> DataFrame:
        kept = _FORMATS.get(self.format or "")
        if kept is None or self.snapshot is None:
            return spark.table(self._quoted)
        return kept.read(spark, self._quoted, self.snapshot)


def _format_of(spark: SparkSession, table: str) -> str:
    """Return what keeps a table's rows, in lower case; `view` for what is computed."""
    described = {row[0]: row[1] for row in spark.sql(f"DESCRIBE TABLE EXTENDED {table}").collect()}
    return str(described.get("Provider") or described.get("Type") or "table").lower()


def _value(frame: DataFrame) -> str | None:
    rows = frame.limit(1).collect()
    return str(rows[0][0]) if rows else None

"""Parquet files in a folder that only their run owns, written once and never changed.

Below `<root>/<table>/<line>/` every folder is `name=value`: `_run=<id>`, then the logical date (see
`dwh.core.layout`). That lets Spark read many runs at once and tell for each row which run wrote it. A run
of a whole table is of one logical date, and has no folders in its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from dwh.core.contract import Table, ddl
from dwh.core.dates import DateRange
from dwh.core.engine import is_sail
from dwh.core.errors import LostFilesError
from dwh.core.grain import DAY, grain_of
from dwh.core.layout import folder_of, folder_of_contract, with_folder
from dwh.core.ledger.records import Output, WrittenFile
from dwh.core.storage.output_files import Folder, check_files, check_rows, is_here, place_of, written_files
from dwh.core.storage.unique import surely_unique

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["ParquetRuns"]

_RUN_COLUMN = "_run"


class ParquetRuns:
    """The storage of Parquet files below a warehouse's root. See `dwh.core.storage.Storage`."""

    def __init__(self, root: str) -> None:
        self.root = root

    def location(self, *, table: str, line: str, run_id: str) -> str:
        """Return where a run is to write its output."""
        return f"{table}/{line}/{_RUN_COLUMN}={run_id}"

    def place(self, location: str) -> str:
        """Return the absolute path, or the URI, of a location."""
        return f"{self.root.rstrip('/')}/{location}"

    def write(self, frame: DataFrame, table: Table, location: str) -> None:
        """Write a run's output in one Spark job: a folder for each logical date, and more in it."""
        folders = [name for name in (folder_of(table), *table.partitions[1:]) if name]
        laid_out = with_folder(frame, table)
        laid_out.write.mode("error").partitionBy(*folders).parquet(self.place(location))

    def written(self, spark: SparkSession, table: Table, location: str) -> DataFrame:
        """Return everything that one run wrote."""
        columns = [column.to_dict() for column in table.columns]
        frame = spark.read.schema(ddl(columns)).parquet(self.place(location))
        return frame.select(*(column.name for column in table.columns))

    def files(
        self, spark: SparkSession, table: Table, location: str, dates: DateRange
    ) -> dict[date, list[WrittenFile]]:
        """Return the files that a run for some dates has written, by logical date."""
        return written_files(spark, table, self.place(location), dates)

    def is_unique(
        self,
        spark: SparkSession,
        table: Table,
        location: str,
        files: Mapping[date, Sequence[WrittenFile]],
    ) -> bool:
        """Return whether it is certain, without the engine, that no key repeats in what a run has written."""
        place = self.place(location)
        if table.key and not is_here(spark, place):
            return False
        return surely_unique(place, table, (file for found in files.values() for file in found))

    def read(
        self,
        spark: SparkSession,
        outputs: Sequence[Output],
        contract: Mapping[str, Any],
        files: Mapping[tuple[str, date], tuple[WrittenFile, ...]],
    ) -> DataFrame:
        """Return the rows of some outputs of one line, read in one go."""
        folder, columns = folder_of_contract(contract), contract["columns"]
        names = [column["name"] for column in columns]
        filled = [output for output in outputs if output.row_count > 0]  # an empty date has no folder
        if not filled:
            return spark.createDataFrame([], ddl(columns)).select(*names)
        crowded = check_files(spark, self.root, filled, files, folder)
        frame = self._read(spark, filled, contract, crowded)
        check_rows(frame, filled, files, folder)
        return frame.select(*names)

    def exists(self, location: str) -> bool:
        """Return whether a run has written anything."""
        files, path = self._filesystem(location)
        return bool(files.exists(path))

    def remove(self, location: str) -> None:
        """Remove what a run has written."""
        files, path = self._filesystem(location)
        while files.exists(path):
            with suppress(FileNotFoundError):  # another gc, or the end of a write, was faster with some
                files.rm(path, recursive=True)

    def _read(
        self,
        spark: SparkSession,
        outputs: Sequence[Output],
        contract: Mapping[str, Any],
        crowded: Mapping[Folder, list[str]],
    ) -> DataFrame:
        """Read outputs that are not empty, with the run in the column `_run`.

        Parameters:
            crowded: for folders that hold more files than their run wrote, the paths of those that it wrote.
        """
        base = self.place(outputs[0].location.rpartition("/")[0])
        folder, schema = folder_of_contract(contract), f"{ddl(contract['columns'])}, {_RUN_COLUMN} string"
        if folder != contract["partition_by"]:
            schema += f", {folder} string"
        reader = spark.read.schema(schema).option("basePath", base)
        if is_sail(spark):  # which knows no basePath, and opens only the folders that the condition leaves
            _refuse_crowded(outputs[0].table_name, crowded)
            return reader.parquet(base).where(_chosen(outputs, folder))
        paths = [
            path
            for output in outputs
            for path in crowded.get((output.location, output.partition_date), [place_of(output, folder)])
        ]
        return reader.parquet(*map(self.place, paths))

    def _filesystem(self, location: str) -> tuple[Any, str]:
        import fsspec  # which dwh-migrate brings, and a job needs not

        found: tuple[Any, str] = fsspec.core.url_to_fs(self.place(location))
        return found


def _refuse_crowded(table: str, crowded: Mapping[Folder, list[str]]) -> None:
    if crowded:
        where = ", ".join(f"{location}, {day}" for location, day in crowded)
        raise LostFilesError(
            table,
            [f"files that the run did not write are in {where}"],
            "Sail reads whole folders: remove these files",
        )


def _chosen(outputs: Sequence[Output], folder: str | None) -> Any:
    """Return the condition that only rows of these outputs meet."""
    from pyspark.sql import functions as F

    dates: dict[str, list[date | str]] = defaultdict(list)
    for output in outputs:
        day = output.partition_date
        dates[output.location].append(day if grain_of(day) == DAY else str(day))
    return reduce(
        or_,
        (
            (F.col(_RUN_COLUMN) == location.rpartition("=")[2])
            & (F.lit(True) if folder is None else F.col(folder).isin(days))
            for location, days in dates.items()
        ),
    )

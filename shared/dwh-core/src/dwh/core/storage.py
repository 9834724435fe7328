"""The boundary at which outputs are written, into a place that only their run owns, and read back.

What counts as visible is the ledger's to say. Inputs are read by `dwh.core.sources`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from dwh.core.contract import Table, ddl
from dwh.core.engine import is_sail
from dwh.core.errors import LostFilesError
from dwh.core.output_files import check_files, check_rows, folder_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from dwh.core.ledger import Output, WrittenFile

__all__ = ["place_of", "read_outputs", "read_run", "write_run"]

_RUN_COLUMN = "_run"


def write_run(frame: DataFrame, table: Table, place: str) -> None:
    """Write a run's output as Parquet, a folder for each logical date, in one Spark job.

    `place` belongs to the run alone; it is an error when something is there already.
    """
    frame.write.mode("error").partitionBy(str(table.partition_by)).parquet(place)


def read_run(spark: SparkSession, contract: Mapping[str, Any], place: str) -> DataFrame:
    """Return everything that one run wrote, with the columns of its contract in order."""
    names = [column["name"] for column in contract["columns"]]
    return spark.read.schema(ddl(contract["columns"])).parquet(place).select(*names)


def read_outputs(
    spark: SparkSession,
    root: str,
    outputs: Iterable[Output],
    contracts: Mapping[str, Mapping[str, Any]],
    files: Mapping[tuple[str, date], tuple[WrittenFile, ...]],
) -> DataFrame:
    """Return the rows of some outputs of one table.

    Parameters:
        root: of the warehouse.
        outputs: at most one for each logical date, and at least one.
        contracts: by line, the contract under which its rows are read. The columns come as the first
            output's line has them; where another line lacks one, it is null.
    """
    by_line: dict[str, list[Output]] = defaultdict(list)
    for output in outputs:
        by_line[output.line].append(output)
    frames = [_read_line(spark, root, found, contracts[line], files) for line, found in by_line.items()]
    return reduce(lambda left, right: left.unionByName(right, allowMissingColumns=True), frames)


def place_of(root: str, location: str) -> str:
    """Return the absolute place of a run's output, whose location the ledger keeps from the root."""
    return f"{root.rstrip('/')}/{location}"


def _read_line(
    spark: SparkSession,
    root: str,
    outputs: list[Output],
    contract: Mapping[str, Any],
    files: Mapping[tuple[str, date], tuple[WrittenFile, ...]],
) -> DataFrame:
    """Read the outputs of one line in one go.

    Below the base every folder is `name=value`, which lets Spark read many runs at once and tell
    for each row which run wrote it.
    """
    from pyspark.sql import functions as F

    partition, columns = contract["partition_by"], contract["columns"]
    filled = [output for output in outputs if output.row_count > 0]  # an empty date has no folder
    names = [column["name"] for column in columns]
    if not filled:
        return spark.createDataFrame([], ddl(columns)).select(*names)
    crowded = check_files(spark, root, filled, files, partition)
    base = place_of(root, filled[0].location.rpartition("/")[0])
    dates: dict[str, list[date]] = defaultdict(list)
    for output in filled:
        dates[output.location].append(output.partition_date)
    reader = spark.read.schema(f"{ddl(columns)}, {_RUN_COLUMN} string").option("basePath", base)
    if is_sail(spark):  # which knows no basePath, and opens only the folders that the condition leaves
        if crowded:
            where = ", ".join(f"{location}, {day}" for location, day in crowded)
            raise LostFilesError(
                filled[0].table_name,
                [f"files that the run did not write are in {where}"],
                "Sail reads whole folders: remove these files",
            )
        chosen = [
            (F.col(_RUN_COLUMN) == location.rpartition("=")[2]) & F.col(partition).isin(days)
            for location, days in dates.items()
        ]
        frame = reader.parquet(base).where(reduce(or_, chosen))
    else:
        paths = [
            path
            for output in filled
            for path in crowded.get((output.location, output.partition_date), [folder_of(output, partition)])
        ]
        frame = reader.parquet(*(place_of(root, path) for path in paths))
    check_rows(frame, filled, files, partition)
    return frame.select(*(F.col(name) for name in names))

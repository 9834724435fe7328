"""The one boundary at which data is read and written.

Inputs are read here as a job's `reads` describe them, outputs are written here into a place that
only their run owns, and read back. What counts as visible is the ledger's to say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from dwh.core.config import SourcePlace
from dwh.core.contract import Column, Table, ddl
from dwh.core.dates import DateRange
from dwh.core.engine import is_sail
from dwh.core.errors import SourceError, one_line
from dwh.core.sail_source import load_on_sail
from dwh.core.sql_types import type_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from dwh.core.ledger import Output

__all__ = ["place_of", "read_outputs", "read_run", "read_source", "write_run"]

# A row that does not fit is an error, not a row of nulls; a header that does not fit, too. Without
# column pruning a row with too few or too many fields is seen even when its wanted fields parse.
_STRICT = {
    "csv": {"mode": "FAILFAST", "enforceSchema": "false", "columnPruning": "false"},
    "json": {"mode": "FAILFAST"},
}
_RUN_COLUMN = "_run"


def read_source(spark: SparkSession, need: Table, place: SourcePlace, dates: DateRange) -> DataFrame:
    """Return an input: the columns that the job needs, of the logical dates that it needs.

    Parameters:
        need: the input as the job's `reads` has it.
        place: where the configuration says it is.
        dates: kept from the input's `partition_by` column, if it has one.

    Raises SourceError when the place cannot be read, or lacks a column or has it in another type.
    Malformed rows are found when the rows are read.
    """
    from pyspark.sql import functions as F

    try:
        load = load_on_sail if is_sail(spark) else _load
        frame = load(spark, need, place, dates)
        columns = {field.name: type_of(field.dataType) for field in frame.schema.fields}
    except Exception as error:
        raise SourceError(need.name, place.path or place.format, one_line(error)) from error
    wrong = [_mismatch(column, columns.get(column.name)) for column in need.columns]
    if problems := [problem for problem in wrong if problem]:
        raise SourceError(need.name, place.path or place.format, "; ".join(problems))
    frame = frame.select(*(column.name for column in need.columns))
    if need.partition_by is None:
        return frame
    return frame.where(F.col(need.partition_by).between(F.lit(dates.first), F.lit(dates.last)))


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
    spark: SparkSession, root: str, outputs: Iterable[Output], contracts: Mapping[str, Mapping[str, Any]]
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
    frames = [_read_line(spark, root, found, contracts[line]) for line, found in by_line.items()]
    return reduce(lambda left, right: left.unionByName(right, allowMissingColumns=True), frames)


def place_of(root: str, location: str) -> str:
    """Return the absolute place of a run's output, whose location the ledger keeps from the root."""
    return f"{root.rstrip('/')}/{location}"


def _read_line(
    spark: SparkSession, root: str, outputs: list[Output], contract: Mapping[str, Any]
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
    base = place_of(root, filled[0].location.rpartition("/")[0])
    dates: dict[str, list[date]] = defaultdict(list)
    for output in filled:
        dates[output.location].append(output.partition_date)
    reader = spark.read.schema(f"{ddl(columns)}, {_RUN_COLUMN} string").option("basePath", base)
    if is_sail(spark):  # which knows no basePath, and opens only the folders that the condition leaves
        chosen = [
            (F.col(_RUN_COLUMN) == location.rpartition("=")[2]) & F.col(partition).isin(days)
            for location, days in dates.items()
        ]
        frame = reader.parquet(base).where(reduce(or_, chosen))
    else:
        frame = reader.parquet(
            *(f"{place_of(root, place)}/{partition}={day}" for place, days in dates.items() for day in days)
        )
    return frame.select(*(F.col(name) for name in names))


def _load(spark: SparkSession, need: Table, place: SourcePlace, dates: DateRange) -> DataFrame:
    options = {**_STRICT.get(place.format, {}), **place.options}
    reader = spark.read.format(place.format).options(**options)
    if place.format not in _STRICT:
        return reader.load(place.path)
    if place.format == "json" or options.get("header", "false").lower() != "true":
        return reader.schema(ddl(column.to_dict() for column in need.columns)).load(place.path)
    # A schema given to the CSV reader goes by position: take the names from the header, and the
    # types from the job where it needs the column.
    header = spark.read.format("csv").options(**place.options).load(place.path).columns
    types = {column.name: column.type for column in need.columns}
    fields = [{"name": name, "type": types.get(name, "string")} for name in header]
    return reader.schema(ddl(fields)).load(place.path)


def _mismatch(column: Column, found: str | None) -> str | None:
    if found is None:
        return f"there is no column {column.name}"
    return None if found == column.type else f"column {column.name} is {found}, the job needs {column.type}"

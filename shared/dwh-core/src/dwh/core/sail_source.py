"""Inputs on Sail, read as Spark reads them: nulls by name, malformed values refused, one header in all files.

Sail does not know CSV's `nullValue`, takes columns by position whatever a file's header says, and leaves
the values of folder names as text. So CSV is read as text here, and typed and checked after that.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING

from dwh.core.config import SourcePlace
from dwh.core.contract import Column, Table, ddl
from dwh.core.dates import DateRange
from dwh.core.errors import UsageError

if TYPE_CHECKING:
    from pyspark.sql import Column as SparkColumn
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["load_on_sail"]

_KNOWN = ("comment", "compression", "delimiter", "escape", "header", "mode", "nullValue", "quote", "sep")


def load_on_sail(spark: SparkSession, need: Table, place: SourcePlace, dates: DateRange) -> DataFrame:
    """Return an input with at least those columns that a job needs of it, as far as it has them.

    Parameters:
        dates: those whose files must have the same header, if they are CSV.

    Raises UsageError for an option of CSV that would have no effect, or when headers differ.
    """
    from pyspark.sql import functions as F

    if place.format == "csv":
        return _read_csv(spark, need, place, dates)
    reader = spark.read.format(place.format).options(**place.options)
    if place.format == "json":
        return reader.schema(ddl(column.to_dict() for column in need.columns)).load(place.path)
    frame, partition = reader.load(place.path), str(need.partition_by)
    if dict(frame.dtypes).get(partition) == "string":
        frame = frame.withColumn(partition, F.col(partition).cast("date"))
    return frame


def _read_csv(spark: SparkSession, need: Table, place: SourcePlace, dates: DateRange) -> DataFrame:
    known = {name.lower(): name for name in _KNOWN}
    options = {known.get(name.lower(), name): value for name, value in place.options.items()}
    if unknown := sorted(set(options) - set(_KNOWN)):
        raise UsageError(f"Sail reads CSV with the options {', '.join(_KNOWN)}; found {', '.join(unknown)}")
    null, partition = options.pop("nullValue", ""), str(need.partition_by)

    def text(header: str, names: Sequence[str] = ()) -> DataFrame:
        # As a date, the partition column lets Sail open only the folders of the wanted dates.
        fields = [{"name": name, "type": "date" if name == partition else "string"} for name in names]
        reader = spark.read.format("csv").options(**{**options, "header": header})
        return (reader.schema(ddl(fields)) if fields else reader).load(place.path)

    if options.get("header", "false").lower() == "true":
        names = text("true").columns
        if not names:
            raise UsageError("Path does not exist, or holds no files")
        frame, plain = text("true", names), text("false").columns
        count = sum(name.startswith("_c") for name in plain)
        lines = text("false", [*plain[:count], *names[count:]])
        _check_headers(frame, lines, names[:count], partition, dates)
    else:
        names = [column.name for column in need.columns]
        frame = text("false", names)
    wanted = [column for column in need.columns if column.name in names]
    return frame.select(*(_typed(column, null, partition) for column in wanted))


def _typed(column: Column, null: str, partition: str) -> SparkColumn:
    """Return a column's values in its type; a value that does not fit fails whoever reads it."""
    from pyspark.sql import functions as F

    value = F.col(column.name)
    if column.name != partition and null:
        value = F.when(value != F.lit(null), value)
    return value.cast(column.type).alias(column.name)


def _check_headers(
    frame: DataFrame, lines: DataFrame, header: Sequence[str], partition: str, dates: DateRange
) -> None:
    """Count the files, by the lines that a header takes away, and those that begin with this header."""
    from pyspark.sql import functions as F

    if partition in lines.columns:
        wanted = F.col(partition).between(F.lit(dates.first), F.lit(dates.last))
        frame, lines = frame.where(wanted), lines.where(wanted)
    alike = (F.col(f"_c{number}").eqNullSafe(F.lit(name)) for number, name in enumerate(header))
    files, same = lines.count() - frame.count(), lines.where(reduce(and_, alike)).count()
    if same < files:
        raise UsageError(f"{files - same} of {files} files have another header than {','.join(header)}")

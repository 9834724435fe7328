"""JSON, whose rows say themselves which fields they have.

A row may leave a field out, which is null then. A field that no row of a wanted date has is gone: that is an
error, as a column is that a file of another format lacks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from dwh.core.contract import Table
from dwh.core.sources.exact_json import exact_type, in_type
from dwh.core.sources.files import SourceFile, SourceFiles, day_of, read_files
from dwh.core.sources.reader import SourceReader
from dwh.core.sources.typed import refuse
from dwh.core.sql_types import quoted

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType

__all__ = ["read_json"]

Field = tuple[str, ...]

# A row that does not fit is an error. So is the date "20240101", which Spark would take for a number of days.
_STRICT = {"mode": "FAILFAST", "enableDateTimeParsingFallback": "false"}

_ENOUGH = 1000
"""So many rows of a date most often show each field."""


def read_json(source: SourceReader, need: Table, files: SourceFiles) -> DataFrame:
    """Return the needed columns of some files; a row that does not fit fails whoever reads it.

    Raises UsageError for a field that no row of a wanted date has.
    """
    inside, folders = files.apart(need.columns)
    strict = {name: value for name, value in _STRICT.items() if not source.option(name)}
    columns = [column.to_dict() for column in inside]
    frame = read_files(source, files, columns, folders, **strict)
    if source.on_sail:
        exact = {field.name: exact_type(field.dataType) for field in frame.schema}
        types = {field.name: field.dataType for field in frame.schema}
        wide = [{**column, "type": exact[column["name"]]} for column in columns]
        values = [f"{in_type(quoted(c.name), types[c.name])} AS {quoted(c.name)}" for c in inside]
        read = read_files(source, files, wide, folders, **strict)
        frame = read.selectExpr(*values, *(quoted(column.name) for column in folders))
    fields = list(_fields(frame.select(*(column.name for column in inside)).schema))
    name = need.date_column
    day = name if name in files.columns and need.column(name).type == "date" else None
    refuse((file, found) for file, found in _gone(source, files, frame, fields, day))
    return frame


def _gone(
    source: SourceReader,
    files: SourceFiles,
    frame: DataFrame,
    fields: Sequence[Field],
    day: str | None,
) -> Iterator[tuple[SourceFile, list[str]]]:
    """Give, for each date that lacks fields, one of its files and what is wrong."""
    for value, lacking in _without_value(frame, files, fields, day).items():
        same = [file for file in files if day is None or day_of(day, file.folders.get(day)) == value]
        sent = set(_fields(_inferred(source, same)))
        structs = {(), *(field[:-1] for field in sent)}
        gone = [field for field in lacking if field not in sent and field[:-1] in structs]
        yield same[0], [f"there is no column {'.'.join(field)}" for field in gone]


def _without_value(
    frame: DataFrame, files: SourceFiles, fields: Sequence[Field], day: str | None
) -> dict[date | None, list[Field]]:
    """Return, by date, the fields without a value in any row: nobody sends them, or only as null."""
    if not fields:
        return {}
    one_date = day is None or len({file.folders.get(day) for file in files}) == 1
    if one_date and not _lacking(frame.limit(_ENOUGH), fields, day):
        return {}
    return _lacking(frame, fields, day)


def _lacking(frame: DataFrame, fields: Sequence[Field], day: str | None) -> dict[date | None, list[Field]]:
    from pyspark.sql import functions as F

    has = [
        F.max(F.col(".".join(map(quoted, field))).isNotNull()).alias(f"#{number}")
        for number, field in enumerate(fields)
    ]
    found = {}
    for row in frame.groupBy(*filter(None, [day])).agg(*has).collect():
        lacking = [field for number, field in enumerate(fields) if row[f"#{number}"] is False]
        if lacking:
            found[row[day] if day else None] = lacking
    return found


def _inferred(source: SourceReader, files: Sequence[SourceFile]) -> StructType:
    """Return the fields that the rows of some files have, of whatever type."""
    return source.load((file.path for file in files), primitivesAsString="true").schema


def _fields(struct: StructType, above: Field = ()) -> Iterator[Field]:
    """Give the fields of a struct, and those of structs in it."""
    from pyspark.sql.types import StructType

    for field in struct.fields:
        path = (*above, field.name)
        yield path
        if isinstance(field.dataType, StructType):
            yield from _fields(field.dataType, path)

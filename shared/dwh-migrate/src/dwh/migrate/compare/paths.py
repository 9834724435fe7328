"""Read the Parquet or ORC files at a path as one table, where nothing is guessed and no schema taken for all.

* Each file's schema is that of its own footer. Where files differ, columns that lack are read as null,
  numbers in the widest type; and that is a gap, so that such a side never passes in silence.
* Values of partitions are text as the folders' names have it.
* `look` needs no Spark; what can be refused is refused there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

from dwh.compare.errors import first_line
from dwh.compare.model import NotCompared
from dwh.core.errors import listed
from dwh.migrate.compare.errors import FilesError
from dwh.migrate.compare.folder import DataFile, Folder, look_at
from dwh.migrate.compare.footers import Told, by_schema, read_footers
from dwh.migrate.compare.loading import check_partitions, frames_of, literal

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql import types as T

__all__ = ["Looked", "PathSide", "look", "read", "read_path"]


@dataclass(frozen=True)
class Looked:
    """What is known of a path before Spark reads it.

    Attributes:
        groups: the files of each schema, the largest group first.
        rows: how many all files have together.
        names: of all columns, also of those that folders are named after.
        kind: their format, `parquet` or `orc`.
    """

    folder: Folder
    groups: tuple[tuple[DataFile, ...], ...]
    rows: int
    names: frozenset[str]
    kind: str = "parquet"


@dataclass(frozen=True)
class PathSide:
    """The table at a path.

    Attributes:
        frame: the rows of all data files; partition columns come last, as strings.
        provenance: the path, and how many files, bytes and rows were there. JSON-able.
        gaps: how files differ in schema; each keeps the verdict from being `pass`.
    """

    frame: DataFrame
    provenance: Mapping[str, Any]
    gaps: tuple[NotCompared, ...] = ()


def read_path(spark: SparkSession, path: str) -> PathSide:
    """Read the Parquet files at a path.

    Raises ComparisonError when there are none, when one of them cannot be read, when no type holds what
    different files have in a column, when folders do not agree about partitions, and when a table's log
    (Delta, Iceberg, Hudi) says which files count.
    """
    return read(spark, look(path))


def look(path: str, told: Told = lambda done, of: None, kind: str = "parquet") -> Looked:
    """Return the files at a path by their schemas; raises ComparisonError as `read_path` does.

    Parameters:
        told: is called with how many files were looked at, and of how many.
        kind: the format of the files, `parquet` or `orc`.
    """
    folder = look_at(path)
    footers = read_footers(folder, told, kind)
    names = frozenset(folder.partitioned_by).union(*(footer.names for footer in footers))
    return Looked(folder, by_schema(folder, footers), sum(footer.rows for footer in footers), names, kind)


def read(spark: SparkSession, looked: Looked) -> PathSide:
    """Return the table of files that were looked at; raises ComparisonError as `read_path` does."""
    folder = looked.folder
    schemas = [_schema(spark, looked, group) for group in looked.groups]
    columns = _together(folder, looked.groups, schemas)
    frames = [
        _in_columns(frame, schema, columns)
        for group, schema in zip(looked.groups, schemas, strict=True)
        for frame in frames_of(spark, lambda: spark.read.format(looked.kind), folder, group, schema)
    ]
    sizes = [size or 0 for size, _ in folder.states.values()]
    provenance = {"path": folder.path, "files": len(folder.files), "bytes": sum(sizes), "rows": looked.rows}
    frame = reduce(lambda one, other: one.unionAll(other), frames)
    gaps = tuple(_gaps(folder, looked.groups, schemas))
    return PathSide(frame.toDF(*columns, *folder.partitioned_by), provenance, gaps)


def _schema(spark: SparkSession, looked: Looked, group: Sequence[DataFile]) -> T.StructType:
    """Return the schema of a group's files, as the engine reads it from one of them."""
    from pyspark.errors import PySparkException

    folder = looked.folder
    place = folder.place_of(group[0])
    try:
        schema = spark.read.format(looked.kind).load(literal(spark, place)).schema
    except PySparkException as error:
        raise FilesError(f"cannot read the schema of {place}: {first_line(error)}") from None
    if len({name.lower() for name in schema.names}) < len(schema.names):
        raise FilesError(f"two columns of {place} differ in case alone ({listed(schema.names)})")
    check_partitions(folder, schema, place)
    return schema


def _together(
    folder: Folder, groups: Sequence[Sequence[DataFile]], schemas: Sequence[T.StructType]
) -> dict[str, T.DataType]:
    """Return every column that some file has, in a type that holds what all files have in it."""
    from dwh.compare.structs import IncomparableError
    from dwh.migrate.compare.widest import widest

    columns: dict[str, T.DataType] = {}
    first: dict[str, DataFile] = {}
    for group, schema in zip(groups, schemas, strict=True):
        for column in schema.fields:
            known = columns.setdefault(column.name, column.dataType)
            file = first.setdefault(column.name, group[0])
            try:
                columns[column.name] = widest(known, column.dataType)
            except IncomparableError as problem:
                raise FilesError(
                    f"column {column.name} of {folder.place_of(file)} and of {folder.place_of(group[0])}: "
                    f"{problem}; compare files of one schema at a time"
                ) from None
    return columns


def _in_columns(frame: DataFrame, schema: T.StructType, columns: Mapping[str, T.DataType]) -> DataFrame:
    """Return the rows of one schema in the columns of all; partition columns stay where they are, last."""
    from dwh.compare.forms import ddl
    from dwh.compare.types import type_of
    from dwh.migrate.compare.widest import as_type

    places = {column.name: (f"c{i}", column.dataType) for i, column in enumerate(schema.fields)}
    numbered = frame.toDF(*(f"c{i}" for i in range(len(frame.columns))))
    values = [
        as_type(*places[name], wanted) if name in places else f"CAST(NULL AS {ddl(type_of(wanted))})"
        for name, wanted in columns.items()
    ]
    partition = [f"c{i}" for i in range(len(schema.fields), len(frame.columns))]
    return numbered.selectExpr(*(f"{text} AS o{i}" for i, text in enumerate([*values, *partition])))


def _gaps(
    folder: Folder, groups: Sequence[Sequence[DataFile]], schemas: Sequence[T.StructType]
) -> Iterator[NotCompared]:
    """Return how the files of each other schema differ from those of the most frequent one."""
    usual = folder.place_of(groups[0][0])
    for group, schema in zip(groups[1:], schemas[1:], strict=True):
        if differences := list(_differences(schemas[0], schema)):
            more = f" and {len(group) - 1:,} more" if len(group) > 1 else ""
            yield NotCompared(
                f"The schema of {folder.place_of(group[0])}{more}",
                f"it is not that of {usual}: {'; '.join(differences)}",
            )


def _differences(usual: T.StructType, schema: T.StructType) -> Iterator[str]:
    before, after = ({c.name: c.dataType.simpleString() for c in each.fields} for each in (usual, schema))
    yield from (f"column {name} is missing, and read as null" for name in before if name not in after)
    yield from (f"column {name} is there, and null elsewhere" for name in after if name not in before)
    for name in before:
        if name in after and before[name] != after[name]:
            yield f"column {name} is {after[name]}, not {before[name]}, and read as the wider of the two"

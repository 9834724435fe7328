"""Reads an Iceberg table that something else wrote, at its current snapshot, so that it can be adopted.

Its metadata and manifests say everything: files, rows, sizes, nulls and bounds. No file of it is opened.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta, timezone
from typing import Any, NoReturn

from pyiceberg.conversions import from_bytes
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.manifest import DataFile, FileFormat, ManifestContent
from pyiceberg.partitioning import PartitionField
from pyiceberg.schema import Schema
from pyiceberg.table import StaticTable
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Snapshot
from pyiceberg.transforms import (
    DayTransform,
    HourTransform,
    IdentityTransform,
    MonthTransform,
    Transform,
    YearTransform,
)
from pyiceberg.types import DateType, IntegerType, LongType, NestedField, PrimitiveType, TimestamptzType

from dwh.core.contract import Column
from dwh.core.errors import listed, one_line
from dwh.core.ledger import WrittenFile
from dwh.core.ledger.records import ColumnStatistics
from dwh.core.storage.adopted import value_in_folders
from dwh.core.storage.listing import file_states
from dwh.migrate.compare.errors import FilesError
from dwh.migrate.found_tables import FoundFile, FoundTable, absolute, with_states
from dwh.migrate.parquet_types import spark_type

__all__ = ["found_iceberg"]

_NUMBER = re.compile(r"v?(\d+)(?:-[^/]*)?(?:\.gz)?\.metadata\.json(?:\.gz)?$")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT")  # which folders may write in another way
_BOUNDED = (DateType, IntegerType, LongType, TimestamptzType)
_BEGINS: dict[type[Transform[Any, Any]], Callable[[int], datetime]] = {
    YearTransform: lambda year: datetime(1970 + year, 1, 1, tzinfo=timezone.utc),
    MonthTransform: lambda month: datetime(1970 + month // 12, month % 12 + 1, 1, tzinfo=timezone.utc),
    DayTransform: lambda day: _EPOCH + timedelta(days=day),
    HourTransform: lambda hour: _EPOCH + timedelta(hours=hour),
}
"""When that begins which a file can be partitioned by, counted from 1970."""

_REWRITE = (
    "CALL system.rewrite_data_files(table => '…', options => map('rewrite-all', 'true', "
    "'use-starting-sequence-number', 'false', 'remove-dangling-deletes', 'true'))"
)
"""What Spark leaves as data files alone: without the last two, it keeps files of deleted rows beside them."""

_ANEW = "adopt it as a new table: CREATE TABLE … USING iceberg AS SELECT * FROM …"
"""What is left where a table's metadata keep what its files may have been, rewritten or not."""


def found_iceberg(place: str, name: str, hidden: Collection[str]) -> FoundTable:
    """Return an Iceberg table at its current snapshot.

    Parameters:
        place: the table's folder, or one of its metadata files.
        name: of the table that it is to become.
        hidden: columns whose bounds are left out.

    Raises FilesError where the table cannot be read, or its files by themselves would say something else.
    """
    try:
        table = StaticTable.from_metadata(_metadata_file(place))
        snapshot = table.current_snapshot()
        listed_files = list(_files(place, table, snapshot)) if snapshot else []
    except FilesError:
        raise
    except Exception as error:  # of every kind, by file system and by what is wrong with a file
        raise FilesError(f"{place} cannot be read as an Iceberg table: {one_line(error)}") from None
    if snapshot is None or not listed_files:
        _refuse(place, "has no rows in its current snapshot", "there is nothing to adopt")
    _check_schemas(place, table.metadata)
    return _found(place, table, snapshot, listed_files, hidden)


def _found(
    place: str, table: StaticTable, snapshot: Snapshot, listed_files: list[DataFile], hidden: Collection[str]
) -> FoundTable:
    schema = table.schema()
    paths = [_plain(file.file_path) for file in listed_files]
    location = _common(place, paths)
    files = [
        FoundFile(
            _written(table.metadata, file, path.removeprefix(f"{location}/"), hidden),
            _partition(table.metadata, file),
        )
        for file, path in zip(listed_files, paths, strict=True)
    ]
    _check_folders(place, files)
    origin = {
        "format": "iceberg",
        "from": _folder(place),
        "table": absolute(_plain(table.metadata.location)),
        "snapshot": str(snapshot.snapshot_id),
        "metadata": table.metadata_location,
    }
    columns = tuple(_column(place, field, listed_files) for field in schema.fields)
    by = dict.fromkeys(name for file in files for name in file.partition)
    named = tuple(name for name in by if all(name in file.partition for file in files))
    return FoundTable(place, location, columns, named, False, with_states(place, location, files), origin)


def _folder(place: str) -> str:
    """Return a table's folder, also where one of its metadata files is named."""
    folder, _, file = absolute(place).rpartition("/metadata/")
    return folder if file.endswith(".metadata.json") else absolute(place)


def _metadata_file(place: str) -> str:
    """Return the newest metadata file of a table's folder; raises FilesError where two may be that."""
    if place.endswith(".metadata.json"):
        return absolute(place)
    folder = f"{absolute(place)}/metadata"
    numbers = {path: match for path in file_states(folder) if (match := _NUMBER.match(path))}
    newest = max(int(match[1]) for match in numbers.values())
    found = [path for path, match in numbers.items() if int(match[1]) == newest]
    if len(found) > 1:
        _refuse(place, f"has several newest metadata files ({listed(found)})", "name the one that counts")
    return f"{folder}/{found[0]}"


def _files(place: str, table: StaticTable, snapshot: Snapshot) -> Iterator[DataFile]:
    for manifest in snapshot.manifests(table.io):
        entries = manifest.fetch_manifest_entry(table.io, discard_deleted=True)
        if entries and manifest.content == ManifestContent.DELETES:
            out = f"write them into its data files first: {_REWRITE}"
            _refuse(place, "keeps deleted rows in files of their own (merge-on-read)", out)
        for entry in entries:
            if entry.data_file.file_format != FileFormat.PARQUET:
                kind = entry.data_file.file_format.value
                out = f"set its property write.format.default to parquet, then rewrite them: {_REWRITE}"
                _refuse(place, f"has files of {kind}", out)
            if entry.data_file.record_count:
                yield entry.data_file


def _check_schemas(place: str, metadata: TableMetadata) -> None:
    """Raise FilesError where files may have a column under another name or type than the table has now."""
    now = {field.field_id: field for field in metadata.schema().fields}
    names = {field.name: field.field_id for field in now.values()}
    for field in (field for schema in metadata.schemas for field in schema.fields):
        current = now.get(field.field_id)
        if current and (current.name, current.field_type) != (field.name, field.field_type):
            was = f"column {current.name} was {field.name} {field.field_type} in an earlier schema"
            _refuse(place, was, _ANEW)
        if names.get(field.name, field.field_id) != field.field_id:
            was = f"column {field.name} is another one than in an earlier schema"
            _refuse(place, was, _ANEW)
    for field in now.values():
        if getattr(field, "initial_default", None) is not None:
            _refuse(place, f"column {field.name} has a default for old files", _ANEW)


def _written(metadata: TableMetadata, file: DataFile, path: str, hidden: Collection[str]) -> WrittenFile:
    schema, by_partition = metadata.schema(), _of_partition(metadata, file)
    columns = {
        field.name: _statistics(field, file, by_partition, bounded=field.name not in hidden)
        for field in schema.fields
        if isinstance(field.field_type, PrimitiveType)
    }
    return WrittenFile(path, file.file_size_in_bytes, file.record_count, columns)


def _statistics(
    field: NestedField, file: DataFile, by_partition: dict[int, ColumnStatistics], *, bounded: bool
) -> ColumnStatistics:
    said = by_partition.get(field.field_id, ColumnStatistics())
    nulls = (file.null_value_counts or {}).get(field.field_id, said.nulls)
    if nulls is None or not bounded or not isinstance(field.field_type, _BOUNDED):
        return ColumnStatistics(nulls)
    ends = [(bounds or {}).get(field.field_id) for bounds in (file.lower_bounds, file.upper_bounds)]
    lower, upper = (
        None if end is None else _text(from_bytes(field.field_type, end), field.field_type) for end in ends
    )
    return ColumnStatistics(nulls, lower or said.lower, upper or said.upper)


def _of_partition(metadata: TableMetadata, file: DataFile) -> dict[int, ColumnStatistics]:
    """Return what the hour, day, month or year of a file says of the column, by the column's id."""
    fields = {field.field_id: field.field_type for field in metadata.schema().fields}
    found = {}
    for part, value in _parts(metadata, file):
        begins, type_ = _BEGINS.get(type(part.transform)), fields.get(part.source_id)
        if begins and value is not None and isinstance(type_, _BOUNDED):
            count = (value - _EPOCH.date()).days if isinstance(value, date) else value
            with suppress(OverflowError, ValueError):  # where the years of Python end
                found[part.source_id] = _between(begins(count), begins(count + 1), type_)
    return found


def _between(first: datetime, after: datetime, type_: PrimitiveType) -> ColumnStatistics:
    """Return the statistics of a column whose values are from an instant on, and before another one."""
    if isinstance(type_, DateType):
        return ColumnStatistics(0, first.date().isoformat(), (after - timedelta(days=1)).date().isoformat())
    ends = (first, after - timedelta(microseconds=1))
    return ColumnStatistics(0, *(end.isoformat(timespec="microseconds") for end in ends))


def _partition(metadata: TableMetadata, file: DataFile) -> dict[str, str | None]:
    """Return the values of columns by which the file is partitioned as they are."""
    schema, found = metadata.schema(), {}
    for part, value in _parts(metadata, file):
        if isinstance(part.transform, IdentityTransform):
            field = schema.find_field(part.source_id)
            found[field.name] = None if value is None else _text(value, field.field_type)
    return found


def _parts(metadata: TableMetadata, file: DataFile) -> Iterator[tuple[PartitionField, Any]]:
    """Yield the fields that a file is partitioned by, each with its value."""
    spec = next(spec for spec in metadata.partition_specs if spec.spec_id == file.spec_id)
    for place, part in enumerate(spec.fields):
        yield part, file.partition[place]


def _check_folders(place: str, files: Iterable[FoundFile]) -> None:
    """Raise FilesError where a folder says something else than the table: Spark goes by the folder."""
    for file in files:
        for name, value in file.partition.items():
            said = value_in_folders(file.written.path, name)
            if said not in (None, value) and not _INSTANT.match(value or ""):
                _refuse(
                    place,
                    f"has {name} {value!r} in a folder that says {said!r}, such as {file.written.path}",
                    "write it anew as folders of Parquet files, such as by Spark's partitionBy",
                )


def _text(value: Any, type_: Any) -> str:
    """Return a value as the ledger keeps bounds, and Spark names folders."""
    if isinstance(type_, DateType) and isinstance(value, int):
        return (_EPOCH.date() + timedelta(days=value)).isoformat()
    if isinstance(type_, TimestamptzType) and isinstance(value, int):
        return (_EPOCH + timedelta(microseconds=value)).isoformat(timespec="microseconds")
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else str(value)


def _column(place: str, field: NestedField, files: Iterable[DataFile]) -> Column:
    spelled = spark_type(schema_to_pyarrow(Schema(field), include_field_ids=False).field(0).type)
    if spelled is None:
        problem = f"has column {field.name} of {field.field_type}, which no contract can hold"
        _refuse(place, problem, "write it with another type first")
    counted = ((file.null_value_counts or {}).get(field.field_id) for file in files)
    return Column(field.name, spelled, nullable=not field.required and any(n != 0 for n in counted))


def _common(place: str, paths: Iterable[str]) -> str:
    """Return the folder that holds all files, and names no value of a column; raises FilesError."""
    folders = [path.rpartition("/")[0].split("/") for path in paths]
    shared = posixpath.commonprefix(folders)
    named = next((at for at, folder in enumerate(shared) if "=" in folder), len(shared))
    location = "/".join(shared[:named])
    shapes = {tuple(part.partition("=")[0] for part in folder[named:] if "=" in part) for folder in folders}
    if len(shapes) > 1:
        several = " and ".join(listed(shape) or "nothing" for shape in sorted(shapes))
        _refuse(place, f"has files in folders that name {several}", f"partition them alike: {_REWRITE}")
    if location.rstrip("/:").count("/") < 1:
        _refuse(place, "has files in several places", f"bring them together: {_REWRITE}")
    return location


def _plain(path: str) -> str:
    """Return the path of a file as other files are named: on this machine, without `file:`."""
    return re.sub(r"^file:(//)?(?=/)", "", path)


def _refuse(place: str, problem: str, out: str) -> NoReturn:
    raise FilesError(f"{place} {problem}; {out}")

"""The numbers that adopted files hold for their columns, which engines go by before they go by names.

Iceberg's writers number each column, and what is within it, as their table does. A table that is made of such
files takes their numbers; where the numbers say something else than the table, every engine would read other
columns, so that those files are refused. Files of Spark, and of other writers, have no numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from typing import NoReturn

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.io.pyarrow import pyarrow_to_schema
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.types import NestedField

from dwh.catalog.errors import UnpublishableError
from dwh.catalog.schemas import parts_of
from dwh.core.ledger import Output, WrittenFile
from dwh.core.ledger.records import ADOPTED_STORAGE

__all__ = ["adopted", "check_numbers", "numbered_fields"]

Files = Mapping[tuple[str, date], tuple[WrittenFile, ...]]
Path = tuple[str, ...]

_NUMBER = b"PARQUET:field_id"
_THREADS = 16  # an object store answers many at once


def adopted(outputs: Iterable[Output]) -> list[Output]:
    """Return the outputs whose files something else wrote."""
    return [output for output in outputs if output.storage == ADOPTED_STORAGE and output.row_count]


def numbered_fields(outputs: Iterable[Output], files: Files) -> dict[str, NestedField]:
    """Return the fields of files by lower-case name, as their numbers have them; those of most files count.

    Parameters:
        outputs: adopted ones.
    """
    schemas = [schema for _, _, schema in _schemas(outputs, files) if None not in _numbers(schema).values()]
    found: dict[str, NestedField] = {}
    for schema in sorted(schemas, key=lambda schema: len(_numbers(schema)), reverse=True):
        for field in pyarrow_to_schema(schema, downcast_ns_timestamp_to_us=True).fields:
            found.setdefault(field.name.lower(), field)
    return found


def check_numbers(
    outputs: Iterable[Output], files: Files, schema: Schema, metadata: TableMetadata | None
) -> None:
    """Raise UnpublishableError where numbers in files lead to other columns than names do.

    Parameters:
        outputs: adopted ones.
        schema: that the table is to have.
        metadata: of the table as it is, None where there is none yet.
    """
    wanted = dict(_within(schema.fields))
    known = {number for one in (metadata.schemas if metadata else []) for _, number in _within(one.fields)}
    last = max(metadata.last_column_id if metadata else 0, schema.highest_field_id)
    for output, file, found in _schemas(outputs, files):
        numbers = _numbers(found)
        if not {*numbers.values()} - {None}:
            continue
        for path, number in numbers.items():
            other = number != wanted[path] if path in wanted else number in known or (number or 0) > last
            if other:
                _refuse(output, file, path, number)


def _schemas(outputs: Iterable[Output], files: Files) -> Iterator[tuple[Output, WrittenFile, pa.Schema]]:
    """Yield each file with its schema, which is all that is read of it."""
    found = [(one, file) for one in outputs for file in files[one.run_id, one.partition_date] if file.rows]
    with ThreadPoolExecutor(_THREADS) as pool:
        schemas = pool.map(lambda each: _schema(f"{each[0].location}/{each[1].path}"), found)
        pairs = zip(found, schemas, strict=True)
        yield from ((output, file, schema) for (output, file), schema in pairs if schema is not None)


def _schema(path: str) -> pa.Schema | None:
    """Return the schema of a file; None where there is none to read, which all who read it are told."""
    with suppress(FileNotFoundError, pa.ArrowInvalid):
        if "://" not in path:
            return pq.read_schema(path)
        with fsspec.open(path, "rb") as file:
            return pq.read_schema(file)
    return None


def _numbers(schema: pa.Schema) -> dict[Path, int | None]:
    """Return the number of each column, and of what is within it; None where it has none."""
    return {path: number for field in schema for path, number in _of_arrow(field, (field.name.lower(),))}


def _of_arrow(field: pa.Field, path: Path) -> Iterator[tuple[Path, int | None]]:
    said = (field.metadata or {}).get(_NUMBER)
    yield path, None if said is None else int(said)
    type_ = field.type
    if pa.types.is_map(type_):
        parts = {"key": type_.key_field, "value": type_.item_field}
    elif pa.types.is_list(type_) or pa.types.is_large_list(type_):
        parts = {"element": type_.value_field}
    else:
        parts = {one.name.lower(): one for one in type_} if pa.types.is_struct(type_) else {}
    for name, part in parts.items():
        yield from _of_arrow(part, (*path, name))


def _within(fields: Iterable[NestedField], above: Path = ()) -> Iterator[tuple[Path, int]]:
    for field in fields:
        path = (*above, field.name.lower())
        yield path, field.field_id
        yield from _within(parts_of(field.field_type), path)


def _refuse(output: Output, file: WrittenFile, path: Path, number: int | None) -> NoReturn:
    numbered = "no number of Iceberg's" if number is None else f"Iceberg's number {number}"
    problem = f"has {numbered} in files such as {file.path}, and another in the table, by which engines read"
    out = (
        f"run these dates again in line {output.line}; if all that is published was adopted from one table, "
        "drop this one in the catalog without PURGE, which loses no data, and type: dwh catalog sync"
    )
    raise UnpublishableError(output.table_name, ".".join(path), problem, out)

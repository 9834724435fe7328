"""What the types of a Parquet file are for Spark, and values of them as plain data."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timezone
from typing import Any

import pyarrow as pa
from pyarrow.parquet import ParquetFile

from dwh.core.errors import InvalidTypeError
from dwh.core.sql_types import canonical_type, quoted
from dwh.migrate.rows import key_text

__all__ = ["arrow_types", "is_rebased", "plain", "spark_type"]

_INSTANT, _LOCAL = pa.timestamp("us", "UTC"), pa.timestamp("us")
_NAMES = {
    pa.int8(): "tinyint",
    pa.int16(): "smallint",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.float32(): "float",
    pa.float64(): "double",
    pa.bool_(): "boolean",
    pa.string(): "string",
    pa.large_string(): "string",
    pa.binary(): "binary",
    pa.large_binary(): "binary",
    pa.date32(): "date",
    _LOCAL: "timestamp_ntz",
}


def arrow_types(file: ParquetFile) -> dict[str, pa.DataType]:
    """Return the type of each column's values. INT96 is an instant: Spark writes no other time as that."""
    leaves = (file.schema.column(number).physical_type for number in range(len(file.schema)))
    return {field.name: _with_instants(field.type, leaves) for field in file.schema_arrow}


def _with_instants(type_: pa.DataType, leaves: Iterator[str]) -> pa.DataType:
    if pa.types.is_struct(type_):
        return pa.struct([field.with_type(_with_instants(field.type, leaves)) for field in type_])
    if pa.types.is_map(type_):
        return pa.map_(_with_instants(type_.key_type, leaves), _with_instants(type_.item_type, leaves))
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        return pa.list_(_with_instants(type_.value_type, leaves))
    if next(leaves) == "INT96":
        return _INSTANT
    # As pandas and polars note that they had categories; the file has plain values.
    return type_.value_type if pa.types.is_dictionary(type_) else type_


def is_rebased(file: ParquetFile) -> bool:
    """Return whether Spark wrote dates in the calendar that held before 1582, and says so in the file."""
    return any(key.startswith(b"org.apache.spark.legacy") for key in file.metadata.metadata or {})


def spark_type(type_: pa.DataType) -> str | None:
    """Return a type as contracts spell it, None where Spark has none like it."""
    try:
        return canonical_type(_spelled(type_))
    except InvalidTypeError:
        return None


def _spelled(type_: pa.DataType) -> str:
    if pa.types.is_struct(type_):
        return f"struct<{','.join(f'{quoted(field.name)}:{_spelled(field.type)}' for field in type_)}>"
    if pa.types.is_map(type_):
        return f"map<{_spelled(type_.key_type)},{_spelled(type_.item_type)}>"
    if pa.types.is_list(type_):
        return f"array<{_spelled(type_.value_type)}>"
    if pa.types.is_decimal(type_):
        return f"decimal({type_.precision},{type_.scale})"
    if pa.types.is_timestamp(type_) and type_.unit == "us" and type_.tz:
        return "timestamp"  # the file has instants, whichever zone its writer notes
    return _NAMES.get(type_, f"unknown {type_}")


def plain(value: Any, type_: pa.DataType) -> Any:
    """Return a value as `rows.plain_rows` does; raises ValueError for a date that Python does not have."""
    if value is None:
        return None
    if pa.types.is_struct(type_):
        return {field.name: plain(value[field.name], field.type) for field in type_}
    if pa.types.is_map(type_):
        return {key_text(plain(key, type_.key_type)): plain(item, type_.item_type) for key, item in value}
    if pa.types.is_list(type_):
        return [plain(item, type_.value_type) for item in value]
    if isinstance(value, datetime):
        return _instant(value) + ("Z" if type_.tz else "")
    if isinstance(value, date):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value


def _instant(value: datetime) -> str:
    local = value.astimezone(timezone.utc).replace(tzinfo=None) if value.tzinfo else value
    text = local.isoformat(sep=" ")
    return text.rstrip("0") if local.microsecond else text

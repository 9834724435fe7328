"""Rows of a DataFrame as plain data, which a terminal and JSON can show whatever they hold.

Python has no year 0 nor 10000, and gives instants in the zone of the machine. So Spark writes them as text.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dwh.core.contract import MASK
from dwh.core.sql_types import quoted

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["cell", "key_text", "plain_rows", "without_values"]

_AS_TEXT = ("date", "timestamp", "timestamp_ntz", "variant", "interval")


def plain_rows(frame: DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a DataFrame whose session has the time zone UTC, each by its columns' names.

    A struct is a dictionary, and so is a map, whose keys are text. Instants end in `Z`, bytes are
    hexadecimal; decimals and floats stay as they are.
    """
    from pyspark.sql import functions as F

    fields = frame.schema.fields
    columns = [F.col(quoted(f.name)).cast(_readable(f.dataType)).alias(f.name) for f in fields]
    return [
        {field.name: _plain(value, field.dataType) for field, value in zip(fields, row, strict=True)}
        for row in frame.select(*columns).collect()
    ]


def without_values(rows: Iterable[Mapping[str, Any]], columns: Collection[str]) -> list[dict[str, Any]]:
    """Return rows with `•••` in place of the values of some columns; nulls stay."""
    return [
        {name: MASK if name in columns and value is not None else value for name, value in row.items()}
        for row in rows
    ]


def cell(value: object) -> object:
    """Return a plain value for a cell of a table: what is nested as JSON."""
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else value


def _readable(data_type: Any) -> str:
    """Return a type, as DDL, with text in place of what Python cannot hold as it is."""
    kind = data_type.typeName()
    if kind == "array":
        return f"array<{_readable(data_type.elementType)}>"
    if kind == "map":
        return f"map<{_readable(data_type.keyType)},{_readable(data_type.valueType)}>"
    if kind == "struct":
        fields = (f"{quoted(field.name)}:{_readable(field.dataType)}" for field in data_type.fields)
        return f"struct<{','.join(fields)}>"
    name = str(data_type.simpleString())
    return "string" if name.partition(" ")[0] in _AS_TEXT else name


def _plain(value: Any, data_type: Any) -> Any:
    """Return a value, collected as `_readable` says, as plain data."""
    kind = data_type.typeName()
    if value is None:
        return None
    if kind == "array":
        return [_plain(item, data_type.elementType) for item in value]
    if kind == "map":
        return {
            key_text(_plain(key, data_type.keyType)): _plain(item, data_type.valueType)
            for key, item in value.items()
        }
    if kind == "struct":
        return {
            field.name: _plain(item, field.dataType)
            for field, item in zip(data_type.fields, value, strict=True)
        }
    if kind == "timestamp":
        return f"{value}Z"
    return value.hex() if isinstance(value, bytes | bytearray) else value


def key_text(key: object) -> str:
    """Return the key of a map, which is plain already, as the text that JSON needs."""
    text = cell(key)
    return text if isinstance(text, str) else json.dumps(text, default=str)

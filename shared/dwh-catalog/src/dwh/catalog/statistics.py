"""Statistics of a file, as Iceberg keeps them: rows, nulls and bounds, by which engines leave files out.

There are bounds only where those of Spark's files are right: not of floats, whose maximum is NaN where one is
among them, and not of what lies in arrays, maps and structs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from decimal import Decimal

from pyiceberg.conversions import to_bytes
from pyiceberg.schema import Schema
from pyiceberg.types import (
    BinaryType,
    DateType,
    DecimalType,
    IcebergType,
    IntegerType,
    LongType,
    StringType,
    TimestampType,
    TimestamptzType,
)

from dwh.catalog.footers import ColumnStatistics

__all__ = ["Metrics", "metrics_of"]

_LENGTH = 16
"""Characters or bytes of a bound, as every writer of Iceberg cuts them by default."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LAST_BEFORE_SURROGATES, _FIRST_AFTER = "\ud7ff", "\ue000"
_LAST = "\U0010ffff"
Value = int | str | bytes | Decimal | date | datetime


@dataclass(frozen=True)
class Metrics:
    """Statistics of one file, by the id of each field."""

    values: dict[int, int] = field(default_factory=dict)
    nulls: dict[int, int] = field(default_factory=dict)
    lower: dict[int, bytes] = field(default_factory=dict)
    upper: dict[int, bytes] = field(default_factory=dict)


def metrics_of(schema: Schema, rows: int, columns: Mapping[str, ColumnStatistics]) -> Metrics:
    """Return the statistics of a file with so many rows, for the fields that a schema has at its top.

    Parameters:
        columns: what is known of each column, by its name in the file.
    """
    found = Metrics()
    by_name = {name.lower(): known for name, known in columns.items()}
    for one in schema.fields:
        known = by_name.get(one.name.lower())
        if known is None or not one.field_type.is_primitive:
            continue
        if known.nulls is not None:
            found.values[one.field_id], found.nulls[one.field_id] = rows, known.nulls
        lower, upper = _lower(one.field_type, known.lower), _upper(one.field_type, known.upper)
        if lower is not None:
            found.lower[one.field_id] = lower
        if upper is not None:
            found.upper[one.field_id] = upper
    return found


def _lower(of: IcebergType, value: object) -> bytes | None:
    if isinstance(of, StringType) and isinstance(value, str):
        return value[:_LENGTH].encode()
    if isinstance(of, BinaryType) and isinstance(value, bytes):
        return value[:_LENGTH]
    return _exact(of, value)


def _upper(of: IcebergType, value: object) -> bytes | None:
    if isinstance(of, StringType) and isinstance(value, str):
        cut = value if len(value) <= _LENGTH else _text_above(value[:_LENGTH])
        return None if cut is None else cut.encode()
    if isinstance(of, BinaryType) and isinstance(value, bytes):
        return value if len(value) <= _LENGTH else _bytes_above(value[:_LENGTH])
    return _exact(of, value)


def _exact(of: IcebergType, value: object) -> bytes | None:
    if isinstance(of, IntegerType | LongType) and isinstance(value, int) and not isinstance(value, bool):
        return to_bytes(of, value)
    if isinstance(of, DateType) and isinstance(value, date) and not isinstance(value, datetime):
        return to_bytes(of, (value - _EPOCH.date()).days)
    if isinstance(of, TimestampType | TimestamptzType) and isinstance(value, datetime):
        instant = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
        return to_bytes(of, _microseconds(instant))
    if isinstance(of, DecimalType) and isinstance(value, Decimal):
        return to_bytes(of, value.quantize(Decimal(1).scaleb(-of.scale)))
    return None


def _microseconds(instant: datetime) -> int:
    since = instant - _EPOCH
    return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds


def _text_above(text: str) -> str | None:
    """Return the smallest text of this length or less that is above all that begin with a text."""
    kept = text.rstrip(_LAST)
    if not kept:
        return None
    last = kept[-1]
    following = _FIRST_AFTER if last == _LAST_BEFORE_SURROGATES else chr(ord(last) + 1)
    return kept[:-1] + following


def _bytes_above(content: bytes) -> bytes | None:
    kept = content.rstrip(b"\xff")
    return kept[:-1] + bytes([kept[-1] + 1]) if kept else None

"""Statistics of a file, as Iceberg keeps them: rows, nulls and bounds, by which engines leave files out.

There are bounds where runs have recorded them: see `dwh.core.storage.footers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from decimal import Context, Decimal

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

from dwh.core.ledger import ColumnStatistics
from dwh.core.storage.footers import bound_of

__all__ = ["Metrics", "OddBound", "metrics_of"]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_EXACT = Context(prec=38)  # Python's own rounds to 28 digits


class OddBound(Exception):  # noqa: N818 -- never leaves the package
    """A value is not of its column's type; its text is the column's name."""


@dataclass(frozen=True)
class Metrics:
    """Statistics of one file, by the id of each field."""

    values: dict[int, int] = field(default_factory=dict)
    nulls: dict[int, int] = field(default_factory=dict)
    lower: dict[int, bytes] = field(default_factory=dict)
    upper: dict[int, bytes] = field(default_factory=dict)


def metrics_of(
    schema: Schema, rows: int, columns: Mapping[str, ColumnStatistics], types: Mapping[str, str]
) -> Metrics:
    """Return the statistics of a file with so many rows, for the fields that a schema has at its top.

    Parameters:
        columns: what is known of each column, by its name in the file.
        types: of columns, as the contract has them under which the file was written.

    Raises OddBound where it was written under another one.
    """
    found = Metrics()
    by_name = {name.lower(): known for name, known in columns.items()}
    spelled = {name.lower(): type_ for name, type_ in types.items()}
    for one in schema.fields:
        known, type_ = by_name.get(one.name.lower()), spelled.get(one.name.lower())
        if known is None or type_ is None or not one.field_type.is_primitive:
            continue
        if known.nulls is not None:
            found.values[one.field_id], found.nulls[one.field_id] = rows, known.nulls
        for text, bounds in ((known.lower, found.lower), (known.upper, found.upper)):
            value = None if text is None else _bytes(one.field_type, _bound(one.name, text, type_))
            if value is not None:
                bounds[one.field_id] = value
    return found


def _bound(column: str, text: str, type_: str) -> object:
    try:
        return bound_of(text, type_)
    except (ArithmeticError, ValueError):
        raise OddBound(column) from None


def _bytes(of: IcebergType, value: object) -> bytes | None:
    if isinstance(of, StringType) and isinstance(value, str):
        return value.encode()
    return value if isinstance(of, BinaryType) and isinstance(value, bytes) else _exact(of, value)


def _exact(of: IcebergType, value: object) -> bytes | None:
    if isinstance(of, IntegerType | LongType) and isinstance(value, int) and not isinstance(value, bool):
        return to_bytes(of, value)
    if isinstance(of, DateType) and isinstance(value, date) and not isinstance(value, datetime):
        return to_bytes(of, (value - _EPOCH.date()).days)
    if isinstance(of, TimestampType | TimestamptzType) and isinstance(value, datetime):
        instant = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
        return to_bytes(of, _microseconds(instant))
    if isinstance(of, DecimalType) and isinstance(value, Decimal):
        return to_bytes(of, value.quantize(Decimal(1).scaleb(-of.scale), context=_EXACT))
    return None


def _microseconds(instant: datetime) -> int:
    since = instant - _EPOCH
    return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds

"""The type that holds the values of several types without loss, and how to bring values into it.

Files at one path need not agree about a column. A wider number, another scale, one more field of a struct
are brought together; what has no such type is not.
"""

from __future__ import annotations

from pyspark.sql import types as T

from dwh.compare.forms import ddl, quoted
from dwh.compare.structs import IncomparableError
from dwh.compare.types import type_of

__all__ = ["as_type", "widest"]

_INTEGERS = (T.ByteType, T.ShortType, T.IntegerType, T.LongType)
_DIGITS: dict[type[T.DataType], int] = {T.ByteType: 3, T.ShortType: 5, T.IntegerType: 10, T.LongType: 20}


def widest(one: T.DataType, other: T.DataType) -> T.DataType:
    """Return the type that holds the values of both exactly; raises IncomparableError if none does."""
    if one.simpleString() == other.simpleString():
        return one
    if isinstance(one, T.ArrayType) and isinstance(other, T.ArrayType):
        return T.ArrayType(widest(one.elementType, other.elementType))
    if isinstance(one, T.MapType) and isinstance(other, T.MapType):
        return T.MapType(widest(one.keyType, other.keyType), widest(one.valueType, other.valueType))
    if isinstance(one, T.StructType) and isinstance(other, T.StructType):
        return _struct(one, other)
    return _atomic(one, other)


def _struct(one: T.StructType, other: T.StructType) -> T.StructType:
    types = {field.name: field.dataType for field in one.fields}
    for field in other.fields:
        known = types.get(field.name)
        types[field.name] = widest(known, field.dataType) if known else field.dataType
    return T.StructType([T.StructField(name, data_type) for name, data_type in types.items()])


def _atomic(one: T.DataType, other: T.DataType) -> T.DataType:
    pair = (one, other)
    if all(isinstance(kind, _INTEGERS) for kind in pair):
        return max(pair, key=lambda kind: _DIGITS[type(kind)])
    if all(isinstance(kind, (T.FloatType, T.DoubleType)) for kind in pair):
        return T.DoubleType()
    if all(isinstance(kind, (*_INTEGERS, T.DecimalType)) for kind in pair):
        (whole, scale), (other_whole, other_scale) = map(_digits, pair)
        whole, scale = max(whole, other_whole), max(scale, other_scale)
        if whole + scale <= 38:
            return T.DecimalType(whole + scale, scale)
    raise IncomparableError(
        f"no type holds the values of {one.simpleString()} and {other.simpleString()} exactly"
    )


def _digits(kind: T.DataType) -> tuple[int, int]:
    """Return how many digits a number has before and after the point."""
    if isinstance(kind, T.DecimalType):
        return kind.precision - kind.scale, kind.scale
    return _DIGITS[type(kind)], 0


def as_type(value: str, known: T.DataType, wanted: T.DataType) -> str:
    """Return, as SQL, a value of one type in a type that is at least as wide; fields that lack are null."""
    if known.simpleString() == wanted.simpleString():
        return value
    if isinstance(known, T.ArrayType) and isinstance(wanted, T.ArrayType):
        return f"transform({value}, x -> {as_type('x', known.elementType, wanted.elementType)})"
    if isinstance(known, T.MapType) and isinstance(wanted, T.MapType):
        keys = f"transform(map_keys({value}), x -> {as_type('x', known.keyType, wanted.keyType)})"
        values = f"transform(map_values({value}), x -> {as_type('x', known.valueType, wanted.valueType)})"
        return f"map_from_arrays({keys}, {values})"
    if isinstance(known, T.StructType) and isinstance(wanted, T.StructType):
        return f"CASE WHEN isnotnull({value}) THEN {_fields(value, known, wanted)} END"
    return f"CAST({value} AS {ddl(type_of(wanted))})"


def _fields(value: str, known: T.StructType, wanted: T.StructType) -> str:
    types = {field.name: field.dataType for field in known.fields}
    fields = [
        f"{_field(value, types.get(field.name), field)} AS {quoted(field.name)}" for field in wanted.fields
    ]
    return f"struct({', '.join(fields)})"


def _field(value: str, known: T.DataType | None, wanted: T.StructField) -> str:
    if known is None:
        return f"CAST(NULL AS {ddl(type_of(wanted.dataType))})"
    return as_type(f"{value}.{quoted(wanted.name)}", known, wanted.dataType)

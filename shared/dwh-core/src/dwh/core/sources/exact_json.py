"""Values of JSON on Sail, which would read 1.5 as the integer 1, and 1.005 as 1.00 where Spark rounds.

Whole and decimal numbers are read with more digits than Spark's decimals have, and then brought into the
job's types: what is no whole number fails whoever reads it, as on Spark. So does a number where the job has
an instant: Sail would take it for microseconds since 1970, Spark takes it for seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dwh.core.sql_types import quoted, type_of

if TYPE_CHECKING:
    from pyspark.sql.types import DataType

__all__ = ["exact_type", "in_type"]

_DIGITS, _PLACES = 38, 19  # a bigint has 19 digits before the point
_MORE = 38  # digits after the point beyond a decimal's own; Sail's have up to 76


def exact_type(data_type: DataType) -> str:
    """Return the type to read values in that the job has in another."""
    return type_of(_exact(data_type))


def _exact(data_type: DataType) -> DataType:
    from pyspark.sql import types as T

    if isinstance(data_type, T.IntegralType):
        return T.DecimalType(_DIGITS, _PLACES)
    if isinstance(data_type, T.DecimalType):
        return T.DecimalType(data_type.precision + _MORE, data_type.scale + _MORE)
    if isinstance(data_type, T.TimestampType | T.TimestampNTZType):
        return T.StringType()
    if isinstance(data_type, T.MapType):
        return T.MapType(data_type.keyType, _exact(data_type.valueType))
    if isinstance(data_type, T.ArrayType):
        return T.ArrayType(_exact(data_type.elementType))
    if isinstance(data_type, T.StructType):
        return T.StructType([T.StructField(field.name, _exact(field.dataType)) for field in data_type])
    return data_type


def in_type(value: str, data_type: DataType, depth: int = 0) -> str:
    """Return, as SQL, a value that was read in `exact_type` in the job's type."""
    from pyspark.sql import types as T

    if exact_type(data_type) == type_of(data_type):
        return value
    if isinstance(data_type, T.IntegralType):
        digits = f"regexp_replace(CAST({value} AS string), '[.]0+$', '')"
        return f"CAST({digits} AS {type_of(data_type)})"
    if isinstance(data_type, T.ArrayType):
        item = f"x{depth}"
        return f"transform({value}, {item} -> {in_type(item, data_type.elementType, depth + 1)})"
    if isinstance(data_type, T.MapType):
        item = f"x{depth}"
        inside = f"transform(map_values({value}), {item} -> {in_type(item, data_type.valueType, depth + 1)})"
        return f"map_from_arrays(map_keys({value}), {inside})"
    if isinstance(data_type, T.StructType):
        fields = (
            f"{in_type(f'{value}.{quoted(field.name)}', field.dataType, depth)} AS {quoted(field.name)}"
            for field in data_type
        )
        return f"CASE WHEN isnotnull({value}) THEN struct({', '.join(fields)}) END"
    return f"CAST({value} AS {type_of(data_type)})"

"""Types of columns without Spark: read from what Spark writes, and called what Spark calls them."""

from __future__ import annotations

import json

import pytest
from pyspark.sql import types as T

from dwh.compare.types import (
    ArrayType,
    AtomicType,
    DecimalType,
    StructField,
    StructType,
    is_number,
    schema_of_json,
    type_of,
)

ATOMS = (
    *("NullType", "StringType", "BinaryType", "BooleanType", "DateType", "TimestampType", "TimestampNTZType"),
    *("ByteType", "ShortType", "IntegerType", "LongType", "FloatType", "DoubleType", "CalendarIntervalType"),
    *("DayTimeIntervalType", "YearMonthIntervalType", "VariantType", "TimeType"),
)
KNOWN = [getattr(T, name)() for name in ATOMS if hasattr(T, name)]  # newer Sparks have more
WRITTEN = [
    *KNOWN,
    T.DecimalType(38, 18),
    T.CharType(5),
    T.VarcharType(7),
    T.DayTimeIntervalType(1, 2),
    T.YearMonthIntervalType(1),
    T.ArrayType(T.MapType(T.LongType(), T.StructType([T.StructField("a b", T.ByteType())]))),
]


@pytest.mark.parametrize("data_type", WRITTEN, ids=lambda data_type: str(data_type.simpleString()))
def test_a_type_is_called_what_spark_calls_it(data_type: T.DataType) -> None:
    """In the short form, whatever is in it."""
    assert type_of(data_type).name == data_type.simpleString()


def test_a_schema_is_read_from_what_was_kept_of_it() -> None:
    """Names, types and the nullable flag of each column."""
    schema = T.StructType([T.StructField("n", T.DecimalType(9, 2), False), T.StructField("x", T.NullType())])
    assert schema_of_json(json.loads(json.dumps(schema.jsonValue()))) == StructType(
        (StructField("n", DecimalType(9, 2), nullable=False), StructField("x", AtomicType("void")))
    )


def test_collations_are_kept_by_fields_and_read_from_there() -> None:
    """Spark writes them beside the types, by the path inside a field; Spark 3.5 has none."""
    try:
        text = T.StringType("UTF8_LCASE")  # type: ignore[call-arg]  # since Spark 4
    except TypeError:
        pytest.skip("this Spark has no collations")
    inner = T.StructType([T.StructField("s", text), T.StructField("m", T.MapType(text, T.ArrayType(text)))])
    schema = T.StructType([T.StructField("a", T.ArrayType(inner)), T.StructField("plain", T.StringType())])
    assert type_of(schema).name == schema.simpleString()


def test_a_user_defined_type_is_read_without_its_class() -> None:
    """What was kept names a class, which need not be here."""
    kept = {"type": "udt", "class": None, "pyClass": "elsewhere.Point", "sqlType": "double"}
    schema = {"type": "struct", "fields": [{"name": "p", "type": kept, "nullable": True, "metadata": {}}]}
    assert schema_of_json(schema).fields[0].type == AtomicType("udt")


@pytest.mark.parametrize("name", ["tinyint", "smallint", "int", "bigint", "float", "double"])
def test_numbers_are_told_from_others(name: str) -> None:
    """Whole, decimal and floating ones; an array of numbers is not a number."""
    assert is_number(AtomicType(name)) and is_number(DecimalType(10, 0))
    assert not is_number(ArrayType(AtomicType(name))) and not is_number(AtomicType("string"))

"""How values of each type compare and hash: all pairs of adversarial values, against plain Python."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from frames import frame_of_rows
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from dwh.compare import compare
from dwh.compare.canonical import MAX_DEPTH, common_form
from dwh.compare.forms import Form, hash_of
from dwh.compare.structs import IncomparableError
from dwh.compare.types import ArrayType, AtomicType, DataType, DecimalType, StructField, StructType, type_of

NAN, INF = float("nan"), float("inf")
FLOATS = [0.0, -0.0, 1.0, -1.0, 5.0, NAN, INF, -INF, 0.1, 5e-324, 1.7976931348623157e308, None]
LONGS = [0, 1, -1, 2**60, 2**60 + 1, 2**63 - 1, -(2**63), None]
STRINGS = ["", " ", "a", "a ", "A", "ab", "a|b", "a\x00b", "é", "e\u0301", "null", "\U0001f600", None]
D = Decimal

SAME_TYPE: dict[str, list[Any]] = {
    "boolean": [True, False, None],
    "tinyint": [0, 1, -128, 127, None],
    "int": [0, 1, 2**31 - 1, -(2**31), None],
    "bigint": LONGS,
    "float": [0.0, -0.0, 1.5, NAN, INF, -INF, None],
    "double": FLOATS,
    "decimal(12,2)": [D("1.50"), D("15.00"), D("0.00"), D("-1.50"), D("9999999999.99"), None],
    "decimal(38,18)": [D("1.000000000000000001"), D("1"), D("-99999999999999999999.5"), None],
    "string": STRINGS,
    "binary": [b"", b"\x00", b"\x00\x00", b"a", b"\xff\xfe", None],
    "date": [date(1, 1, 1), date(1582, 10, 15), date(2013, 1, 15), date(9999, 12, 31), None],
    "timestamp": [datetime(2013, 1, 15), datetime(2013, 1, 15, 0, 0, 0, 1), datetime(1900, 1, 1), None],
    "timestamp_ntz": [datetime(2013, 1, 15), datetime(2013, 1, 15, 0, 0, 0, 1), None],
    "interval day to second": [timedelta(0), timedelta(days=1), timedelta(microseconds=1), None],
    "array<int>": [[], [None], [None, None], [1], [1, None], [None, 1], [1, 2], [2, 1], None],
    "array<double>": [[0.0], [-0.0], [NAN], [None], [5.0], None],
    "array<array<int>>": [[], [[]], [None], [[], []], [[1], [2]], [[1, 2]], [[1, 2], []], [[None]], None],
    "map<string,int>": [{}, {"a": 1}, {"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 2}, {"a": None}, None],
    "map<int,map<string,double>>": [{1: {"a": 0.0}}, {1: {"a": -0.0}}, {1: {}}, {1: None}, {}, None],
    "array<map<string,int>>": [
        [{"a": 1, "b": 2}],
        [{"b": 2, "a": 1}],
        [{"a": 1}, {"b": 2}],
        [None],
        [],
        None,
    ],
    "struct<a:int,b:string>": [(None, None), (1, None), (None, "1"), (1, "1"), None],
    "struct<a:struct<b:int>>": [((1,),), ((None,),), (None,), None],
    "struct<a:array<int>,b:array<int>>": [([1], [2]), ([1, 2], []), ([], [1, 2]), (None, []), ([], None)],
    "array<struct<a:int,m:map<string,double>>>": [
        [(1, {"a": NAN})],
        [(1, {"a": 1.0})],
        [(1, None)],
        [None],
        [],
    ],
}

TWO_TYPES: dict[tuple[str, str], tuple[list[Any], list[Any]]] = {
    ("int", "bigint"): ([0, 1, -1, 2**31 - 1, None], LONGS),
    ("tinyint", "smallint"): ([1, -128, None], [1, -128, 300, None]),
    ("bigint", "decimal(38,2)"): (LONGS, [D("1.00"), D("1.01"), D(2**60), D(2**60 + 1), D(2**63 - 1), None]),
    ("decimal(10,1)", "decimal(10,2)"): (
        [D("15.0"), D("1.5"), None],
        [D("1.50"), D("15.00"), D("0.15"), None],
    ),
    ("decimal(38,0)", "decimal(38,20)"): (
        [D("1"), D("-1"), D("9" * 38), D("0"), None],
        [D("1"), D("1.00000000000000000001"), D("-1"), D("-0.5"), D("0"), None],
    ),
    ("float", "double"): ([0.5, -0.0, NAN, INF, None], [0.5, 0.0, NAN, INF, -INF, 0.1, None]),
    ("array<int>", "array<bigint>"): ([[1], [None], [], None], [[1], [2**40], [None], [], None]),
    ("map<int,float>", "map<bigint,double>"): ([{1: 0.5}, {}, None], [{1: 0.5}, {1: 1.5}, {}, None]),
    ("struct<a:int,b:string>", "struct<b:string,a:bigint>"): (
        [(1, "x"), (None, "x"), None],
        [("x", 1), ("y", 1)],
    ),
    ("void", "int"): ([None], [0, None]),
    ("void", "array<map<string,int>>"): ([None], [[], [None], None]),
    ("array<void>", "array<int>"): ([[None], [], None], [[None], [1], [], None]),
    ("void", "void"): ([None], [None]),
}

CASES = {**{(name, name): (values, values) for name, values in SAME_TYPE.items()}, **TWO_TYPES}


def equal(form: Form, left: str = "l", right: str = "r") -> str:
    """Return whether two columns are equal in a form."""
    return f"{form.comparable(left)} <=> {form.comparable(right)}"


def alike(form: Form, left: str = "l", right: str = "r") -> str:
    """Return whether two columns hash alike in a form."""
    return f"{hash_of([form.hashable(left)])} = {hash_of([form.hashable(right)])}"


def check_pairs(
    spark: SparkSession,
    mean: Callable[[Any], Any],
    types: tuple[str, str],
    values: tuple[list[Any], list[Any]],
) -> None:
    pairs = frame_of_rows(spark, list(product(*values)), f"l {types[0]}, r {types[1]}")
    left_type, right_type = (type_of(pairs.schema[name].dataType) for name in "lr")
    form = common_form(left_type, right_type)
    for row in pairs.selectExpr("l", "r", f"{equal(form)} AS equal", f"{alike(form)} AS hashes").collect():
        same = mean(row["l"]) == mean(row["r"])
        assert (row["equal"], row["hashes"]) == (same, same), row


@pytest.mark.parametrize("types", CASES, ids=lambda types: " and ".join(dict.fromkeys(types)))
def test_values_are_equal_and_hash_alike_if_and_only_if_they_mean_the_same(
    spark: SparkSession, mean: Callable[[Any], Any], types: tuple[str, str]
) -> None:
    check_pairs(spark, mean, types, CASES[types])


def test_intervals_of_months_compare(spark: SparkSession) -> None:
    """Python has no such value, so SQL makes them."""
    rows = spark.sql(
        "select interval '1-0' year to month as l, interval '12' month as r, interval '11' month as s"
    )
    form = common_form(*(type_of(rows.schema[name].dataType) for name in "lr"))
    found = rows.selectExpr(equal(form), equal(form, "l", "s"), alike(form), alike(form, "l", "s"))
    assert tuple(found.collect()[0]) == (True, False, True, False)


@pytest.mark.parametrize("name", ["double", "array<float>", "map<string,double>"])
def test_signed_zeros_differ_when_asked(spark: SparkSession, name: str) -> None:
    """-0.0 and 0.0, which are equal by default, are told apart at every depth; NaN stays NaN."""
    wrap: dict[str, Callable[[float], Any]] = {
        "double": lambda x: x, "array<float>": lambda x: [x], "map<string,double>": lambda x: {"a": x}
    }  # fmt: skip
    values = [wrap[name](x) for x in (0.0, -0.0, NAN, 1.0)]
    pairs = frame_of_rows(
        spark,
        [(i, j, values[i], values[j]) for i in range(4) for j in range(4)],
        f"i int, j int, l {name}, r {name}",
    )
    form = common_form(*(type_of(pairs.schema[name].dataType) for name in "lr"), signed_zero=True)
    for row in pairs.selectExpr("i", "j", f"{equal(form)} AS equal", f"{alike(form)} AS hashes").collect():
        assert row["equal"] == row["hashes"] == (row["i"] == row["j"])


def test_order_of_columns_in_a_row_cannot_hide_behind_nulls(spark: SparkSession) -> None:
    """(null, 1) and (1, null) hash differently, though xxhash64 skips nulls."""
    rows = frame_of_rows(spark, [(None, 1), (1, None), (None, None)], "a int, b int")
    form = common_form(AtomicType("int"), AtomicType("int"))
    hashed = hash_of([form.hashable("a"), form.hashable("b")])
    assert rows.selectExpr(hashed).distinct().count() == 3


def nested(depth: int) -> DataType:
    """Return an array of arrays."""
    data_type: DataType = AtomicType("int")
    for _ in range(depth):
        data_type = ArrayType(data_type)
    return data_type


TWINS = StructType((StructField("a", AtomicType("int")), StructField("A", AtomicType("int"))))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (AtomicType("string"), AtomicType("int")),
        (AtomicType("string"), AtomicType("binary")),
        (AtomicType("timestamp"), AtomicType("timestamp_ntz")),
        (AtomicType("date"), AtomicType("timestamp")),
        (AtomicType("bigint"), AtomicType("double")),
        (DecimalType(10, 2), AtomicType("double")),
        (ArrayType(AtomicType("int")), AtomicType("int")),
        (
            StructType((StructField("a", AtomicType("int")),)),
            StructType((StructField("b", AtomicType("int")),)),
        ),
        (TWINS, TWINS),
        (nested(MAX_DEPTH), nested(MAX_DEPTH)),
        (nested(5_000), nested(5_000)),
    ],
    ids=lambda _: "",
)
def test_types_without_a_common_form_are_refused_with_a_reason(left: DataType, right: DataType) -> None:
    """Nothing is compared by a lossy cast, and no amount of nesting exhausts the stack."""
    with pytest.raises(IncomparableError, match=r"\w+ \w+"):
        common_form(left, right)


def test_a_struct_of_too_many_fields_is_refused_with_a_reason() -> None:
    wide = StructType(tuple(StructField(f"f{i}", AtomicType("int")) for i in range(100_000)))
    with pytest.raises(IncomparableError, match=r"\w+ \w+"):
        common_form(wide, wide)


@pytest.mark.breadth
@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("'a' COLLATE UTF8_LCASE", "'A' COLLATE UTF8_LCASE", "a"),
        ("TIME'12:00:00'", "TIME'12:00:00.000001'", "12:00:00"),
    ],
)
def test_types_of_newer_sparks_compare_by_value(
    spark: SparkSession, either_step: str, old: str, new: str, text: str
) -> None:
    """Collations, by which other texts are equal, do not count; times of day are exact."""
    left, right = (_one(spark, value).withColumn("same", F.expr(old)) for value in (old, new))
    found = compare(left, right, key="k")
    assert {column.name: column.differing.count for column in found.columns} == {"k": 0, "v": 1, "same": 0}
    assert [cell.old and cell.old.text for cell in found.samples[0].cells] == [text]
    assert compare(left, right).rows.left_only.count == 1


@pytest.mark.parametrize(
    "value", ["parse_json('1')", "ST_GeomFromWKB(X'0101000000000000000000f03f0000000000000040')"]
)
def test_types_that_cannot_be_compared_are_named(spark: SparkSession, value: str) -> None:
    """As a gap, so that the verdict is never `pass`."""
    frame = _one(spark, value)
    found = compare(frame.withColumn("w", F.lit(1)), frame.withColumn("w", F.lit(1)), key="k")
    kind = type_of(frame.schema["v"].dataType).name
    assert (found.verdict, found.reasons[0]) == (
        "incomplete", f"Column v was not compared: values of type {kind} cannot be compared",
    )  # fmt: skip


def _one(spark: SparkSession, value: str) -> DataFrame:
    """Return one row with a value, if this Spark has its type."""
    settings = ("spark.sql.timeType.enabled", "spark.sql.geospatial.enabled")
    try:
        for session in (spark, SparkSession.getActiveSession() or spark):  # either may be asked
            for setting in settings:
                session.conf.set(setting, "true")
        frame = spark.sql(f"SELECT 1 AS k, {value} AS v")
        _ = frame.schema
        return frame
    except PySparkException as error:
        pytest.skip(f"this Spark has no such type: {str(error).splitlines()[0]}")

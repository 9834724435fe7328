"""What every engine must answer alike: cases, each a function from a session to an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import DataType, DecimalType, IntegerType, StructField, StructType

from dwh.compare import (
    AnyOrder,
    IgnoreCase,
    Round,
    Sql,
    Trim,
    Unicode,
    Within,
    compare,
    rows_that_differ,
)
from dwh.core.changes import Added, Expected, Renamed, Retyped
from dwh.core.testing import frame_of_rows

WHY = "asked for"
NOON = datetime(2013, 1, 15, 12)
NEAR = (
    "k int, t string, c string, r double, o array<string>, at timestamp, q int, d decimal(38,2), "
    "s struct<x:double,n:string>, a array<double>"
)
OLD = (1, "a", "A", 1.001, ["p", "q"], NOON, 3, Decimal("9E30"), (1.0, "n"), [1.0, None])
NEW = (
    1,
    " a",
    "a",
    1.002,
    ["q", "p"],
    NOON.replace(second=1),
    -3,
    Decimal(f"9{'0' * 29}1"),
    (1.1, " n"),
    [1.1, None],
)
RULES: dict[str, Any] = {
    "t": Trim(), "c": IgnoreCase(), "r": Round(2), "o": AnyOrder(), "at": Within("1s"),
    "q": Sql("left = -right"), "s.n": "trim",
}  # fmt: skip
CHOSEN: dict[str, Any] = {"key": "k", "rules": RULES, "tolerances": {"d": 1, "s.x": "0.2", "a": "0.2"}}


def _near(spark: SparkSession, *keys: int) -> tuple[DataFrame, DataFrame]:
    left, right = ([(key, *row[1:]) for key in keys] for row in (OLD, NEW))
    return frame_of_rows(spark, left, NEAR), frame_of_rows(spark, right, NEAR)


def rules_and_tolerances(spark: SparkSession) -> Any:
    """Every rule but `unicode`, and tolerances, also inside structs and arrays."""
    left, right = _near(spark, 1, 2)
    strict = compare(left, right, key="k")
    return compare(left, right, **CHOSEN).verdict, sum(bool(c.differing.count) for c in strict.columns)


def keys_that_repeat(spark: SparkSession) -> Any:
    """The same where the key pairs nothing."""
    sides = _near(spark, 1, 1, 2)
    return compare(*sides, **CHOSEN).verdict, rows_that_differ(*sides, **CHOSEN).count()


def unicode_forms(spark: SparkSession) -> Any:
    """A rule that no engine has."""
    left, right = (
        frame_of_rows(spark, [(1, text)], "k int, v string") for text in ("caf\u00e9", "cafe\u0301")
    )
    return compare(left, right, key="k", rules={"v": Unicode()}).verdict


def other_types(spark: SparkSession) -> Any:
    """Text beside a date, and an integer beside a double, by what they mean."""
    left = frame_of_rows(spark, [(1, "2013-01-15", 1), (2, "soon", 2)], "k int, d string, n int")
    right = frame_of_rows(spark, [(1, date(2013, 1, 15), 1.0), (2, None, 2.5)], "k int, d date, n double")
    changes = [Retyped("d", "string", "date", WHY), Retyped("n", "int", "double", WHY)]
    found = compare(left, right, key="k", changes=changes)
    return found.verdict, [column.differing.count for column in found.columns]


def other_names(spark: SparkSession) -> Any:
    """A key that is called otherwise, and names of columns and fields but for case."""
    left = frame_of_rows(spark, [(1, "a", ("x",))], "id int, Name string, s struct<City:string>")
    right = frame_of_rows(spark, [(1, "a", ("x",))], "key int, name string, s struct<city:string>")
    return compare(left, right, key={"id": "key"}, ignore_case=True).verdict


def changes_inside(spark: SparkSession) -> Any:
    """A field that a struct has gained, and one with a new name."""
    left = frame_of_rows(spark, [(1, (1, 2), [(3,)])], "k int, s struct<a:int,b:int>, l array<struct<a:int>>")
    right = frame_of_rows(
        spark,
        [(1, (1, 2, 9), [(3, 9)])],
        "k int, s struct<a:int,c:int,new:int>, l array<struct<a:int,new:int>>",
    )
    changes = [Added("s.new", WHY), Renamed("s.b", "s.c", WHY), Added("l.new", WHY)]
    return compare(left, right, key="k", changes=changes).verdict


def rows_without_a_key(spark: SparkSession) -> Any:
    """Declared by a condition, collected and exact."""
    left = frame_of_rows(spark, [(1, "a"), (2, "b"), (2, "b")], "v int, s string")
    meant = [Expected(None, "row_removed", WHY, where="old.v = 2")]
    found = [compare(left, left.where("v = 1"), changes=meant, exact=exact) for exact in (False, True)]
    return [(result.verdict, result.rows.left_only.expected, result.measurement.step) for result in found]


def bytes_that_are_no_text(spark: SparkSession) -> Any:
    """Shown as hex, by both ways to compare."""
    left, right = (
        frame_of_rows(spark, [(1, data)], "k int, b binary") for data in (b"\xff\x00", b"\xff\x01")
    )
    found = [compare(left, right, key="k", exact=exact) for exact in (False, True)]
    return [
        tuple(str(text and text.text) for text in (r.samples[0].cells[0].old, r.samples[0].cells[0].new))
        for r in found
    ]


def decimals_that_are_never_null(spark: SparkSession) -> Any:
    """Of types that have no exact type in common, in a column that is required."""
    rows = [(0, Decimal(1)), (10, Decimal("1.5")), (10, Decimal("1.0000000000"))]
    left, right, same = (
        spark.createDataFrame([(1, value)], _required(DecimalType(38, scale))) for scale, value in rows
    )
    change = Retyped("v", "decimal(38,0)", "decimal(38,10)", WHY)
    return [compare(left, other, key="k", changes=change).verdict for other in (right, same)]


def _required(data_type: DataType) -> StructType:
    return StructType([StructField("k", IntegerType(), False), StructField("v", data_type, False)])


def numbers_and_letters_at_their_limits(spark: SparkSession) -> Any:
    """Rounded beyond their type, and one upper case letter that is two."""
    schema = "k int, n bigint, d decimal(38,0), s string"
    left = frame_of_rows(spark, [(1, 2**63 - 1, Decimal("9" * 38), "STRASSE")], schema)
    right = frame_of_rows(spark, [(1, 2**63 - 2, Decimal("9" * 37 + "8"), "straße")], schema)
    rules: dict[str, Any] = {"n": Round(-1), "d": Round(-1), "s": IgnoreCase()}
    return [compare(left, right, key="k", rules=rules, exact=exact).verdict for exact in (False, True)]


CASES: Mapping[str, tuple[Callable[[SparkSession], Any], Any]] = {
    case.__name__: (case, answer)
    for case, answer in (
        (rules_and_tolerances, ("pass", 9)),
        (keys_that_repeat, ("pass", 0)),
        (unicode_forms, "pass"),
        (other_types, ("fail", [0, 1, 1])),
        (other_names, "pass"),
        (changes_inside, "pass"),
        (rows_without_a_key, [("pass", 2, "collected"), ("pass", 2, "join")]),
        (bytes_that_are_no_text, [("FF00", "FF01")] * 2),
        (decimals_that_are_never_null, ["fail", "pass"]),
        (numbers_and_letters_at_their_limits, ["pass", "pass"]),
    )
}
"""Each case with what every engine answers."""

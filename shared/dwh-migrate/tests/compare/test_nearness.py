"""Tolerances for the numbers inside structs and arrays."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession

from dwh.migrate.compare import ToleranceError, compare, rows_that_differ

pytestmark = pytest.mark.usefixtures("interpreted")
SCHEMA = "k int, s struct<n:string,x:double>, a array<decimal(38,2)>, i array<struct<x:int,y:int>>"
ONE = ("n", 1.0), [Decimal("9E30"), None], [(1, 1)]
CENT = Decimal(f"9{'0' * 30}.01")
NEAR: dict[str, Any] = {"s.x": "0.1", "a": "0.01", "i.y": 1}
CHANGED: list[tuple[Any, ...]] = [
    (("n", 1.05), [CENT, None], [(1, 2)]),  # all near
    (("m", 1.05), *ONE[1:]),
    (("n", 1.2), *ONE[1:]),
    (ONE[0], [Decimal("9E30")], ONE[2]),
    (ONE[0], [CENT, Decimal(0)], ONE[2]),
    (*ONE[:2], [(2, 1)]),
    (*ONE[:2], [(1, 3)]),
    (None, None, None),
]


@pytest.mark.parametrize("keys", ["unique", "repeated"])
def test_numbers_inside_may_be_apart_as_far_as_their_own_tolerance(spark: SparkSession, keys: str) -> None:
    """By position in arrays; what else is in the struct still counts, and so does what is null."""
    numbers = range(len(CHANGED)) if keys == "unique" else [0] * len(CHANGED)
    left = spark.createDataFrame([(k, *ONE) for k in numbers], SCHEMA)
    right = spark.createDataFrame([(k, *row) for k, row in zip(numbers, CHANGED, strict=True)], SCHEMA)
    result = compare(left, right, key=["k"], tolerances=NEAR)
    assert result.rows.matched == 1
    assert result.columns[1].rules == ("x: tolerance(0.1)",)
    assert {name: str(t.absolute) for name, t in result.measurement.tolerances.items()} == {
        "s.x": "0.1", "a": "0.01", "i.y": "1",
    }  # fmt: skip
    rows = rows_that_differ(left, right, key=["k"], tolerances=NEAR)
    assert rows.count() == (7 if keys == "unique" else 14)


def test_one_for_all_numbers_reaches_those_inside(spark: SparkSession) -> None:
    """But for those with one of their own, and for arrays in which order does not count."""
    left = spark.createDataFrame([(1, *ONE)], SCHEMA)
    right = spark.createDataFrame([(1, ("n", 1.5), ONE[1], [(2, 0)])], SCHEMA)
    assert compare(left, right, key=["k"], tolerances={"*": 1}).verdict == "pass"
    assert compare(left, right, key=["k"], tolerances={"*": 1, "s.x": 0}).verdict == "fail"
    assert compare(left, right, key=["k"], tolerances={"*": 1}, rules={"i": "any_order"}).verdict == "fail"


@pytest.mark.parametrize(
    ("tolerances", "said"),
    [
        ({"s.n": 1}, "it is string; only numbers have one"),
        ({"s": 1}, "only numbers have one"),
        ({"s.z": 1}, "has no field z"),
        ({"t.x": 1}, "it is not a column of both sides"),
        ({"key.x": 1}, "a key column or an ignored column has none"),
        ({"i.x": 1}, "the order of the array around it does not count"),
    ],
)
def test_one_that_cannot_apply_is_refused(spark: SparkSession, tolerances: Any, said: str) -> None:
    """Never left out in silence."""
    frame = spark.createDataFrame([((1,), *ONE)], f"key struct<x:int>{SCHEMA[5:]}")
    with pytest.raises(ToleranceError, match=said):
        compare(frame, frame, key=["key"], tolerances=tolerances, rules={"i": "any_order"})

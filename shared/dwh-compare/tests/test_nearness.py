"""Tolerances for the numbers inside structs and arrays."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from frames import frame_of_rows
from pyspark.sql import SparkSession
from pyspark.sql import types as T

from dwh.compare import Tolerance, ToleranceError, compare, rows_that_differ
from dwh.compare.options import Options
from dwh.compare.ruling import chosen_rules
from dwh.compare.schema import pair_columns
from dwh.compare.types import schema_of_json

SCHEMA = "k int, s struct<n:string,x:double>, a array<decimal(38,2)>, i array<struct<x:int,y:int>>"
ONE = ("n", 1.0), [Decimal("9E30"), None], [(1, 1)]
CENT = Decimal(f"9{'0' * 30}.01")
REPEATED = 100
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


@pytest.mark.breadth
def test_numbers_inside_may_be_apart_as_far_as_their_own_tolerance(spark: SparkSession) -> None:
    """By position in arrays; what else is in the struct still counts, and so does what is null; the same
    where a key repeats."""
    rows = [*enumerate(CHANGED), *((REPEATED, row) for row in CHANGED)]
    left = frame_of_rows(spark, [(k, *ONE) for k, _ in rows], SCHEMA)
    right = frame_of_rows(spark, [(k, *row) for k, row in rows], SCHEMA)
    result = compare(left, right, key=["k"], tolerances=NEAR)
    found = result.rows
    assert (found.matched, found.changed.count, found.left_only.count, found.right_only.count) == (2, 7, 7, 7)
    assert result.columns[1].rules == ("x: tolerance(0.1)",)
    assert {name: str(t.absolute) for name, t in result.measurement.tolerances.items()} == {
        "s.x": "0.1", "a": "0.01", "i.y": "1",
    }  # fmt: skip
    differing = rows_that_differ(left, right, key=["k"], tolerances=NEAR)
    assert Counter(row["kind"] for row in differing.select("kind").collect()) == {
        "changed": 7, "left_only": 7, "right_only": 7,
    }  # fmt: skip


def test_one_for_all_numbers_reaches_those_inside(spark: SparkSession) -> None:
    """But for those with one of their own, and for arrays in which order does not count."""
    schema = schema_of_json(T.StructType.fromDDL(f"{SCHEMA}, j array<int>, t struct<x:double>").jsonValue())
    given = {"*": Tolerance(1), "t.x": Tolerance()}
    options = Options(("k",), tolerances=given, rules=chosen_rules({"j": "any_order"}))
    assert {pair.name: pair.rules for pair in pair_columns(schema, schema, options).values} == {
        "s": ("x: tolerance(1)",),
        "a": ("tolerance(1)",),
        "i": ("x: tolerance(1)", "y: tolerance(1)"),
        "j": ("any_order",),
        "t": ("x: tolerance(0)",),
    }


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
    frame = frame_of_rows(spark, [((1,), *ONE)], f"key struct<x:int>{SCHEMA[5:]}")
    with pytest.raises(ToleranceError, match=said):
        compare(frame, frame, key=["key"], tolerances=tolerances, rules={"i": "any_order"})

"""Distances and tolerances as the engine computes them, against the rules in plain Python."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from frames import frame_of_rows
from pyspark.sql import SparkSession
from pyspark.sql import types as T

from dwh.compare import Retyped, compare
from dwh.compare.distance import distance_of, is_near
from dwh.compare.schema import Options, Paired, pair_columns
from dwh.compare.tolerance import Tolerance, distance, near
from dwh.compare.types import schema_of_json

D = Decimal
NAN, INF = math.nan, math.inf

VALUES: dict[str, list[Any]] = {
    "bigint": [0, 1, -1, 1000, 999, 2**53, 2**53 + 1, 2**60, 2**63 - 1, -(2**63), None],
    "int": [0, 5, 6, None],
    "decimal(20,2)": [D("1.00"), D("1.01"), D("-1.01"), D("999999999999999999.99"), D(1000), D(999), None],
    "decimal(38,2)": [
        D("9" * 36 + ".99"), D("-" + "9" * 36 + ".99"), D("9" * 33 + "000.00"), D("1.00"), D("1.01"),
        D("900000000000000.01"), D("900000000000000.02"), D(0), D("-0.5"), D(1000), D(999), None,
    ],
    "decimal(38,0)": [
        D("9" * 38), D("-" + "9" * 38), D("9" * 37 + "8"), D(0), D(1), D(2**60), D(10**36 + 401), None,
    ],
    "decimal(36,1)": [D("1" + "0" * 33 + "4.5"), D("1" + "0" * 33 + "4.4"), D("0.4"), D("-0.1"), None],
    "decimal(38,10)": [D("1.0000000001"), D("-0.0000000001"), D("9" * 28), D(2**60), D("0.5"), None],
    "decimal(38,18)": [D("1.000000000000000001"), D(1), D("-99999999999999999999.5"), D("-0.25"), None],
    "decimal(38,38)": [D("0." + "3" * 38), D("0." + "3" * 37 + "4"), D("-0.5"), None],
    "double": [
        0.0, 0.5, -0.5, 1.1, 1.11, 1000.0, 999.0, 2.0**53, 2.0**60, 1e25, 1e300, -1.7e308,
        NAN, INF, -INF, None,
    ],
    "float": [0.5, 1.5, 1000.0, NAN, None],
}  # fmt: skip
PAIRS = [
    *((name, name) for name in VALUES),
    ("decimal(38,0)", "decimal(38,10)"),
    ("bigint", "decimal(38,18)"),
    ("float", "double"),
    ("bigint", "double"),
    ("double", "decimal(38,2)"),
    ("decimal(20,2)", "double"),
    ("double", "decimal(38,0)"),
]
TOLERANCES = [
    Tolerance(),
    Tolerance("0.01"),
    Tolerance(1),
    Tolerance(2**53),
    Tolerance(2**64 - 2),
    Tolerance(10**34),
    Tolerance(10**36),
    Tolerance(10**38),
    Tolerance(0, "0.001"),
    Tolerance("0.5", 1 / 3),
    Tolerance(0, "0.00000000000000000001"),
    Tolerance(0, 1),
    Tolerance(0, "1.9"),
    Tolerance(0, 2),
]

ONE_OF_EACH = [Tolerance("0.01"), Tolerance(10**38), Tolerance(0, "0.001"), Tolerance(0, 2)]
"""Of what each kind of them asks of an engine: the distance, the share, and what every number is within."""


def paired(types: tuple[str, str]) -> Paired:
    written = (T.StructType.fromDDL(f"k int, v {name}").jsonValue() for name in types)
    schemas = map(schema_of_json, written)
    options = Options(("k",), tolerances={"v": Tolerance()})
    return replace(pair_columns(*schemas, options).pairs[1], left="l", right="r")


def is_exact(types: tuple[str, str], row: Any, tolerance: Tolerance) -> bool:
    """Whether the engine has digits enough: for a share of numbers that need nearly 38, it has not."""
    if tolerance.absolute > 10**37 or "decimal(38,38)" in types:
        return False
    wide = (abs(D(repr(row[side])) if isinstance(row[side], float) else D(row[side])) for side in "lr")
    return not tolerance.relative or max(wide) < D(10) ** 12


@pytest.mark.breadth
@pytest.mark.parametrize("types", [("decimal(38,2)", "decimal(38,2)"), ("double", "decimal(38,0)")])
def test_numbers_that_overflow_are_not_near_without_ansi_mode_either(
    spark: SparkSession, types: tuple[str, str]
) -> None:
    """Where a cast that does not fit is null, not an error."""
    before = spark.conf.get("spark.sql.ansi.enabled") or "false"
    spark.conf.set("spark.sql.ansi.enabled", "false" if before == "true" else "true")
    try:
        check(spark, types, ONE_OF_EACH)
    finally:
        spark.conf.set("spark.sql.ansi.enabled", before)


FURTHEST = {
    "decimal(38,0) and decimal(38,0)": (D("-" + "9" * 38), [D("9" * 37 + "8"), D("9" * 37 + "7"), D(1)]),
    "decimal(38,2) and decimal(38,2)": (
        D("-" + "9" * 36 + ".99"),
        [D("9" * 36 + ".98"), D("9" * 36 + ".97")],
    ),
    "bigint and double": (2**60 + 1, [0.5, 0.25]),
    "double and decimal(20,2)": (1e300, [D(1), D(2)]),
    "double and decimal(38,0)": (1e38, [D("9" * 38), D("9" * 37 + "8")]),
    "decimal(38,0) and decimal(38,0) of many": (
        D("-" + "9" * 38),
        [D(10**38 - n) for n in range(1010, 9, -1)],
    ),
}
EXACTLY = ["1" + "9" * 37 + "7", "1" + "9" * 36 + ".97", f"{2**60}.7500000000000000000000", "1E+300"]
EXACTLY += [str(10**38 - 1 - int(1e38)) + "." + "0" * 22, "1" + "9" * 36 + "89"]


@pytest.mark.parametrize(
    ("types", "exactly"),
    [
        pytest.param(*case, marks=[] if case[0] == "bigint and double" else pytest.mark.breadth)
        for case in zip(FURTHEST, EXACTLY, strict=True)
    ],
)
def test_the_largest_distance_has_all_its_digits_whichever_step_finds_it(
    spark: SparkSession, types: str, exactly: str
) -> None:
    """Where it is too large for the engine to subtract, and several are as large as doubles go."""
    (left, right), (old, news) = types.removesuffix(" of many").split(" and "), FURTHEST[types]
    lefts = frame_of_rows(spark, [(k, old) for k, _ in enumerate(news)], f"k int, v {left}")
    rights = frame_of_rows(spark, list(enumerate(news)), f"k int, v {right}")
    for exact in (False, True):
        found = compare(lefts, rights, key="k", exact=exact, changes=_retyped(left, right))
        (numbers,) = (column.numbers for column in found.columns if column.name == "v")
        assert numbers is not None
        assert str(numbers.max_absolute) == exactly


def _retyped(left: str, right: str) -> list[Retyped]:
    return [Retyped("v", left, right, reason="to see")] if left != right else []


@pytest.mark.breadth
@pytest.mark.parametrize("types", PAIRS, ids=" and ".join)
def test_what_is_near_is_what_the_rules_say(spark: SparkSession, types: tuple[str, str]) -> None:
    """And where the engine has too few digits for a share, it may only be stricter."""
    check(spark, types, TOLERANCES)


def check(spark: SparkSession, types: tuple[str, str], tolerances: Sequence[Tolerance]) -> None:
    """Hold what the engine says of all pairs of values against the rules."""
    pair = paired(types)
    values = list(product(*(VALUES[name] for name in types)))
    frame = frame_of_rows(spark, values, f"l {types[0]}, r {types[1]}")
    found = distance_of(pair.numbers)
    asked = [
        f"coalesce({is_near(pair.numbers, tolerance)}, false) AS n{i}"
        for i, tolerance in enumerate(tolerances)
    ]
    rows = frame.selectExpr("l", "r", f"{found.apart} AS apart", f"{found.rough} AS rough", *asked).collect()
    for row in rows:
        both = row["l"] is not None and row["r"] is not None
        for i, tolerance in enumerate(tolerances):
            rule = both and near(row["l"], row["r"], tolerance, signed_zero=True)
            if both and not all(map(math.isfinite, (row["l"], row["r"]))):
                assert not row[f"n{i}"], (row, tolerance)
            elif row["l"] == row["r"] == 0:
                continue  # equal before any tolerance, or told apart
            elif not both or is_exact(types, row, tolerance):
                assert row[f"n{i}"] == rule, (row["l"], row["r"], tolerance, row["apart"])
            else:
                assert rule or not row[f"n{i}"], (row["l"], row["r"], tolerance)
        if both and isinstance(row["apart"], Decimal):
            assert row["apart"] == distance(row["l"], row["r"])

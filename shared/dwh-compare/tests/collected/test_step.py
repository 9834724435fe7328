"""Small tables: the same answer as the steps for large ones give, on tables that hypothesis draws."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from frames import frame_of_rows
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from dwh.compare import Comparison, Tolerance, compare
from dwh.compare.changes import Change, Expected, Renamed
from dwh.compare.collected.rows import in_one_job

NAN, INF = float("nan"), float("inf")
WHY = "because"
TIMES = int(os.environ.get("DWH_EXAMPLES", "1"))  # so many times as many examples: nox -s drawn
DRAWN = settings(
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # each example takes seconds, and shrinking hundreds
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

AT_FIRST = "spark.sql.limit.initialNumPartitions"
JobsOf = Callable[[Callable[[], object]], int]
OnTheLadder = Callable[[], AbstractContextManager[None]]

SCHEMA = (
    "k1 bigint, k2 string, x double, n bigint, d decimal(20,2), s string, at timestamp, m map<string,double>"
)
floats = st.sampled_from([0.0, -0.0, 1.0, 1.25, 1.5, 5.0, NAN, INF, -INF])
ROW = st.tuples(
    st.none() | st.sampled_from([-2, 3, 10, 2**60]),
    st.none() | st.sampled_from(["k", "é", ""]),
    st.none() | floats,
    st.none() | st.sampled_from([1, 2, 2**60, 2**60 + 1]),
    st.none() | st.sampled_from([Decimal("1.50"), Decimal("1.60"), Decimal("-0.01")]),
    st.none() | st.sampled_from(["", "a", "a ", "x" * 300, "x" * 301]),
    st.none() | st.sampled_from([datetime(2013, 1, 15), datetime(2013, 1, 15, 0, 0, 0, 1)]),
    st.none() | st.dictionaries(st.sampled_from(["a", "b"]), floats, max_size=2),
)
CHANGES: list[Change] = [
    Renamed("s", "t", WHY),
    Expected("x", "value", WHY, where="new.x > old.x"),
    Expected("x", "to_null", WHY),
    Expected("n", "value", WHY),
    Expected("n", "from_null", WHY, where="old.k1 is not null"),
    Expected(None, "row_removed", WHY, where="old.note = 1"),
    Expected(None, "row_removed", WHY, where="old.k1 = 10 or new.k1 = 10"),
    Expected(None, "row_added", WHY, where="new.x = 1"),
]


@st.composite
def two_sides(draw: st.DrawFn) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Draw rows, and a changed copy of them in another order."""
    left = draw(st.lists(ROW, max_size=8))
    right = list(draw(st.permutations(left + draw(st.lists(ROW, max_size=2)))))
    for place in draw(st.lists(st.integers(0, max(len(right) - 1, 0)), max_size=4)) if right else ():
        column, other = draw(st.integers(1, 7)), draw(ROW)
        right[place] = (*right[place][:column], other[column], *right[place][column + 1 :])
    return left, right[draw(st.integers(0, 1)) :]


@st.composite
def options(draw: st.DrawFn) -> dict[str, Any]:
    """Draw arguments of `compare`."""
    key = draw(st.sampled_from([("k1", "k2"), ("k2", "k1"), ("k1",), ()]))
    ignored = draw(st.sampled_from([[], ["m"], ["at", "x"]]))
    near = {"x": Tolerance(0.25), "n": Tolerance(0, 0.1), "d": Tolerance("0.1")}
    return {
        "key": key,
        "tolerances": {
            name: near[name] for name in draw(st.sets(st.sampled_from("xnd"))) if key and name not in ignored
        },
        "changes": draw(st.lists(st.sampled_from(CHANGES), unique=True)),
        "ignore": ["note", *ignored],
        "samples": draw(st.sampled_from([0, 1, 20])),
        "top": draw(st.sampled_from([0, 1, 5])),
        "signed_zero": draw(st.booleans()),
        "max_changed": draw(st.sampled_from([None, 0.5])),
    }


@pytest.mark.breadth
@settings(DRAWN, max_examples=6 * TIMES)
@given(sides=two_sides(), asked=options())
def test_the_answer_is_that_of_the_steps_for_large_tables(
    spark: SparkSession, on_the_ladder: OnTheLadder, sides: Any, asked: dict[str, Any]
) -> None:
    """Counts, values, samples, frequent changes, what was declared, verdict and reasons."""
    left, right = frames(spark, sides, renamed=CHANGES[0] in asked["changes"])
    here = compare(left, right, **asked)
    with on_the_ladder():
        there = compare(left, right, **asked, exact=True)
    repeats = there.rows.duplicate_keys_left or there.rows.duplicate_keys_right
    if asked["tolerances"] and repeats:
        return  # which may have been left to those steps
    assert here.measurement.step == "collected"
    assert answer(here) == answer(there)


@pytest.mark.parametrize(("last", "jobs"), [(3, 2), (4, 4)])
def test_a_side_takes_one_job_and_another_where_rows_differ(
    spark: SparkSession, jobs_of: JobsOf, last: int, jobs: int
) -> None:
    """Equal tables cost what collecting them costs; the session is as it was."""
    left, right = (frame_of_rows(spark, [(1, "a"), (2, "b"), (n, "c")], "k int, s string") for n in (3, last))
    left, right = left.repartition(2, "k"), right.repartition(2, "k")
    assert jobs_of(lambda: compare(left, right, key="k")) == jobs_of(left.collect) * jobs
    assert spark.conf.get(AT_FIRST) == "1"


def test_what_the_caller_has_set_stays(spark: SparkSession) -> None:
    """Also where it is what we would set."""
    spark.conf.set(AT_FIRST, "3")
    try:
        with in_one_job(spark):
            assert spark.conf.get(AT_FIRST) == "3"
        assert spark.conf.get(AT_FIRST) == "3"
    finally:
        spark.conf.unset(AT_FIRST)


@pytest.fixture
def jobs_of(spark: SparkSession) -> JobsOf:
    """How many Spark jobs some work takes."""
    context = spark.sparkContext

    def count(work: Callable[[], object]) -> int:
        context.setJobGroup(group := uuid4().hex, "counted")
        try:
            work()
            return len(context.statusTracker().getJobIdsForGroup(group))
        finally:
            context.setLocalProperty("spark.jobGroup.id", None)  # type: ignore[arg-type]

    return count


def frames(spark: SparkSession, sides: Any, *, renamed: bool) -> tuple[DataFrame, DataFrame]:
    """Return both sides, with a column that is not compared, and on the right in another order."""
    left, right = (
        frame_of_rows(spark, rows, SCHEMA).withColumn("note", F.expr("coalesce(length(s), n, 0) % 2"))
        for rows in sides
    )
    right = right.withColumnRenamed("s", "t") if renamed else right
    return left, right.select(*reversed(right.columns))


def answer(result: Comparison) -> dict[str, Any]:
    """Return what must not depend on the step."""
    found = result.to_dict()
    del found["measurement"]
    for column in found["columns"]:
        del column["proven_by"]
        numbers = column["numbers"] or {}
        numbers |= {
            name: float(f"{value:.12g}") for name, value in numbers.items() if isinstance(value, float)
        }
    return found

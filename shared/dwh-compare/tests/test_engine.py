"""Each step of the ladder, against brute force, on tables that hypothesis draws."""

from __future__ import annotations

import importlib
import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from frames import frame_of_rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from dwh.compare import (
    Comparison,
    Tolerance,
    compare,
    engine,
    fingerprint,
    multiset,
    rows_that_differ,
)
from dwh.compare.changes import Added, Expected
from dwh.compare.fingerprints import Sums, columns_that_differ
from dwh.compare.schema import Options, pair_columns, with_rows
from dwh.compare.types import schema_of_frame

pytestmark = pytest.mark.usefixtures("ladder")
NAN, INF = float("nan"), float("inf")
WHY = "because"
TIMES = int(os.environ.get("DWH_EXAMPLES", "1"))  # so many times as many examples: nox -s drawn
DRAWN = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])

floats = st.sampled_from([0.0, -0.0, 1.0, 5.0, NAN, INF, -INF])
small = st.integers(-2, 2)
texts = st.sampled_from(["", " ", "a", "a ", "|", "a|a", "é"])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "tinyint": small,
    "smallint": small,
    "int": small,
    "bigint": st.sampled_from([0, 2**60, 2**60 + 1]),
    "float": floats,
    "double": floats,
    "string": texts,
    "binary": st.binary(max_size=2),
    "boolean": st.booleans(),
    "decimal(20,2)": st.sampled_from([Decimal("1.50"), Decimal("15.00"), Decimal("-0.01")]),
    "date": st.sampled_from([date(2013, 1, 15), date(1, 1, 1)]),
    "timestamp": st.sampled_from([datetime(2013, 1, 15), datetime(2013, 1, 15, 0, 0, 0, 1)]),
    "timestamp_ntz": st.sampled_from([datetime(2013, 1, 15), datetime(2013, 1, 15, 0, 0, 0, 1)]),
    "interval day to second": st.sampled_from([timedelta(0), timedelta(microseconds=1)]),
    "array<array<int>>": st.lists(st.none() | st.lists(st.none() | small, max_size=2), max_size=2),
    "map<string,double>": st.dictionaries(texts, st.none() | floats, max_size=2),
    "struct<a:int,b:array<string>>": st.tuples(st.none() | small, st.none() | st.lists(texts, max_size=2)),
    "array<struct<m:map<int,float>>>": st.lists(
        st.none() | st.tuples(st.none() | st.dictionaries(small, st.none() | floats, max_size=1)), max_size=2
    ),
}
NAMES = ["a", "b", "c", "d", "e", "f"]  # two groups of columns, which a fingerprint tells apart


@st.composite
def two_tables(draw: st.DrawFn) -> tuple[list[str], list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Draw the types of six columns, rows with a key of two columns, and a changed copy of the rows."""
    types = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=6, max_size=6, unique=True))
    row = st.tuples(
        st.none() | st.integers(1, 6),
        st.none() | st.sampled_from(["k", ""]),
        *(st.none() | VALUES[t] for t in types),
    )
    left = draw(st.lists(row, min_size=1, max_size=8))
    right = draw(st.permutations(left + draw(st.lists(row, max_size=2))))
    for place in draw(st.lists(st.integers(0, len(right) - 1), max_size=3)):
        column = draw(st.integers(0, len(types) - 1))
        changed = draw(st.none() | VALUES[types[column]])
        right[place] = (*right[place][: 2 + column], changed, *right[place][3 + column :])
    dropped = draw(st.integers(0, 1))
    return types, left, right[dropped:]


def check_against(
    oracle: Callable[..., Any],
    left: DataFrame,
    right: DataFrame,
    key: Sequence[str],
    few: float,
    exact: bool,
    **known: Any,
) -> None:
    """Compare at one step of the ladder, and hold every count against the oracle's."""
    names = ["k1", "k2", *NAMES]
    truth = oracle(
        *([row.asDict(recursive=False) for row in frame.collect()] for frame in (left, right)), key, names
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "FEW", few)
        result = compare(left, right, key=key, exact=exact, changes=[Added("extra", WHY)], **known)
    rows = result.rows
    found = (rows.matched, rows.changed.count, rows.left_only.count, rows.right_only.count)
    assert found == (truth.matched, truth.changed, truth.left_only, truth.right_only)
    assert {c.name: c.differing.count for c in result.columns if c.differing.count} == dict(truth.differing)
    differs = sum(found[1:]) > 0
    empty = not rows.left or not rows.right
    assert result.verdict == ("fail" if differs or empty else "pass")
    if rows.duplicate_keys_left is not None and rows.duplicate_keys_right is not None:
        assert bool(rows.duplicate_keys_left + rows.duplicate_keys_right) == truth.duplicates
    assert Comparison.from_dict(json.loads(json.dumps(result.to_dict(), allow_nan=False))) == result


@settings(DRAWN, max_examples=2 * TIMES)
@given(tables=two_tables())
@pytest.mark.parametrize(
    ("key", "few", "exact"),
    [
        (("k1", "k2"), 1.0, False),
        pytest.param(("k1", "k2"), -1.0, False, marks=pytest.mark.breadth),
        pytest.param(("k2", "k1"), 1.0, True, marks=pytest.mark.breadth),
        ((), 1.0, False),
        pytest.param((), -1.0, True, marks=pytest.mark.breadth),
    ],
    ids=["buckets", "join", "exact", "multiset buckets", "multiset exact"],
)
def test_each_step_finds_what_brute_force_finds(
    spark: SparkSession,
    oracle: Callable[..., Any],
    tables: tuple[list[str], list[tuple[Any, ...]], list[tuple[Any, ...]]],
    key: tuple[str, ...],
    few: float,
    exact: bool,
) -> None:
    """Over many types, nulls at every depth, duplicates, rows and columns reordered, an added column."""
    check_against(oracle, *frames(spark, *tables), key, few, exact)


@pytest.mark.breadth
@settings(DRAWN, max_examples=3 * TIMES)
@given(tables=two_tables())
def test_stored_fingerprints_leave_what_brute_force_finds(
    spark: SparkSession,
    oracle: Callable[..., Any],
    tables: tuple[list[str], list[tuple[Any, ...]], list[tuple[Any, ...]]],
) -> None:
    """Where keys are known to be unique, parts and columns that are proven equal hide nothing."""
    types, *sides = tables
    unique = [list({row[:2]: row for row in rows}.values()) for rows in sides]
    left, right = frames(spark, types, *unique)
    key = ("k1", "k2")
    stored = [fingerprint(frame, key, by="k2", unique=True) for frame in (left, right)]
    check_against(oracle, left, right, key, 1.0, False, fingerprints=tuple(stored))


# -- every step gives one answer, in tables where keys repeat and numbers have tolerances -----------

NUMBERS: dict[str, st.SearchStrategy[Any]] = {
    "bigint": st.sampled_from([0, 1, 2, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)]),
    "decimal(38,2)": st.sampled_from([Decimal(f"9{'0' * 14}.0{cents}") for cents in range(4)]),
    "decimal(38,18)": st.sampled_from([Decimal(1), Decimal("1.000000000000000001"), Decimal("1.01")]),
    "double": st.sampled_from([0.0, -0.0, 0.01, 0.02, 1.0, NAN, INF]),
}
LIMITS = st.sampled_from([0, "0.01", "0.015", 1, 2**53])
Rows = list[tuple[Any, ...]]


@st.composite
def repeated_keys(draw: st.DrawFn) -> tuple[list[str], Rows, Rows, dict[str, Tolerance]]:
    """Draw rows of few keys on few days, with two numbers, and a copy in which some have changed."""
    types = [draw(st.sampled_from(sorted(NUMBERS))) for _ in range(2)]
    row = st.tuples(
        st.none() | st.integers(1, 2), st.integers(1, 3), *(st.none() | NUMBERS[name] for name in types)
    )
    left = draw(st.lists(row, min_size=1, max_size=7))
    right = draw(st.permutations(left + draw(st.lists(row, max_size=2))))
    for place in draw(st.lists(st.integers(0, len(right) - 1), max_size=3)):
        changed = draw(row)
        right[place] = (*right[place][:2], changed[2], right[place][3])
    chosen = draw(st.sets(st.sampled_from(["v", "w"]), max_size=2))
    tolerances = {name: Tolerance(draw(LIMITS), draw(st.sampled_from([0, "0.5"]))) for name in sorted(chosen)}
    return types, left, right[draw(st.integers(0, 1)) :], tolerances


STEPS: dict[str, dict[str, Any]] = {
    "buckets": {"few": 1.0},
    "join": {"few": -1.0},
    "exact": {"exact": True},
    "stored by a column outside the key": {"by": "day"},
    "stored by the key": {"by": "k"},
    "stored whole": {"by": None},
}


def at_step(
    left: DataFrame, right: DataFrame, few: float = 1.0, exact: bool = False, **options: Any
) -> Comparison:
    if "by" in options:
        by = options.pop("by")
        options["fingerprints"] = tuple(fingerprint(frame, ["k"], by=by) for frame in (left, right))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "FEW", few)
        return compare(left, right, key=["k"], exact=exact, **options)


def answer(result: Comparison) -> tuple[Any, ...]:
    rows = result.rows
    counts = rows.matched, rows.changed, rows.left_only, rows.right_only
    differing = {c.name: c.differing for c in result.columns if c.differing.count}
    return result.verdict, counts, differing, [item.seen for item in result.expectations]


@pytest.mark.breadth
@settings(DRAWN, max_examples=2 * TIMES)
@given(drawn=repeated_keys())
def test_every_step_gives_the_answer_of_brute_force_where_keys_repeat(
    spark: SparkSession, oracle: Callable[..., Any], drawn: tuple[list[str], Rows, Rows, Any]
) -> None:
    """With tolerances, numbers that no double holds, null, NaN and both zeros."""
    types, *sides, tolerances = drawn
    schema = f"k int, day int, v {types[0]}, w {types[1]}"
    left, right = (frame_of_rows(spark, rows, schema) for rows in sides)
    names = ["k", "day", "v", "w"]
    tables = ([dict(zip(names, row, strict=True)) for row in rows] for rows in sides)
    truth = oracle(*tables, ["k"], names, tolerances)
    changes = [Expected("v", "value", WHY, "new.day = 1"), Expected(None, "row_removed", WHY, "old.day = 2")]
    found = {
        name: answer(at_step(left, right, tolerances=tolerances, changes=changes, **step))
        for name, step in STEPS.items()
    }
    _, counts, differing, _ = found["exact"]
    assert (counts[0], *(split.count for split in counts[1:])) == (
        truth.matched,
        truth.changed,
        truth.left_only,
        truth.right_only,
    )
    assert {name: split.count for name, split in differing.items()} == dict(truth.differing)
    assert {name: one == found["exact"] for name, one in found.items()} == dict.fromkeys(STEPS, True)
    rows = rows_that_differ(left, right, key=["k"], tolerances=tolerances, changes=changes)
    kinds = Counter((row["kind"], row["expected"]) for row in rows.select("kind", "expected").collect())
    splits = dict(zip(("changed", "left_only", "right_only"), counts[1:], strict=True))
    assert {kind: (kinds[kind, True], kinds[kind, False]) for kind in splits} == {
        kind: (split.expected, split.unexpected) for kind, split in splits.items()
    }


@pytest.mark.breadth
def test_a_key_that_repeats_is_one_multiset_at_every_step(spark: SparkSession) -> None:
    """A part that is equal holds rows of a key that has others elsewhere, which must not be dropped."""
    schema = "k int, day int, v int"
    left = frame_of_rows(spark, [(1, 1, 1), (1, 2, 1)], schema)
    right = frame_of_rows(spark, [(1, 1, 1), (1, 2, 2)], schema)
    declared = [Expected("v", "value", WHY)]
    found = [at_step(left, right, changes=declared, **step) for step in STEPS.values()]
    assert [(r.verdict, r.rows.left_only.unexpected, r.rows.changed.count) for r in found] == [
        ("fail", 1, 0)
    ] * len(STEPS)
    same = [at_step(left, left, **step) for step in STEPS.values()]
    assert [result.verdict for result in same] == ["pass"] * len(STEPS)
    assert same[2].reasons[-1] == (
        "1 key on the right repeats: rows that have the same key were compared as a multiset"
    )


@pytest.mark.breadth
def test_keys_that_repeat_are_counted_where_all_rows_were_read_and_nowhere_else(spark: SparkSession) -> None:
    """Buckets that are equal are not looked at, so nothing is said of their keys."""
    left = frame_of_rows(spark, [(1, 1), (1, 1), *((n, n) for n in range(2, 40))], "k int, v int")
    right = left.replace({39: 0}, subset=["v"])
    known = [at_step(left, right, **STEPS[step]).rows.duplicate_keys_left for step in ("buckets", "join")]
    assert known == [None, 1]


@pytest.mark.breadth
def test_a_tolerance_holds_for_rows_whose_key_repeats(spark: SparkSession) -> None:
    """As many rows as possible are matched: 1.0 with 1.1 and 1.1 with 1.2, not 1.1 with itself."""
    schema = "k int, v decimal(4,1), w int"
    one, two, three = Decimal("1.0"), Decimal("1.1"), Decimal("1.2")
    left = frame_of_rows(spark, [(1, one, 1), (1, two, 1), (2, one, 1), (2, two, 2)], schema)
    right = frame_of_rows(spark, [(1, two, 1), (1, three, 1), (2, two, 3), (2, one, 2)], schema)
    found = compare(left, right, key=["k"], tolerances={"v": Tolerance("0.1")})
    assert (found.rows.matched, found.rows.left_only.count, found.rows.right_only.count) == (3, 1, 1)
    assert [(s.kind, s.key["k"].text) for s in found.samples] == [("left_only", "2"), ("right_only", "2")]


@pytest.mark.breadth
def test_a_tolerance_that_takes_too_long_to_apply_is_said_to_be_left_out(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = frame_of_rows(spark, [(1, 1), (1, 10)], "k int, v int")
    right = frame_of_rows(spark, [(1, 2), (1, 11)], "k int, v int")
    tolerances = {"v": Tolerance(1)}
    monkeypatch.setattr(multiset, "MOST_PAIRS", 3)
    rows = [Expected(None, "row_removed", WHY), Expected(None, "row_added", WHY)]
    found = compare(left, right, key=["k"], tolerances=tolerances, changes=rows)
    assert (found.verdict, found.rows.left_only.expected) == ("incomplete", 2)
    assert "in rows whose key repeats was not compared: pairing them" in found.reasons[0]


def frames(
    spark: SparkSession, types: list[str], before: list[tuple[Any, ...]], after: list[tuple[Any, ...]]
) -> tuple[DataFrame, DataFrame]:
    """Return both tables, the second one with its columns in another order and with one more."""
    schema = ", ".join(["k1 int", "k2 string", *(f"{n} {t}" for n, t in zip(NAMES, types, strict=True))])
    left, right = (frame_of_rows(spark, rows, schema) for rows in (before, after))
    return left, right.select(*reversed(NAMES), F.lit(1).alias("extra"), "k2", "k1")


@pytest.mark.breadth
def test_a_swap_between_rows_of_one_key_cannot_hide_behind_another_difference(spark: SparkSession) -> None:
    """Sums by group of columns agree where values are swapped; that the key is not unique gives it away."""
    schema = ", ".join(["k int", *(f"{name} int" for name in "abcdefghi")])
    one, two = (1, *[0] * 4, *[1] * 4, 1), (1, *[0] * 4, *[2] * 4, 2)
    swapped = (1, *[0] * 4, *[1] * 4, 2), (1, *[0] * 4, *[2] * 4, 1)
    other, changed = (2, *[0] * 9), (2, 9, *[0] * 8)
    module = importlib.import_module("dwh.compare.fingerprints")  # the package has a function of this name
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BUCKETS", 1)
        result = compare(
            frame_of_rows(spark, [one, two, other], schema),
            frame_of_rows(spark, [*swapped, changed], schema),
            key=["k"],
            changes=[Expected("a", "value", WHY)],
        )
    rows = result.rows
    assert (rows.changed.expected, rows.left_only.unexpected, rows.right_only.unexpected) == (1, 2, 2)
    assert result.verdict == "fail"


@pytest.mark.breadth
def test_only_columns_that_differ_are_joined(spark: SparkSession) -> None:
    """A row that is on one side alone shows the columns that were read, and no column is missed."""
    wide = [F.expr(f"id * {n} AS c{n}") for n in range(20)]
    left = spark.range(50).select("id", *wide)
    right = left.withColumns({"c3": F.expr("if(id = 7, -1, c3)"), "c17": F.expr("if(id = 8, null, c17)")})
    result = compare(left, right, key=["id"])
    assert {c.name for c in result.columns if c.differing.count} == {"c3", "c17"}
    assert {c.name: c.to_null for c in result.columns if c.to_null} == {"c17": 1}
    assert result.measurement.step == "buckets"


def test_a_sum_that_has_overflowed_tells_nothing(spark: SparkSession) -> None:
    """Its columns are looked at, and rows whose hashes agree stay equal."""
    frame = frame_of_rows(spark, [(1, 1, 1)], "id int, a int, b int")
    schema = schema_of_frame(frame)
    tables = with_rows(pair_columns(schema, schema, Options(("id",))), frame, frame)
    known, lost = Sums(1, 0, (7,), (3,)), Sums(1, 0, (7,), (None,))
    assert known == lost
    for old, new in ((known, lost), (lost, lost)):
        assert columns_that_differ(tables, {0: old}, {0: new}, [0]) == tables.values

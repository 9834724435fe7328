"""`compare` from end to end: what it reports, and the cases that fool other tools."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from frames import frame_of_rows
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from dwh.compare import (
    ColumnChoiceError,
    Comparison,
    ComparisonError,
    KeyChoiceError,
    Tolerance,
    ToleranceError,
    compare,
    engine,
)
from dwh.compare.changes import Added, Expected, Removed, Renamed
from dwh.compare.report.markdown import to_markdown

EITHER_STEP = pytest.mark.usefixtures("either_step")
"""Of tests of what small tables and the ladder do each in their own way; `collected/test_step` holds
them to one another."""
NAN, INF = float("nan"), float("inf")
WHY = "because"

Frames = Callable[..., DataFrame]


def column(result: Comparison, name: str) -> Any:
    return next(found for found in result.columns if found.name == name)


# -- what fools other tools -----------------------------------------------------------------------

DIFFERENT: dict[str, tuple[str, Any, Any]] = {
    "bigints beyond a double": ("bigint", 2**60, 2**60 + 1),
    "a fourth decimal place": ("decimal(20,6)", Decimal("1.0001"), Decimal("1.0002")),
    "a trailing space": ("string", "a", "a "),
    "null and its name": ("string", None, "null"),
    "null and nothing": ("string", None, ""),
    "NaN and a number": ("double", NAN, 5.0),
    "infinities": ("double", INF, -INF),
    "NaN and null": ("double", NAN, None),
    "nested arrays": ("array<array<int>>", [[1], [2]], [[1, 2]]),
    "an empty array and null": ("array<int>", [], None),
    "arrays of nulls": ("array<int>", [None], [None, None]),
    "a map's null": ("map<string,int>", {"a": None}, {}),
    "a struct's null": ("struct<a:int,b:int>", (None, 1), (1, None)),
    "normal forms of one letter": ("string", "é", "e\u0301"),
}
ALIKE: dict[str, tuple[str, Any, Any]] = {
    "NaN": ("double", NAN, NAN),
    "zeros": ("double", 0.0, -0.0),
    "nested zeros and NaN": ("array<double>", [0.0, NAN], [-0.0, NAN]),
    "order in maps": ("map<string,int>", {"a": 1, "b": 2}, {"b": 2, "a": 1}),
    "nulls": ("struct<a:int>", None, None),
}


@pytest.mark.parametrize("ansi", ["true", pytest.param("false", marks=pytest.mark.breadth)])
@pytest.mark.parametrize("exact", [True, pytest.param(False, marks=pytest.mark.breadth)])
def test_values_that_differ_are_never_called_equal(
    spark: SparkSession, table: Frames, ansi: str, exact: bool
) -> None:
    """Each column holds one pair that some tool gets wrong, with ANSI mode on and off."""
    cases = {**DIFFERENT, **ALIKE}
    schema = "id int, " + ", ".join(f"c{i} {case[0]}" for i, case in enumerate(cases.values()))
    left, right = ((1, *(case[side] for case in cases.values())) for side in (1, 2))
    before = spark.conf.get("spark.sql.ansi.enabled") or "false"
    spark.conf.set("spark.sql.ansi.enabled", ansi)
    try:
        result = compare(table(schema, left), table(schema, right), key=["id"], exact=exact)
    finally:
        spark.conf.set("spark.sql.ansi.enabled", before)
    differing = {name for i, name in enumerate(cases) if column(result, f"c{i}").differing.count}
    assert differing == set(DIFFERENT)
    assert result.verdict == "fail"


MULTISETS: dict[str, tuple[list[str | None], list[str | None]]] = {
    "lost duplicate": (["x", "x"], ["x"]),
    "XOR and count agree": (["x", "x", "y"], ["z", "z", "y"]),
    "separator": (["a|b"], ["a", "b"]),
    "null": (["x", None], ["x", "x"]),
}


@EITHER_STEP
def test_keyless_tables_are_multisets(table: Frames) -> None:
    """{x, x} is not {x}, and pairs do not cancel out."""
    left, right = (
        table("name string, v string", *((name, v) for name, sides in MULTISETS.items() for v in sides[i]))
        for i in (0, 1)
    )
    result = compare(left, right)
    assert (result.verdict, result.rows.left_only.count, result.rows.right_only.count) == ("fail", 5, 5)
    shown = {
        side: {s.cells[0].old or s.cells[0].new for s in result.samples if s.kind == side}
        for side in ("left_only", "right_only")
    }
    assert {cell.text for cell in shown["left_only"] if cell} == set(MULTISETS)
    assert {cell.text for cell in shown["right_only"] if cell} == set(MULTISETS) - {"lost duplicate"}


@EITHER_STEP
def test_values_swapped_between_columns_differ(table: Frames) -> None:
    """(null, 1) is not (1, null), with a key and without."""
    left, right = table("id int, a int, b int", (1, None, 1)), table("id int, a int, b int", (1, 1, None))
    assert compare(left, right).verdict == compare(left, right, key=["id"]).verdict == "fail"


def test_values_swapped_between_keys_differ(table: Frames, ladder: None) -> None:
    """Sums over a column depend on the key."""
    result = compare(
        table("id int, v int", (1, 1), (2, 2)), table("id int, v int", (1, 2), (2, 1)), key=["id"]
    )
    assert result.rows.changed.unexpected == 2


# -- keys -----------------------------------------------------------------------------------------


def test_equal_tables_pass_by_the_cheapest_step(table: Frames, either_step: str) -> None:
    """Order of rows and columns does not matter, and is shown."""
    left = table("id int, v string", (1, "a"), (2, None), (3, "c"))
    result = compare(left, left.orderBy(F.desc("id")).select("v", "id"), key=["id"])
    step = "fingerprint" if either_step == "ladder" else "collected"
    assert (result.verdict, result.measurement.step, result.exit_code) == ("pass", step, 0)
    assert result.reasons == ("3 rows on each side, equal in 2 compared columns",)
    assert [c.status for c in result.schema].count("reordered") == 1
    assert result.rows.duplicate_keys_left == (None if either_step == "ladder" else 0)


@EITHER_STEP
def test_rows_of_duplicate_keys_are_never_paired_by_chance(table: Frames) -> None:
    """They are compared as multisets, and counted."""
    left = table("id int, v string", (1, "a"), (1, "b"), (2, "c"), (3, "d"))
    right = table("id int, v string", (1, "b"), (1, "a"), (2, "c"), (2, "x"), (3, "D"))
    result = compare(left, right, key=["id"])
    rows = result.rows
    assert (rows.matched, rows.changed.count, rows.left_only.count, rows.right_only.count) == (3, 1, 0, 1)
    assert (rows.duplicate_keys_left, rows.duplicate_keys_right) == (1, 2)
    assert (rows.duplicate_rows_left, rows.duplicate_rows_right) == (3, 4)
    assert result.verdict == "fail"


@EITHER_STEP
def test_null_keys_match_each_other_and_are_counted(table: Frames) -> None:
    """A single null key is counted on both sides."""
    left = table("a int, b int, v int", (None, 1, 1), (1, None, 2), (1, 1, 3))
    right = table("a int, b int, v int", (None, 1, 1), (1, None, 5), (1, 1, 3))
    result = compare(left, right, key=["a", "b"])
    assert (result.rows.null_keys_left, result.rows.null_keys_right) == (2, 2)
    assert (result.rows.matched, result.rows.changed.count) == (2, 1)


@EITHER_STEP
def test_keys_of_any_comparable_type_match_by_meaning(table: Frames) -> None:
    """Maps without order, -0.0 and 0.0, int and bigint."""
    left = table("k map<string,double>, n int, v int", ({"a": 0.0, "b": NAN}, 1, 1), ({}, 2, 1))
    right = table("k map<string,double>, n bigint, v int", ({"b": NAN, "a": -0.0}, 1, 2), ({}, 2, 1))
    result = compare(left, right, key=["k", "n"])
    assert (result.rows.matched, result.rows.changed.count) == (1, 1)
    assert column(result, "v").top[0].example["n"].text == "1"


def test_bad_keys_are_refused_with_the_columns_to_choose_from(table: Frames) -> None:
    """Missing, named twice, or of types without a common form."""
    left, right = table("id int, t string", (1, "1")), table("id int, t array<int>", (1, [1]))
    for key in (["nope"], ["id", "id"], ["t"]):
        with pytest.raises(KeyChoiceError, match="columns that both sides have"):
            compare(left, right, key=key)
    with pytest.raises(KeyChoiceError, match="no column in common"):
        compare(left.select("id"), right.select("t"))


# -- schema ---------------------------------------------------------------------------------------


def test_undeclared_changes_of_the_schema_fail(table: Frames) -> None:
    """Added, removed and retyped columns, even where all common values are equal."""
    left, right = table("id int, a int, b int", (1, 1, 1)), table("id int, a bigint, c int", (1, 1, 1))
    result = compare(left, right, key=["id"])
    assert result.verdict == "fail"
    assert {c.name: c.status for c in result.schema} == {
        "id": "same", "a": "type_changed", "c": "added", "b": "removed"
    }  # fmt: skip
    assert column(result, "a").differing.count == 0
    assert len(result.reasons) == 3


def test_declared_but_not_seen_is_reported(table: Frames) -> None:
    """It does not fail, and says what was not there."""
    frame = table("id int, v int", (1, 1))
    changes = [Renamed("v", "w", WHY), Added("x", WHY), Removed("y", WHY), Expected("v", "value", WHY)]
    result = compare(frame, frame, key=["id"], changes=changes)
    assert result.verdict == "pass"
    assert [e.status for e in result.expectations] == ["not seen"] * 4
    assert sum(reason.startswith("Declared but not seen") for reason in result.reasons) == 4


def test_columns_that_cannot_be_compared_make_it_incomplete(table: Frames) -> None:
    """They are named, never skipped."""
    deep = F.lit(1)
    for _ in range(14):
        deep = F.array(deep)
    frame = table("id int", (1,), (2,)).withColumn("deep", deep)
    result = compare(frame, frame, key=["id"])
    assert (result.verdict, result.exit_code) == ("incomplete", 3)
    assert "Column deep was not compared: it nests deeper than 12 levels" in result.reasons
    assert not column(result, "deep").compared


@EITHER_STEP
def test_any_name_of_a_column_is_safe(table: Frames) -> None:
    """Dots, backticks, spaces, and the names that the engine and SQL use themselves."""
    names = ["a.b", "`", "old", "l0", "r0", "kind", "x y", "select"]
    frames = [table("x int", (1,)).select(*(F.lit(v).alias(n) for n in names)) for v in (1, 2)]
    result = compare(*frames, key=[])
    assert result.rows.left_only.count == 1
    left = frames[0].withColumn("old", F.lit(3))
    assert column(compare(frames[0], left, key=["a.b", "`"]), "old").differing.count == 1


def test_two_columns_of_one_name_are_refused(table: Frames) -> None:
    """Nobody could say which is meant."""
    twice = table("a int, b int", (1, 2)).toDF("a", "a")
    with pytest.raises(ColumnChoiceError, match="two columns have this name"):
        compare(twice, twice)


# -- expectations ---------------------------------------------------------------------------------


@EITHER_STEP
def test_an_expectation_covers_only_what_it_describes(table: Frames) -> None:
    """Its column, its kind, and rows where the condition is true; null is not true."""
    left = table(
        "id int, v int, w int", (1, 1, 1), (2, 2, 1), (3, None, 1), (4, 4, None), (5, 5, 1), (6, 1, 1)
    )
    right = table(
        "id int, v int, w int", (1, 2, 1), (2, 9, 1), (3, 3, 1), (4, 5, None), (5, None, 1), (7, 1, 1)
    )
    where = "new.v - old.v = 1 and coalesce(old.w, if(old.id = 4, null, 0)) = 1"
    result = compare(left, right, key=["id"], changes=[Expected("v", "value", WHY, where=where)])
    found = column(result, "v")
    assert (found.differing.expected, found.differing.unexpected) == (1, 4)
    assert (found.to_null, found.from_null) == (1, 1)
    assert (result.rows.changed.expected, result.rows.changed.unexpected) == (1, 4)
    assert (result.rows.left_only.unexpected, result.rows.right_only.unexpected) == (1, 1)
    assert [(e.status, e.seen) for e in result.expectations] == [("seen", 1)]


@EITHER_STEP
def test_each_kind_of_declared_difference_passes(table: Frames) -> None:
    """Values, nulls both ways, rows added and removed; overlapping ones count once."""
    left = table("id int, v int, gone string", (1, 1, "a"), (2, None, "b"), (3, 3, "c"), (4, 4, "d"))
    right = table("id int, v int", (1, 2), (2, 2), (3, None), (5, 5))
    changes = [
        Removed("gone", WHY),
        Expected("v", "value", WHY),
        Expected("v", "value", WHY, where="old.gone = 'a'"),
        Expected("v", "to_null", WHY),
        Expected("v", "from_null", WHY, where="old.v is null"),
        Expected(None, "row_added", WHY, where="new.id = 5 and old.id is null"),
        Expected(None, "row_removed", WHY, where="old.gone = 'd'"),
    ]
    result = compare(left, right, key=["id"], changes=changes)
    assert result.verdict == "pass"
    assert [e.seen for e in result.expectations] == [1] * 7
    assert column(result, "v").differing.expected == 3
    assert all(sample.expected for sample in result.samples)


BROKEN = [
    "new.v >",
    "new.nope = 1",
    "v = 1",
    "count(1) > 0",
    "explode(array(true))",
    "row_number() over (order by 1) = 1",
    "new.v + 1",
    "rand() > 2",
    "new.v in (select 3)",
    "current_date > date'2013-01-01'",
    "raise_error(concat('row ', new.id)) is null",
]


@EITHER_STEP
def test_a_broken_condition_is_incomplete_and_never_a_pass(table: Frames) -> None:
    """Syntax, names, aggregates, generators, windows, types, and errors that only a row can cause."""
    left, right = table("id int, v int", (1, 1), (2, 2)), table("id int, v int", (1, 1), (2, 3))
    changes = [Expected("v", "value", WHY), *(Expected("v", "value", WHY, where=where) for where in BROKEN)]
    result = compare(left, right, key=["id"], changes=changes)
    assert result.verdict == "incomplete"
    good, *broken = result.expectations
    assert good.status == "seen"
    assert {e.where: (e.status, bool(e.problem)) for e in broken} == dict.fromkeys(BROKEN, ("broken", True))


def test_a_condition_counts_for_nothing_where_its_column_is_equal(spark: SparkSession) -> None:
    """So it may fail there, at each step."""
    left, right = (frame_of_rows(spark, [(1, text, 1)], "k int, t string, n int") for text in ("a", "b"))
    meant = Expected("n", "value", reason="asked for", where="CAST(new.t AS int) = 1")
    for exact in (False, True):
        found = compare(left, right, key="k", changes=[meant], exact=exact)
        assert (found.verdict, found.expectations[0].status) == ("fail", "not seen")


def test_an_expectation_on_a_column_of_one_side_is_broken(table: Frames) -> None:
    """There is nothing that it could cover."""
    left, right = table("id int", (1,)), table("id int, v int", (1, 1))
    result = compare(left, right, key=["id"], changes=[Added("v", WHY), Expected("v", "value", WHY)])
    assert (result.verdict, result.expectations[1].status) == ("incomplete", "broken")


@EITHER_STEP
def test_rows_of_a_keyless_table_can_be_expected(table: Frames) -> None:
    """Of equal rows, no more than those that the condition covers."""
    left = table("v int, note string", (1, "old"), (2, "x"), (2, "y"))
    right = table("v int, note string", (2, "x"), (3, "new"))
    changes = [
        Expected(None, "row_removed", WHY, where="old.v = 1 or old.note = 'x'"),
        Expected(None, "row_added", WHY, where="new.note = 'new'"),
    ]
    result = compare(left, right, ignore=["note"], changes=changes)
    assert (result.rows.left_only.expected, result.rows.left_only.unexpected) == (1, 1)
    assert (result.rows.right_only.expected, result.rows.right_only.unexpected) == (1, 0)


# -- tolerances, ignored columns, thresholds ------------------------------------------------------


@EITHER_STEP
def test_a_tolerance_covers_near_numbers_and_nothing_else(table: Frames) -> None:
    """Null, NaN and infinity are near nothing but themselves, whatever the tolerance."""
    left = [1.0, 1.0, 100.0, NAN, INF, None, 0.0, 1.0]
    right = [1.1, 1.3, 109.0, 1.0, 5.0, 0.0, -0.0, INF]
    frames = [table("id int, v double", *enumerate(values)) for values in (left, right)]
    result = compare(*frames, key=["id"], tolerances={"v": Tolerance(absolute=0.25, relative=0.1)})
    assert {s.key["id"].text for s in result.samples} == {"1", "3", "4", "5", "7"}
    numbers = column(result, "v").numbers
    assert (numbers.compared, numbers.max_absolute, column(result, "v").from_null) == (1, Decimal("0.3"), 1)
    assert column(result, "v").tolerance == result.measurement.tolerances["v"] == Tolerance(0.25, 0.1)


BEYOND_DOUBLES: dict[str, tuple[tuple[str, Any], tuple[str, Any], Tolerance, str]] = {
    "a thousand in 10^30": (
        ("decimal(38,2)", Decimal(10**30)), ("decimal(38,2)", Decimal(10**30 + 1000)),
        Tolerance("0.01"), "1000",
    ),
    "a cent in 9 * 10^14": (
        ("decimal(38,2)", Decimal("9e14")), ("decimal(38,2)", Decimal("900000000000000.01")),
        Tolerance("0.001"), "0.01",
    ),
    "one more than allowed": (("bigint", 0), ("bigint", 2**53 + 1), Tolerance(2**53), str(2**53 + 1)),
    "two scales": (
        ("decimal(38,0)", Decimal(10**20)), ("decimal(38,10)", Decimal("100000000000000000000.5")),
        Tolerance("0.4"), "0.5",
    ),
    "the last place": (
        ("decimal(38,18)", Decimal(1)), ("decimal(38,18)", Decimal("1.000000000000000001")), Tolerance(),
        "0.000000000000000001",
    ),
    "an integer and a double": (("bigint", 2**53 + 1), ("double", 2.0**53), Tolerance("0.5"), "1"),
    "one, not none": (("bigint", 2**60), ("bigint", 2**60 + 1), Tolerance(absolute=0.5), "1"),
    "the ends of bigint": (
        ("bigint", 2**63 - 1), ("bigint", -(2**63)), Tolerance(absolute=0.5), str(2**64 - 1),
    ),
    "two cents": (
        ("decimal(20,2)", Decimal("1.00")), ("decimal(20,2)", Decimal("1.02")), Tolerance(absolute=0.01),
        "0.02",
    ),
    "half of one": (("int", 1), ("double", 1.5), Tolerance(absolute=0.1), "0.5"),
}  # fmt: skip

WITHIN: dict[str, tuple[tuple[str, Any], tuple[str, Any], Tolerance]] = {
    "a cent": (
        ("decimal(20,2)", Decimal("0.10")), ("decimal(20,2)", Decimal("0.11")), Tolerance(absolute=0.01),
    ),
    "nothing": (("int", 1), ("double", 1.0), Tolerance(absolute=0.1)),
}  # fmt: skip


@pytest.mark.parametrize("exact", [False, pytest.param(True, marks=pytest.mark.breadth)])
def test_a_tolerance_misses_no_difference_that_a_double_would(table: Frames, exact: bool) -> None:
    """And how far apart the numbers are is said exactly, in the model and in the report."""
    cases = {**BEYOND_DOUBLES, **WITHIN}
    left, right = (
        table(
            ", ".join(["id int", *(f"`{name}` {case[side][0]}" for name, case in cases.items())]),
            (1, *(case[side][1] for case in cases.values())),
        )
        for side in (0, 1)
    )
    tolerances = {name: case[2] for name, case in cases.items()}
    found = compare(left, right, key=["id"], tolerances=tolerances, exact=exact)
    largest = {c.name: c.numbers.max_absolute for c in found.columns if c.numbers}
    assert largest == {name: Decimal(case[3]) for name, case in BEYOND_DOUBLES.items()}
    assert "largest 1e-18 (" in to_markdown(found)


def test_tolerances_that_mean_nothing_are_refused(table: Frames) -> None:
    """On text, on a key, without a key, on a missing column, or negative."""
    frame = table("id int, v string, n int", (1, "a", 1))
    for name, key in (("v", ["id"]), ("id", ["id"]), ("n", []), ("nope", ["id"])):
        with pytest.raises(ToleranceError, match=name):
            compare(frame, frame, key=key, tolerances={name: Tolerance(absolute=1)})
    with pytest.raises(ValueError, match="0 or more"):
        Tolerance(relative=-0.1)


def test_ignored_columns_are_shown_and_not_compared(table: Frames) -> None:
    """On both sides or on one; a name that neither side has is a mistake."""
    left, right = (
        table("id int, at int, x int, v int", (1, 1, 1, 1)),
        table("id int, at string, v int", (1, "2", 1)),
    )
    result = compare(left, right, key=["id"], ignore=["at", "x"], changes=[Expected("at", "value", WHY)])
    assert result.expectations[0].status == "not seen"
    assert (result.verdict, column(result, "at").ignored, result.measurement.ignored) == (
        "pass",
        True,
        ("at", "x"),
    )
    with pytest.raises(ColumnChoiceError, match="nope"):
        compare(left, right, key=["id"], ignore=["nope"])


@pytest.mark.parametrize(
    ("schemas", "key", "options"),
    [
        (("id int, v int", "id int, v int"), ["id"], {"ignore": ["v"]}),
        (("id int, v int", "id int, v int"), [], {"ignore": ["id", "v"]}),
        pytest.param(
            ("id int, v int", "id int, v int"), [], {"ignore": ["id", "v"], "exact": True},
            marks=pytest.mark.breadth,
        ),
        (("id int, v date", "id int, v int"), ["id"], {}),
        pytest.param(("id int, v date", "id int, v int"), ["id"], {"exact": True}, marks=pytest.mark.breadth),
        (("id int, v int", "id int, w int"), ["id"], {"changes": [Removed("v", WHY), Added("w", WHY)]}),
    ],
    ids=[
        "all but the key ignored", "all ignored", "all ignored, exact", "no common type",
        "no common type, exact", "no common column",
    ],
)  # fmt: skip
def test_where_no_value_was_compared_nothing_passes(
    table: Frames, schemas: tuple[str, str], key: list[str], options: dict[str, Any]
) -> None:
    """That the keys are equal, or as many rows are there, says nothing of the values."""
    left, right = (
        table(schema).union(
            table("a int, b int", (1, 1)).selectExpr("a", f"CAST(NULL AS {schema.split()[-1]})")
        )
        for schema in schemas
    )
    result = compare(left, right, key=key, **options)
    assert any(reason.startswith("Every value was not compared") for reason in result.reasons)
    assert result.verdict == ("fail" if any(c.fails for c in result.schema) else "incomplete")


def test_a_table_of_nothing_but_its_key_is_compared(table: Frames) -> None:
    frame = table("id int", (1,))
    assert compare(frame, frame, key=["id"]).verdict == "pass"


def test_a_threshold_allows_a_share_of_rows_and_is_shown(table: Frames) -> None:
    """It counts changed and one-sided rows against the larger side, and excuses nothing else."""
    left = table("id int, v int", *((i, i) for i in range(10)))
    right = left.withColumn("v", F.when(F.col("id") == 3, 0).otherwise(F.col("v")))
    held, broken = (compare(left, right, key=["id"], max_changed=share) for share in (0.1, 0.09))
    assert (held.verdict, held.thresholds[0].found, broken.verdict) == ("pass", 0.1, "fail")
    assert any("10.0000% of rows differ unexpectedly" in reason for reason in held.reasons)
    with_replaced = left.withColumn("id", F.col("id") + 100)
    assert compare(left, with_replaced, key=["id"], max_changed=1).verdict == "pass"
    assert "(limit 0.0000%)" in compare(left, right, key=["id"], max_changed=0).reasons[0]
    with pytest.raises(ComparisonError, match="share"):
        compare(left, right, max_changed=10)


@EITHER_STEP
def test_signed_zeros_are_told_apart_when_asked(table: Frames) -> None:
    """Also where only the sign differs, and whatever the tolerance."""
    schema = "id int, v double, near double"
    left, right = table(schema, (1, 0.0, 0.0)), table(schema, (1, -0.0, -0.0))
    assert compare(left, right, key=["id"]).verdict == "pass"
    result = compare(left, right, key=["id"], signed_zero=True, tolerances={"near": Tolerance(1)})
    assert [column(result, name).differing.count for name in ("v", "near")] == [1, 1]


# -- empty, large and moving data -----------------------------------------------------------------


@EITHER_STEP
def test_empty_sides_never_pass(table: Frames) -> None:
    """Two empty sides were not compared; one empty side fails, even if its rows were declared removed."""
    rows, none = table("id int, v int", (1, 1)), table("id int, v int")
    assert compare(none, none, key=["id"]).verdict == "incomplete"
    result = compare(rows, none, key=["id"], changes=[Expected(None, "row_removed", WHY)])
    assert (result.verdict, result.reasons[0]) == ("fail", "The right side is empty and the other has 1 row")


@EITHER_STEP
def test_what_a_report_holds_is_bounded(table: Frames) -> None:
    """Pairs, samples and texts, of which the part is shown where they differ."""
    long = "x" * 10_000
    left = table("id int, s string, b binary", *((i, long, b"\x00\xff" * 500) for i in range(30)))
    longer = F.concat("s", (F.col("id") % 3).cast("string"), "s")
    right = left.withColumn("s", longer).withColumn("b", F.lit(b"\x01"))
    result = compare(left, right, key=["id"], samples=4, top=2)
    pairs = column(result, "s").top
    assert [pair.count for pair in pairs] == [10, 10]
    assert (pairs[0].old.skipped, len(pairs[0].old.text), pairs[0].old.truncated) == (9_960, 40, False)
    assert (pairs[0].new.skipped, len(pairs[0].new.text), pairs[0].new.truncated) == (9_960, 200, True)
    assert {pair.new.text[40] for pair in pairs} < {"0", "1", "2"}
    assert len(result.samples) == 4
    binary = column(result, "b").top[0]
    assert (binary.old.text[:4], binary.old.truncated, binary.new.text) == ("00FF", True, "01")


def test_steps_that_contradict_each_other_are_incomplete(
    table: Frames, ladder: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A side that changes between two reads does not pass."""
    frame = table("id int, v int", (1, 1))
    sums = engine.bucket_sums
    monkeypatch.setattr(engine, "bucket_sums", lambda s: (sums(s)[0], {}))
    assert compare(frame, frame, key=["id"]).verdict != "pass"
    other = table("id int, v int", (1, 2))
    both = iter([sums(engine_input(frame, other))])
    monkeypatch.setattr(engine, "bucket_sums", lambda _: next(both))
    result = compare(frame, frame, key=["id"])
    assert (result.verdict, result.reasons[0][:8]) == ("incomplete", "The data")


def engine_input(left: DataFrame, right: DataFrame) -> Any:
    from dwh.compare.schema import Options, pair_columns, with_rows
    from dwh.compare.types import schema_of_frame

    schemas = pair_columns(schema_of_frame(left), schema_of_frame(right), Options(key=("id",)))
    return with_rows(schemas, left, right)


def test_an_assertion_carries_the_report(table: Frames) -> None:
    """`assert_pass` is silent on a pass, and raises the Markdown report otherwise."""
    frame = table("id int", (1,))
    compare(frame, frame).assert_pass()
    result = compare(frame, frame.unionAll(frame))
    with pytest.raises(AssertionError) as raised:
        result.assert_pass()
    assert str(raised.value) == to_markdown(result)
    assert "only on the right" in str(raised.value)

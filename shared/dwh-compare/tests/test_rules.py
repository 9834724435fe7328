"""Rules by column: what else counts as the same value."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from frames import frame_of_rows
from pyspark.sql import DataFrame, SparkSession

from dwh.compare import (
    AnyOrder,
    Comparison,
    IgnoreCase,
    Round,
    RuleError,
    Sql,
    Trim,
    Unicode,
    Within,
    compare,
    compare_stored,
    fingerprint,
    rows_that_differ,
)
from dwh.compare.changes import Renamed, Retyped
from dwh.compare.report.markdown import to_markdown
from dwh.compare.rules import parse_rules

Frames = Callable[..., DataFrame]
NINES, NEARLY, OTHER = Decimal("9" * 38), Decimal("9" * 37 + "6"), Decimal("9" * 37 + "4")
NOON = datetime(2013, 1, 15, 12)
CASES: dict[str, tuple[str, Any, Any, Any, Any]] = {  # type, rule, left, the same, another
    "trim": ("string", Trim(), "a b", " a b\t\n", "ab"),
    "case": ("string", IgnoreCase(), "Ärger", "äRGER", "Arger"),
    "case of one letter that is two": ("string", IgnoreCase(), "STRASSE", "straße", "strase"),
    "case at the end of a word": ("string", IgnoreCase(), "ΟΔΟΣ", "οδοσ", "οδο"),
    "unicode": ("string", Unicode(), "caf\u00e9", "cafe\u0301", "cafe"),
    "compatible": ("string", Unicode("NFKC"), "\ufb01n", "fin", "fIn"),
    "both": ("string", [Trim(), IgnoreCase()], "a", " A ", " B "),
    "round": ("double", Round(2), 1.001, 1.002, 1.02),
    "hundreds": ("int", Round(-2), 101, 149, 151),
    "tens of the largest byte": ("tinyint", Round(-1), 127, 126, 119),
    "tens of the largest integer": ("bigint", Round(-1), 2**63 - 1, 2**63 - 2, -(2**63)),
    "hundreds of decimals": ("decimal(10,2)", Round(-2), Decimal("49.99"), Decimal("-49.99"), Decimal("50")),
    "tens of the largest decimal": ("decimal(38,0)", Round(-1), NINES, NEARLY, OTHER),
    "order": ("array<string>", AnyOrder(), ["a", "b", "b"], ["b", "a", "b"], ["a", "a", "b"]),
    "elements": ("array<string>", [AnyOrder(), Trim()], ["a", None], [None, " a"], ["a"]),
    "order of maps": ("array<map<string,int>>", AnyOrder(), [{"a": 1}, {}], [{}, {"a": 1}], [{}, {"a": 2}]),
    "within": ("timestamp", Within("1s"), NOON, NOON + timedelta(seconds=1), NOON + timedelta(seconds=1.1)),
    "local": ("timestamp_ntz", Within("1d"), NOON, NOON - timedelta(days=1), NOON - timedelta(days=1.1)),
    "days": ("date", Within("1d"), NOON.date(), NOON.date() + timedelta(1), NOON.date() + timedelta(2)),
    "sql": ("int", Sql("left = -right"), 1, -1, 2),
    "sql of text": ("string", Sql("left(left, 1) = substr(right, 1, 1)"), "ab", "ac", "b"),
    "field": ("struct<a:string,b:string>", {"a": Trim()}, ("x", "y"), ("x ", "y"), ("x", "y ")),
    "near field": ("struct<a:int,b:int>", {"a": Sql("abs(left - right) < 2")}, (1, 1), (2, 1), (1, 2)),
    "times in an array": ("array<date>", Within("1d"), [NOON.date()], [NOON.date() + timedelta(1)], []),
    "pairs in an array": ("array<struct<a:int>>", {"a": Sql("left = -right")}, [(1,)], [(-1,)], []),
    "deep": ("array<struct<a:string>>", {"a": IgnoreCase()}, [("x",)], [("X",)], [("X",), ("X",)]),
}  # fmt: skip


@pytest.fixture
def table(spark: SparkSession) -> Frames:
    """Make a DataFrame from a schema and rows."""

    def make(schema: str, *rows: Any) -> DataFrame:
        return frame_of_rows(spark, list(rows), schema)

    return make


def looks_at_two(name: str) -> bool:
    """Whether a case has a rule for which hashes say nothing."""
    given = CASES[name][1]
    rules = list(given.values()) if isinstance(given, dict) else given if isinstance(given, list) else [given]
    return any(isinstance(rule, (Sql, Within)) for rule in rules)


FORMS = [name for name in CASES if not looks_at_two(name)]


def rows_of(table: Frames, names: list[str]) -> tuple[DataFrame, DataFrame]:
    """Return three rows with a column for each case: the same under its rule, another value, and null."""
    cases = [CASES[name] for name in names]
    schema = "id int, " + ", ".join(f"c{i} {case[0]}" for i, case in enumerate(cases))
    left = table(schema, *((n, *(case[2] for case in cases)) for n in (1, 2, 3)))
    same, other, null = ([case[i] if i else None for case in cases] for i in (3, 4, 0))
    return left, table(schema, (1, *same), (2, *other), (3, *null))


def rules_of(names: list[str]) -> dict[str, Any]:
    """Return the rules of the cases, each in a column of its own."""
    rules: dict[str, Any] = {}
    for i, name in enumerate(names):
        given = CASES[name][1]
        paths = {f"c{i}.{field}": rule for field, rule in given.items()} if isinstance(given, dict) else {}
        rules |= paths or {f"c{i}": given}
    return rules


def differing(result: Comparison) -> set[str]:
    return {column.name for column in result.columns if column.differing.count}


@pytest.mark.parametrize(
    ("names", "step"),
    [(FORMS, "collected"), pytest.param(list(CASES), "join", marks=pytest.mark.breadth)],
    ids=["forms", "all"],
)
def test_each_rule_joins_what_it_says_and_nothing_else(table: Frames, names: list[str], step: str) -> None:
    """Each case is a column: on one row the values are the same under its rule, on others not."""
    left, right = rows_of(table, names)
    result = compare(left, right, key=["id"], rules=rules_of(names))
    wrong = {name: c.differing.count for c, name in zip(result.columns[1:], names, strict=True)}
    assert wrong == dict.fromkeys(names, 2)
    assert (result.measurement.step, result.rows.matched, result.rows.changed.unexpected) == (step, 1, 2)


@pytest.mark.breadth
def test_all_rows_that_differ_are_those_that_no_rule_joins(table: Frames) -> None:
    rows = rows_that_differ(*rows_of(table, list(CASES)), key=["id"], rules=rules_of(list(CASES)))
    assert sorted(row["key"]["id"] for row in rows.select("key").collect()) == [2, 3]


def test_without_a_rule_all_of_them_differ(table: Frames) -> None:
    """What a rule joins is different otherwise; so the test above can fail."""
    cases = list(CASES.values())
    schema = "id int, " + ", ".join(f"c{i} {case[0]}" for i, case in enumerate(cases))
    left, right = (table(schema, (1, *(case[i] for case in cases))) for i in (2, 3))
    assert len(differing(compare(left, right, key=["id"]))) == len(CASES)


def test_keys_and_multisets_follow_normal_forms(table: Frames) -> None:
    """Keys meet under their rule; without a key rows are equal under it; values are shown as they are."""
    left, right = table("k string, v int", ("a ", 1), ("b", 2)), table("k string, v int", ("A", 1), ("B", 3))
    result = compare(left, right, key=["k"], rules={"k": "trim,ignore_case"})
    assert (result.rows.matched, result.rows.changed.count) == (1, 1)
    assert result.samples[0].key["k"].text in ("b", "B")
    same = table("k string, v int", ("A", 1), ("B", 2))
    assert compare(left, same, rules={"k": ["trim", IgnoreCase()]}).verdict == "pass"


def test_equal_fingerprints_prove_equality_and_unequal_ones_nothing(table: Frames) -> None:
    """Stored fingerprints answer where the values are the same; the rows do where a rule may join them."""
    left, right = table("k int, v string", (1, "a"), (2, "b")), table("k int, v string", (1, "a"), (2, "B"))
    rules = {"v": IgnoreCase()}
    one, other = (fingerprint(frame, ["k"], unique=True) for frame in (left, right))
    equal = compare_stored(one, one, rules=rules)
    assert equal and (equal.verdict, equal.columns[1].rules) == ("pass", ("ignore_case",))
    assert compare_stored(one, other, rules=rules) is None
    assert compare(left, right, key=["k"], rules=rules, fingerprints=(one, other)).verdict == "pass"
    never = {"v": Sql("false")}
    assert compare(left, left, key=["k"], rules=never).verdict == "pass"


def test_keys_that_a_rule_joins_are_not_called_unique_by_a_stored_fingerprint(table: Frames) -> None:
    """`a` and `A` are two keys to a fingerprint, and one under the rule."""
    left, right = table("k string, v int", ("a", 1), ("A", 2)), table("k string, v int", ("a", 2), ("A", 1))
    one, other = (fingerprint(frame, ["k"], unique=True) for frame in (left, right))
    rules = {"k": "ignore_case"}
    found = compare(left, right, key=["k"], rules=rules, fingerprints=(one, other))
    assert found.rows == compare(left, right, key=["k"], rules=rules).rows
    assert compare_stored(one, one, rules=rules) is None


def test_the_report_and_the_model_show_rules_beside_the_column(table: Frames) -> None:
    """So that nobody takes a number for more than it is."""
    left, right = (
        table("k int, s struct<a:string>", (1, ("x",))),
        table("k int, s struct<a:string>", (1, ("y",))),
    )
    result = compare(left, right, key=["k"], rules={"s.a": [Trim(), Unicode("NFC")]})
    assert Comparison.from_dict(result.to_dict()) == result
    assert result.measurement.rules == {"s.a": ("trim", "unicode(NFC)")}
    assert result.columns[1].rules == ("a: trim", "a: unicode(NFC)")
    report = to_markdown(result)
    assert "equal under a: trim, a: unicode(NFC)" in report
    assert "s.a: trim, unicode(NFC)" in report


def test_rules_are_read_from_text() -> None:
    """Commas in parentheses and quotes belong to the rule."""
    written = "trim, unicode(NFKC),round(-2),within(90s),sql(concat(left, ',)') = right)"
    assert parse_rules(written) == (
        Trim(), Unicode("NFKC"), Round(-2), Within(timedelta(seconds=90)), Sql("concat(left, ',)') = right"),
    )  # fmt: skip
    assert [str(rule) for rule in parse_rules("within(90s),within(2h),ignore_case")] == [
        "within(90s)", "within(2h)", "ignore_case",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("trimm", "the rules are trim, ignore_case"),
        ("", "the rules are"),
        ("trim(1)", "trim does not take this"),
        ("round(x)", "round does not take this"),
        ("within", "within does not take nothing"),
        ("within(1 fortnight)", "500ms, 1s, 5m"),
        ("within(999999999999999d)", "500ms, 1s, 5m"),
        ("unicode(NFX)", "NFC, NFD, NFKC"),
        ("sql( )", "a condition over left and right"),
        ("sql(rand() < 0.5)", "is not a function that a condition may use"),
        ("sql(left IN (SELECT 1))", "is not known"),
        ("sql(other = right)", "other is not known: write left and right"),
    ],
)
def test_text_that_is_no_rule_is_refused(text: str, said: str) -> None:
    """With what would be one."""
    with pytest.raises(RuleError, match=said.replace("(", r"\(")):
        parse_rules(text)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"w": "trim"}, "not a column of both sides"),
        ({"n": "trim"}, "it is int; this rule is for text"),
        ({"s": "trim"}, "this rule is for text"),
        ({"s.b": "trim"}, "has no field b"),
        ({"v": 3}, "give rules such as"),
        ({"k": "sql(true)"}, "the key is what pairs rows"),
        ({"a": "any_order", "a.x": "sql(true)"}, "the order of the array around it does not count"),
        ({"m.x": "trim"}, "map<string,string> has no field x"),
        ({"i": "trim"}, "the column is ignored"),
        ({"v": "sql(left ==== right)"}, "rule"),
        ({"s": "sql(left.nothing = right)"}, "rule"),
    ],
)
def test_rules_that_do_not_fit_are_refused(table: Frames, rules: Any, said: str) -> None:
    """Before anything is read."""
    schema = "k int, v string, n int, s struct<x:int>, a array<struct<x:int>>, i string, m map<string,string>"
    frame = table(schema, (1, "v", 1, (1,), [(1,)], "i", {}))
    with pytest.raises(RuleError, match=said):
        compare(frame, frame, key=["k"], ignore=["i"], rules=rules)


def test_pairs_need_a_key(table: Frames) -> None:
    """As a tolerance does."""
    frame = table("v int", (1,))
    with pytest.raises(RuleError, match="without a key"):
        compare(frame, frame, rules={"v": "sql(true)"})


@pytest.mark.breadth
def test_rules_that_look_at_pairs_match_rows_whose_key_repeats(table: Frames) -> None:
    """As many as possible, and what is left over is the same in the report and among all rows."""
    left, right = table("k int, v int", (1, 1), (1, 2), (2, 5)), table("k int, v int", (1, 3), (1, 2), (2, 6))
    chosen: dict[str, Any] = {"key": ["k"], "rules": {"v": "sql(abs(left - right) < 2)"}}
    assert compare(left, right, **chosen).verdict == "pass"
    assert not rows_that_differ(left, right, **chosen).collect()
    result = compare(left, right.union(table("k int, v int", (1, 9))), **chosen)
    assert [(s.kind, s.cells[0].new and s.cells[0].new.text) for s in result.samples] == [("right_only", "9")]
    rows = rows_that_differ(left, right.union(table("k int, v int", (1, 9))), **chosen).collect()
    assert [(row["kind"], row["right"]["v"]) for row in rows] == [("right_only", 9)]


def test_a_rule_and_a_tolerance_both_hold_where_one_side_is_floating(table: Frames) -> None:
    """Neither takes the other away: 10.4 rounds to 10, and 12.6 is near 12."""
    left, right = table("k int, v int", (1, 10), (2, 12)), table("k int, v double", (1, 10.4), (2, 12.6))
    chosen: dict[str, Any] = {"key": ["k"], "changes": Retyped("v", "int", "double", "measured")}
    found = compare(left, right, tolerances={"v": 0.7}, rules={"v": Round(0)}, **chosen)
    assert (found.verdict, found.columns[1].rules) == ("pass", ("round(0)",))
    few = compare(left, right, tolerances={"v": "0.1"}, rules={"v": Round(0)}, **chosen)
    assert (few.rows.matched, few.rows.changed.unexpected) == (1, 1)


def test_a_column_may_be_called_by_its_older_name(table: Frames) -> None:
    """As for tolerances; and a rule for a column that is ignored by one of its names is refused."""
    left, right = table("k int, old string", (1, "a")), table("k int, new string", (1, " a"))
    chosen: dict[str, Any] = {"key": ["k"], "changes": Renamed("old", "new", "clearer")}
    assert compare(left, right, rules={"old": "trim"}, **chosen).verdict == "pass"
    with pytest.raises(RuleError, match="the column is ignored"):
        compare(left, right, rules={"new": "trim"}, ignore=["old"], **chosen)


def test_samples_without_a_key_show_values_as_they_are(table: Frames) -> None:
    """Not in the form that a rule gives them."""
    left, right = table("v string", (" A ",), ("b",)), table("v string", ("b",))
    found = compare(left, right, rules={"v": "trim,ignore_case"}, exact=True)
    assert [sample.cells[0].old and sample.cells[0].old.text for sample in found.samples] == [" A "]

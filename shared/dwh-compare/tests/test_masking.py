"""Values of sensitive columns never reach a report."""

from __future__ import annotations

import json

import pytest
from frames import frame_of_rows
from pyspark.sql import SparkSession

from dwh.compare import ComparisonError, EngineError, Sql, Trim, compare
from dwh.compare.changes import Expected
from dwh.compare.report.html import to_html
from dwh.compare.report.markdown import to_markdown

SECRETS = ("ann@x.org", "bob@x.org", "cat@x.org", "987650123", "432109876")


def test_masked_values_are_in_no_report(spark: SparkSession) -> None:
    """Not in samples, keys, frequent changes, distances or conditions; what differs still looks different."""
    left = frame_of_rows(
        spark,
        [("ann@x.org", "a", 987650123), ("bob@x.org", "bob@x.org", 2)],
        "email string, other string, pay int",
    )
    right = frame_of_rows(
        spark, [("ann@x.org", "b", 432109876), ("cat@x.org", "b", 1)], "email string, other string, pay int"
    )
    declared = Expected("pay", kind="value", where="new.email = 'cat@x.org'", reason="asked for")
    result = compare(left, right, key="email", changes=[declared], mask=["email", "pay", "other"])
    reports = (json.dumps(result.to_dict(), ensure_ascii=False), to_markdown(result), to_html(result))
    for report in reports:
        assert not [secret for secret in (*SECRETS, "555540247") if secret in report]
        assert "•••2" in report
    assert "masked" in result.measurement.notes[-1]
    pair = next(column for column in result.columns if column.name == "pay").top[0]
    assert pair.old != pair.new


@pytest.mark.parametrize(
    "where",
    [
        "CAST(new.email AS int) = 1",
        pytest.param("CAST(concat_ws('', new.*) AS int) = 1", marks=pytest.mark.breadth),
    ],
)
def test_what_an_engine_says_of_a_condition_is_masked(spark: SparkSession, where: str) -> None:
    """It may quote the value on which the condition has failed; an engine's own words go with it."""
    left, right = (
        frame_of_rows(spark, [(1, email)], "id int, email string") for email in ("ann@x.org", "bob@x.org")
    )
    declared = Expected("email", kind="value", where=where, reason="asked for")
    result = compare(left, right, key="id", changes=[declared], mask="email")
    assert result.expectations[0].status == "broken"
    reports = (json.dumps(result.to_dict(), ensure_ascii=False), to_markdown(result), to_html(result))
    assert not [secret for secret in SECRETS for report in reports if secret in report]
    assert "cannot be applied: ⟨masked⟩" in " ".join(result.reasons)


def test_one_value_has_one_mask(spark: SparkSession) -> None:
    """So that a reader sees which rows belong together; nulls stay."""
    left = frame_of_rows(spark, [(1, "x"), (2, "x"), (3, None)], "id int, v string")
    right = frame_of_rows(spark, [(1, "y"), (2, "y"), (3, "y")], "id int, v string")
    cells = [row.cells[0] for row in compare(left, right, key="id", mask="v").samples]
    assert {(cell.old and cell.old.text, cell.new and cell.new.text) for cell in cells} == {
        ("•••1", "•••2"),
        (None, "•••2"),
    }


def test_a_masked_column_that_is_not_there_is_refused(spark: SparkSession) -> None:
    """A typo would show what was to be hidden."""
    frame = spark.range(1)
    with pytest.raises(ComparisonError, match="masked column 'emial': neither side has it"):
        compare(frame, frame, mask="emial")


def test_a_rule_of_a_masked_column_is_shown_without_its_condition(spark: SparkSession) -> None:
    """It may hold a value, as a declared condition may; of other columns it is shown."""
    schema = "id int, email string, `a.b` struct<c:string>, v int"
    left, right = (
        frame_of_rows(spark, [(1, email, (email,), 1)], schema) for email in ("ann@x.org", "bob@x.org")
    )
    secret, inside = Sql("left = 'cat@x.org'"), Sql("right = 'cat@x.org'")
    rules = {"email": [Trim(), secret], "`a.b`.c": inside, "v": Sql("left = -right")}
    result = compare(left, right, key="id", rules=rules, mask=["email", "a.b"])
    reports = (json.dumps(result.to_dict(), ensure_ascii=False), to_markdown(result), to_html(result))
    assert not [secret for secret in SECRETS for report in reports if secret in report]
    assert result.measurement.rules == {
        "email": ("trim", "sql(⟨masked⟩)"),
        "`a.b`.c": ("sql(⟨masked⟩)",),
        "v": ("sql(left = -right)",),
    }


def test_what_an_engine_says_of_a_rule_is_masked(spark: SparkSession) -> None:
    """A rule that fails on a value says what kind of error it is, and without a mask on which value."""
    left, right = (
        frame_of_rows(spark, [(1, email)], "id int, email string") for email in ("ann@x.org", "bob@x.org")
    )
    rules = {"email": "sql(CAST(left AS int) = CAST(right AS int))"}
    with pytest.raises(EngineError, match="the rest is left out, as it may hold masked values") as caught:
        compare(left, right, key="id", rules=rules, mask="email")
    assert "x.org" not in str(caught.value) and caught.value.__suppress_context__
    with pytest.raises(Exception, match=r"ann@x\.org"):
        compare(left, right, key="id", rules=rules)

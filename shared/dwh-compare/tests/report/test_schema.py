"""What the reports say of schemas and of declared changes."""

from __future__ import annotations

import dataclasses

from dwh.compare.model import Comparison, ExpectationResult, NotCompared
from dwh.compare.report import schema


def test_columns_that_fail_come_first_with_every_change(failing: Comparison) -> None:
    lines = schema.schema_lines(failing)
    assert [(line.column, line.tone) for line in lines] == [
        ("passengers", "unexpected"),
        ("delayed", "expected"),
        ("cancelled", "expected"),
    ]
    assert lines[0].what == "other type, other nullability, moved"
    assert (lines[0].left, lines[0].right) == ("int null, column 7", "bigint not null, column 8")
    assert lines[1].left == "late bigint"
    assert lines[2].left == ""


def test_a_change_that_neither_fails_nor_was_declared_has_no_tone(failing: Comparison) -> None:
    allowed = dataclasses.replace(failing.schema[-1], fails=False)
    assert schema.schema_lines(dataclasses.replace(failing, schema=(allowed,)))[0].tone == ""


def test_equal_schemas_are_said_in_one_sentence(passing: Comparison) -> None:
    assert schema.schema_lines(passing) == ()
    assert schema.schema_summary(passing) == "All 3 columns are the same on both sides."


def test_a_declared_change_that_was_not_seen_is_named_before_those_that_were(failing: Comparison) -> None:
    lines = schema.declarations(failing)
    assert [(line.what, line.outcome) for line in lines] == [
        ("on_time becomes null", "declared, but not seen"),
        ("delayed renamed", "seen"),
        ("cancelled added", "seen"),
        ("other values in on_time", "seen in 2,171 values"),
        ("other values in avg_delay", "seen in 13 values"),
        ("rows added", "seen in 2 rows"),
    ]
    assert [line.where for line in lines][-2:] == ["old.flights = 1", ""]


def test_a_broken_condition_comes_first_with_its_problem(failing: Comparison) -> None:
    broken = ExpectationResult("value", "on_time", "new.x > 0", "why", "broken", None, "no column x")
    changed = dataclasses.replace(failing, expectations=(*failing.expectations, broken))
    line = schema.declarations(changed)[0]
    assert (line.outcome, line.tone) == ("broken: no column x", "unexpected")


def test_what_was_not_compared_has_its_reason(passing: Comparison) -> None:
    gap = NotCompared("payload", "a type that has no order")
    assert schema.gaps(dataclasses.replace(passing, not_compared=(gap,))) == (
        ("payload", "a type that has no order"),
    )

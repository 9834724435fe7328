"""Declared changes of a type, against what contracts say."""

from __future__ import annotations

from typing import Any

from dwh.release.declared import false_declarations
from dwh.release.notes import declared_notes

RETYPED = {"change": "Retyped", "column": "a", "old": "string", "new": "date", "reason": "it is one"}


def jobs(column: str, *changes: dict[str, Any]) -> Any:
    writes = {"name": "shop.sales", "columns": [{"name": column}]}
    return {"sales": {"writes": writes, "changes": list(changes)}}


def test_a_declared_type_is_about_a_column_that_is_there() -> None:
    """The types are not mistaken for columns."""
    assert list(false_declarations(jobs("a"), jobs("a", RETYPED))) == []
    said = "sales declares Retyped(a, string, date), but its table has no column a"
    assert list(false_declarations(jobs("b"), jobs("b", RETYPED))) == [said]


def test_readers_are_told_which_type_to_read() -> None:
    """In the table of what differs, and as a step."""
    notes = declared_notes(jobs("a", RETYPED), {}, None)[0]
    assert "`string` → `date`" in repr(notes)
    assert notes.steps == ("Read `a` as `date`; it was `string`.",)

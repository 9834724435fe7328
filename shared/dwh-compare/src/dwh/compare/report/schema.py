"""What a report says of the schemas, of the declared changes and of what was left out.

Texts are `visible` and bounded, as in `view`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dwh.compare.report.view import Tone, name
from dwh.compare.safe_text import count, plural, prose, shorten

if TYPE_CHECKING:
    from dwh.compare.model import Comparison, ExpectationResult, SchemaColumn, SchemaSide

__all__ = ["Declaration", "SchemaLine", "declarations", "gaps", "schema_lines", "schema_summary"]

_CHANGES = {
    "same": "same",
    "renamed": "renamed",
    "added": "added",
    "removed": "removed",
    "type_changed": "other type",
    "nullability_changed": "other nullability",
    "reordered": "moved",
}
_DECLARED = {
    "value": "other values in {}",
    "to_null": "{} becomes null",
    "from_null": "{} is no longer null",
    "row_added": "rows added",
    "row_removed": "rows removed",
}


@dataclass(frozen=True)
class SchemaLine:
    """A column that the sides do not share as it is; `tone` is empty for a change that is allowed."""

    column: str
    left: str
    right: str
    what: str
    tone: Tone
    reason: str


@dataclass(frozen=True)
class Declaration:
    """A declared change; `tone` is expected if it was seen, unexpected if broken, empty if not seen."""

    what: str
    where: str
    reason: str
    outcome: str
    tone: Tone


def schema_lines(comparison: Comparison) -> tuple[SchemaLine, ...]:
    """The columns whose definition differs, those that fail first."""
    changed = [column for column in comparison.schema if column.status != "same"]
    changed.sort(key=lambda column: (not column.fails, not column.declared))
    return tuple(_schema_line(column) for column in changed)


def schema_summary(comparison: Comparison) -> str:
    """How many columns are the same on both sides."""
    same = sum(column.status == "same" for column in comparison.schema)
    if same == len(comparison.schema):
        return f"All {plural(same, 'column')} are the same on both sides." if same else "No columns."
    return f"{count(same)} of {plural(len(comparison.schema), 'column')} are the same on both sides."


def declarations(comparison: Comparison) -> tuple[Declaration, ...]:
    """What the line declared, the broken first, then what was not seen, then what was."""
    order = {"broken": 0, "not seen": 1, "seen": 2}
    ordered = sorted(comparison.expectations, key=lambda result: order[result.status])
    return tuple(_declaration(result) for result in ordered)


def gaps(comparison: Comparison) -> tuple[tuple[str, str], ...]:
    """What was not compared, and why."""
    return tuple((name(gap.what), prose(gap.why)) for gap in comparison.not_compared)


def _schema_line(column: SchemaColumn) -> SchemaLine:
    return SchemaLine(
        column=name(column.name),
        left=_side(column.left, column),
        right=_side(column.right, column),
        what=", ".join(_CHANGES[change] for change in column.changes or (column.status,)),
        tone="unexpected" if column.fails else "expected" if column.declared else "",
        reason=prose(column.reason),
    )


def _side(side: SchemaSide | None, column: SchemaColumn) -> str:
    """What one side has, with as much of it as the change is about."""
    if side is None:
        return ""
    changes = column.changes or (column.status,)
    called = f"{name(side.name)} " if "renamed" in changes else ""
    nulls = " null" if side.nullable else " not null"
    place = f", column {side.position + 1}" if "reordered" in changes else ""
    return called + name(side.type) + (nulls if "nullability_changed" in changes else "") + place


def _declaration(result: ExpectationResult) -> Declaration:
    column = name(result.column) if result.column is not None else ""
    what = _DECLARED.get(result.what, f"{{}} {name(result.what)}")
    return Declaration(
        what=what.replace("{}", column).strip(),
        where="" if result.where.strip() == "true" else shorten(result.where, 400),
        reason=prose(result.reason),
        outcome=_outcome(result),
        tone={"seen": "expected", "broken": "unexpected"}.get(result.status, ""),  # type: ignore[arg-type]
    )


def _outcome(result: ExpectationResult) -> str:
    if result.status == "broken":
        return f"broken: {prose(result.problem)}"
    if result.status == "not seen":
        return "declared, but not seen"
    if result.seen is None or result.what not in _DECLARED:
        return "seen"
    return f"seen in {plural(result.seen, 'row' if result.column is None else 'value')}"

"""Declared differences, as far as they can be read without an engine; `expectations` has the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dwh.compare.changes import Added, Change, Expected, Removed, Renamed, Retyped
from dwh.compare.conditions import problem_of, unknown_column
from dwh.compare.model import ExpectationResult, SchemaColumn
from dwh.compare.schema import Paired, Schemas
from dwh.compare.type_names import same_type

if TYPE_CHECKING:
    from pyspark.sql import Column

__all__ = ["Usable", "declared_schema", "read_conditions"]


@dataclass(frozen=True)
class Usable:
    """An expectation that the comparison can apply, or why it cannot.

    Attributes:
        pair: the column it is about; None for rows.
        problem: why it cannot be applied; empty if it can.
    """

    change: Expected
    pair: Paired | None = None
    problem: str = ""

    def covers(self) -> Column:
        """Return whether the condition is true, over columns `old` and `new`; never null."""
        from pyspark.sql import functions as F

        return F.coalesce(F.expr(self.change.where), F.lit(False))

    def result(self, seen: int | None) -> ExpectationResult:
        """Return what the report says of it."""
        status = "broken" if self.problem else "seen" if seen else "not seen"
        return ExpectationResult(
            self.change.kind,
            self.change.column,
            self.change.where,
            self.change.reason,
            status,  # type: ignore[arg-type]  # mypy does not see the three literals
            None if self.problem else seen,
            self.problem,
        )


def read_conditions(changes: Sequence[Change], schemas: Schemas) -> list[Usable]:
    """Return each `Expected` of the changes with what is wrong with it, as far as no engine must say it."""
    pairs = {pair.name: pair for pair in schemas.pairs if not pair.key}
    return [_read(change, pairs, schemas) for change in changes if isinstance(change, Expected)]


def _read(change: Expected, pairs: dict[str, Paired], schemas: Schemas) -> Usable:
    pair = pairs.get(change.column) if change.column else None
    if change.column and not (pair and (pair.form or pair.ignored)):
        return Usable(change, None, f"{change.column} is not a compared column outside the key")
    unknown = unknown_column(change.where, schemas.left_names, schemas.right_names)
    return Usable(change, pair, problem_of(change.where) or unknown)


def declared_schema(changes: Sequence[Change], schemas: Schemas) -> list[ExpectationResult]:
    """Return whether each declared change of the schema was seen."""
    return [_declared(change, schemas) for change in changes if not isinstance(change, Expected)]


def _declared(change: Renamed | Added | Removed | Retyped, schemas: Schemas) -> ExpectationResult:
    section = schemas.section
    names = {(column.left and column.left.name, column.right and column.right.name) for column in section}
    if isinstance(change, Renamed):
        what, column, seen = "renamed", f"{change.old} → {change.new}", (change.old, change.new) in names
    elif isinstance(change, Retyped):
        what, column, seen = "retyped", change.column, _retyped(change, section)
    elif isinstance(change, Added):
        what, column, seen = "added", change.column, (None, change.column) in names
    else:
        what, column, seen = "removed", change.column, (change.column, None) in names
    seen = seen or change in schemas.nested
    return ExpectationResult(what, column, "", change.reason, "seen" if seen else "not seen", int(seen))


def _retyped(change: Retyped, section: Sequence[SchemaColumn]) -> bool:
    types = [(c.left.type, c.right.type) for c in section if c.left and c.right and c.name == change.column]
    return any(same_type(change.old, old) and same_type(change.new, new) for old, new in types)

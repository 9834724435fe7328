"""Declared differences in values and rows: which of them can be used, and what each covers.

A condition is checked before it is used: it must be a boolean expression over the structs `old` and
`new` and nothing else (see `conditions`). One that is broken covers nothing, and makes the verdict
`incomplete`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_

from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from dwh.compare.changes import Added, Change, Expected, Removed, Renamed, Retyped
from dwh.compare.conditions import problem_of, unknown_column
from dwh.compare.errors import first_line
from dwh.compare.model import ExpectationResult, SchemaColumn
from dwh.compare.schema import Paired, Schemas, Tables
from dwh.compare.type_names import same_type

__all__ = ["Usable", "any_of", "both_rows", "declared_schema", "read_conditions", "usable"]


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


def any_of(conditions: Sequence[Column]) -> Column:
    """Return whether any condition is true."""
    return reduce(or_, conditions) if conditions else F.lit(False)


def both_rows(schemas: Schemas) -> list[Column]:
    """Return the structs `old` and `new` with the whole row of either side by its own names.

    In a row that is on one side alone, every field of the other is null.
    """
    old = [F.col(f"l{i}").alias(name) for i, name in enumerate(schemas.left_names)]
    new = [F.col(f"r{i}").alias(name) for i, name in enumerate(schemas.right_names)]
    return [F.struct(*old).alias("old"), F.struct(*new).alias("new")]


def usable(changes: Sequence[Change], schemas: Tables) -> list[Usable]:
    """Return each `Expected` of the changes with the column it is about and what is wrong with it."""
    known = read_conditions(changes, schemas)
    if not known:
        return []
    rows = schemas.left.limit(0).crossJoin(schemas.right.limit(0)).select(*both_rows(schemas))
    return [item if item.problem else _checked(item, rows) for item in known]


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


def _checked(item: Usable, rows: DataFrame) -> Usable:
    try:
        # A filter refuses what is no condition over one row: aggregates, windows, generators.
        _ = rows.where(F.expr(item.change.where)).schema
        _ = rows.select(item.covers()).schema
    except PySparkException as error:
        return replace(item, problem=first_line(error))
    return item


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

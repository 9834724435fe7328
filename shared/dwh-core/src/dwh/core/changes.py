"""What a line declares to be different from the line before.

Declared once, beside the job, in `Job.changes`. The comparison uses it to tell meant differences
from others, the release gate to see that a break was meant, the release notes to tell readers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dwh.core.contract import Column
from dwh.core.errors import DefinitionError, InvalidNameError

__all__ = ["Added", "Change", "Expected", "Kind", "Removed", "Renamed", "Retyped"]

Kind = Literal["value", "to_null", "from_null", "row_added", "row_removed"]


def _require_name(name: str) -> None:
    """Look whether this can be a column's name; files and DataFrames have names that no contract may have."""
    if not isinstance(name, str) or not name.strip():
        raise InvalidNameError("column", name, "a name that is not empty")


def _require_reason(change: Change) -> None:
    if not change.reason.strip():
        raise DefinitionError(repr(change), "say why in reason=; readers of the data will see it")


@dataclass(frozen=True)
class Renamed:
    """Column `old` is called `new` from this line on; its values and meaning are the same."""

    old: str
    new: str
    reason: str

    def __post_init__(self) -> None:
        _require_name(self.old)
        _require_name(self.new)
        _require_reason(self)


@dataclass(frozen=True)
class Retyped:
    """Column `column` has another type from this line on; its values mean the same.

    Parameters:
        column: its name in this line.
        old, new: the types in the line before and in this one, such as `string` and `date`.
        reason: why, for readers of the data.
    """

    column: str
    old: str
    new: str
    reason: str

    def __post_init__(self) -> None:
        _require_name(self.column)
        for name in ("old", "new"):
            object.__setattr__(self, name, Column("c", getattr(self, name)).type)
        if self.old == self.new:
            raise DefinitionError(repr(self), "old= and new= are the same type")
        _require_reason(self)


@dataclass(frozen=True)
class Added:
    """Column `column` is new in this line."""

    column: str
    reason: str

    def __post_init__(self) -> None:
        _require_name(self.column)
        _require_reason(self)


@dataclass(frozen=True)
class Removed:
    """Column `column` of the line before is gone."""

    column: str
    reason: str

    def __post_init__(self) -> None:
        _require_name(self.column)
        _require_reason(self)


@dataclass(frozen=True)
class Expected:
    """Values or rows that differ on purpose.

    Parameters:
        column: the column, by its name in this line; None for `row_added` and `row_removed`.
        kind: `value` (neither side null), `to_null`, `from_null`, or a row that is only in this
            line (`row_added`) or only in the line before (`row_removed`). A difference of another
            kind stays unexpected.
        where: a Spark SQL condition over `old` and `new`, the row in either line, by its own
            column names: `new.on_time <= old.on_time`. Only rows where it is true are covered.
        reason: why, for readers of the data.
    """

    column: str | None
    kind: Kind
    reason: str
    where: str = "true"

    def __post_init__(self) -> None:
        about_rows = self.kind in ("row_added", "row_removed")
        if self.kind not in ("value", "to_null", "from_null", "row_added", "row_removed"):
            raise DefinitionError(repr(self), "kind is value, to_null, from_null, row_added or row_removed")
        if about_rows != (self.column is None):
            raise DefinitionError(repr(self), "name a column, except for row_added and row_removed")
        if self.column is not None:
            _require_name(self.column)
        if not self.where.strip():
            raise DefinitionError(repr(self), "where= is empty; leave it out to cover every row")
        _require_reason(self)


Change = Renamed | Retyped | Added | Removed | Expected

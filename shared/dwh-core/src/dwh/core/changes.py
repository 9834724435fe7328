"""What a line declares to be different from the line before.

Declared once, beside the job, in `Job.changes`. The comparison uses it to tell meant differences
from others, the release gate to see that a break was meant, the release notes to tell readers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dwh.core.errors import DefinitionError
from dwh.core.names import valid_column

__all__ = ["Added", "Change", "Expected", "Kind", "Removed", "Renamed"]

Kind = Literal["value", "to_null", "from_null", "row_added", "row_removed"]


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
        valid_column(self.old)
        valid_column(self.new)
        _require_reason(self)


@dataclass(frozen=True)
class Added:
    """Column `column` is new in this line."""

    column: str
    reason: str

    def __post_init__(self) -> None:
        valid_column(self.column)
        _require_reason(self)


@dataclass(frozen=True)
class Removed:
    """Column `column` of the line before is gone."""

    column: str
    reason: str

    def __post_init__(self) -> None:
        valid_column(self.column)
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
            valid_column(self.column)
        if not self.where.strip():
            raise DefinitionError(repr(self), "where= is empty; leave it out to cover every row")
        _require_reason(self)


Change = Renamed | Added | Removed | Expected

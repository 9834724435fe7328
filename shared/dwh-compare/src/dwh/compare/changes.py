"""What a caller says is meant to differ between two tables.

The changes that lines of dwh declare beside their jobs (`dwh.core.changes`) have the same names and facts,
and are taken wherever these are: comparing needs none of dwh.core.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal, Protocol, runtime_checkable

from dwh.compare.errors import ComparisonError

__all__ = [
    "Added",
    "Change",
    "Contract",
    "ContractColumn",
    "Declared",
    "Expected",
    "Kind",
    "Removed",
    "Renamed",
    "Retyped",
    "as_change",
    "is_change",
]

Kind = Literal["value", "to_null", "from_null", "row_added", "row_removed"]
_KINDS = ("value", "to_null", "from_null", "row_added", "row_removed")


class Declared(Protocol):
    """A change, of this module or of dwh.core."""

    @property
    def reason(self) -> str:
        """Why, for readers of the data."""


class ContractColumn(Protocol):
    """What a comparison reads of a column in a contract."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def type(self) -> str:
        """Its type, as SQL writes it."""

    @property
    def sensitive(self) -> bool:
        """Whether its values must not be shown."""


@runtime_checkable
class Contract(Protocol):
    """What a comparison reads of a contract, such as a `dwh.core.Table`."""

    @property
    def key(self) -> Sequence[str]:
        """The columns that identify a row."""

    @property
    def columns(self) -> Sequence[ContractColumn]:
        """Its columns, in order."""

    @property
    def may_be_empty(self) -> bool:
        """Whether no rows are a valid table."""


@dataclass(frozen=True)
class Renamed:
    """Column `old` of the left is called `new` on the right; its values mean the same."""

    old: str
    new: str
    reason: str

    def __post_init__(self) -> None:
        _check(self, self.old, self.new)


@dataclass(frozen=True)
class Retyped:
    """Column `column` has the type `old` on the left and `new` on the right; its values mean the same."""

    column: str
    old: str
    new: str
    reason: str

    def __post_init__(self) -> None:
        _check(self, self.column)


@dataclass(frozen=True)
class Added:
    """Column `column` is on the right alone."""

    column: str
    reason: str

    def __post_init__(self) -> None:
        _check(self, self.column)


@dataclass(frozen=True)
class Removed:
    """Column `column` is on the left alone."""

    column: str
    reason: str

    def __post_init__(self) -> None:
        _check(self, self.column)


@dataclass(frozen=True)
class Expected:
    """Values or rows that differ on purpose.

    Parameters:
        column: the column, by its name on the right; None for `row_added` and `row_removed`.
        kind: `value` (neither side null), `to_null`, `from_null`, or a row that is only on the right
            (`row_added`) or only on the left (`row_removed`). A difference of another kind stays unexpected.
        where: a Spark SQL condition over `old` and `new`, the row on either side, by its own column names:
            `new.on_time <= old.on_time`. Only rows where it is true are covered.
        reason: why, for readers of the data.
    """

    column: str | None
    kind: Kind
    reason: str
    where: str = "true"

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise ComparisonError(f"{self!r}: kind is {', '.join(_KINDS[:-1])} or {_KINDS[-1]}")
        if self.kind.startswith("row_") != (self.column is None):
            raise ComparisonError(f"{self!r}: name a column, except for row_added and row_removed")
        if not self.where.strip():
            raise ComparisonError(f"{self!r}: where= is empty; leave it out to cover every row")
        _check(self, *([] if self.column is None else [self.column]))


Change = Renamed | Retyped | Added | Removed | Expected
_TYPES: Mapping[str, type[Change]] = {
    kind.__name__: kind for kind in (Added, Expected, Removed, Renamed, Retyped)
}


def is_change(value: object) -> bool:
    """Return whether a value is a change, of this module or of dwh.core."""
    kind = _TYPES.get(type(value).__name__)
    return kind is not None and all(hasattr(value, name) for name in _facts(kind))


def as_change(value: Declared) -> Change:
    """Return a change as one of this module."""
    kind = _TYPES[type(value).__name__]
    return kind(**{name: getattr(value, name) for name in _facts(kind)})


def _facts(kind: type[Change]) -> Iterator[str]:
    return (field.name for field in fields(kind))


def _check(change: Change, *names: str) -> None:
    if not all(isinstance(name, str) and name.strip() for name in names):
        raise ComparisonError(f"{change!r}: a column's name is text that is not empty")
    if not change.reason.strip():
        raise ComparisonError(f"{change!r}: say why in reason=; the report shows it")

"""Hide the values of sensitive columns in a result, before anyone prints or keeps it.

A value becomes `•••1`, `•••2`, …: the same value of a column has the same number within one result, so a
reader still sees what differs from what. Numbers say nothing about values, where a hash could be guessed
from a list of likely ones. Nulls stay, as the counts tell of them anyway.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dwh.compare.changes import Contract
from dwh.compare.errors import ColumnChoiceError
from dwh.compare.forms import quoted
from dwh.compare.model import (
    Cell,
    CellChange,
    ColumnResult,
    Comparison,
    ExpectationResult,
    Pair,
    SampleRow,
)

__all__ = ["check_masked", "masked", "sensitive_of"]

_MASK = "•••"
_HIDDEN = "⟨masked⟩"
_WHOLE_ROW = re.compile(r"(?<![\w.`])(old|new)\b(?!\s*\.\s*[^*\s])", re.IGNORECASE)


def masked(comparison: Comparison, columns: Sequence[str]) -> Comparison:
    """Return a comparison in which no value of some columns is left, called by either of their names.

    Raises ColumnChoiceError when neither side has such a column.
    """
    if not columns:
        return comparison
    names = _both_names(comparison, columns)
    masks = _Masks(names)
    expectations = tuple(_expectation(item, names) for item in comparison.expectations)
    problems = [
        item.problem
        for item, shown in zip(comparison.expectations, expectations, strict=True)
        if item.problem and shown.problem == _HIDDEN
    ]
    notes = (*comparison.measurement.notes, f"The values of {', '.join(columns)} are masked.")
    return replace(
        comparison,
        reasons=tuple(_without(reason, problems) for reason in comparison.reasons),
        columns=tuple(masks.column(column) for column in comparison.columns),
        samples=tuple(masks.sample(row) for row in comparison.samples),
        expectations=expectations,
        measurement=replace(
            comparison.measurement,
            notes=notes,
            rules={
                place: tuple(map(_rule, rules)) if _is_in(place, names) else rules
                for place, rules in comparison.measurement.rules.items()
            },
        ),
    )


def check_masked(columns: Iterable[str], known: Iterable[str]) -> None:
    """Raise ColumnChoiceError for a column to mask that neither side has.

    Parameters:
        known: the columns of both sides.
    """
    every = set(known)
    for name in columns:
        if name not in every:
            raise ColumnChoiceError("masked column", name, "neither side has it", sorted(every))


def sensitive_of(contracts: tuple[Contract, Contract] | None, known: Iterable[str]) -> tuple[str, ...]:
    """Return the columns that a contract calls sensitive, of those that are there."""
    there = set(known)
    columns = (column for table in contracts or () for column in table.columns if column.sensitive)
    return tuple(dict.fromkeys(column.name for column in columns if column.name in there))


def _both_names(comparison: Comparison, columns: Sequence[str]) -> frozenset[str]:
    """Return the names that the columns have on either side."""
    known = [{side.name for side in (column.left, column.right) if side} for column in comparison.schema]
    check_masked(columns, set[str]().union(*known))
    return frozenset[str]().union(*(names for names in known if names & set(columns)))


@dataclass
class _Masks:
    """The masks given out so far, by column and value."""

    names: Collection[str]
    known: dict[tuple[str, Cell], Cell] = field(default_factory=dict)
    given: dict[str, int] = field(default_factory=dict)

    def column(self, column: ColumnResult) -> ColumnResult:
        numbers = column.numbers
        if column.name in self.names and numbers:
            numbers = type(numbers)(numbers.compared)
        rules = tuple(map(_rule, column.rules)) if column.name in self.names else column.rules
        top = tuple(self._pair(column.name, pair) for pair in column.top)
        return replace(column, numbers=numbers, top=top, rules=rules)

    def sample(self, row: SampleRow) -> SampleRow:
        return replace(row, key=self._key(row.key), cells=tuple(map(self._change, row.cells)))

    def _pair(self, column: str, pair: Pair) -> Pair:
        old, new = self._two(column, pair.old, pair.new)
        return replace(pair, old=old, new=new, example=self._key(pair.example))

    def _change(self, change: CellChange) -> CellChange:
        if change.changed and change.old and change.new:
            old, new = self._two(change.column, change.old, change.new)
            return replace(change, old=old, new=new)
        shown = change.old and self._cell(change.column, change.old)
        return replace(change, old=shown, new=change.new and self._cell(change.column, change.new))

    def _key(self, key: Mapping[str, Cell]) -> dict[str, Cell]:
        return {name: self._cell(name, cell) for name, cell in key.items()}

    def _two(self, column: str, old: Cell, new: Cell) -> tuple[Cell, Cell]:
        """Return the masks of two values that differ, even where their texts were cut alike."""
        if column in self.names and old == new:
            return self._cell(column, old), self._next(column)
        return self._cell(column, old), self._cell(column, new)

    def _cell(self, column: str, cell: Cell) -> Cell:
        if column not in self.names or cell.text is None:
            return cell
        if (column, cell) not in self.known:
            self.known[column, cell] = self._next(column)
        return self.known[column, cell]

    def _next(self, column: str) -> Cell:
        self.given[column] = self.given.get(column, 0) + 1
        return Cell(f"{_MASK}{self.given[column]}")


def _expectation(item: ExpectationResult, names: Collection[str]) -> ExpectationResult:
    """Return a declared change whose condition, which may hold a value, is hidden if it is about a mask."""
    named = (re.search(rf"(?<!\w){re.escape(name)}(?!\w)", item.where, re.IGNORECASE) for name in names)
    if not (any(named) or _WHOLE_ROW.search(item.where)):
        return item
    return replace(item, where=_HIDDEN, problem=item.problem and _HIDDEN)


def _rule(text: str) -> str:
    """Return a rule without its condition, which may hold a value."""
    before, sql, _ = text.partition("sql(")
    return f"{before}{sql}{_HIDDEN})" if sql else text


def _is_in(place: str, names: Collection[str]) -> bool:
    """Return whether what a rule is for is one of some columns, or inside one."""
    written = [(name.lower(), quoted(name).lower()) for name in names]
    return any(
        place.lower() in both or place.lower().startswith(tuple(f"{n}." for n in both)) for both in written
    )


def _without(reason: str, problems: Iterable[str]) -> str:
    """Return a reason without what an engine said of a condition, as it may quote a value."""
    for problem in problems:
        reason = reason.replace(problem, _HIDDEN)
    return reason

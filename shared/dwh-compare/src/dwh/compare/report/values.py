"""The values that differ: column by column with the most frequent changes, and in sample rows.

Texts are `visible` and bounded, as in `view`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dwh.compare.report.view import Tone, name
from dwh.compare.safe_text import count, exact, quantity, show, show_among, show_pair
from dwh.compare.tolerance import percentage

if TYPE_CHECKING:
    from dwh.compare.model import Cell, CellChange, ColumnResult, Comparison, Pair, SampleRow

__all__ = [
    "Change",
    "Column",
    "Key",
    "Sample",
    "SampleCell",
    "columns",
    "key_text",
    "other_columns",
    "samples",
]

Key = tuple[tuple[str, str], ...]
"""The names and values of a key's columns."""

_SAID = {"left_only": "only left", "right_only": "only right", "changed": "changed"}


@dataclass(frozen=True)
class Change:
    """Old → new, how often, and the key of one row that has it."""

    old: str
    new: str
    unexpected: int
    expected: int
    example: Key


@dataclass(frozen=True)
class Column:
    """A column whose values differ. `whole`: the pairs of rows compared; `note`: what touched the number."""

    name: str
    unexpected: int
    expected: int
    whole: int
    nulls: str
    numbers: str
    note: str
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class SampleCell:
    """A column of a sample row; `tone` is empty where both sides are equal, or only one has the row."""

    column: str
    old: str
    new: str
    tone: Tone


@dataclass(frozen=True)
class Sample:
    """A row that differs: `kind` in words, its key, its columns and how many of them are left out."""

    kind: str
    key: Key
    tone: Tone
    cells: tuple[SampleCell, ...]
    left_out: int


def columns(comparison: Comparison) -> tuple[Column, ...]:
    """The columns whose values differ, those with most unexpected differences first."""
    whole = comparison.rows.matched + comparison.rows.changed.count
    differing = [column for column in comparison.columns if column.differing.count]
    differing.sort(key=lambda column: (-column.differing.unexpected, -column.differing.count))
    return tuple(_column(column, whole) for column in differing)


def other_columns(comparison: Comparison) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The names of the columns without a difference, under the word for what happened to them."""
    groups: dict[str, list[str]] = {"equal": [], "ignored": [], "not compared": []}
    for column in comparison.columns:
        if not column.differing.count:
            word = "ignored" if column.ignored else "equal" if column.compared else "not compared"
            groups[word].append(name(column.name))
    return tuple((word, tuple(names)) for word, names in groups.items() if names)


def samples(comparison: Comparison, most_cells: int) -> tuple[Sample, ...]:
    """The sample rows, each with at most `most_cells` columns, the changed ones first.

    A value that has nothing to be shown beside looks different from all others of its column.
    """
    known = _Texts(comparison.samples)
    return tuple(_sample(row, most_cells, known) for row in comparison.samples)


def key_text(key: Key) -> str:
    """A key on one line, as plain text."""
    return ", ".join(f"{column} = {value}" for column, value in key)


def _column(column: ColumnResult, whole: int) -> Column:
    return Column(
        name=name(column.name),
        unexpected=column.differing.unexpected,
        expected=column.differing.expected,
        whole=whole,
        nulls=_nulls(column),
        numbers=_numbers(column),
        note=_note(column),
        changes=tuple(_change(pair) for pair in column.top),
    )


def _nulls(column: ColumnResult) -> str:
    became = f"{count(column.to_null)} became null" if column.to_null else ""
    was = f"{count(column.from_null)} were null" if column.from_null else ""
    return ", ".join(filter(None, (became, was)))


def _numbers(column: ColumnResult) -> str:
    found = column.numbers
    if found is None or not found.compared:
        return ""
    furthest = "–" if found.max_absolute is None else exact(found.max_absolute)
    largest = f"largest {furthest} ({_times(found.max_relative)})"
    return f"{largest}, mean {quantity(found.mean_absolute)} ({_times(found.mean_relative)})"


def _times(relative: float | None) -> str:
    return "–" if relative is None else f"{relative * 100:.3g} %"


def _note(column: ColumnResult) -> str:
    renamed = f"{name(column.left_name)} on the left" if column.left_name else ""
    rules = f"equal under {', '.join(map(name, column.rules))}" if column.rules else ""
    return "; ".join(filter(None, (renamed, _within(column), rules)))


def _within(column: ColumnResult) -> str:
    if column.tolerance is None:
        return ""
    absolute, relative = column.tolerance.absolute, column.tolerance.relative
    within = [exact(absolute)] if absolute else []
    within += [f"{exact(percentage(relative))} %"] if relative else []
    return f"equal within {' or '.join(within) or '0'}"


def _change(pair: Pair) -> Change:
    old, new = _cells(pair.old, pair.new)
    return Change(old, new, pair.unexpected, pair.expected, _key(pair.example))


class _Texts:
    """The texts that are shown of each column without a partner: keys, and rows of one side."""

    def __init__(self, rows: Iterable[SampleRow]) -> None:
        self._known: dict[str, dict[str, None]] = {}
        for row in rows:
            alone = ((c.column, c.old or c.new) for c in row.cells if c.old is None or c.new is None)
            for column, cell in (*row.key.items(), *alone):
                if cell is not None and cell.text is not None:
                    self._known.setdefault(column, {})[cell.text] = None

    def show(self, column: str, cell: Cell | None) -> str:
        """Return a value as it is shown among the others."""
        if cell is None:
            return ""
        return show_among(cell.text, self._known.get(column, ())) + _cut(cell)


def _sample(row: SampleRow, most_cells: int, known: _Texts) -> Sample:
    cells = sorted(row.cells, key=lambda cell: (not cell.changed, cell.expected))
    return Sample(
        kind=_SAID[row.kind],
        key=tuple((name(column), known.show(column, cell)) for column, cell in row.key.items()),
        tone="expected" if row.expected else "unexpected",
        cells=tuple(_sample_cell(cell, known) for cell in cells[:most_cells]),
        left_out=max(0, len(cells) - most_cells),
    )


def _sample_cell(cell: CellChange, known: _Texts) -> SampleCell:
    if cell.old is None or cell.new is None:
        old, new = (known.show(cell.column, each) for each in (cell.old, cell.new))
        return SampleCell(name(cell.column), old, new, "")
    if not cell.changed:
        return SampleCell(name(cell.column), _cell(cell.old), _cell(cell.new), "")
    old, new = _cells(cell.old, cell.new)
    return SampleCell(name(cell.column), old, new, "expected" if cell.expected else "unexpected")


def _cells(old: Cell, new: Cell) -> tuple[str, str]:
    """Two values that differ, so that they look different, or that it is said where they do not."""
    if old == new and old.truncated:
        return _cell(old, "they differ further on"), _cell(new, "another value: they differ further on")
    left, right = show_pair(old.text, new.text)
    another = "⟨another value⟩" if old == new else ""  # whose text is the same
    return _before(old) + left + _cut(old), _before(new) + right + _cut(new) + another


def _cell(cell: Cell | None, cut: str = "the value continues") -> str:
    return "" if cell is None else show(cell.text) + _cut(cell, cut)


def _before(cell: Cell) -> str:
    return f"⟨{count(cell.skipped)} characters are the same⟩…" if cell.skipped else ""


def _cut(cell: Cell, said: str = "the value continues") -> str:
    return f"…⟨{said}⟩" if cell.truncated else ""


def _key(key: Mapping[str, Cell]) -> Key:
    return tuple((name(column), _cell(cell)) for column, cell in key.items())

"""Rows on one side only that look like rows on the other, as what differs in them was cut off.

Without a key, with one that repeats, or with a long one, a row that changed is on both sides as a row of its
own. Such rows get the part of their long values in which they differ, as `further_on` gives it to values that
are shown beside each other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from dwh.compare.fingerprints import compared, on
from dwh.compare.forms import SIDES, SideName
from dwh.compare.model import Cell, CellChange, SampleRow
from dwh.compare.schema import Paired, Tables
from dwh.compare.text import MAX_TEXT, text_of

__all__ = ["told_apart"]

_MOST_ROWS = 200  # of a side that look like one of the rows that are shown; more are not read

Look = tuple["str | None", ...]
"""What a report shows of the compared columns of a row."""

Part = Callable[[str, str], tuple[Cell, Cell]]
LongText = Callable[[SideName, Paired], str]


@dataclass(frozen=True)
class _Alike:
    """Rows of both sides that look alike.

    Attributes:
        places: of the samples, by side.
        cut: which of the compared columns were cut off.
    """

    places: Mapping[SideName, list[int]] = field(default_factory=lambda: {side: [] for side in SIDES})
    cut: list[int] = field(default_factory=list)


def told_apart(
    tables: Tables, samples: Sequence[SampleRow], long_text: LongText, part: Part
) -> tuple[SampleRow, ...]:
    """Return the samples, in which rows of one side that looked like others show where they differ.

    Parameters:
        long_text: says, as SQL, how much of a value is looked at.
        part: returns two texts from where they part.
    """
    shown, groups = list(samples), _groups(tables, samples)
    if not groups:
        return tuple(samples)
    long = {side: _read(side, tables, groups, long_text) for side in SIDES}
    for look, alike in groups.items():
        old, new = long["left"][look], long["right"][look]
        lefts, rights = sorted((old - new).keys(), key=str), sorted((new - old).keys(), key=str)
        for side, own, others in zip(SIDES, (lefts, rights), (rights, lefts), strict=True):
            for i, (place, texts) in enumerate(zip(alike.places[side], own, strict=False)):
                if others:
                    other = others[min(i, len(others) - 1)]
                    shown[place] = _from_where(shown[place], tables, alike.cut, texts, other, part)
    return tuple(shown)


def _groups(tables: Tables, samples: Sequence[SampleRow]) -> dict[Look, _Alike]:
    """Return the looks that rows of both sides have, and in which something was cut off."""
    found: dict[Look, _Alike] = defaultdict(_Alike)
    pairs = compared(tables)
    for place, row in enumerate(samples):
        cells = _cells(row)
        if row.kind == "changed" or any(pair.name not in cells for pair in pairs):
            continue
        texts = [cells[pair.name] for pair in pairs]
        alike = found[tuple(cell.text for cell in texts)]
        alike.places["left" if row.kind == "left_only" else "right"].append(place)
        alike.cut[:] = [i for i, cell in enumerate(texts) if cell.truncated]
    return {look: alike for look, alike in found.items() if alike.cut and all(alike.places.values())}


def _cells(row: SampleRow) -> dict[str, Cell]:
    values = {cell.column: cell.old or cell.new for cell in row.cells}
    return {**row.key, **{name: cell for name, cell in values.items() if cell is not None}}


def _read(
    side: SideName, tables: Tables, groups: Mapping[Look, _Alike], long_text: LongText
) -> Mapping[Look, Counter[Look]]:
    """Return the long texts of the rows that have each look; nothing where too many have."""
    pairs = compared(tables)
    cut = sorted({i for alike in groups.values() for i in alike.cut})
    rows = _looking_like(side, tables, groups, [long_text(side, pairs[i]) for i in cut])
    found: dict[Look, Counter[Look]] = defaultdict(Counter)
    collected = rows.limit(_MOST_ROWS + 1).collect()
    for row in collected if len(collected) <= _MOST_ROWS else ():
        look = tuple(text and text[:MAX_TEXT] for text in row[: len(pairs)])
        long = dict(zip(cut, row[len(pairs) :], strict=True))
        if look in groups:
            found[look][tuple(long[i] for i in groups[look].cut)] += 1
    return found


def _looking_like(
    side: SideName, tables: Tables, groups: Mapping[Look, _Alike], long: Sequence[str]
) -> DataFrame:
    """Return the texts of the rows whose cut columns look like those of some group, and long ones."""
    frame = tables.left if side == "left" else tables.right
    pairs = compared(tables)
    texts = [f"{text} AS t{i}" for i, text in enumerate(_texts(side, pairs))]
    rows = frame.selectExpr(*texts, *(f"{text} AS x{j}" for j, text in enumerate(long)))
    i = next(iter(groups.values())).cut[0]
    return rows.where(F.substring(f"t{i}", 1, MAX_TEXT).isin(sorted({str(look[i]) for look in groups})))


def _texts(side: SideName, pairs: Sequence[Paired]) -> Iterator[str]:
    for pair in pairs:
        types = (pair.left_type, pair.right_type)
        own, other = types if side == "left" else types[::-1]
        yield text_of(on(side, pair), own, other)


def _from_where(
    row: SampleRow, tables: Tables, cut: Sequence[int], own: Look, other: Look, part: Part
) -> SampleRow:
    """Return a row with its cut values from where they part from those of another."""
    names = [compared(tables)[i].name for i in cut]
    cells = {
        name: part(text, beside)[0]
        for name, text, beside in zip(names, own, other, strict=True)
        if text and beside and text != beside
    }
    key = {name: cells.get(name, cell) for name, cell in row.key.items()}
    return replace(row, key=key, cells=tuple(_with(cell, cells.get(cell.column)) for cell in row.cells))


def _with(change: CellChange, cell: Cell | None) -> CellChange:
    if cell is None:
        return change
    return replace(change, old=cell) if change.old is not None else replace(change, new=cell)

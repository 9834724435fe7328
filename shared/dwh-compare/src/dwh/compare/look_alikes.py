"""Rows on one side only that look like rows on the other, as what differs in them was cut off.

Without a key, with one that repeats, or with a long one, a row that changed is on both sides as a row of its
own. Such rows get the part of their long values in which they differ, as `further_on` gives it to values that
are shown beside each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from dwh.compare.fingerprints import compared, on
from dwh.compare.forms import SIDES, SideName
from dwh.compare.model import Cell, CellChange, SampleRow
from dwh.compare.schema import Paired, Tables
from dwh.compare.text import MAX_TEXT, text_of

__all__ = ["told_apart"]

_MOST_LOOKS = 50  # that rows of both sides have, and that are looked at; each takes a condition a column

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
    surplus = _surplus(tables, groups, long_text)
    for look, alike in groups.items():
        lefts, rights = (surplus[side][look] for side in SIDES)
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
    both = [(look, alike) for look, alike in found.items() if alike.cut and all(alike.places.values())]
    return dict(both[:_MOST_LOOKS])


def _cells(row: SampleRow) -> dict[str, Cell]:
    values = {cell.column: cell.old or cell.new for cell in row.cells}
    return {**row.key, **{name: cell for name, cell in values.items() if cell is not None}}


def _surplus(
    tables: Tables, groups: Mapping[Look, _Alike], long_text: LongText
) -> Mapping[SideName, Mapping[Look, list[Look]]]:
    """Return the long texts that one side has more of than the other, as many as are shown of each look.

    However many rows look alike, only these leave the engine.
    """
    width, cut = len(compared(tables)), sorted({i for alike in groups.values() for i in alike.cut})
    texts, long = [f"t{i}" for i in range(width)], [f"x{i}" for i in cut]
    left, right = (_looking_like(side, tables, groups, cut, long_text) for side in SIDES)
    counted = left.unionAll(right).groupBy(*texts, *long).agg(F.sum("one").alias("more")).where("more <> 0")
    place = Window.partitionBy(*texts, F.expr("more > 0")).orderBy(*long)
    most = max(len(places) for alike in groups.values() for places in alike.places.values())
    found: dict[SideName, dict[Look, list[Look]]] = {side: defaultdict(list) for side in SIDES}
    for row in counted.withColumn("place", F.row_number().over(place)).where(f"place <= {most}").collect():
        look = tuple(text and text[:MAX_TEXT] for text in row[:width])
        if look in groups:
            side: SideName = "left" if row["more"] > 0 else "right"
            found[side][look].append(tuple(row[f"x{i}"] for i in groups[look].cut))
    for texts_of in found.values():
        for known in texts_of.values():
            known.sort(key=str)
    return found


def _looking_like(
    side: SideName, tables: Tables, groups: Mapping[Look, _Alike], cut: Sequence[int], long_text: LongText
) -> DataFrame:
    """Return the texts of the rows that look like those of some group, the long ones, and 1 or -1."""
    frame, pairs = tables.left if side == "left" else tables.right, compared(tables)
    texts = [f"{text} AS t{i}" for i, text in enumerate(_texts(side, pairs))]
    long = [f"{long_text(side, pairs[i])} AS x{i}" for i in cut]
    rows = frame.selectExpr(*texts, *long, f"{1 if side == 'left' else -1} AS one")
    return rows.where(reduce(Column.__or__, (_has_look(look) for look in groups)))


def _has_look(look: Look) -> Column:
    shown = (F.substring(f"t{i}", 1, MAX_TEXT).eqNullSafe(F.lit(text)) for i, text in enumerate(look))
    return reduce(Column.__and__, shown)


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

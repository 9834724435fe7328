"""Long values that differ only after the part that a report shows: the part around the first difference.

Values are cut to length where they are read. Of the few that are to be shown, and were cut alike, more is
read here, by one job; by none where there are no such values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F

from dwh.compare.evidence import ColumnFound, Evidence
from dwh.compare.forms import SIDES, SideName
from dwh.compare.look_alikes import told_apart
from dwh.compare.model import Cell, CellChange, Pair, SampleRow
from dwh.compare.schema import Paired, Tables
from dwh.compare.text import MAX_TEXT, text_of

__all__ = ["shown_further_on"]

MOST = 100_000
"""How many characters of a value are looked at."""

_BEFORE = 40  # characters that are shown before the difference

Place = tuple[tuple[str | None, ...], str]
"""The texts of a row's key, and the name of a column."""

Both = tuple[Cell, Cell]


@dataclass(frozen=True)
class _Wanted:
    """Cells that were cut alike, and the columns that they are in."""

    keys: frozenset[tuple[str | None, ...]]
    columns: frozenset[str]


def shown_further_on(tables: Tables, evidence: Evidence) -> Evidence:
    """Return what was found, in which values that were cut alike are shown from where they part."""
    evidence = replace(
        evidence, samples=told_apart(tables, evidence.samples, _long_text, _from_where_they_part)
    )
    places = {*_in_samples(evidence.samples), *_in_changes(evidence.columns)}
    if not places:
        return evidence
    wanted = _Wanted(frozenset(key for key, _ in places), frozenset(name for _, name in places))
    known = dict(_read(tables, wanted))
    columns = {name: _column(name, found, known) for name, found in evidence.columns.items()}
    return replace(evidence, samples=tuple(_sample(row, known) for row in evidence.samples), columns=columns)


def _cut_alike(old: Cell | None, new: Cell | None) -> bool:
    return old is not None and old == new and old.truncated


def _key(key: Mapping[str, Cell]) -> tuple[str | None, ...]:
    return tuple(cell.text for cell in key.values())


def _in_samples(samples: Sequence[SampleRow]) -> Iterator[Place]:
    for row in samples:
        yield from ((_key(row.key), c.column) for c in row.cells if c.changed and _cut_alike(c.old, c.new))


def _in_changes(columns: Mapping[str, ColumnFound]) -> Iterator[Place]:
    for name, found in columns.items():
        yield from ((_key(pair.example), name) for pair in found.top if _cut_alike(pair.old, pair.new))


def _sample(row: SampleRow, known: Mapping[Place, Both]) -> SampleRow:
    return replace(row, cells=tuple(_change(cell, _key(row.key), known) for cell in row.cells))


def _change(cell: CellChange, key: tuple[str | None, ...], known: Mapping[Place, Both]) -> CellChange:
    both = known.get((key, cell.column)) if cell.changed and _cut_alike(cell.old, cell.new) else None
    return replace(cell, old=both[0], new=both[1]) if both else cell


def _column(name: str, found: ColumnFound, known: Mapping[Place, Both]) -> ColumnFound:
    return replace(found, top=tuple(_pair(pair, known.get((_key(pair.example), name))) for pair in found.top))


def _pair(pair: Pair, both: Both | None) -> Pair:
    return replace(pair, old=both[0], new=both[1]) if both and _cut_alike(pair.old, pair.new) else pair


def _read(tables: Tables, wanted: _Wanted) -> Iterator[tuple[Place, Both]]:
    """Yield the values of the wanted rows that part within what is looked at."""
    pairs = [pair for pair in tables.values if pair.name in wanted.columns]
    sides = [_rows(side, tables, pairs, wanted) for side in SIDES]
    same = " AND ".join(f"left_k{n} <=> right_k{n}" for n in range(len(tables.key)))
    found: dict[Place, set[tuple[str | None, str | None]]] = {}
    for row in sides[0].join(sides[1], F.expr(same)).collect():
        key = tuple(row[f"k{n}"] for n in range(len(tables.key)))
        for i, pair in enumerate(pairs):
            found.setdefault((key, pair.name), set()).add((row[f"left_t{i}"], row[f"right_t{i}"]))
    for place, texts in found.items():
        old, new = texts.pop()
        if not texts and old and new and old != new:  # keys may look alike: then nobody knows whose it is
            yield place, _from_where_they_part(old, new)


def _rows(side: SideName, tables: Tables, pairs: Sequence[Paired], wanted: _Wanted) -> Any:
    frame = tables.left if side == "left" else tables.right
    keys = [f"{pair.comparable(side)} AS {side}_k{n}" for n, pair in enumerate(tables.key)]
    texts = [f"{_long_text(side, pair)} AS {side}_t{i}" for i, pair in enumerate(pairs)]
    if side == "right":
        return frame.selectExpr(*keys, *texts)
    shown = [f"{text_of(pair.left, pair.left_type)} AS k{n}" for n, pair in enumerate(tables.key)]
    rows = frame.selectExpr(*shown, *keys, *texts)
    return rows.where(reduce(Column.__or__, (_is(key) for key in sorted(wanted.keys, key=str))))


def _is(key: tuple[str | None, ...]) -> Column:
    return reduce(
        Column.__and__,
        (F.substring(f"k{n}", 1, MAX_TEXT).eqNullSafe(F.lit(text)) for n, text in enumerate(key)),
    )


def _long_text(side: SideName, pair: Paired) -> str:
    own, other = (pair.left_type, pair.right_type) if side == "left" else (pair.right_type, pair.left_type)
    return text_of(pair.left if side == "left" else pair.right, own, other, most=MOST)


def _from_where_they_part(old: str, new: str) -> Both:
    same = next(
        (i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new))
    )
    start = max(0, same - _BEFORE)
    return _from(old, start), _from(new, start)


def _from(text: str, start: int) -> Cell:
    return Cell(text[start : start + MAX_TEXT], start + MAX_TEXT < len(text), start)

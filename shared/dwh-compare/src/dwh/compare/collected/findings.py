"""Counts, frequent changes and samples of two small sides, as the steps for large tables give them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from dwh.compare.collected.judging import Judged, JudgedSurplus
from dwh.compare.collected.rows import CollectedRow
from dwh.compare.evidence import ColumnFound
from dwh.compare.findings import KINDS, in_order
from dwh.compare.model import Cell, CellChange, Numbers, Pair, RowKind, SampleRow, Split
from dwh.compare.multiset import one_sided
from dwh.compare.schema import Paired, Tables
from dwh.compare.text import cell
from dwh.compare.tolerance import Number, distance

__all__ = ["columns_found", "samples_of", "split_of", "surplus_samples"]


def split_of(rows: Iterable[Judged], kind: RowKind) -> Split:
    """Return how many rows of a kind there are."""
    marks = [row.expected for row in rows if row.kind == kind]
    return Split(len(marks), sum(marks), len(marks) - sum(marks))


def columns_found(rows: Sequence[Judged], tables: Tables, top: int) -> dict[str, ColumnFound]:
    """Return how the values of each column differ in which some do.

    Parameters:
        top: how many of the most frequent changes to return for a column.
    """
    by_place: dict[int, list[Judged]] = defaultdict(list)
    for row in rows:
        for place in row.places:
            by_place[place].append(row)
    return {tables.values[i].name: _column(by_place[i], i, tables, top) for i in sorted(by_place)}


def _column(rows: Sequence[Judged], i: int, tables: Tables, top: int) -> ColumnFound:
    pair, place = tables.values[i], len(tables.key) + i
    expected = sum(i in row.expected_places for row in rows)
    return ColumnFound(
        Split(len(rows), expected, len(rows) - expected),
        to_null=sum(row.new.texts[place] is None for row in rows),
        from_null=sum(row.old.texts[place] is None for row in rows),
        numbers=_numbers(rows, place) if pair.numeric else None,
        top=_top(rows, i, tables, top),
    )


def _numbers(rows: Iterable[Judged], place: int) -> Numbers:
    both = [(row.old.numbers[place], row.new.numbers[place]) for row in rows]
    known = [apart for old, new in both if (apart := _apart(old, new))]
    absolute, relative = [far for far, _ in known], [share for _, share in known]
    return Numbers(
        len(absolute),
        max(absolute, default=None),
        _mean([float(far) for far in absolute]),
        max(relative, default=None),
        _mean(relative),
    )


def _apart(old: Number | None, new: Number | None) -> tuple[Decimal, float] | None:
    """Return how far two numbers are apart, and as a share of the larger; None unless all is finite."""
    if old is None or new is None or not (math.isfinite(old) and math.isfinite(new)):
        return None
    largest = max(abs(float(old)), abs(float(new)))
    apart = distance(old, new)
    if not apart.is_finite():
        return None
    return apart, float(apart) / largest if largest else 0.0


def _mean(numbers: Sequence[float]) -> float | None:
    mean = math.fsum(numbers) / len(numbers) if numbers else None
    return mean if mean is not None and math.isfinite(mean) else None


def _top(rows: Sequence[Judged], i: int, tables: Tables, top: int) -> tuple[Pair, ...]:
    """Return the most frequent changes of a column, each with its row of the smallest hash of the key."""
    by_change: dict[tuple[int, int], list[Judged]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.old.key[0]):
        by_change[row.old.values[i], row.new.values[i]].append(row)
    frequent = sorted(by_change.values(), key=lambda alike: (-len(alike), alike[0].old.key[0]))[:top]
    return in_order(_pair(alike, i, tables) for alike in frequent)


def _pair(alike: Sequence[Judged], i: int, tables: Tables) -> Pair:
    example, place = alike[0], len(tables.key) + i
    expected = sum(i in row.expected_places for row in alike)
    old, new = (cell(row.texts[place]) for row in (example.old, example.new))
    return Pair(old, new, len(alike), expected, len(alike) - expected, _key(example.old.texts, tables))


def _key(texts: Sequence[str | None], tables: Tables) -> dict[str, Cell]:
    return {pair.name: cell(text) for pair, text in zip(tables.key, texts, strict=False)}


def samples_of(rows: Iterable[Judged], tables: Tables, samples: int) -> list[SampleRow]:
    """Return at most so many rows of each kind, the unexpected ones first, then by key."""
    chosen: list[SampleRow] = []
    for kind in KINDS:
        found = [row for row in rows if row.kind == kind]
        found.sort(key=lambda row: (row.expected, _order(row.old, tables)))
        chosen += [_sample(row, tables) for row in found[:samples]]
    return chosen


def _order(row: CollectedRow, tables: Tables) -> tuple[object, ...]:
    """Return what rows are sorted by: see `_order` of the steps for large tables."""
    parts: list[tuple[object, ...]] = []
    for pair, number, text in zip(tables.key, row.numbers, row.texts, strict=False):
        parts += [_rank(number)] if pair.numeric else []
        parts.append(_text_rank(text))
    return (*parts, row.key[0])


def _rank(number: Number | None) -> tuple[bool, bool, float]:
    """Return a number's place: nulls first, NaN last."""
    value = 0.0 if number is None else float(number)
    return number is not None, math.isnan(value), 0.0 if math.isnan(value) else value


def _text_rank(text: str | None) -> tuple[bool, bytes]:
    return text is not None, (text or "").encode("utf-8", "surrogatepass")


def _sample(row: Judged, tables: Tables) -> SampleRow:
    values = enumerate(tables.values)
    shown = [(i, pair) for i, pair in values if row.kind != "changed" or i in row.places]
    cells = tuple(_cell(row, i, len(tables.key) + i, pair) for i, pair in shown)
    return SampleRow(row.kind, _key(row.old.texts, tables), cells, row.expected)


def _cell(row: Judged, i: int, place: int, pair: Paired) -> CellChange:
    old = None if row.kind == "right_only" else cell(row.old.texts[place])
    new = None if row.kind == "left_only" else cell(row.new.texts[place])
    return CellChange(pair.name, old, new, i in row.places, i in row.expected_places)


def surplus_samples(rows: Iterable[JudgedSurplus], tables: Tables, samples: int) -> list[SampleRow]:
    """Return at most so many of the rows that are left over, unexpected ones first, then by their values."""
    in_turn = sorted(rows, key=lambda row: (row.expected == row.count, [*map(_text_rank, row.row.forms)]))
    return [_surplus_sample(row, tables) for row in in_turn[:samples]]


def _surplus_sample(surplus: JudgedSurplus, tables: Tables) -> SampleRow:
    texts, kind = surplus.row.forms, surplus.kind
    values = zip(tables.values, texts[len(tables.key) :], strict=True)
    cells = tuple(one_sided(pair.name, cell(text), kind) for pair, text in values)
    return SampleRow(kind, _key(texts, tables), cells, surplus.expected == surplus.count)

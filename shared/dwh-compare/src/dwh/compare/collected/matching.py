"""Which rows of two small sides belong together, and how they differ. The rules are those of `pairing`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from dwh.compare.collected.rows import CollectedRow
from dwh.compare.schema import Tables
from dwh.compare.tolerance import near

__all__ = ["Changed", "Matched", "Surplus", "matched"]


@dataclass(frozen=True)
class Changed:
    """Two rows with one key, and the places, among the columns outside the key, in which they differ."""

    old: CollectedRow
    new: CollectedRow
    places: tuple[int, ...]


@dataclass(frozen=True)
class Surplus:
    """Equal rows of one side, some of which have no partner.

    Attributes:
        rows: all of them.
        count: how many have no partner.
    """

    rows: tuple[CollectedRow, ...]
    count: int


@dataclass
class Matched:
    """How the rows of both sides differ.

    Attributes:
        left_only, right_only: rows whose key the other side has not.
        left_surplus, right_surplus: rows without a key, or with one that repeats, that are left over.
        repeated_keys: on each side, how many keys more than one row has.
        repeated_rows: on each side, how many rows have a key that repeats on either.
    """

    changed: list[Changed] = field(default_factory=list)
    left_only: list[CollectedRow] = field(default_factory=list)
    right_only: list[CollectedRow] = field(default_factory=list)
    left_surplus: list[Surplus] = field(default_factory=list)
    right_surplus: list[Surplus] = field(default_factory=list)
    repeated_keys: tuple[int, int] = (0, 0)
    repeated_rows: tuple[int, int] = (0, 0)


Rows = Sequence[CollectedRow]


def matched(left: Rows, right: Rows, tables: Tables) -> Matched:
    """Return how the rows differ, in the columns that are compared."""
    found = Matched()
    if not tables.key:
        _surplus(left, right, found)
        return found
    lefts, rights = (_grouped(rows, lambda row: row.key) for rows in (left, right))
    for key in dict.fromkeys((*lefts, *rights)):
        old, new = lefts.get(key, []), rights.get(key, [])
        if max(len(old), len(new)) > 1:
            _count_repeated(old, new, found)
            _surplus(old, new, found)
        elif not new:
            found.left_only += old
        elif not old:
            found.right_only += new
        elif places := _differing(old[0], new[0], tables):
            found.changed.append(Changed(old[0], new[0], places))
    return found


def _grouped(
    rows: Iterable[CollectedRow], by: Callable[[CollectedRow], tuple[int, ...]]
) -> dict[tuple[int, ...], list[CollectedRow]]:
    groups: dict[tuple[int, ...], list[CollectedRow]] = defaultdict(list)
    for row in rows:
        groups[by(row)].append(row)
    return groups


def _differing(old: CollectedRow, new: CollectedRow, tables: Tables) -> tuple[int, ...]:
    if old.values == new.values:
        return ()
    return tuple(i for i in range(len(tables.values)) if not _equal(old, new, i, tables))


def _equal(old: CollectedRow, new: CollectedRow, i: int, tables: Tables) -> bool:
    """Return whether the values in the i-th column outside the key are the same, or near enough."""
    if old.values[i] == new.values[i]:
        return True
    pair, place = tables.values[i], len(tables.key) + i
    before, after = old.numbers[place], new.numbers[place]
    if not pair.tolerance or before is None or after is None:
        return False
    return near(before, after, pair.tolerance, signed_zero=True)  # zeros are told apart, or equal anyway


def _count_repeated(old: Rows, new: Rows, found: Matched) -> None:
    found.repeated_keys = _added(found.repeated_keys, (len(old) > 1, len(new) > 1))
    found.repeated_rows = _added(found.repeated_rows, (len(old), len(new)))


def _added(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] + other[0], one[1] + other[1]


def _surplus(left: Rows, right: Rows, found: Matched) -> None:
    """Add what one side has more of: rows as a multiset, of which equal ones cancel out."""
    lefts, rights = (_grouped(rows, lambda row: row.values) for rows in (left, right))
    for values in dict.fromkeys((*lefts, *rights)):
        old, new = lefts.get(values, []), rights.get(values, [])
        if len(old) > len(new):
            found.left_surplus.append(Surplus(tuple(old), len(old) - len(new)))
        elif len(new) > len(old):
            found.right_surplus.append(Surplus(tuple(new), len(new) - len(old)))

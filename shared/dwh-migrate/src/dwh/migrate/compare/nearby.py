"""Rows of a key that repeats, where numbers have a tolerance: as many as possible are matched.

What SQL cannot say is decided here, in Python, by the rules of `pairing` and `tolerance`: only for rows
that have a partner on neither side, and that have rows of the other side beside them which are equal in
every column without a tolerance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from dwh.migrate.compare.fingerprint import compared
from dwh.migrate.compare.pairing import most_pairs
from dwh.migrate.compare.schema import Schemas
from dwh.migrate.compare.tolerance import Tolerance, near

__all__ = ["MOST_PAIRS", "Leftover", "leftovers", "mark_open", "pairs_to_try"]

MOST_PAIRS = 500_000
"""How many pairs of rows are tried; some seconds' work. If there are more, no tolerance is applied."""


@dataclass(frozen=True)
class Leftover:
    """Equal rows that have no partner.

    Attributes:
        row: as `multiset` counts equal rows, with the counts of those that are left.
    """

    left_only: int
    right_only: int
    left_expected: int
    right_expected: int
    row: Any

    @property
    def is_expected(self) -> bool:
        """Whether expectations cover all of them."""
        return self.left_expected + self.right_expected == self.left_only + self.right_only


@dataclass(frozen=True)
class _Unit:
    row: int
    values: tuple[Any, ...]


@dataclass(frozen=True)
class _Rule:
    """How the values of a column compare."""

    place: str
    tolerance: Tolerance
    form: Any

    def alike(self, old: Any, new: Any) -> bool:
        if repr(old) == repr(new):
            return True
        if old is None or new is None:
            return False
        before, after = self.form.number(old), self.form.number(new)
        # Zeros have one sign here, unless they are to be told apart.
        return near(before, after, self.tolerance, signed_zero=True)


def mark_open(groups: DataFrame, schemas: Schemas) -> DataFrame:
    """Return the groups of equal rows with `is_open`, and with the rows of both sides beside each.

    A group is open if a tolerance may find partners for its rows, or for those beside it.
    """
    exact = [f"c{i}" for i, pair in enumerate(compared(schemas)) if not pair.tolerance]
    beside = f"OVER (PARTITION BY {', '.join(exact)})"
    sums = [
        f"sum(`left`) {beside} AS lefts",
        f"sum(`right`) {beside} AS rights",
        f"sum(greatest(`left` - `right`, 0)) {beside} AS more_left",
        f"sum(greatest(`right` - `left`, 0)) {beside} AS more_right",
        f"row_number() OVER (PARTITION BY {', '.join(exact)} ORDER BY {', '.join(exact)}) AS place",
    ]
    return groups.selectExpr("*", *sums).selectExpr("*", "more_left > 0 AND more_right > 0 AS is_open")


def pairs_to_try(marked: DataFrame) -> int:
    """Return how many pairs of rows there are in the open groups."""
    total = marked.where("is_open AND place = 1").agg(F.expr("sum(lefts * rights) AS pairs"))
    return int(total.collect()[0]["pairs"] or 0)


def leftovers(rows: Sequence[Any], schemas: Schemas) -> list[Leftover]:
    """Return which of some open groups of equal rows have no partner, after as many as possible got one.

    Those that no expectation covers come first.
    """
    groups: dict[Any, list[int]] = defaultdict(list)
    exact = [f"c{i}" for i, pair in enumerate(compared(schemas)) if not pair.tolerance]
    for place, row in enumerate(rows):
        groups[repr([row[name] for name in exact])].append(place)
    rules = _rules(schemas)
    free: dict[int, tuple[int, int]] = {}
    for places in groups.values():
        free |= _free(places, rows, rules)
    found = [_leftover(rows[place], *counts) for place, counts in free.items() if any(counts)]
    return sorted(found, key=lambda item: item.is_expected)


def _rules(schemas: Schemas) -> list[_Rule]:
    pairs = enumerate(compared(schemas))
    return [_Rule(f"c{i}", pair.tolerance, pair.how) for i, pair in pairs if pair.tolerance]


def _free(
    places: Sequence[int], rows: Sequence[Any], rules: Sequence[_Rule]
) -> Mapping[int, tuple[int, int]]:
    """Return how many of the rows at each place have no partner on the left, and on the right."""
    lefts, rights = (_units(places, rows, rules, side) for side in ("left", "right"))

    def alike(old: _Unit, new: _Unit) -> bool:
        values = zip(rules, old.values, new.values, strict=True)
        return all(rule.alike(before, after) for rule, before, after in values)

    pairs = most_pairs(lefts, rights, alike)
    free = {place: [rows[place]["left"], rows[place]["right"]] for place in places}
    for i, j in pairs.items():
        free[lefts[i].row][0] -= 1
        free[rights[j].row][1] -= 1
    return {place: (left, right) for place, (left, right) in free.items()}


def _units(places: Sequence[int], rows: Sequence[Any], rules: Sequence[_Rule], side: str) -> list[_Unit]:
    """Return each row of a side by itself, those that an expectation covers first: they find partners."""
    covered, others = [], []
    for place in places:
        row = rows[place]
        unit = _Unit(place, tuple(row[rule.place] for rule in rules))
        covered += [unit] * row[f"{side}_covered"]
        others += [unit] * (row[side] - row[f"{side}_covered"])
    return covered + others


def _leftover(row: Any, left: int, right: int) -> Leftover:
    return Leftover(left, right, _expected(row, "left", left), _expected(row, "right", right), row)


def _expected(row: Any, side: str, count: int) -> int:
    """Return how many of the rows left are expected: those that no expectation covers are left first."""
    return int(max(0, count - (row[side] - row[f"{side}_covered"])))

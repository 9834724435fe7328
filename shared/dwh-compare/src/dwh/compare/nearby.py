"""Rows of a key that repeats, where values may be the same that are not equal: as many as possible match.

Which rows a tolerance, or a rule that looks at two values, calls the same is asked of Spark, once for each
two different rows that are equal in every other column. Which of them become pairs is decided here, by the
rules of `pairing`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from dwh.compare.fingerprints import compared
from dwh.compare.forms import SideName
from dwh.compare.join import equal
from dwh.compare.pairing import largest_matching
from dwh.compare.schema import Schemas

__all__ = ["MOST_PAIRS", "Leftover", "free_rows", "leftovers", "looks_at_pairs", "mark_open", "pairs_to_try"]

MOST_PAIRS = 500_000
"""How many pairs of rows are tried; some seconds' work. If there are more, only equal rows match."""

Id = tuple[int, int]


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


def looks_at_pairs(schemas: Schemas) -> bool:
    """Return whether rows may be the same that are not equal in every compared column."""
    return any(pair.pairwise for pair in schemas.values)


def mark_open(groups: DataFrame, schemas: Schemas) -> DataFrame:
    """Return the groups of equal rows with `is_open`, and with the rows of both sides beside each.

    A group is open if its rows, or those beside it, may find partners among rows that are not equal.
    """
    exact = _exact(schemas)
    beside = f"OVER (PARTITION BY {', '.join(exact)})"
    sums = [
        f"sum(`left`) {beside} AS lefts",
        f"sum(`right`) {beside} AS rights",
        f"sum(greatest(`left` - `right`, 0)) {beside} AS more_left",
        f"sum(greatest(`right` - `left`, 0)) {beside} AS more_right",
        f"row_number() OVER (PARTITION BY {', '.join(exact)} ORDER BY {', '.join(exact)}) AS place",
    ]
    return groups.selectExpr("*", *sums).selectExpr("*", "more_left > 0 AND more_right > 0 AS is_open")


def _exact(schemas: Schemas) -> list[str]:
    """Return the columns in which rows must be equal to be matched."""
    return [f"c{i}" for i, pair in enumerate(compared(schemas)) if pair.key or not pair.pairwise]


def pairs_to_try(marked: DataFrame) -> int:
    """Return how many pairs of rows there are in the open groups."""
    total = marked.where("is_open AND place = 1").agg(F.expr("sum(lefts * rights) AS pairs"))
    return int(total.collect()[0]["pairs"] or 0)


def leftovers(rows: Sequence[Any], marked: DataFrame, schemas: Schemas) -> list[Leftover]:
    """Return which of the open groups have rows without a partner, after as many as possible got one.

    Those that no expectation covers come first.

    Parameters:
        rows: the open groups of `marked`, collected.
    """
    free = free_rows(rows, marked, schemas)
    found = [_leftover(row, *free[_id(row)]) for row in rows if any(free[_id(row)])]
    return sorted(found, key=lambda item: item.is_expected)


def free_rows(rows: Sequence[Any], marked: DataFrame, schemas: Schemas) -> Mapping[Id, tuple[int, int]]:
    """Return how many rows of each open group have no partner on the left, and on the right."""
    alike = _alike(marked, schemas) if rows else {}
    lefts, rights = _units(rows, "left"), _units(rows, "right")
    places: dict[Id, list[int]] = defaultdict(list)
    for place, group in enumerate(rights):
        places[group].append(place)
    pairs = largest_matching(
        [[j for other in alike.get(group, ()) for j in places[other]] for group in lefts]
    )
    free = {_id(row): [row["left"], row["right"]] for row in rows}
    for i, j in pairs.items():
        free[lefts[i]][0] -= 1
        free[rights[j]][1] -= 1
    return {group: (left, right) for group, (left, right) in free.items()}


def _id(row: Any) -> Id:
    return row["id1"], row["id2"]


def _alike(marked: DataFrame, schemas: Schemas) -> dict[Id, list[Id]]:
    """Return, for each open group with rows on the left, the groups on the right that are the same."""
    exact, near = _exact(schemas), [(i, pair) for i, pair in enumerate(compared(schemas)) if pair.pairwise]
    left, right = (
        marked.where(f"is_open AND `{side}` > 0").selectExpr(
            *(f"id{n} AS {side}{n}" for n in (1, 2)),
            *(f"{name} AS {side}_{name}" for name in exact),
            *(f"{side}_v{i}" for i, _ in near),
        )
        for side in ("left", "right")
    )
    same = [f"left_{name} <=> right_{name}" for name in exact]
    same += [f"({equal(replace(pair, left=f'left_v{i}', right=f'right_v{i}'))})" for i, pair in near]
    found: dict[Id, list[Id]] = defaultdict(list)
    names = ("left1", "left2", "right1", "right2")
    for left1, left2, right1, right2 in left.join(right, F.expr(" AND ".join(same))).select(*names).collect():
        found[left1, left2].append((right1, right2))
    return {group: sorted(others) for group, others in found.items()}


def _units(rows: Sequence[Any], side: SideName) -> list[Id]:
    """Return the group of each row of a side, those that an expectation covers first: they find partners."""
    in_order = sorted(rows, key=_id)  # so that the same rows have the same partners, however they came
    covered = [_id(row) for row in in_order for _ in range(row[f"{side}_covered"])]
    return covered + [_id(row) for row in in_order for _ in range(row[side] - row[f"{side}_covered"])]


def _leftover(row: Any, left: int, right: int) -> Leftover:
    return Leftover(left, right, _expected(row, "left", left), _expected(row, "right", right), row)


def _expected(row: Any, side: str, count: int) -> int:
    """Return how many of the rows left are expected: those that no expectation covers are left first."""
    return int(max(0, count - (row[side] - row[f"{side}_covered"])))

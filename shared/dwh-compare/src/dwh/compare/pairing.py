"""Which rows belong together: the rules, in plain Python.

Rows with the same key belong together where the key is unique on both sides: they are `matched` or
`changed`. A key that repeats, on either side, cannot say which row became which. Its rows are a
multiset, as all rows are where there is no key:

* rows that are equal in every compared column are matched, as many as both sides have;
* with a tolerance, or a rule that looks at two values, a row is matched to one of the same key whose values
  they call the same and whose other columns are equal. As many rows as possible are matched, whichever they
  are;
* the rest is `left_only` or `right_only`, never `changed`: a declared change of a value says nothing
  about it, a declared `row_removed` or `row_added` does.

A key that repeats is no reason to fail, nor to be incomplete: every row was compared. Which columns are
read, and by which step, makes no difference to the answer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeVar

__all__ = ["largest_matching", "most_pairs"]

L = TypeVar("L")
R = TypeVar("R")


def most_pairs(left: Sequence[L], right: Sequence[R], alike: Callable[[L, R], bool]) -> dict[int, int]:
    """Return a largest set of pairs that are alike, as places on the left with those on the right.

    What comes first on the left is paired before the rest. The time grows with len(left) * len(right).
    """
    return largest_matching([[j for j, new in enumerate(right) if alike(old, new)] for old in left])


def largest_matching(friends: Sequence[Sequence[int]]) -> dict[int, int]:
    """Return a largest set of pairs, given the places on the right that each place on the left may have."""
    place_of: dict[int, int] = {}
    owner_of: dict[int, int] = {}
    for start in range(len(friends)):
        _place(start, friends, place_of, owner_of)
    return place_of


def _place(
    start: int, friends: Sequence[Sequence[int]], place_of: dict[int, int], owner_of: dict[int, int]
) -> None:
    """Pair `start`, if need be by moving others, none of whom loses out (an augmenting path)."""
    wanted_by: dict[int, int] = {}
    waiting = deque([start])
    while waiting:
        owner = waiting.popleft()
        for place in friends[owner]:
            if place in wanted_by:
                continue
            wanted_by[place] = owner
            if place not in owner_of:
                _move(place, start, wanted_by, place_of, owner_of)
                return
            waiting.append(owner_of[place])


def _move(
    free: int, start: int, wanted_by: dict[int, int], place_of: dict[int, int], owner_of: dict[int, int]
) -> None:
    place, owner = free, wanted_by[free]
    while owner != start:
        left_behind = place_of[owner]
        place_of[owner], owner_of[place] = place, owner
        place, owner = left_behind, wanted_by[left_behind]
    place_of[owner], owner_of[place] = place, owner

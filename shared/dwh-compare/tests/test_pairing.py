"""Which rows of a key that repeats belong together."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from dwh.compare.pairing import most_pairs

numbers = st.lists(st.integers(0, 6), max_size=5)


@given(numbers, numbers, st.integers(0, 3))
def test_as_many_as_possible_are_paired(left: list[int], right: list[int], limit: int) -> None:
    """Held against every way to pair them."""
    pairs = most_pairs(left, right, lambda old, new: abs(old - new) <= limit)
    assert all(abs(left[i] - right[j]) <= limit for i, j in pairs.items())
    assert len(set(pairs.values())) == len(pairs)
    short, long = sorted((left, right), key=len)
    tried = (sum(abs(a - b) <= limit for a, b in zip(short, way, strict=False)) for way in permutations(long))
    assert len(pairs) == max(tried)


def test_pairs_are_moved_to_make_room_for_more() -> None:
    """1.1 is equal to 1.1, and must still give it up, or 1.0 and 1.2 would be left."""
    pairs = most_pairs([11, 10], [11, 12], lambda old, new: abs(old - new) <= 1)
    assert pairs == {0: 1, 1: 0}


def test_what_comes_first_is_paired_first() -> None:
    assert most_pairs([5, 4, 6], [5], lambda old, new: abs(old - new) <= 1) == {0: 0}

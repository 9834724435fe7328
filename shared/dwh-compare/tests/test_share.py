"""The share of rows that differ, and how it is said."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from dwh.compare.arguments import share
from dwh.compare.model import Rows, Split
from dwh.compare.share import exact_share, percents, unexpected_share
from dwh.compare.verdict import threshold_of


def rows(left: int, right: int, changed: int = 0, left_only: int = 0, right_only: int = 0) -> Rows:
    splits = (Split(count, 0, count) for count in (changed, left_only, right_only))
    return Rows(left, right, 0, *splits)


@pytest.mark.parametrize(
    ("found", "share"),
    [
        (rows(10, 10, changed=1), Fraction(1, 10)),
        (rows(10, 10, left_only=1, right_only=1), Fraction(1, 10)),
        (rows(10, 10, left_only=10, right_only=10), 1),
        (rows(10, 5, left_only=5), Fraction(1, 2)),
        (rows(4, 10, changed=2, left_only=2, right_only=8), 1),
        (rows(0, 0), 0),
    ],
)
def test_a_row_that_was_replaced_is_one_row(found: Rows, share: Fraction) -> None:
    """With a key and without the share is the same, and never more than everything."""
    assert unexpected_share(found) == share


def test_declared_differences_do_not_count() -> None:
    found = Rows(10, 10, 0, Split(3, 2, 1), Split(4, 4, 0), Split(1, 0, 1))
    assert unexpected_share(found) == Fraction(2, 10)


@pytest.mark.parametrize(
    ("found", "limit", "said"),
    [
        ("0.1", "0.1", ("10.0000", "10.0000")),
        ("0.00001", "0", ("0.0010", "0.0000")),
        ("0.00000012", "0.0000001", ("0.000012", "0.000010")),
        ("0.1000000001", "0.1", ("10.00000001", "10.00000000")),
        ("1", "0.999999999", ("100.0000000", "99.9999999")),
    ],
)
def test_shares_that_differ_look_different(found: str, limit: str, said: tuple[str, str]) -> None:
    """And one that is not nothing does not look like it."""
    assert percents(Fraction(found), Fraction(limit)) == said


def test_a_limit_is_what_was_written() -> None:
    assert exact_share(0.1) == Fraction(1, 10)


@pytest.mark.parametrize(
    ("limit", "held"),
    [("0.99999999999999999999", False), ("99.9999999999999999999%", False), ("1", True), ("100%", True)],
)
def test_a_limit_that_no_float_holds_is_judged_as_it_was_written(limit: str, held: bool) -> None:
    """And shown as one that differs from what it is not."""
    (threshold,) = threshold_of(rows(3, 3, changed=3), share("max_changed", limit))
    assert (threshold.held, threshold.limit == 1) == (held, held)
    third = threshold_of(rows(3, 3, changed=1), Decimal("0.33333333333333333334"))[0]
    assert third.held and not threshold_of(rows(3, 3, changed=1), Decimal("0.33333333333333333333"))[0].held

"""The share of rows that differ unexpectedly, and how it is said.

A row that was replaced is one row, not two: of the rows on one side alone, those of the side that has
more of them count. So the share is

    (changed + max(only left, only right)) / max(rows on the left, rows on the right)

of the rows that differ unexpectedly. It is from 0 to 1, the same with a key and without, and exact.
"""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dwh.compare.model import Rows

__all__ = ["at_most", "exact_share", "percents", "unexpected_share"]

_MOST_DIGITS = 40


def unexpected_share(rows: Rows) -> Fraction:
    """Return the share of rows that differ unexpectedly, from 0 to 1; 0 where there are no rows."""
    differing = rows.changed.unexpected + max(rows.left_only.unexpected, rows.right_only.unexpected)
    return Fraction(differing, max(rows.left, rows.right, 1))


def exact_share(share: float) -> Fraction:
    """Return a share as the number that it prints as: 0.001 is a thousandth."""
    return Fraction(Decimal(repr(share)))


def at_most(share: Decimal) -> float:
    """Return a share as a floating number that is no larger: 0.99999999999999999999 is not 1."""
    number = float(share)
    return number if exact_share(number) <= Fraction(share) else math.nextafter(number, 0)


def percents(found: Fraction, limit: Fraction, digits: int = 4) -> tuple[str, str]:
    """Return two shares as numbers of percent, each told apart from the other and from nothing.

    Parameters:
        digits: after the point; more where that is not enough.
    """
    different = {found, limit, Fraction(0)}
    while digits < _MOST_DIGITS and len({_percent(share, digits) for share in different}) < len(different):
        digits += 1
    return _percent(found, digits), _percent(limit, digits)


def _percent(share: Fraction, digits: int) -> str:
    rounded = round(share * 100, digits)
    return f"{Decimal(rounded.numerator) / Decimal(rounded.denominator):.{digits}f}"

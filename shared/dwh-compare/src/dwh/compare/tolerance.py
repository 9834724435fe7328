"""How far two numbers are apart, and whether a tolerance calls them equal: the rules, in plain Python.

The steps that compare in Spark say the same in SQL (see `distance`), and tests hold them against this.

* Whole and decimal numbers are exact, however wide: their distance is, too.
* Floating numbers (float, double) follow IEEE arithmetic, in double: 0.3 - 0.2 <= 0.1 as in Python.
* Where one side is floating and the other is not, the floating number counts as what it prints as
  (0.1 is a tenth), to 22 decimal places; from 2^53 on, where it has no fraction, as the integer it is.
  From 2^125 on it is near nothing: exact numbers end at 10^38.
* Null, NaN and infinity are near nothing but themselves.
* -0.0 and 0.0 are equal, unless the caller wants to tell them apart: then no tolerance joins them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from fractions import Fraction

__all__ = [
    "FLOATING_PLACES",
    "LARGEST_MIXED",
    "WHOLE_FROM",
    "Number",
    "Tolerance",
    "distance",
    "fifteen_digits",
    "hundredth",
    "near",
    "percentage",
]

Number = int | float | Decimal

FLOATING_PLACES = 22
"""Decimal places of a floating number beside an exact one; with 16 digits before the point that is 38."""

WHOLE_FROM = 2.0**53
"""From here on floating numbers have no fraction."""

LARGEST_MIXED = 2.0**125
"""No floating number from here on is compared with an exact one, which has at most 38 digits."""

_FAR_BEYOND = 1e39

_WIDE = Context(prec=60, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, init=False)
class Tolerance:
    """How far numbers may be apart and still count as equal.

    They do if `|new - old| <= max(absolute, relative * max(|old|, |new|))`. Null, NaN and infinity are
    near nothing but themselves.

    Parameters:
        absolute, relative: as Decimal, int, text or float. A float counts as what it prints as: 0.1 is
            a tenth.

    Raises ValueError unless both are finite numbers, 0 or more.
    """

    absolute: Decimal
    relative: Decimal

    def __init__(self, absolute: Number | str = 0, relative: Number | str = 0) -> None:
        object.__setattr__(self, "absolute", _decimal(absolute))
        object.__setattr__(self, "relative", _decimal(relative))


def hundredth(percent: Decimal) -> Decimal:
    """Return a percentage as a share, with every digit: other arithmetic rounds to 28."""
    sign, digits, exponent = percent.as_tuple()
    return Decimal((sign, digits, int(exponent) - 2))


def percentage(share: Decimal) -> Decimal:
    """Return a share as a percentage, with every digit."""
    sign, digits, exponent = share.as_tuple()
    return Decimal((sign, digits, int(exponent) + 2))


def _decimal(given: Number | str) -> Decimal:
    try:
        number = Decimal(repr(given) if isinstance(given, float) else given)
    except (InvalidOperation, TypeError, ValueError):
        number = Decimal("NaN")
    if isinstance(given, bool) or not number.is_finite() or number < 0:
        raise ValueError(f"a tolerance is a finite number, 0 or more, not {given!r}")
    return number.copy_abs()  # of -0; abs() would round to 28 digits


def near(old: Number, new: Number, tolerance: Tolerance, *, signed_zero: bool = False) -> bool:
    """Return whether a tolerance calls two numbers equal; NaN and infinity equal nothing here."""
    if not (_is_finite(old) and _is_finite(new)):
        return False
    if signed_zero and old == new == 0:
        return math.copysign(1, old) == math.copysign(1, new)
    if isinstance(old, float) and isinstance(new, float):
        return _near_doubles(old, new, tolerance)
    if any(isinstance(number, float) and abs(number) >= LARGEST_MIXED for number in (old, new)):
        return False
    before, after = _exact(old), _exact(new)
    largest = max(abs(before), abs(after))
    limit = max(Fraction(tolerance.absolute), Fraction(tolerance.relative) * largest)
    return abs(after - before) <= limit


def _near_doubles(old: float, new: float, tolerance: Tolerance) -> bool:
    absolute, relative = float(tolerance.absolute), float(tolerance.relative)
    largest, apart = max(abs(old), abs(new)), abs(new - old)
    if math.isinf(apart):  # half of it is a number, and nothing is further apart than twice the larger
        return abs(new / 2 - old / 2) <= max(absolute / 2, min(relative, 2.0) * (largest / 2))
    return apart <= max(absolute, relative * largest)


def distance(old: Number, new: Number) -> Decimal:
    """Return |new - old| of two finite numbers: exact, or to 15 digits where both are floating.

    So it is, too, where one of them is a double far beyond all decimals.
    """
    floating = [number for number in (old, new) if isinstance(number, float)]
    if len(floating) == 2 or any(abs(number) > _FAR_BEYOND for number in floating):
        return fifteen_digits(abs(float(new) - float(old)))
    apart = abs(_exact(new) - _exact(old))
    places = FLOATING_PLACES if isinstance(old, float) or isinstance(new, float) else 0
    places = max([places, *(-_exponent(number) for number in (old, new))])
    return Decimal(int(apart * 10**places)).scaleb(-places, _WIDE)


def fifteen_digits(number: float) -> Decimal:
    """Return a double without the last digits, which are noise: 0.3 for 0.30000000000000004."""
    return Decimal(f"{number:.15g}")


def _exponent(number: Number) -> int:
    exponent = number.as_tuple().exponent if isinstance(number, Decimal) else 0
    return exponent if isinstance(exponent, int) else 0


def _exact(number: Number) -> Fraction:
    if not isinstance(number, float) or abs(number) >= WHOLE_FROM:
        return Fraction(number)
    places = Decimal(1).scaleb(-FLOATING_PLACES)
    return Fraction(_WIDE.quantize(Decimal(repr(number)), places))


def _is_finite(number: Number) -> bool:
    return number.is_finite() if isinstance(number, Decimal) else math.isfinite(number)

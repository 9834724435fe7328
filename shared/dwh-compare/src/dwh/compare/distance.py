"""How far apart two numbers are, as SQL: the rules of `tolerance`, for the steps that compare in Spark.

Decimals have 38 digits, and the engine rounds what needs more, or returns null. So whole and decimal
numbers are subtracted in a type that has a digit to spare. Where there is none, they are split into a
whole part and a rest, and the distance is exact up to the digits that the rest leaves; anything larger
is compared as a double, and called near only where rounding cannot have made it so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Context, Decimal

from dwh.compare.canonical import common_form
from dwh.compare.mixed import exact_parts, floating_parts, is_floating, scale_beside
from dwh.compare.tolerance import Tolerance
from dwh.compare.types import DataType

__all__ = ["Distance", "TwoNumbers", "distance_of", "is_near"]

_ROOM = 36  # digits of a split distance; two more are needed to add its parts
_MOST_PLACES = 33  # of a rest, to which five digits are added on the way
_SPARE = Decimal("1e-15")  # more than rounding to double and multiplying can add, as a share
_UNSURE = 4.5e-16  # more than two numbers lose as doubles, as a share of the larger
_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
_SPLIT = re.compile(r"decimal\((\d+)\+(\d+)\)")
_WIDE = Context(prec=200)


@dataclass(frozen=True)
class TwoNumbers:
    """Two numbers, as SQL, and their types."""

    left: str
    right: str
    left_type: DataType
    right_type: DataType

    @property
    def columns(self) -> tuple[tuple[str, DataType], tuple[str, DataType]]:
        """Both numbers, each with its type."""
        return (self.left, self.left_type), (self.right, self.right_type)

    @property
    def floating(self) -> int:
        """How many of them are floating."""
        return is_floating(self.left_type) + is_floating(self.right_type)


@dataclass(frozen=True)
class Distance:
    """|new - old| of a pair of numbers, as SQL; null where one of them is.

    Attributes:
        apart: exact, in a type with `scale` decimal places; null where that type is too small. Of
            floating numbers a double, NaN or infinite where one of them is.
        rough, largest: |new - old| and max(|old|, |new|) as doubles.
        digits: how many there may be before the point in `apart`; None for floating numbers.
        columns, rests: both numbers, or their whole parts and what is to be added to them.
        wholes: by how much the whole parts differ; null from 9 * 10^37 on.
    """

    apart: str
    rough: str
    largest: str
    digits: int | None = None
    scale: int = 0
    columns: tuple[str, str] = ("", "")
    rests: tuple[str, str] | None = None
    wholes: str = ""

    def small(self, digits: int, where: str) -> str:
        """Return max(|old|, |new|) exactly, where neither needs more digits before the point."""
        kind = f"decimal({digits + self.scale},{self.scale})"
        sides: Sequence[str] = [f"IF({where}, {column}, NULL)" for column in self.columns]
        if self.rests:
            wholes = (_fitted(whole, where, f"decimal({digits},0)") for whole in self.columns)
            sides = [f"({whole} + {rest})" for whole, rest in zip(wholes, self.rests, strict=True)]
        return f"greatest({', '.join(_absolute(f'CAST({side} AS {kind})', kind) for side in sides)})"


def distance_of(two: TwoNumbers) -> Distance:
    """Return how far apart two numbers are."""
    if two.floating == 2:
        return _of_doubles(two)
    whole, scale = _digits(two)
    if whole + scale < 38:
        return _subtracted(two, whole, scale)
    return _split(two, scale)


def _digits(two: TwoNumbers) -> tuple[int, int]:
    """Return how many digits both numbers have before and after the point."""
    if two.floating:
        return 38, scale_beside(two.right_type if is_floating(two.left_type) else two.left_type)
    tag = common_form(two.left_type, two.right_type).tag
    if tag == "bigint":
        return 19, 0
    if match := _DECIMAL.fullmatch(tag):
        return int(match[1]) - int(match[2]), int(match[2])
    split = _SPLIT.fullmatch(tag)
    if split is None:
        raise LookupError(f"values of the form {tag} have no distance")
    return int(split[1]), int(split[2])


def _doubles(two: TwoNumbers) -> tuple[str, str]:
    old, new = (f"CAST({column} AS double)" for column in (two.left, two.right))
    return f"abs({new} - {old})", f"greatest(abs({old}), abs({new}))"


def _of_doubles(two: TwoNumbers) -> Distance:
    apart, largest = _doubles(two)
    return Distance(apart, apart, largest)


def _subtracted(two: TwoNumbers, whole: int, scale: int) -> Distance:
    old, new = (f"CAST({column} AS decimal({whole + scale},{scale}))" for column in (two.left, two.right))
    apart = f"greatest({new} - {old}, {old} - {new})"
    rough, largest = f"CAST({apart} AS double)", _doubles(two)[1]
    return Distance(apart, rough, largest, whole + 1, scale, (old, new))


def _split(two: TwoNumbers, scale: int) -> Distance:
    rough, largest = _doubles(two)
    if scale > _MOST_PLACES:
        return Distance(f"CAST(NULL AS decimal(38,{scale}))", rough, largest, 0, scale)
    (old, old_rest), (new, new_rest) = (_parts(column, kind, scale) for column, kind in two.columns)
    digits = _ROOM - scale
    wholes = f"CASE WHEN {rough} < double('9e37') THEN {new} - {old} END"
    fits = f"abs({wholes}) < CAST('{10**digits}' AS decimal(38,0))"
    both = f"({_fitted(wholes, fits, f'decimal({digits},0)')} + ({new_rest} - {old_rest}))"
    apart = _absolute(both, f"decimal(38,{scale})")
    exact = f"CAST({apart} AS double)"
    return Distance(
        apart, f"coalesce({exact}, {rough})", largest, digits, scale,
        (old, new), (old_rest, new_rest), f"({wholes})",
    )  # fmt: skip


def _parts(column: str, data_type: DataType, scale: int) -> tuple[str, str]:
    """Return the whole part, rounded down, and what is added to it, from 0 to 1."""
    if is_floating(data_type):
        whole, rest, _ = floating_parts(column, scale)
    else:
        whole, rest = exact_parts(column, max(scale, 1))
    one = f"decimal({scale + 1},{scale})"
    return f"({whole})", f"CAST({rest} + IF({rest} < 0, CAST(1 AS {one}), CAST(0 AS {one})) AS {one})"


def is_near(two: TwoNumbers, tolerance: Tolerance) -> str:
    """Return, as SQL, whether a tolerance calls both values equal; null where one of them is."""
    found = distance_of(two)
    if found.digits is None:
        return _near_doubles(two, found, tolerance)
    near = [_within(found, tolerance.absolute)]
    if tolerance.relative:
        near.append(_within_share(found, tolerance.relative))
    either = f"({' OR '.join(near)})"
    special = [floating_parts(column, found.scale)[2] for column, kind in two.columns if is_floating(kind)]
    return " AND ".join([*(f"NOT {each}" for each in special), either])  # what is no number is near nothing


def _near_doubles(two: TwoNumbers, found: Distance, tolerance: Tolerance) -> str:
    absolute, relative = float(tolerance.absolute), float(tolerance.relative)
    old, new = (f"CAST({column} AS double)" for column in (two.left, two.right))
    limit = f"greatest({_double(absolute)}, {_double(relative)} * {found.largest})"
    half = f"{_double(min(relative, 2.0))} * ({found.largest} / 2)"
    halves = f"abs({new} / 2 - {old} / 2) <= greatest({_double(absolute / 2)}, {half})"
    infinite = "double('Infinity')"
    near = f"IF({found.apart} < {infinite}, {found.apart} <= {limit}, {halves})"
    both_zero = f" AND NOT ({old} = 0 AND {new} = 0)"  # told apart, or the same anyway
    return f"{found.largest} < {infinite} AND {near}{both_zero}"


def _within(found: Distance, limit: Decimal) -> str:
    """Return whether the distance is at most a number: exactly, but where it has more than 37 digits."""
    floor = limit.quantize(Decimal(1).scaleb(-found.scale), ROUND_FLOOR, _WIDE)
    if found.rests is None and found.digits:
        return _literal_or_more(found, floor)
    surely = f"{found.rough} + {_double(_UNSURE)} * {found.largest} <= {_double(float(limit * (1 - _SPARE)))}"
    if found.rests is None or limit >= 10**38:
        return surely
    return f"coalesce({_within_split(found, floor)}, {surely})"


def _literal_or_more(found: Distance, limit: Decimal) -> str:
    if limit >= Decimal(10) ** (found.digits or 0):
        return f"isnotnull({found.apart})"
    return f"{found.apart} <= CAST('{limit:f}' AS decimal(38,{found.scale}))"


def _within_split(found: Distance, limit: Decimal) -> str:
    """Compare whole parts first: only where they are as good as equal do the rests matter."""
    old_rest, new_rest = found.rests or ("", "")
    whole, rest = limit.quantize(Decimal(1), ROUND_FLOOR, _WIDE), _WIDE.remainder(limit, Decimal(1))
    over = f"({_absolute(found.wholes, 'decimal(38,0)')} - CAST('{whole:f}' AS decimal(38,0)))"
    up, down = f"({new_rest} - {old_rest})", f"({old_rest} - {new_rest})"
    level = f"greatest({up}, {down})"
    towards = f"CASE WHEN {found.wholes} < 0 THEN {down} WHEN {found.wholes} = 0 THEN {level} ELSE {up} END"
    near_zero = _fitted(over, f"{over} > -2 AND {over} < 2", "decimal(2,0)")
    close = f"{near_zero} + {towards} <= CAST('{rest:f}' AS decimal(38,{found.scale}))"
    return f"CASE WHEN {over} <= -2 THEN true WHEN {over} >= 2 THEN false ELSE {close} END"


def _within_share(found: Distance, share: Decimal) -> str:
    """Return whether the distance is at most a share of the larger number."""
    if share >= 2:
        return f"isnotnull({found.rough})"  # nothing is further apart
    unsure = f"IF(isnull({found.apart}), {_double(_UNSURE)} * {found.largest}, {_double(0.0)})"
    surely = f"{found.rough} + {unsure} <= {_double(float(share * (1 - _SPARE)))} * {found.largest}"
    parts = share.normalize(_WIDE).as_tuple()
    places = -int(parts.exponent)
    factor = int("".join(map(str, parts.digits)))
    digits = min(35 - places, 37 - len(parts.digits)) - found.scale
    most = (found.digits or 0) - 1
    digits = min(digits, most)
    if digits < 1:
        return surely
    exact = f"isnotnull({found.apart}) AND {found.largest} < {_double(0.99 * 10.0**digits)}"
    where = "true" if digits == most and not found.rests else exact
    apart = _fitted(found.apart, where, f"decimal({digits + 1 + found.scale},{found.scale})")
    times = f"{apart} * CAST('{10**places}' AS decimal({places + 1},0))"
    limit = f"{found.small(digits, where)} * CAST('{factor}' AS decimal({len(parts.digits)},0))"
    return f"IF({where}, {times} <= {limit}, {surely})"


def _absolute(number: str, kind: str) -> str:
    """Return |number| of a decimal: Spark's own `abs` keeps only 34 digits where it is negative.

    It names the number once. These nest, and each level would else have twice the length of the one below.
    """
    return f"CAST(trim(LEADING '-' FROM CAST(CAST({number} AS {kind}) AS string)) AS {kind})"


def _fitted(number: str, where: str, kind: str) -> str:
    """Return a number in a smaller type where it fits, else null.

    Some engines compute both branches of a condition, and fail in the one that does not count.
    """
    return f"CAST(IF({where}, {number}, NULL) AS {kind})"


def _double(number: float) -> str:
    return f"double('{number!r}')"

"""A whole or decimal number beside a floating one, which only a tolerance calls near.

Both become a whole part and a rest, which 38 digits hold exactly (see `tolerance` for the rules). A cast
to double would lose what the tolerance is about: 2^53 + 1 would be 2^53.
"""

from __future__ import annotations

from dwh.compare.forms import rest_of
from dwh.compare.tolerance import FLOATING_PLACES, LARGEST_MIXED, WHOLE_FROM
from dwh.compare.types import DataType, DecimalType

__all__ = ["exact_parts", "floating_parts", "is_floating", "scale_beside"]

_HALF = 2**62  # a whole number below 2^125 is this, times a bigint, and a bigint


def is_floating(data_type: DataType) -> bool:
    """Return whether numbers of a type are floating."""
    return data_type.name in ("float", "double")


def scale_beside(exact: DataType) -> int:
    """Return how many decimal places both numbers need, of which one is floating."""
    return max(exact.scale, FLOATING_PLACES) if isinstance(exact, DecimalType) else FLOATING_PLACES


def exact_parts(number: str, scale: int) -> tuple[str, str]:
    """Return the whole part, rounded down, of a whole or decimal number, and the rest as `%` gives it."""
    return f"CAST(floor({number}) AS decimal(38,0))", rest_of(number, scale)


def floating_parts(column: str, scale: int) -> tuple[str, str, str]:
    """Return the same of a floating number, null where it has neither; and whether that is so, as SQL."""
    rest = f"decimal({scale},{scale})"
    number = f"CAST({column} AS double)"
    small = f"abs({number}) < double('{WHOLE_FROM!r}')"
    fits = f"abs({number}) < double('{LARGEST_MIXED!r}')"
    printed = f"CAST(CAST({number} AS string) AS decimal(38,{FLOATING_PLACES}))"
    whole = f"CAST(floor({printed}) AS decimal(38,0))"
    return (
        f"CASE WHEN {small} THEN {whole} WHEN {fits} THEN {_whole(number)} END",
        f"CASE WHEN {small} THEN {rest_of(printed, scale)} WHEN {fits} THEN CAST(0 AS {rest}) END",
        f"(NOT {fits} OR isnan({number}))",
    )


def _whole(number: str) -> str:
    high = f"CAST({number} / double('{float(_HALF)!r}') AS bigint)"
    low = f"CAST({number} - CAST({high} AS double) * double('{float(_HALF)!r}') AS bigint)"
    product = f"CAST({high} AS decimal(19,0)) * CAST('{_HALF}' AS decimal(19,0))"
    return f"CAST(CAST({product} AS decimal(38,0)) + CAST({low} AS decimal(19,0)) AS decimal(38,0))"

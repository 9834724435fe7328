"""How a whole or decimal number compares with a floating one, which only a tolerance allows.

Both become a whole part and a rest, which 38 digits hold exactly (see `tolerance` for the rules). A cast
to double would lose what the tolerance is about: 2^53 + 1 would be 2^53.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

from pyspark.sql import types as T

from dwh.migrate.compare.canonical import Form, Hashable
from dwh.migrate.compare.tolerance import FLOATING_PLACES, LARGEST_MIXED, WHOLE_FROM

__all__ = ["MixedForm", "mixed_form"]

_WIDE = Context(prec=80)
_HALF = 2**62  # a whole number below 2^125 is this, times a bigint, and a bigint


@dataclass(frozen=True)
class MixedForm(Form):
    """One side is floating, the other is not.

    Attributes:
        floating: the columns that are floating, `l` or `r` being how their names begin.
        scale: decimal places of the rest.
    """

    floating: str = "l"
    scale: int = FLOATING_PLACES

    def comparable(self, column: str) -> str:
        whole, rest, special = self.parts(column)
        parts = f"struct({whole} AS whole, {rest} AS rest, {special} AS special)"
        return f"CASE WHEN isnotnull({column}) THEN {parts} END"

    def hashable(self, column: str) -> Hashable:
        whole, rest, special = self.parts(column)
        return Hashable((whole, rest, special), (f"isnull({column})", f"isnull({special})"))

    def number(self, value: Any) -> Any:
        if value["whole"] is None:
            return Decimal("NaN")
        rounded_down = 1 if value["rest"] < 0 else 0
        return _WIDE.add(_WIDE.add(value["whole"], rounded_down), value["rest"])

    def parts(self, column: str) -> tuple[str, str, str]:
        """Return the whole part rounded down, the rest as `%` gives it, and the text of what has neither."""
        rest = f"decimal({self.scale},{self.scale})"
        if not column.startswith(self.floating):
            return (
                f"CAST(floor({column}) AS decimal(38,0))",
                f"CAST({column} % CAST(1 AS decimal(1,0)) AS {rest})",
                "CAST(NULL AS string)",
            )
        number = f"CAST({column} AS double)"
        small = f"abs({number}) < double('{WHOLE_FROM!r}')"
        fits = f"abs({number}) < double('{LARGEST_MIXED!r}')"
        printed = f"CAST(CAST({number} AS string) AS decimal(38,{FLOATING_PLACES}))"
        return (
            f"CASE WHEN {small} THEN CAST(floor({printed}) AS decimal(38,0)) "
            f"WHEN {fits} THEN {_whole(number)} END",
            f"CASE WHEN {small} THEN CAST({printed} % CAST(1 AS decimal(1,0)) AS {rest}) "
            f"WHEN {fits} THEN CAST(0 AS {rest}) END",
            f"CASE WHEN NOT {fits} OR isnan({number}) THEN CAST({number} AS string) END",
        )


def _whole(number: str) -> str:
    high = f"CAST({number} / double('{float(_HALF)!r}') AS bigint)"
    low = f"CAST({number} - CAST({high} AS double) * double('{float(_HALF)!r}') AS bigint)"
    product = f"CAST({high} AS decimal(19,0)) * CAST('{_HALF}' AS decimal(19,0))"
    return f"CAST(CAST({product} AS decimal(38,0)) + CAST({low} AS decimal(19,0)) AS decimal(38,0))"


def mixed_form(left: T.DataType, right: T.DataType) -> MixedForm:
    """Return the form of two types of numbers of which one is floating."""
    is_left = isinstance(left, (T.FloatType, T.DoubleType))
    exact = right if is_left else left
    scale = max(exact.scale, FLOATING_PLACES) if isinstance(exact, T.DecimalType) else FLOATING_PLACES
    return MixedForm(f"mixed(38+{scale})", False, "l" if is_left else "r", scale)

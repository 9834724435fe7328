"""A tolerance for the numbers inside structs and arrays, as a rule for the place where they are."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from dwh.compare.distance import TwoNumbers, is_near
from dwh.compare.forms import Form, Pairwise
from dwh.compare.tolerance import Tolerance, percentage
from dwh.compare.types import VOID, DataType, is_number

__all__ = ["Near"]


def _plain(number: Decimal) -> str:
    """Return a number with every digit, and no zeros after the last of them."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True)
class Near:
    """Numbers are the same that a tolerance calls near. It is given as a tolerance, not as a rule."""

    of: ClassVar[str] = "numbers"
    pairwise: ClassVar[bool] = True
    tolerance: Tolerance

    def __str__(self) -> str:
        absolute, relative = self.tolerance.absolute, self.tolerance.relative
        limits = [_plain(absolute)] if absolute or not relative else []
        limits += [f"{_plain(percentage(relative))}%"] if relative else []
        return f"tolerance({' or '.join(limits)})"

    def takes(self, data_type: DataType) -> bool:
        """Return whether values of a type are numbers."""
        return is_number(data_type)

    def form(self, inner: Form, left: DataType, right: DataType) -> Form:
        """Return how numbers compare within the tolerance, given how they do without it."""
        if left == VOID or right == VOID:
            return inner
        two = TwoNumbers("{left}", "{right}", left, right)
        return Pairwise(inner.tag, False, inner, is_near(two, self.tolerance))

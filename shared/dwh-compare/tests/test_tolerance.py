"""How far numbers are apart: the rules in plain Python."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest

from dwh.compare.arguments import tolerance_of
from dwh.compare.nearness import Near
from dwh.compare.tolerance import Tolerance, distance, hundredth, near, percentage

D = Decimal


@pytest.mark.parametrize("given", [D("0.1"), "0.1", 0.1, "1e-1"])
def test_a_tolerance_is_the_number_that_was_written(given: Any) -> None:
    """A float is what it prints as, not the binary number next to it."""
    assert Tolerance(given).absolute == Tolerance(relative=given).relative == D("0.1")
    assert Tolerance(given) == Tolerance("0.100")


def test_a_tolerance_has_every_digit_that_was_written() -> None:
    """Arithmetic of Python's decimals would round it to 28."""
    digits = "199999999999999999999999999999999999997"
    assert Tolerance(digits).absolute == Tolerance(D(digits)).absolute == int(digits)
    assert not near(D("9" * 38), D("-" + "9" * 38), Tolerance(digits))
    assert near(D("9" * 38), D("-" + "9" * 38), Tolerance(digits[:-1] + "8"))
    assert str(Near(Tolerance(digits))) == f"tolerance({digits})"
    share = "0." + "3" * 40
    assert percentage(D(share)) == D("33." + "3" * 38) and hundredth(percentage(D(share))) == D(share)
    assert tolerance_of("x", "33." + "3" * 38 + "%") == Tolerance(relative=share)
    assert str(Near(Tolerance(relative=share))) == f"tolerance(33.{'3' * 38}%)"


@pytest.mark.parametrize("given", [-1, math.nan, math.inf, "x", "", None, True, D("sNaN"), "-0.1"])
def test_what_is_no_tolerance_is_refused(given: Any) -> None:
    with pytest.raises(ValueError, match="finite number, 0 or more"):
        Tolerance(given)


NEAR: dict[str, tuple[Any, Any, Tolerance]] = {
    "the limit itself": (D("1.00"), D("1.01"), Tolerance("0.01")),
    "the limit of a share": (D("999"), D("1000"), Tolerance(0, "0.001")),
    "either limit": (1, 3, Tolerance(1, "0.9")),
    "a floating number as it prints": (D("1.10"), 1.11, Tolerance("0.01")),
    "an integer and its double": (2**60, 2.0**60, Tolerance()),
    "a wide integer and its double": (2**100, 2.0**100, Tolerance()),
    "doubles whose distance is no double": (1.7e308, -1.7e308, Tolerance(0, 2)),
    "doubles in IEEE arithmetic": (0.3, 0.2, Tolerance("0.1")),
    "zeros": (0.0, -0.0, Tolerance()),
}
FAR: dict[str, tuple[Any, Any, Tolerance]] = {
    "past the limit": (D("1.00"), D("1.02"), Tolerance("0.01")),
    "integers no double tells apart": (0, 2**53 + 1, Tolerance(2**53)),
    "the ends of bigint": (2**63 - 1, -(2**63), Tolerance(2**64 - 2)),
    "decimals no double tells apart": (D("9" * 36 + ".99"), D("9" * 36 + ".97"), Tolerance("0.01")),
    "the last of 18 places": (D("1.000000000000000001"), D(1), Tolerance()),
    "an integer beside a double": (2**53 + 1, 2.0**53, Tolerance("0.5")),
    "a share of doubles whose distance is no double": (1.7e308, -1.7e308, Tolerance(0, "1.9")),
    "infinity": (math.inf, 1.0, Tolerance(10**9, 1)),
    "NaN": (math.nan, math.nan, Tolerance(1)),
    "a double beyond all decimals": (1e300, D(1), Tolerance(0, 1)),
}


@pytest.mark.parametrize("case", NEAR)
def test_what_is_near(case: str) -> None:
    old, new, tolerance = NEAR[case]
    assert near(old, new, tolerance) and near(new, old, tolerance)


@pytest.mark.parametrize("case", FAR)
def test_what_is_not_near(case: str) -> None:
    old, new, tolerance = FAR[case]
    assert not near(old, new, tolerance) and not near(new, old, tolerance)


def test_zeros_that_are_to_be_told_apart_are_not_joined_by_a_tolerance() -> None:
    assert not near(0.0, -0.0, Tolerance(1), signed_zero=True)
    assert near(-0.0, -0.0, Tolerance(1), signed_zero=True)
    assert near(-0.0, 0.5, Tolerance(1), signed_zero=True)


def test_distances_are_exact() -> None:
    assert distance(2**63 - 1, -(2**63)) == 2**64 - 1
    assert distance(D("9" * 36 + ".99"), D("-" + "9" * 36 + ".99")) == D("1" + "9" * 36 + ".98")
    assert distance(D("1.000000000000000001"), 1) == D("0.000000000000000001")
    assert distance(1.1, D("1.2")) == D("0.1")
    assert distance(1.3, 1.0) == D("0.3")
    assert distance(D("9" * 38), 1e38) == distance(1e38, 10**38 - 1) == 10**38 - 1 - int(1e38)

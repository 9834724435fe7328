"""The JSON of a comparison, and how an older one is read."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from dwh.compare.model import ColumnResult, Comparison, Measurement, Numbers, Rows, Side
from dwh.compare.tolerance import Tolerance

WIDE = Decimal("0.000000000000000001")
FOUND = Comparison(
    "fail", (), Side("l"), Side("r"), (), Rows(),
    (ColumnResult("v", numbers=Numbers(1, WIDE, 1.5), tolerance=Tolerance(WIDE, "0.1")),),
    Measurement("join", exact=True, tolerances={"v": Tolerance(WIDE, "0.1")}),
)  # fmt: skip


def test_exact_numbers_are_text_and_come_back() -> None:
    written = json.loads(json.dumps(FOUND.to_dict(), allow_nan=False))
    assert (written["format"], written["columns"][0]["numbers"]["max_absolute"]) == (2, "1E-18")
    assert Comparison.from_dict(written) == FOUND


def test_a_comparison_that_was_kept_in_format_1_is_read() -> None:
    """Its tolerances and largest distances are floating numbers."""
    kept = FOUND.to_dict() | {"format": 1}
    kept["columns"][0] |= {"tolerance": {"absolute": 0.01, "relative": 0.0}}
    kept["columns"][0]["numbers"]["max_absolute"] = 0.3
    read = Comparison.from_dict(kept).columns[0]
    assert read.tolerance == Tolerance("0.01")
    assert read.numbers is not None and read.numbers.max_absolute == Decimal("0.3")
    with pytest.raises(ValueError, match="format 3: this version reads 1 and 2"):
        Comparison.from_dict({**kept, "format": 3})

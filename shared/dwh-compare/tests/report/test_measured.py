"""Whatever touched a number is said beside how it was measured."""

from __future__ import annotations

import dataclasses

from dwh.compare.model import Comparison, Measurement, Side
from dwh.compare.report import measured
from dwh.compare.tolerance import Tolerance


def test_nothing_that_touched_a_number_is_left_out(failing: Comparison) -> None:
    said = dict(measured.measured(failing))
    assert said == {
        "step": "fingerprints, then a join of the buckets that differ; equality by 64-bit fingerprint",
        "key": "flight_date, carrier",
        "tolerances": "avg_delay: ±1e-09",
        "ignored columns": "loaded_at",
        "renamed columns": "late → delayed",
        "thresholds": "max_changed: found 0.660832 %, limit 0.1 %, exceeded",
        "-0.0 and 0.0": "equal",
        "rows read by the join": "4,514",
        "buckets that differ": "611 of 1,024 buckets",
        "time": "4.31 s (fingerprint 1.93 s, buckets 2.21 s)",
        "versions": "dwh-compare 0.1.0, pyspark 4.2.1, python 3.11.7",
    }


def test_what_was_not_set_is_said_to_be_none(passing: Comparison) -> None:
    said = dict(measured.measured(passing))
    assert [said[fact] for fact in ("tolerances", "ignored columns", "renamed columns", "thresholds")] == [
        "none"
    ] * 4


def test_exact_is_told_from_by_fingerprint(passing: Comparison) -> None:
    exact = dataclasses.replace(passing, measurement=Measurement("join", exact=True, signed_zero=True))
    assert measured.confidence(exact) == "a join on the key; exact, value by value"
    assert dict(measured.measured(exact))["key"] == "none: rows compared as a multiset"
    assert dict(measured.measured(exact))["-0.0 and 0.0"] == "different"


def test_a_tolerance_of_both_kinds_shows_both(passing: Comparison) -> None:
    used = Measurement("join", exact=True, tolerances={"a": Tolerance(0.5, 0.01), "b": Tolerance()})
    said = dict(measured.measured(dataclasses.replace(passing, measurement=used)))
    assert said["tolerances"] == "a: ±0.5 or ±1 %; b: ±0"


def test_both_sides_are_shown_fact_by_fact(passing: Comparison) -> None:
    left = Side("l", {"runs": ["a", "b"], "inputs": {"flights": "3 rows"}, "deep": {"x": [1]}})
    right = Side("r", {"release": "0.2.0", "rows": 12})
    assert measured.sides(dataclasses.replace(passing, left=left, right=right)) == (
        ("compared", "l", "r"),
        ("runs", "a, b", ""),
        ("inputs", "flights: 3 rows", ""),
        ("deep", '{"x": [1]}', ""),
        ("release", "", "0.2.0"),
        ("rows", "", "12"),
    )

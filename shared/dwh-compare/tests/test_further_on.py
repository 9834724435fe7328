"""Long values that differ only after what a report shows."""

from __future__ import annotations

from typing import Any

import pytest
from frames import frame_of_rows
from pyspark.sql import SparkSession

from dwh.compare import compare
from dwh.compare.report.markdown import to_markdown

SAME = "x" * 5_000


def test_the_part_that_differs_is_shown_on_both_sides(spark: SparkSession, either_step: str) -> None:
    """In rows and among the frequent changes; what begins otherwise is shown from its beginning."""
    schema = "k string, a string, b array<string>"
    left = frame_of_rows(spark, [("one", f"{SAME}ab", [SAME, "1"]), (None, "y", None)], schema)
    right = frame_of_rows(spark, [("one", f"{SAME}bb{SAME}", [SAME, "2"]), (None, "z", None)], schema)
    found: Any = compare(left, right, key="k")
    assert (found.measurement.step == "collected") == (either_step == "collected")
    null, one = sorted(found.samples, key=lambda row: row.key["k"].text or "")
    assert [(cell.old.text, cell.old.skipped) for cell in null.cells] == [("y", 0)]
    a, b = one.cells
    assert (a.old.text, a.old.truncated, a.old.skipped) == ("x" * 40 + "ab", False, 4_960)
    assert (a.new.text[:42], a.new.truncated, len(a.new.text)) == ("x" * 40 + "bb", True, 200)
    assert (b.old.text, b.new.text) == ("x" * 37 + '","1"]', "x" * 37 + '","2"]')
    assert {pair.old.text for pair in found.columns[1].top} == {"y", a.old.text}
    assert "4,960 characters are the same" in to_markdown(found)


def test_what_is_the_same_as_far_as_anybody_looks_is_said_to_differ_further_on(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reports have a sentence for that."""
    monkeypatch.setattr("dwh.compare.further_on.MOST", 300)
    left, right = (frame_of_rows(spark, [(1, SAME + end)], "k int, v string") for end in "ab")
    found = compare(left, right, key="k")
    assert found.samples[0].cells[0].old == found.samples[0].cells[0].new
    assert "they differ further on" in to_markdown(found)

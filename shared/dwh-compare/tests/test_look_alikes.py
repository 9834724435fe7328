"""Rows on one side only that differ after what a report shows of them."""

from __future__ import annotations

from typing import Any

import pytest
from frames import frame_of_rows
from pyspark.sql import SparkSession

from dwh.compare import compare
from dwh.compare.report.markdown import to_markdown

SAME = "x" * 5_000


@pytest.mark.breadth
@pytest.mark.parametrize(("key", "names"), [((), "v"), ("k", "v"), ("v", "key")])
def test_they_show_where_they_differ(spark: SparkSession, either_step: str, key: Any, names: str) -> None:
    """Without a key, with one that repeats, and with a long one."""
    left, right = (
        frame_of_rows(spark, [(1, f"{SAME}{end}"), (1, f"{SAME}same"), (2, "y")], "k int, v string")
        for end in ("left", "right")
    )
    found: Any = compare(left, right, key=key)
    assert (found.measurement.step == "collected") == (either_step == "collected")
    shown = {row.kind: row.key["v"] if names == "key" else _value(row) for row in found.samples}
    assert {kind: (cell.text, cell.skipped, cell.truncated) for kind, cell in shown.items()} == {
        "left_only": ("x" * 40 + "left", 4_960, False),
        "right_only": ("x" * 40 + "right", 4_960, False),
    }
    assert "xleft" in to_markdown(found)


def _value(row: Any) -> Any:
    return next(cell.old or cell.new for cell in row.cells if cell.column == "v")


def test_each_of_several_shows_its_own(spark: SparkSession) -> None:
    """And none shows a row that both sides have, however many of these there are."""
    same = [f"same {number}" for number in range(300)]
    left, right = (
        frame_of_rows(spark, [(f"{SAME}{end}",) for end in (*ends, *same)], "v string")
        for ends in (("a", "b"), ("c",))
    )
    found: Any = compare(left, right)
    ends = sorted((row.kind, (row.cells[0].old or row.cells[0].new).text[-1]) for row in found.samples)
    assert ends == [("left_only", "a"), ("left_only", "b"), ("right_only", "c")]

"""`assert_same`, which needs nothing else of dwh."""

from __future__ import annotations

import subprocess
import sys

import pytest

import dwh.compare
from dwh.compare import Added, Comparison, ComparisonError, DifferenceError, assert_same, compare

pytestmark = pytest.mark.smoke

ALONE = """\
import sys
sys.modules["dwh.core"] = sys.modules["dwh.migrate"] = None  # as if they were not installed
import dwh.compare
assert "pyspark" not in sys.modules and "jinja2" not in sys.modules and "rich" not in sys.modules
for name in dwh.compare.__all__:
    getattr(dwh.compare, name)
import dwh.compare.report.html, dwh.compare.report.terminal, dwh.compare.pytest_plugin
print(dwh.compare.ComparisonError("no such thing"), dwh.compare.ComparisonError.exit_code)
"""


def test_nothing_else_of_dwh_is_needed():
    """Every public name and module is there without the rest; an error has its code all the same."""
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True)
    assert done.stdout == "[DWH601] no such thing 2\n", done.stderr


def test_an_unknown_name_is_an_attribute_error():
    """As of any module; whoever looks for a name gets an answer."""
    assert not hasattr(dwh.compare, "compare_all")


def test_what_is_the_same_passes(spark):
    """Also in another order, and but for what is declared or tolerated."""
    old = spark.sql("SELECT * FROM VALUES (1, 2.0D), (2, 3.0D) AS t(id, amount)")
    new = spark.sql("SELECT *, 'x' AS note FROM VALUES (2, 3.001D), (1, 2.0D) AS t(id, amount)")
    assert_same(old, old)
    assert_same(old, new, key=["id"], tolerances={"amount": 0.01}, changes=Added("note", "asked for"))


def test_what_differs_fails_with_the_report(spark):
    """The error has the comparison, and its text is the report."""
    old, new = (spark.sql(f"SELECT 1 AS id, {amount} AS amount") for amount in (2, 3))
    with pytest.raises(DifferenceError, match="amount") as raised:
        assert_same(old, new, key=["id"])
    assert isinstance(raised.value, AssertionError)
    assert isinstance(raised.value.comparison, Comparison) and raised.value.comparison.rows.changed.count == 1
    assert compare(old, new, key=["id"]).verdict == "fail"


def test_what_cannot_be_compared_is_a_mistake(spark):
    """A mistake in the call is no difference of the tables."""
    with pytest.raises(ComparisonError, match="key"):
        assert_same(spark.range(1), spark.range(1), key=["nowhere"])

"""`assert_same`: a comparison as an assertion."""

from __future__ import annotations

from typing import Any

from pyspark.sql import DataFrame

from dwh.compare.comparing import compare
from dwh.compare.options import Key

__all__ = ["assert_same"]


def assert_same(left: DataFrame, right: DataFrame, *, key: Key | None = (), **options: Any) -> None:
    """Return if two DataFrames are the same but for what was declared, the expected one on the left.

    Parameters:
        key: the columns that identify a row; without them, rows are multisets.
        options: whatever else `compare` takes, such as `tolerances`, `ignore` or `changes`.

    Raises DifferenceError, an AssertionError whose text is the report, unless the verdict is `pass`; and what
    `compare` raises.
    """
    __tracebackhide__ = True  # pytest shows the line of the test
    compare(left, right, key=key, **options).assert_pass()

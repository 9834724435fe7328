"""What comparing forty rows costs beside pyspark's own `assertDataFrameEqual`, as in a test of a job.

`nox -s bench` runs it before the comparisons of large tables, with Spark's own settings.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from pyspark.errors import PySparkAssertionError
from pyspark.sql import DataFrame, SparkSession
from pyspark.testing import assertDataFrameEqual

from dwh.compare import compare
from timing import in_turns, print_ratios

FLOOR, DWH = "assertDataFrameEqual", "dwh"
AIM = 1.5
SCHEMA = (
    "id int, name string, day date, at timestamp, price decimal(12,2), "
    "x double, ok boolean, tags array<string>"
)
ROWS = [
    (
        i,
        f"n{i}",
        date(2024, 1, 1) + timedelta(i),
        datetime(2024, 1, 1, i % 24),
        Decimal(i),
        i / 3,
        i % 2 == 0,
        ["a", "b"],
    )
    for i in range(40)
]
CHANGED = [(*row[:5], row[5] + row[0] % 10, *row[6:]) for row in ROWS]


def main() -> None:
    """Compare forty rows with themselves and with a changed copy, by both, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=20)
    arguments, _ = parser.parse_known_args()
    logging.disable(logging.WARNING)
    os.environ["PYSPARK_PYTHON"] = sys.executable
    spark = (
        SparkSession.builder.master("local[2]").config("spark.ui.showConsoleProgress", "false").getOrCreate()
    )
    for title, rows in (("forty rows, equal", ROWS), ("forty rows, most of which differ", CHANGED)):
        contenders = {FLOOR: by(spark, rows, assertDataFrameEqual), DWH: by(spark, rows, with_dwh)}
        print_ratios(title, in_turns(contenders, 5 if arguments.quick else arguments.rounds), {DWH: AIM})
    spark.stop()


def by(
    spark: SparkSession, rows: list[Any], work: Callable[[DataFrame, DataFrame], object]
) -> Callable[[], None]:
    """Return the comparison of two new DataFrames, whose failure is expected."""
    return partial(_compared, spark, rows, work)


def _compared(spark: SparkSession, rows: list[Any], work: Callable[[DataFrame, DataFrame], object]) -> None:
    try:
        work(spark.createDataFrame(ROWS, SCHEMA), spark.createDataFrame(rows, SCHEMA))
    except (AssertionError, PySparkAssertionError):
        return


def with_dwh(left: DataFrame, right: DataFrame) -> None:
    """Compare as a test does."""
    compare(left, right, key="id").assert_pass()


if __name__ == "__main__":
    main()

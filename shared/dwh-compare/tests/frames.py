"""Rows as DataFrames, as `dwh.core.testing` makes them, which these tests need not have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyspark.sql import DataFrame, SparkSession

__all__ = ["frame_of_rows"]


def frame_of_rows(spark: SparkSession, rows: Sequence[tuple[Any, ...]], schema: str) -> DataFrame:
    """Return rows as a DataFrame that Spark holds itself, without Python workers, where it can.

    Parameters:
        schema: names and types as in SQL: `day date, amount double`.
    """
    try:
        from pyspark.sql.conversion import LocalDataToArrowConversion
        from pyspark.sql.pandas.utils import require_minimum_pyarrow_version

        require_minimum_pyarrow_version()
    except ImportError:  # an older Spark, or no PyArrow
        return spark.createDataFrame(list(rows), schema)
    if not rows:
        return spark.createDataFrame([], schema)
    from pyspark.sql.types import StructType

    types: Any = StructType.fromDDL(schema)
    table: Any = LocalDataToArrowConversion.convert(list(rows), types, False)
    frame: DataFrame = spark.createDataFrame(table, types)
    return frame

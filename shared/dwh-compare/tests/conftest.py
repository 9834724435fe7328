"""One small Spark session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """The session of these tests; what is here already is taken, and left running."""
    before = SparkSession.getActiveSession()
    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    session = before or builder.config("spark.sql.shuffle.partitions", "1").getOrCreate()
    yield session
    if before is None:
        session.stop()

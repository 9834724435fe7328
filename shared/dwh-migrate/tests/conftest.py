"""One small Spark session for all tests, in a time zone that shows mistakes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

sys.path.insert(0, str(Path(__file__).parent))

from browsing import chromium, open_page  # noqa: F401 -- fixtures, found by the path above


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """A local session in Kathmandu, 5 h 45 min east of UTC."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    application = (
        SparkSession.builder.master("local[2]")
        .appName("dwh-migrate tests")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.default.parallelism", "1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    application.sparkContext.setLogLevel("ERROR")
    session = application.newSession()  # other packages' tests, in the same process, have their own zone
    session.conf.set("spark.sql.session.timeZone", "Asia/Kathmandu")
    yield session
    application.stop()

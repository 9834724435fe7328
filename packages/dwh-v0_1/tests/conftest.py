"""A real Spark session with the settings of this line, and small inputs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from dwh.core import Table
from dwh.jobs.v0_1_0 import LINE

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# What a test does not say about a row.
USUAL = {
    "flight_date": date(2013, 1, 15),
    "weather_date": date(2013, 1, 15),
    "time_hour": datetime(2013, 1, 15, 10),
    "carrier": "UA",
    "origin": "EWR",
    "dest": "IAH",
    "dep_delay": 0.0,
    "arr_delay": 0.0,
    "wind_speed": 5.0,
    "precip": 0.0,
    "visib": 10.0,
}


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """The one Spark application of these tests, or Sail where DWH_ENGINE says so."""
    from pyspark.sql import SparkSession

    if os.environ.get("DWH_ENGINE") == "sail":
        from dwh.core.engine import sail_session

        session = sail_session(LINE.settings)
        yield session
        session.stop()
        return
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master("local[2]")
    settings = {
        **LINE.settings,
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.shuffle.partitions": "2",
    }
    for key, value in settings.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    yield session
    session.stop()


@pytest.fixture
def given(spark: SparkSession) -> Callable[..., DataFrame]:
    """Make an input of a job: each row says only what matters to the test."""

    def make(need: Table, *rows: dict[str, Any]) -> DataFrame:
        schema = ", ".join(f"{column.name} {column.type}" for column in need.columns)
        values = [tuple({**USUAL, **row}[column.name] for column in need.columns) for row in rows]
        return spark.createDataFrame(values, schema)

    return make

"""A real Spark session with the settings of this line, and small inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING

import pytest

from dwh.core.testing import frame_of, local_session
from dwh.jobs.v0_2_0 import LINE

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
    with local_session(LINE.settings) as session:
        yield session


@pytest.fixture
def given(spark: SparkSession) -> Callable[..., DataFrame]:
    """Make an input of a job: each row says only what matters to the test."""
    return partial(frame_of, spark, usual=USUAL)

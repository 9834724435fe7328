"""A landing zone with a few real-looking departures, and one Spark session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FLIGHTS = """dep_delay,arr_delay,carrier,origin,dest,time_hour
2,11,UA,EWR,IAH,2013-01-15T10:00:00Z
,,UA,EWR,IAH,2013-01-15T10:00:00Z
-4,,AA,JFK,MIA,2013-01-15T11:00:00Z
20,5,B6,JFK,BQN,2013-01-15T11:00:00Z
"""
WEATHER = """origin,wind_speed,precip,visib,time_hour
EWR,10.3,0,10,2013-01-15T10:00:00Z
JFK,25.3,0,9,2013-01-15T11:00:00Z
"""
AIRLINES = "carrier,name\nUA,United Air Lines Inc.\nAA,American Airlines Inc.\n"
AIRPORTS = "faa,name\nEWR,Newark Liberty Intl\nJFK,John F Kennedy Intl\nIAH,George Bush Intercontinental\n"


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """The one Spark application of these tests."""
    from dwh.core.session import spark_session

    session = spark_session(
        {"spark.master": "local[2]", "spark.sql.shuffle.partitions": "2", "spark.log.level": "OFF"}
    )
    yield session
    session.stop()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a landing zone of one day, and a configuration."""
    files = {
        "flights/flight_date=2013-01-15/part.csv": FLIGHTS,
        "weather/weather_date=2013-01-15/part.csv": WEATHER,
        "airlines.csv": AIRLINES,
        "airports.csv": AIRPORTS,
    }
    config = ""
    for name, text in files.items():
        path = tmp_path / "landing" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        top = name.partition("/")[0]
        config += f'[sources.{top.removesuffix(".csv")}]\nformat = "csv"\npath = "landing/{top}"\n'
        config += "options = { header = true }\n"
    (tmp_path / "dwh.toml").write_text(config, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path

"""A landing zone with a few real-looking departures, and one Spark session."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dwh.core.testing import local_session
from dwh.core.testing.fixtures import *  # noqa: F403 -- pytest finds fixtures by their names here

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Program = Callable[..., "subprocess.CompletedProcess[str]"]

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
# The shapes of line 0.2's jobs: a window over another job's table, a history built day by day, hours, months.
SHAPES = """
import json
from dwh.core import find_job
from dwh.core.warehouse import Warehouse
from dwh.migrate.rollout import pin

def rows(reference, **dates):
    return find_job(reference)().run(**dates)["rows"]

found = {"carrier_delays": rows("carrier_delays@0.2", start="2013-01-09", end="2013-01-15")}
why = "where we start"
pin(Warehouse.open(), job="carrier_delays", line="0.2", environment="dev", publish=True, reason=why)
found["punctuality"] = rows("punctuality@0.2", date="2013-01-15")
found["carriers"] = rows("carriers@0.2", start="2013-01-14", end="2013-01-15")
found["weather"] = rows("weather@0.2", start="2013-01-15T10", end="2013-01-15T12")
found["monthly_traffic"] = rows("monthly_traffic@0.2", date="2013-01")
print(json.dumps(found))
"""


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """The one Spark application of these tests."""
    with local_session() as session:
        yield session


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


@pytest.fixture
def shapes(here: Path, program: Program) -> Callable[..., None]:
    """Run the jobs of every shape on a week of the landing zone's day, and look at what they wrote."""
    day = here / "landing" / "flights" / "flight_date=2013-01-15"
    for before in range(9, 15):
        shutil.copytree(day, day.with_name(f"flight_date=2013-01-{before:02}"))

    def run(**variables: str) -> None:
        found = json.loads(program(sys.executable, "-c", SHAPES, **variables).stdout)
        of_hours_and_months = {"weather": 2, "monthly_traffic": 2}
        assert found == {"carrier_delays": 21, "punctuality": 3, "carriers": 6, **of_hours_and_months}

    return run


@pytest.fixture(scope="session")
def say(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Print what a session of nox has started, whatever pytest captures."""

    def write(text: str) -> None:
        with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            print(f"\n{text}", flush=True)

    return write


@pytest.fixture
def program(site: Path, tmp_path: Path) -> Program:
    """Run a command in the folder of the configuration, where the test's lines are installed."""

    def run(*command: str, fails: bool = False, **variables: str) -> subprocess.CompletedProcess[str]:
        paths = [str(site), *filter(None, sys.path)]
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), **variables},
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert (done.returncode != 0) is fails, f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        return done

    return run

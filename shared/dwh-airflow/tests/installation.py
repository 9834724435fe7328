"""Where a real Airflow keeps everything, its own command, and a landing zone for what its DAGs run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["DAGS", "DAY", "airflow", "airflow_variables", "land"]

DAGS = Path(__file__).parent / "dags"
DAY = "2013-01-15"
CONFIGURATION = """
[spark]
"spark.master" = "local[1]"
"spark.sql.shuffle.partitions" = 1
"spark.log.level" = "OFF"

[sources.flights]
format = "csv"
path = "landing/flights"
options = { header = true, nullValue = "NA" }

[sources.weather]
format = "csv"
path = "landing/weather"
options = { header = true, nullValue = "NA" }

[sources.airlines]
format = "csv"
path = "landing/airlines.csv"
options = { header = true }

[sources.airports]
format = "csv"
path = "landing/airports.csv"
options = { header = true }
"""
FLIGHTS = """\
carrier,origin,dest,dep_delay,arr_delay
UA,EWR,IAH,2,11
UA,LGA,IAH,NA,NA
AA,JFK,MIA,-3,40
"""
WEATHER = """\
origin,wind_speed,precip,visib,time_hour
EWR,10,0,10,2013-01-15T12:00:00Z
JFK,20,NA,10,2013-01-15T12:00:00Z
EWR,10,0,10,2013-01-15T13:00:00Z
"""


def airflow_variables(home: Path) -> dict[str, str]:
    """Return the environment variables of an Airflow that keeps everything in a folder."""
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": f"{home}/logs",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
    }


def airflow(*words: str, home: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run Airflow's own command to its end."""
    return subprocess.run(
        [Path(sys.executable).with_name("airflow"), *words],
        env={**os.environ, **airflow_variables(home)},
        capture_output=True,
        text=True,
        timeout=180,
        check=check,
    )


def land(home: Path, *days: str) -> Path:
    """Make a landing zone with these days, and a configuration beside it."""
    for day in days:
        _write(home / "landing" / "flights" / f"flight_date={day}", FLIGHTS)
    _write(home / "landing" / "weather" / f"weather_date={DAY}", WEATHER)
    (home / "landing" / "airlines.csv").write_text("carrier,name\nUA,United Air Lines Inc.\n", "utf-8")
    airports = "faa,name\nEWR,Newark Liberty Intl\nJFK,John F Kennedy Intl\n"
    (home / "landing" / "airports.csv").write_text(airports, "utf-8")
    (home / "dwh.toml").write_text(CONFIGURATION, "utf-8")
    return home


def _write(folder: Path, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "part.csv").write_text(text, "utf-8")

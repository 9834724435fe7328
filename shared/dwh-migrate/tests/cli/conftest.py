"""A folder with a landing zone of three days, and the `dwh` command to type in it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from dwh.core.config import load_config
from dwh.core.lines import find_job
from dwh.core.warehouse import Warehouse

Process = Callable[..., "subprocess.CompletedProcess[str]"]
Typed = Callable[..., tuple[int, str, str]]

CONFIGURATION = """
warehouse = "warehouse"

[spark]
"spark.master" = "local[1]"
"spark.sql.shuffle.partitions" = 1

[sources.flights]
format = "csv"
path = "landing/flights"
options = { header = true, nullValue = "NA" }

[sources.airlines]
format = "csv"
path = "landing/airlines.csv"
options = { header = true }
"""
FLIGHTS = """\
carrier,origin,dest,dep_delay,arr_delay
UA,EWR,IAH,2,11
UA,LGA,IAH,NA,NA
AA,JFK,MIA,-3,40
"""


def land(home: Path) -> Path:
    """Make the folder's landing zone and configuration."""
    for day in ("2013-01-01", "2013-01-02", "2013-01-03"):
        file = home / "landing" / "flights" / f"flight_date={day}" / "part.csv"
        file.parent.mkdir(parents=True)
        file.write_text(FLIGHTS)
    (home / "landing" / "airlines.csv").write_text("carrier,name\nUA,United Air Lines Inc.\n")
    (home / "dwh.toml").write_text(CONFIGURATION)
    return home


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a landing zone and nothing written yet."""
    return land(tmp_path)


@pytest.fixture
def dwh(home: Path, spark: SparkSession, monkeypatch: pytest.MonkeyPatch, typed_dwh: Typed) -> Typed:
    """The command in this process and on its Spark, in `home`."""
    monkeypatch.chdir(home)
    return typed_dwh


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory, spark: SparkSession) -> Path:
    """A folder in which both lines have written carrier_delays, and line 0.1 one date twice."""
    home = land(tmp_path_factory.mktemp("written"))
    warehouse = Warehouse.create(load_config(home))
    for reference, first, last in (
        ("carrier_delays@0.1", "2013-01-01", "2013-01-03"),
        ("carrier_delays@0.2", "2013-01-01", "2013-01-01"),
        ("carrier_delays@0.1", "2013-01-02", "2013-01-02"),
    ):
        find_job(reference)().run(start=first, end=last, spark=spark, warehouse=warehouse)
    return home


@pytest.fixture
def process(written: Path) -> Process:
    """The command as a process of its own, in the folder of `written`: for what only a process has."""

    def process(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from dwh.migrate.cli import main; main()", *words],
            cwd=written,
            capture_output=True,
            text=True,
            env={**os.environ, **variables},
            timeout=180,
        )

    return process


@pytest.fixture
def typed(warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed_dwh: Typed) -> Typed:
    """The command in this process, in the folder of a warehouse of fabricated runs."""
    monkeypatch.setenv("DWH_ENVIRONMENT", "prod")
    monkeypatch.chdir(tmp_path)
    return typed_dwh


@pytest.fixture
def looked(written: Path, monkeypatch: pytest.MonkeyPatch, typed_dwh: Typed) -> Typed:
    """The command in this process, in the folder of `written`."""
    monkeypatch.chdir(written)
    return typed_dwh

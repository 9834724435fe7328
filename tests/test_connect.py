"""The whole command line over a real Spark Connect server, in processes that have no Java."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dwh.core.testing.servers import connect_server, free_port

pytest.importorskip("grpc", reason="Spark Connect's client is not installed: pip install 'pyspark[connect]'")
pytestmark = pytest.mark.connect

DWH = str(Path(sys.executable).parent / "dwh")
SHAPES = str(Path(__file__).parent / "shapes.py")
RUN = (DWH, "run", "takings@7.1", "--from", "2024-01-01", "--to", "2024-01-03", "--json")
FIGURES = ("job", "line", "release", "table", "first_date", "last_date", "partitions", "rows")


@pytest.fixture(scope="module")
def server(say: Callable[[str], None]) -> Iterator[str]:
    """The address of a Spark Connect server."""
    with connect_server() as address:
        say(f"started a Spark Connect server at {address}")
        yield address
    say("stopped it")


@pytest.fixture
def remote(server: str) -> dict[str, str]:
    """The variables of a process that has the server, and no Java."""
    return {
        "DWH_SPARK": f'"spark.remote" = "{server}"',
        "PATH": str(Path(DWH).parent),
        "JAVA_HOME": "/nowhere",
    }


def test_the_command_line(program, remote, config, installed_line, takings):
    """run, show and compare work over Connect; receipts and fingerprints are those of local mode."""
    installed_line("7.1", {"takings": takings()})
    runs = [json.loads(program(*RUN, **place).stdout) for place in ({}, remote)]
    here, there = ({name: receipt[name] for name in FIGURES} for receipt in runs)
    assert here == there and here["rows"] == 5
    compare = program(DWH, "compare", *(receipt["run"] for receipt in runs), "--json", **remote)
    report = json.loads(compare.stdout)
    assert (report["verdict"], report["measurement"]["step"]) == ("pass", "fingerprint")
    exactly = program(DWH, "compare", *(receipt["run"] for receipt in runs), "--exact", "--json", **remote)
    assert json.loads(exactly.stdout)["rows"]["matched"] == 5
    shown = program(DWH, "show", "shop.takings", "--line", "7.1", "--date", "2024-01-03", **remote)
    assert "east" in shown.stdout


def test_jobs_of_every_shape(shapes, remote):
    """Windows, tables of other jobs, whole tables with their history, hours and months work over Connect."""
    shapes(**remote)


def test_every_shape_by_every_command(program, remote):
    """Hours over a change of clocks, days laid out by site, too, a whole table and its history."""
    some = ("hours", "days", "totals")
    program(sys.executable, SHAPES, "2024-03-30,2024-03-31", *some, TZ="Europe/Berlin", **remote)


def test_a_server_that_does_not_answer(program, remote, config, installed_line, takings):
    """Where no server answers, that is said within seconds, and nothing is recorded."""
    installed_line("7.1", {"takings": takings()})
    address = f"sc://127.0.0.1:{free_port()}/;token=hunter2"
    started = time.monotonic()
    failed = program(*RUN, fails=True, **{**remote, "DWH_SPARK": f'"spark.remote" = "{address}"'})
    assert "no Spark Connect server answers at sc://127.0.0.1:" in failed.stderr
    assert "hunter2" not in failed.stderr and time.monotonic() - started < 60


def test_an_address_that_is_none(program, remote, config, installed_line, takings):
    """An address that cannot be read is refused, with one that can."""
    installed_line("7.1", {"takings": takings()})
    failed = program(*RUN, fails=True, **{**remote, "DWH_SPARK": '"spark.remote" = "sc://h:port/x"'})
    assert 'write "spark.remote" = "sc://HOST:PORT"' in failed.stderr

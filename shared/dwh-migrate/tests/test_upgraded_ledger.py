"""A ledger of an older version, once upgraded: what it holds can be compared, cut over and rolled back."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config as Alembic

from dwh.core import migrations
from dwh.core.dates import DateRange
from dwh.core.ledger import Ledger
from dwh.core.ledger.database import SCHEMA_VERSION
from dwh.core.ledger.schema import metadata
from dwh.core.lines import find_job
from dwh.core.warehouse import Warehouse, read_table
from dwh.migrate.compare.outputs import OutputOptions, compare_outputs
from dwh.migrate.compare.subjects import subjects_of
from dwh.migrate.rollout import RolloutError, advance, pin, plan, roll_back, start
from dwh.migrate.rollout.proving import prove

pytestmark = pytest.mark.usefixtures("interpreted")

DAYS = DateRange(date(2024, 1, 1), date(2024, 1, 2))
JOB = {"job": "takings", "environment": "prod"}
TABLE = "shop.takings"


@pytest.fixture
def written(config, installed_line, renamed, spark) -> Warehouse:
    """What both lines have written in prod, the old one pinned and published."""
    warehouse = Warehouse.create(config.in_environment("prod"))
    pin(warehouse, job="takings", line="8.1", environment="prod", reason="where we start")
    for line in ("8.1", "8.2"):
        find_job(f"takings@{line}")().run(start=DAYS.first, end=DAYS.last, spark=spark, warehouse=warehouse)
    return warehouse


def older(new: Ledger, url: str, version: str) -> Ledger:
    """Make a ledger of an older version that holds what a newer one does, as far as it has a place."""
    found = Ledger(url)
    if found.url.get_backend_name() == "sqlite":
        Path(str(found.url.database)).parent.mkdir(parents=True, exist_ok=True)
    with found.writing() as connection:
        setup = Alembic()
        setup.attributes["connection"] = connection
        setup.set_main_option("script_location", str(Path(migrations.__file__).parent))
        command.upgrade(setup, version)
    with new.reading() as source, found.writing() as connection:
        there = sa.inspect(connection)
        for table in metadata.sorted_tables:
            if there.has_table(table.name):
                types = {each["name"]: each["type"] for each in there.get_columns(table.name)}
                _copy(source, connection, table, types)
    return found


def _copy(source: sa.Connection, target: sa.Connection, table: sa.Table, types: dict[str, Any]) -> None:
    """Copy the rows, with logical dates as the older schema keeps them: PostgreSQL had dates."""
    columns = [column for column in table.c if column.name in types]
    dates = {name: found for name, found in types.items() if isinstance(found, sa.Date)}
    rows: list[dict[str, Any]] = [dict(row._mapping) for row in source.execute(sa.select(*columns))]
    if rows:
        there = (sa.column(each.name, dates.get(each.name, each.type)) for each in columns)
        place = sa.table(table.name, *there)
        target.execute(place.insert(), rows)


def moves(spark, warehouse: Warehouse, version: str) -> None:
    """Compare what the ledger held, cut over and roll back."""

    def columns() -> list[str]:
        return read_table(spark, TABLE, environment="prod", warehouse=warehouse).columns

    if version != "0003":  # which is the first that knows of environments
        pin(warehouse, job="takings", line="8.1", environment="prod", reason="where we start", publish=True)
    before = columns()
    subjects = subjects_of(warehouse, "takings@8.1", "takings@8.2", None)
    assert compare_outputs(spark, warehouse, *subjects, OutputOptions()).verdict == "pass"
    plan(warehouse, job="takings", old="8.1", new="8.2", environment="prod", gate=2)
    start(warehouse, **JOB, reason="it is better")
    with pytest.raises(RolloutError, match="0 of 2 dates proven, 2 unproven"):
        advance(warehouse, **JOB)
    prove(spark, warehouse, job="takings", line="8.2", dates=DAYS)
    assert advance(warehouse, **JOB).published == 2
    assert columns() == ["day", "shop", "orders", "total"]
    roll_back(warehouse, **JOB, reason="a dashboard reads amount")
    assert columns() == before == ["day", "shop", "orders", "amount"]


@pytest.mark.parametrize(
    "versions",
    [("0001", "0002", "0003"), pytest.param(("0003",), marks=pytest.mark.breadth)],
    ids=["sqlite", "postgresql"],
)
def test_an_upgraded_ledger_goes_through_a_rollout(spark, written, versions, tmp_path, request):
    """From every version that there was, with real outputs: to the new line, and back."""
    for version in versions:
        url = f"sqlite:///{tmp_path}/older/{version}.db"
        if "postgresql" in request.node.name:
            url = request.getfixturevalue("postgresql_url")
        ledger = older(written.ledger, url, version)
        assert ledger.version() == version
        ledger.upgrade()
        assert ledger.version() == SCHEMA_VERSION
        moves(spark, Warehouse(written.config, Ledger.open(url)), version)


@pytest.mark.breadth
def test_ledgers_that_know_fingerprints(spark, written, tmp_path):
    """From the versions since environments have outputs: what they have found out still holds."""
    subjects = subjects_of(written, "takings@8.1", "takings@8.2", None)
    compare_outputs(spark, written, *subjects, OutputOptions())
    for version in ("0004", "0005", "0006", "0007"):
        url = f"sqlite:///{tmp_path}/older/{version}.db"
        older(written.ledger, url, version).upgrade()
        moves(spark, Warehouse(written.config, Ledger.open(url)), version)

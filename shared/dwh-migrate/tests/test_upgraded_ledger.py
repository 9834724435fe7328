"""A ledger of an older version, once upgraded: what it holds can be compared, cut over and rolled back."""

from __future__ import annotations

from datetime import date

import pytest
from upgrading import older

from dwh.core.dates import DateRange
from dwh.core.ledger import Ledger
from dwh.core.ledger.database import SCHEMA_VERSION
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


@pytest.mark.breadth
@pytest.mark.parametrize("versions", [("0001", "0002", "0003"), ("0003",)], ids=["sqlite", "postgresql"])
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

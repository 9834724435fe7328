"""A rollout under way in a ledger of an older version goes on in the upgraded one: without Spark."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from fabricate import DAYS, begin, compared, proved, resolved, served, shown, write
from upgrading import older

from dwh.core.dates import DateRange
from dwh.core.grain import HOUR
from dwh.core.ledger import Ledger
from dwh.core.ledger.records import ADOPTED_STORAGE
from dwh.core.ledger.schema import runs
from dwh.core.testing.lines import TAKINGS
from dwh.core.warehouse import Warehouse
from dwh.migrate.rollout import advance, pin, progress, roll_back

JOB = {"job": "takings", "environment": "prod"}
BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.breadth)]
HOURS = list(DateRange(HOUR.parse("2024-03-31T00"), HOUR.parse("2024-03-31T05")))


@pytest.fixture(params=BOTH)
def upgraded(request, tmp_path):
    """Give a warehouse whose ledger holds what another's does, and was of an older version before."""

    def made(warehouse: Warehouse, version: str) -> Warehouse:
        url = f"sqlite:///{tmp_path}/older.db"
        if request.param == "postgresql":
            url = request.getfixturevalue("postgresql_url")
        older(warehouse.ledger, url, version).upgrade()
        return replace(warehouse, ledger=Ledger.open(url))

    return made


@pytest.mark.parametrize("version", ["0004", "0005", "0006", "0007"])
def test_a_ramp_under_way_goes_on(warehouse, upgraded, version):
    """What is published, decided and compared is what it was; it goes on, and back to adopted files."""
    write(warehouse, "takings@7.1", *DAYS[:2], run_id="old")
    pin(warehouse, **JOB, line="7.1", reason="where we start", publish=True)
    with warehouse.ledger.writing() as connection:
        connection.execute(runs.update().where(runs.c.id == "old").values(storage=ADOPTED_STORAGE))
    begin(warehouse, "7.2", ["shadow", "30%", "100%"])
    compared(warehouse, "pass", *DAYS[:2])
    advance(warehouse, **JOB)
    lines = resolved(warehouse, *DAYS)
    served(warehouse, *DAYS[2:], run_id="new")
    assert set(shown(warehouse).values()) == {"old", "new_old", "new"}

    then = upgraded(warehouse, version)
    assert (shown(then), resolved(then, *DAYS)) == (shown(warehouse), lines)
    assert progress(then, **JOB) == progress(warehouse, **JOB)
    (kept,) = then.ledger.find_runs(runs.c.id == "old")
    assert kept.storage == (ADOPTED_STORAGE if version >= "0006" else "parquet")
    advance(then, **JOB)
    assert set(resolved(then, DAYS[-1] + timedelta(1)).values()) == {"7.2"}
    roll_back(then, **JOB, reason="not yet")
    assert shown(then) == {day: "old" if day in DAYS[:2] else "new_old" for day in DAYS}


def test_hours_go_on(warehouse, installed_line, upgraded):
    """The version that knows them first: they are cut over, and rolled back."""
    hourly = TAKINGS.replace('Column("day", "date")', 'Column("day", "timestamp")')
    amount = 'Column("amount", "double", nullable=True),\n        ),\n        key'
    for line, source in {
        "8.1": hourly,
        "8.3": hourly.replace(amount, amount.replace("amount", "total")),
    }.items():
        installed_line(line, {"takings": source})
    pin(warehouse, **JOB, line="8.1", reason="where we start")
    write(warehouse, "takings@8.1", *HOURS, run_id="old")
    write(warehouse, "takings@8.3", *HOURS, run_id="new")
    begin(warehouse, "8.3")
    proved(warehouse, dict.fromkeys(HOURS, ("old", "new")))

    then = upgraded(warehouse, "0007")
    assert shown(then) == dict.fromkeys(HOURS, "old")
    advance(then, **JOB)
    assert shown(then) == dict.fromkeys(HOURS, "new")
    roll_back(then, **JOB, reason="not yet")
    assert shown(then) == dict.fromkeys(HOURS, "old")

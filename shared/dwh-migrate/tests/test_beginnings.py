"""Whether it is told that a run begins a history, and where it could begin earlier: without Spark."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest
from fabricate import DAYS

from dwh.core import Column, Table
from dwh.core.dates import DateRange
from dwh.core.ledger.environments import add_publications
from dwh.core.lines import find_job
from dwh.core.run import prepare_run
from dwh.core.testing.runs import committed_run
from dwh.migrate.beginnings import beginning_of

TOTALS = '''
from dwh.core import Column, Input, Job, Table

TAKINGS = Table("shop.takings", (Column("day", "date"),), partition_by="day")


class Totals(Job):
    """What each shop took so far."""

    reads = (TAKINGS, Input.previous())
    writes = Table("shop.totals", (Column("shop", "string"),), key=("shop",))

    def transform(self, takings, previous):
        return previous
'''
WHOLE = Table("shop.totals", (Column("shop", "string"),), key=("shop",))
BEGINS = "the history of totals@9.1 in dev begins with"


@pytest.fixture
def told(warehouse, installed_line):
    """What is told of runs of `totals`, whose input is published from the third day on."""
    warehouse = replace(warehouse, config=warehouse.config.in_environment("dev"))
    ledger = warehouse.ledger
    for line in ("9.1", "9.2"):
        installed_line(line, {"totals": TOTALS})
    run = committed_run(ledger, table="shop.takings", line="7.1", dates=DateRange(DAYS[2], DAYS[9]))
    with ledger.holding("shop.takings") as (connection, sequence):
        add_publications(
            connection,
            environment="dev",
            table="shop.takings",
            run_ids=dict.fromkeys(DAYS[2:], run),
            sequence=sequence,
            now=datetime.now(timezone.utc),
        )

    class Told:
        def of(self, first, last, line="9.1"):
            dates = DateRange(DAYS[first], DAYS[last])
            return beginning_of(prepare_run(find_job(f"totals@{line}")(), dates, warehouse=warehouse))

        def wrote(self, first, last, line="9.1"):
            for day in DAYS[first : last + 1]:
                one = DateRange(day, day)
                committed_run(ledger, table="shop.totals", line=line, dates=one, contract=WHOLE)

    return Told()


def test_a_history_that_begins_as_early_as_its_inputs(told):
    """It is told once; neither a run that goes on with it nor one of its first date again begins one."""
    assert told.of(2, 5) == f"{BEGINS} 2024-01-03, from nothing"
    told.wrote(2, 5)
    assert told.of(6, 7) is None
    assert told.of(2, 2) is None


def test_a_history_that_could_begin_earlier(told):
    """The table of another job that begins last is named, with the command that begins there."""
    assert told.of(4, 5) == (
        f"{BEGINS} 2024-01-05, from nothing; shop.takings begins with 2024-01-03: to begin there, type: "
        "dwh backfill totals@9.1 --from 2024-01-03 --to 2024-01-06 --env dev"
    )


def test_a_history_that_begins_after_another_line_s(told):
    """Both lines give the same only where they begin on the same date, whatever there is to read before."""
    told.wrote(3, 6, line="9.2")
    assert "; that of totals@9.2 begins with 2024-01-04: to begin there, type: dwh backfill" in told.of(5, 5)
    assert told.of(3, 3) == f"{BEGINS} 2024-01-04, from nothing"


def test_a_history_that_is_continued_at_its_beginning(told):
    """Dates before those that are there begin it anew."""
    told.wrote(6, 7)
    assert told.of(2, 5) == f"{BEGINS} 2024-01-03, from nothing"

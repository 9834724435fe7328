"""What a backfill would run. That it runs is tested with the rollouts, whose cutovers need it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fabricate import DAYS, write

from dwh.core import Column, Table
from dwh.core.dates import DateRange, date_spans
from dwh.core.ledger import OutputsRead
from dwh.core.lines import find_job
from dwh.core.run import prepare_run
from dwh.core.testing.runs import committed_run
from dwh.migrate.backfill import batches, read_like
from dwh.migrate.rollout import pin, plan, start

TOTAL = '''
from dwh.core import Column, Input, Job, Table

COLUMNS = (Column("day", "date"),)
TAKINGS = Table("shop.takings", COLUMNS, partition_by="day")


class Total(Job):
    """What all shops took, each day, and the day before."""

    reads = (Input(TAKINGS, line="7.1", back=1, may_lack=True),)
    writes = Table("shop.total", COLUMNS, partition_by="day")

    def transform(self, takings):
        return takings
'''


KNOWN = """
from dwh.core import Column, Input, Job, Table

SHOPS = Table("shop.shops", (Column("shop", "string"),))


class Known(Job):
    '''The shops that were known on each day.'''

    reads = (Input(SHOPS, line="7.1", may_lack=True),)
    writes = Table("shop.known", (Column("day", "date"), Column("shop", "string")), partition_by="day")

    def transform(self, shops):
        return shops
"""


def test_dates_that_read_different_whole_tables_are_run_by_themselves(warehouse, installed_line):
    """Also where several are asked for at once; those that read the same table are one run."""
    installed_line("9.1", {"known": KNOWN})
    warehouse, job = replace(warehouse, config=warehouse.config.in_environment("dev")), find_job("known@9.1")
    contract = Table("shop.shops", (Column("shop", "string"),))
    for day in DAYS[1:3]:
        committed_run(
            warehouse.ledger, table="shop.shops", line="7.1", dates=DateRange(day, day), contract=contract
        )
    since, until = (DateRange(DAYS[1], DAYS[2]), DateRange(DAYS[2], DAYS[4]))
    assert batches(warehouse, job(), since, 31) == [DateRange(day, day) for day in since]
    assert batches(warehouse, job(), until, 31) == [until]


@pytest.fixture
def moving(warehouse, installed_line):
    """A warehouse that may move `total` from 9.1 to 9.2, whose runs have read two of `takings`."""
    warehouse = replace(warehouse, config=warehouse.config.in_environment("dev"))
    for line in ("9.1", "9.2"):
        installed_line(line, {"total": TOTAL})
    record = {"name": "shop.takings", "format": "dwh", "environment": "dev", "line": "7.1", "back": 1}

    def takings(*days):
        return committed_run(
            warehouse.ledger, table="shop.takings", line="7.1", dates=DateRange(days[0], days[-1])
        )

    def served(run, day, *read):
        reads = [OutputsRead("shop.takings", run, read[0], read[-1])]
        committed_run(
            warehouse.ledger,
            table="shop.total",
            line="9.1",
            dates=DateRange(day, day),
            reads=reads,
            inputs=[record],
        )

    dates = DAYS[1:4]
    before = takings(*dates)
    served(before, dates[0], dates[0])
    served(before, dates[1], *dates[:2])
    since = takings(*dates[1:])
    served(since, dates[2], *dates[1:])
    takings(*DAYS[:4])
    asked = {"job": "total", "environment": "dev"}
    pin(warehouse, **asked, line="9.1", reason="where we start", publish=True)
    plan(warehouse, **asked, old="9.1", new="9.2")
    return warehouse, DateRange(dates[0], dates[-1]), (before, since)


@pytest.fixture
def partly(warehouse):
    """A warehouse where line 7.1 has written two of ten dates in prod, and a run of another is not done."""
    write(warehouse, "takings@7.1", DAYS[1])
    write(warehouse, "takings@7.1", *DAYS, environment="dev")
    write(warehouse, "takings@7.1", DAYS[7])
    write(warehouse, "takings@7.1", DAYS[4], commit=False)
    write(warehouse, "takings@7.2", *DAYS)
    return warehouse


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_batches_are_all_that_is_missing(partly, size):
    """The batches hold each date that the line lacks once, in order, and none more than the size."""
    found = batches(partly, find_job("takings@7.1")(), DateRange(DAYS[0], DAYS[-1]), size)
    missing = [day for day in DAYS if day not in (DAYS[1], DAYS[7])]
    assert [day for batch in found for day in batch] == missing
    assert all(len(batch) <= size for batch in found)
    assert len(found) == sum(-(-len(span) // size) for span in date_spans(missing))


def test_other_dates_are_left_alone(partly):
    """Only the dates that were asked for are run; where all are there, none is."""
    job = find_job("takings@7.1")()
    assert batches(partly, job, DateRange(DAYS[6], DAYS[8]), 31) == [
        DateRange(DAYS[6], DAYS[6]),
        DateRange(DAYS[8], DAYS[8]),
    ]
    assert batches(partly, job, DateRange(DAYS[7], DAYS[7]), 31) == []


def test_a_backfill_within_a_rollout_reads_what_readers_got_the_result_of(moving):
    """What ran or came in since is not read, and dates are run together where they read the same."""
    warehouse, dates, (before, since) = moving
    job = find_job("total@9.2")()
    assert batches(warehouse, job, dates, 31) == [dates]
    assert read_like(warehouse, job, dates) == ()
    start(warehouse, job="total", environment="dev", reason="asked for")
    found = batches(warehouse, job, dates, 31)
    assert found == [DateRange(DAYS[1], DAYS[2]), DateRange(DAYS[3], DAYS[3])]
    read = [
        one
        for span in found
        for one in prepare_run(job, span, warehouse=warehouse, like=read_like(warehouse, job, span))
        .sources["shop.takings"]
        .reads()
    ]
    assert [(one.read_run_id, one.first_date, one.last_date) for one in read] == [
        (before, DAYS[1], DAYS[2]),
        (since, DAYS[2], DAYS[3]),
    ]

"""Jobs that build on their own output of the logical date before."""

from __future__ import annotations

import re
import secrets
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dwh.core import Column, Input, Table
from dwh.core.compatibility import input_added, input_differences
from dwh.core.dates import DateRange
from dwh.core.definition import inputs_of
from dwh.core.errors import DefinitionError, InputError, MissingInputError
from dwh.core.grain import MONTH
from dwh.core.ledger import RunRecord, WrittenFile
from dwh.core.ledger.records import ColumnStatistics
from dwh.core.ledger.schema import runs
from dwh.core.lines import find_job
from dwh.core.run import prepare_run
from dwh.core.sources.previous import PreviousSource, outdated_after
from dwh.core.testing.runs import committed_run
from dwh.core.warehouse import read_table

TOTALS = '''
from pyspark.sql import functions as F

from dwh.core import Column, Input, Job, Table

ORDERS = Table("orders", (Column("day", "date"), Column("shop", "string")), partition_by="day")


class Totals(Job):
    """How often each shop has ordered so far: yesterday's totals and what came today."""

    reads = (ORDERS, Input.previous())
    writes = Table(
        "shop.totals",
        (Column("shop", "string"), Column("orders", "bigint"), Column("note", "string", nullable=True)),
        key=("shop",),
    )

    def transform(self, orders, previous):
        today = orders.groupBy("shop").agg(F.count("*").alias("orders"))
        both = previous.select("shop", "orders").unionByName(today).groupBy("shop")
        return both.agg(F.sum("orders").alias("orders")).withColumn("note", F.lit(None).cast("string"))
'''


@pytest.fixture
def totals(installed_line):
    """Install the job in a line."""

    def make(line="7.1", source=TOTALS):
        installed_line(line, {"totals": source})
        return find_job(f"totals@{line}")()

    return make


@pytest.fixture
def totals_once(totals):
    """The job, installed."""
    return totals()


@pytest.fixture
def recorded(warehouse):
    """Commit a run of a job as it would without Spark; return its id."""

    def commit(job, day, contract, read=(), run_id="before", files=None):
        now = datetime.now(timezone.utc)
        facts = dict.fromkeys(("started_by", "host", "location"), "here")
        run = RunRecord(
            *(
                run_id,
                job.name(),
                job.line,
                job.release,
                contract.name,
                "dev",
                "started",
                day,
                day,
                now,
                None,
            ),
            **facts,
            pid=1,
            contract=contract.to_dict(),
            code={"state": "installed"},
            engine={},
            inputs=[],
            error=None,
        )
        warehouse.ledger.start_run(run, read)
        warehouse.ledger.commit_run(run, {day: 1}, files)
        return run_id

    return commit


def read(spark, warehouse, day=None, line="7.1"):
    frame = read_table(spark, "shop.totals", line=line, start=day, end=day, warehouse=warehouse)
    return {row["shop"]: row["orders"] for row in frame.collect()}


def test_a_range_is_computed_date_by_date(spark, warehouse, totals):
    """The first date gets an empty table before it, each other the one that has just been written."""
    job = totals()
    receipt = job.run(start="2024-01-01", end="2024-01-03", spark=spark, warehouse=warehouse)
    assert (receipt["first_date"], receipt["last_date"], receipt["partitions"], receipt["rows"]) == (
        *("2024-01-01", "2024-01-03"),
        *(3, 2 + 2 + 3),
    )
    assert read(spark, warehouse, "2024-01-01") == {"north": 2, "south": 1}
    assert read(spark, warehouse) == {"north": 3, "south": 2, "east": 1}
    runs = warehouse.ledger.find_runs()
    reads = warehouse.ledger.reads_of([run.id for run in runs])
    assert [reads.get(run.id) and reads[run.id][0].read_run_id for run in runs] == [
        None,
        runs[0].id,
        runs[1].id,
    ]

    other = totals("7.2")  # which has a history of its own, and so begins anew
    other.run(date="2024-01-03", spark=spark, warehouse=warehouse)
    assert read(spark, warehouse, line="7.2") == {"east": 1}

    again = job.run(date="2024-01-01", spark=spark, warehouse=warehouse)
    assert again["outdated"] == ["2024-01-02 to 2024-01-03"]
    with pytest.raises(
        MissingInputError, match=r"dwh backfill totals@7\.1 --from 2024-01-04 --to 2024-01-05"
    ):
        prepare_run(job, DateRange(date(2024, 1, 6), date(2024, 1, 6)), warehouse=warehouse)


def test_a_range_may_read_another_whole_table_for_each_date(warehouse, totals):
    """A job that builds on itself computes date by date, and each date reads the table of its own."""
    shops = Table("shop.shops", (Column("shop", "string"),))
    source = TOTALS.replace("Input.previous())", 'Input.previous(), Input(SHOPS, line="7.1"))')
    source = source.replace("orders, previous)", "orders, previous, shops)").replace(
        "class Totals", 'SHOPS = Table("shop.shops", (Column("shop", "string"),))\n\n\nclass Totals'
    )
    dates = DateRange(date(2024, 1, 1), date(2024, 1, 2))
    for day in dates:
        alone = DateRange(day, day)
        committed_run(warehouse.ledger, table=shops.name, line="7.1", dates=alone, contract=shops)
    prepare_run(totals(source=source), dates, warehouse=warehouse)


DAY, SHOP, ORDERS = Column("day", "date"), Column("shop", "string"), Column("orders", "bigint")
NOTE = Column("note", "string", nullable=True)


@pytest.mark.parametrize("allowed", ["", "may_lack=True"])
def test_a_history_does_not_begin_anew_where_it_was_removed(warehouse, totals, recorded, allowed):
    """After `dwh gc --keep`, an old date says what to run first, and does not begin from nothing."""
    job = totals(source=TOTALS.replace("previous()", f"previous({allowed})"))
    days = [date(2024, 1, day) for day in (1, 2, 3, 4)]
    for day in days[:-1]:
        recorded(job, day, job.writes, run_id=f"run{day.day}")
    with warehouse.ledger.writing() as connection:
        connection.execute(runs.update().where(runs.c.id != "run3").values(status="removed"))
    remedy = "dwh backfill totals@7.1 --from 2024-01-01 --to 2024-01-02 --env dev"
    with pytest.raises(InputError, match=rf"output of 2024-01-02 \(run run2\) was removed by .*{remedy}"):
        prepare_run(job, DateRange(days[2], days[2]), warehouse=warehouse)
    for day in (days[0], days[3]):
        prepare_run(job, DateRange(day, day), warehouse=warehouse)
    recorded(job, days[1], job.writes, run_id="again")
    prepare_run(job, DateRange(days[2], days[2]), warehouse=warehouse)


@pytest.mark.parametrize(
    ("before", "problem"),
    [
        (Table("shop.totals", (SHOP, Column("orders", "int"), NOTE)), "column orders is int, and now bigint"),
        (Table("shop.totals", (SHOP, NOTE)), "there is no column orders, which must not be null"),
        (Table("shop.totals", (DAY, SHOP, ORDERS, NOTE), partition_by="day"), "its partition_by is day, and"),
        (
            Table("shop.totals", (SHOP, ORDERS, NOTE), key=("shop", "orders")),
            r"its key is \(shop, orders\), and",
        ),
        (
            Table("shop.totals", (SHOP, Column("orders", "bigint", nullable=True), NOTE)),
            "column orders may be null, and now must not be",
        ),
        (Table("shop.totals", (SHOP, ORDERS)), None),
    ],
)
def test_an_output_before_of_another_contract(warehouse, totals, recorded, before, problem):
    """It is refused before Spark starts, but for columns that are new and may be null."""
    job, first, second = totals(), date(2024, 1, 1), date(2024, 1, 2)
    recorded(job, first, before)
    if problem is None:
        prepare_run(job, DateRange(second, second), warehouse=warehouse)
        return
    remedy = "dwh run totals@7.1 --from 2024-01-01 --to 2024-01-02 --env dev"
    with pytest.raises(InputError, match=f"{problem}.*{re.escape(remedy)}"):
        prepare_run(job, DateRange(second, second), warehouse=warehouse)


@pytest.mark.parametrize(("nulls", "refused"), [(0, False), (1, True), (None, True)])
def test_an_output_before_whose_nulls_are_known(warehouse, totals, recorded, nulls, refused):
    """Where its run has counted none in a column that must not be null any more, the history goes on."""
    job, (first, second) = totals(), (date(2024, 1, 1), date(2024, 1, 2))
    before = Table("shop.totals", (SHOP, Column("orders", "bigint", nullable=True), NOTE))
    said = {"orders": ColumnStatistics(nulls)}
    recorded(job, first, before, files={first: [WrittenFile("part.parquet", 1, 1, said)]})
    if refused:
        with pytest.raises(InputError, match="column orders may be null"):
            prepare_run(job, DateRange(second, second), warehouse=warehouse)
    else:
        prepare_run(job, DateRange(second, second), warehouse=warehouse)


def test_an_output_before_of_another_grain(warehouse, totals, recorded):
    """A line that was daily and is monthly now builds on no day, and is told to begin anew."""
    daily = Table("shop.totals", (DAY, SHOP, ORDERS, NOTE), partition_by="day")
    key = 'key=("shop",)'
    monthly = TOTALS.replace(
        '(Column("shop", "string"), Column("orders"',
        '(Column("day", "date"), Column("shop", "string"), Column("orders"',
    )
    job = totals(source=monthly.replace(key, 'key=("day", "shop"), partition_by="day", grain="month"'))
    recorded(job, date(2024, 1, 31), daily)
    january, march = MONTH.parse("2024-01"), MONTH.parse("2024-03")
    with pytest.raises(InputError, match=r"it is daily, and now monthly.*--from 2024-01 --to 2024-03"):
        prepare_run(job, DateRange(march, march), warehouse=warehouse)
    prepare_run(job, DateRange(january, january), warehouse=warehouse)
    assert outdated_after(warehouse, inputs_of(job)[1], "7.1", january) == []


@pytest.mark.parametrize("allowed", ["", "may_lack=True"])
@pytest.mark.parametrize("reads_alike", [True, False])
def test_a_history_does_not_begin_anew_beside_another(warehouse, totals, recorded, allowed, reads_alike):
    """A run that is held against another line's goes on from a history, where that one did."""
    source = TOTALS.replace("previous()", f"previous({allowed})")
    served, candidate = totals(source=source), totals("7.2", source)
    first, second, third = (date(2024, 1, day) for day in (1, 2, 3))
    for day in (first, second, third):
        recorded(served, day, served.writes, run_id=f"run{day.day}")

    def prepare(day):
        other = f"run{day.day}"
        beside = {"like": (other,)} if reads_alike else {"beside": other}
        prepare_run(candidate, DateRange(day, day), warehouse=warehouse, **beside)

    prepare(first)
    remedy = "dwh backfill totals@7.2 --from 2024-01-01 --to 2024-01-02 --env dev"
    with pytest.raises(MissingInputError, match=f"on which 2024-01-03 builds lacks .*{remedy}"):
        prepare(third)
    recorded(candidate, second, candidate.writes, run_id="mine")
    prepare(third)


def test_previous_is_the_name_of_one_input(totals):
    """A table that is called so as well is refused where the job is defined."""
    with pytest.raises(DefinitionError, match="two inputs have the same name"):
        totals(
            source=TOTALS.replace("(ORDERS, Input", '(ORDERS, Table("raw.previous", ORDERS.columns), Input')
        )


def test_what_the_gate_says_of_a_job_that_builds_on_itself():
    """Its new columns are differences of the output alone; that it does so is a feature."""
    old, new = (Input.previous().of(Table("t", columns)).to_dict() for columns in ((SHOP,), (SHOP, ORDERS)))
    assert list(input_differences(old, new)) == []
    assert (input_added(new).step, input_added(Input(Table("t", (SHOP,))).to_dict()).step) == (
        "minor",
        "major",
    )


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ran=st.lists(st.integers(0, 5), max_size=12))
def test_any_order_of_runs_and_reruns(warehouse, totals_once, recorded, ran):
    """Each run builds on the newest output of the date before, and those that do not any more are told."""
    contract = replace(totals_once.writes, name=f"t.t{secrets.token_hex(4)}")
    need, newest, built_on = Input.previous().of(contract), {}, {}
    for number in ran:
        day = date(2024, 1, 1) + timedelta(number)
        dates = DateRange(day, day)
        source = PreviousSource.before(need, warehouse, "7.1", dates, None)
        if number - 1 not in newest and any(other < number for other in newest):
            with pytest.raises(MissingInputError):
                source.check(need, dates)
            continue
        source.check(need, dates)
        newest[number] = recorded(totals_once, day, contract, source.reads(), secrets.token_hex(8))
        built_on[number] = newest.get(number - 1)
        assert [one.read_run_id for one in source.reads()] == [run for run in [built_on[number]] if run]
        told = {d for span in outdated_after(warehouse, need, "7.1", day) for d in span}
        assert told == {date(2024, 1, 1) + timedelta(other) for other in outdated(newest, built_on, number)}


def outdated(newest, built_on, number):
    """Return, as one would by hand, which dates after a number rest on something old."""
    found = set()
    for other in range(number + 1, 6):
        if other not in newest:
            break
        if built_on[other] != newest[other - 1] or other - 1 in found:
            found.add(other)
    return found

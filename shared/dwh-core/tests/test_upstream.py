"""Jobs that read what other jobs write: settled before Spark starts, recorded, refused where it cannot be."""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dwh.core import Column, Input, Table
from dwh.core.config import SourcePlace
from dwh.core.dates import DateRange, parse_date
from dwh.core.errors import CycleError, DefinitionError, InputError, MissingInputError, UnknownSourceError
from dwh.core.grain import HOUR
from dwh.core.ledger.environments import add_publications
from dwh.core.lines import find_job
from dwh.core.run import prepare_run
from dwh.core.sources.published import PublishedSource
from dwh.core.testing.runs import committed_run
from dwh.core.warehouse import read_table

FIRST, SECOND, THIRD = "2024-01-01", "2024-01-02", "2024-01-03"
OTHER_DAY = 'Column("paid", "date"), Column("orders", "bigint")), partition_by="paid"'
TOTAL = '''
from pyspark.sql import functions as F

from dwh.core import Column, Input, Job, Table

TAKINGS = Table(
    "shop.takings", columns=(Column("day", "date"), Column("orders", "bigint")), partition_by="day"
)


class Total(Job):
    """What all shops took, each day."""

    reads = (READS,)
    writes = Table(
        "shop.total",
        columns=(Column("day", "date"), Column("orders", "bigint")),
        key=("day",),
        partition_by="day",
    )

    def transform(self, takings):
        return takings.groupBy("day").agg(F.sum("orders").alias("orders"))
'''


@pytest.fixture
def shop(installed_line, takings, warehouse, spark):
    """Install `takings` and `total` in line 7.1, the latter with its `reads`; run and read them."""

    class Shop:
        def __init__(self):
            self.warehouse = warehouse

        def install(self, reads="TAKINGS", line="7.1", source=TOTAL, **replaced):
            jobs = {"takings": takings(**replaced), "total": source.replace("READS", reads)}
            installed_line(line, jobs)

        def run(self, reference, start=FIRST, end=None, **settings):
            job = find_job(reference)()
            return job.run(start=start, end=end or start, spark=spark, warehouse=warehouse, **settings)["run"]

        def publish(self, run, *days):
            with warehouse.ledger.holding("shop.takings") as (connection, sequence):
                now = datetime.now(timezone.utc)
                shown = {parse_date(day): run for day in days}
                add_publications(
                    connection,
                    environment="dev",
                    table="shop.takings",
                    run_ids=shown,
                    sequence=sequence,
                    now=now,
                )

        def orders(self, start=FIRST, end=None):
            frame = read_table(spark, "shop.total", line="7.1", start=start, end=end, warehouse=warehouse)
            return {str(row["day"]): row["orders"] for row in frame.collect()}

        def prepare(self, reference="total@7.1", start=FIRST, end=None, warehouse=warehouse):
            dates = DateRange(parse_date(start), parse_date(end or start))
            return prepare_run(find_job(reference)(), dates, warehouse=warehouse)

    return Shop()


def test_a_job_reads_what_a_line_has_written(shop):
    """`line=` names the version that a job builds on; what was run again counts once."""
    shop.install('Input(TAKINGS, line="7.1")')
    first = shop.run("takings@7.1", FIRST, SECOND)
    again = shop.run("takings@7.1", FIRST)
    total = shop.run("total@7.1", FIRST, SECOND)
    assert shop.orders() == {FIRST: 3, SECOND: 2}
    read = shop.warehouse.ledger.reads_of([total])[total]
    assert {(one.table_name, one.read_run_id, str(one.first_date), str(one.last_date)) for one in read} == {
        ("shop.takings", again, FIRST, FIRST),
        ("shop.takings", first, SECOND, SECOND),
    }
    (record,) = shop.warehouse.ledger.find_runs()[-1].inputs
    assert (record["format"], record["line"], record["environment"]) == ("dwh", "7.1", "dev")


def test_a_job_reads_what_its_environment_publishes(shop):
    """Without a line it is the publication, whatever has been written since."""
    shop.install()
    shown = shop.run("takings@7.1", FIRST)
    shop.publish(shown, FIRST)
    shop.run("takings@7.1", FIRST)
    total = shop.run("total@7.1", FIRST)
    (read,) = shop.warehouse.ledger.reads_of([total])[total]
    assert read.read_run_id == shown


@pytest.mark.breadth
def test_a_deployment_may_say_which(shop):
    """`format = "dwh"` in the configuration names a line, or puts what is published in its place."""
    shop.install('Input(TAKINGS, line="7.1")')
    shown = shop.run("takings@7.1", FIRST)
    shop.publish(shown, FIRST)
    newest = shop.run("takings@7.1", FIRST)

    def read_by(place):
        config = replace(shop.warehouse.config, sources={"shop.takings": place})
        (read,) = (
            shop.prepare(warehouse=replace(shop.warehouse, config=config)).sources["shop.takings"].reads()
        )
        return read.read_run_id

    assert read_by(SourcePlace("dwh", None)) == shown
    assert read_by(SourcePlace("dwh", None, line="7.1")) == newest


def test_dates_that_are_not_there(shop):
    """Missing dates are named with the command that makes them, before anything is recorded."""
    shop.install('Input(TAKINGS, line="7.1", back=1)')
    shop.run("takings@7.1", SECOND)
    message = (
        r"line 7.1 in dev lacks 2024-01-01, 2024-01-03; "
        r"type: dwh backfill takings@7.1 --from 2024-01-01 --to 2024-01-03 --env dev; .*may_lack=True"
    )
    with pytest.raises(MissingInputError, match=message):
        shop.run("total@7.1", SECOND, THIRD)
    assert [run.job for run in shop.warehouse.ledger.find_runs()] == ["takings"]


def test_dates_that_are_still_to_come(shop):
    """A window may reach into the future, which no command makes: that is told apart, and waited for."""
    shop.install('Input(TAKINGS, line="7.1", ahead=2)')
    today = datetime.now(timezone.utc).date()
    after = f"{today + timedelta(1)} to {today + timedelta(2)}"
    waits = f"run it again once {after} has come, which is still in the future; or write may_lack=True"
    with pytest.raises(MissingInputError) as told:
        shop.prepare(start=today)
    command = f"dwh backfill takings@7.1 --from {today} --to {today} --env dev"
    assert f"lacks {today} to {today + timedelta(2)}; type: {command}; {waits}" in str(told.value)
    contract = find_job("takings@7.1").writes
    dates = DateRange(today, today)
    committed_run(shop.warehouse.ledger, table=contract.name, line="7.1", dates=dates, contract=contract)
    with pytest.raises(MissingInputError, match=f"lacks {after}; {waits}") as told:
        shop.prepare(start=today)
    assert told.value.command is None


def test_a_window_beyond_the_first_date_of_the_calendar(shop):
    """It ends there: what is missing is told in spans, however many dates these are, or may be missing."""
    shop.install('Input(TAKINGS, line="7.1", back=10**9)')
    with pytest.raises(MissingInputError) as caught:
        shop.prepare()
    assert caught.value.dates == ("0001-01-01 to 2024-01-01",)
    shop.install('Input(TAKINGS, line="7.1", back=10**9, ahead=10**9, may_lack=True)', line="7.2")
    began = time.process_time()
    assert shop.prepare("total@7.2").sources["shop.takings"].outputs == ()
    assert time.process_time() - began < 1


def test_dates_that_nobody_publishes(shop):
    """Where the environment has no pin, the command makes one."""
    shop.install()
    shop.run("takings@7.1", FIRST)
    with pytest.raises(
        MissingInputError, match="what dev publishes lacks 2024-01-01; type: dwh pin takings LINE"
    ):
        shop.prepare()


def test_an_input_that_may_lack_dates(shop):
    """`may_lack` goes on with the dates that are there, and with none of them."""
    shop.install('Input(TAKINGS, line="7.1", back=5, may_lack=True)')
    with pytest.raises(Exception, match="no rows for 1 of 1 dates"):
        shop.run("total@7.1", SECOND)
    shop.run("takings@7.1", SECOND)
    shop.run("total@7.1", SECOND)
    assert shop.orders(SECOND) == {SECOND: 2}


@pytest.mark.parametrize(
    ("needed", "problem"),
    [
        ('Column("items", "bigint")', "there is no column items"),
        ('Column("orders", "int")', "column orders is bigint, the job needs int"),
    ],
)
def test_a_contract_that_is_not_kept(shop, needed, problem):
    """A column that is gone or has another type is named before Spark starts."""
    source = TOTAL.replace('Column("orders", "bigint")), partition_by', f"{needed}), partition_by")
    shop.install('Input(TAKINGS, line="7.1")', source=source)
    shop.run("takings@7.1", FIRST)
    with pytest.raises(InputError, match=rf"shop.takings, line 7.1 in dev \(line 7.1\): {problem}"):
        shop.prepare()


DAY, ORDERS, NOTE = Column("day", "date"), Column("orders", "bigint"), Column("note", "string", nullable=True)


@pytest.mark.parametrize(
    ("before", "problem"),
    [
        ((DAY,), "there is no column orders"),
        ((DAY, Column("orders", "string")), "column orders is string, the job needs bigint"),
        ((DAY, ORDERS), None),
    ],
)
def test_each_output_that_is_read_keeps_the_contract(shop, before, problem):
    """An older one of the line without a column, or of another type, is named; new ones may be null."""
    note = 'Column("note", "string", nullable=True)'
    noted = TOTAL.replace('"bigint")), partition_by', f'"bigint"), {note}), partition_by')
    shop.install('Input(TAKINGS, line="7.1")', source=noted)
    written = [
        committed_run(
            shop.warehouse.ledger,
            table="shop.takings",
            line="7.1",
            dates=DateRange(parse_date(day), parse_date(day)),
            contract=Table("shop.takings", columns, partition_by="day"),
        )
        for day, columns in ((FIRST, before), (SECOND, (DAY, ORDERS, NOTE)))
    ]
    if problem is None:
        shop.prepare(end=SECOND)
        return
    where = rf"line 7.1 in dev \(line 7.1, run {written[0]}\): {problem}"
    remedy = rf"run these dates again: dwh run takings@7.1 --from {FIRST} --to {FIRST} --env dev"
    with pytest.raises(InputError, match=f"{where}; .*{remedy}"):
        shop.prepare(end=SECOND)
    assert [run.id for run in shop.warehouse.ledger.find_runs()] == written


MAY_BE_NULL = (DAY, Column("orders", "bigint", nullable=True))


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ([MAY_BE_NULL], "column orders may be null, .*: write nullable=True there"),
        ([MAY_BE_NULL, (DAY, ORDERS)], "column orders may be null, .*; .*run these dates again"),
    ],
)
def test_nulls_that_an_input_does_not_expect(shop, written, told):
    """A column that may be null by the contract of what is read, and by the input may not, is named."""
    shop.install('Input(TAKINGS, line="7.1")')
    for number, columns in enumerate(written):
        day = parse_date(FIRST) + timedelta(number)
        contract = Table("shop.takings", columns, partition_by="day")
        dates = DateRange(day, day)
        committed_run(shop.warehouse.ledger, table=contract.name, line="7.1", dates=dates, contract=contract)
    with pytest.raises(InputError, match=told):
        shop.prepare(end=day)
    assert len(shop.warehouse.ledger.find_runs()) == len(written)


def test_nulls_that_an_input_expects(shop):
    """An input may allow nulls where the table that it reads has them, and where it has none."""
    nullable = TOTAL.replace('"bigint")), partition_by', '"bigint", nullable=True)), partition_by')
    shop.install('Input(TAKINGS, line="7.1")', source=nullable)
    for day, columns in ((FIRST, MAY_BE_NULL), (SECOND, (DAY, ORDERS))):
        contract, dates = (
            Table("shop.takings", columns, partition_by="day"),
            DateRange(*[parse_date(day)] * 2),
        )
        committed_run(shop.warehouse.ledger, table=contract.name, line="7.1", dates=dates, contract=contract)
    shop.prepare(end=SECOND)


def test_another_logical_date_is_not_taken_for_ones_own(shop):
    """A table whose partitions go by another column is refused."""
    source = TOTAL.replace(
        'Column("day", "date"), Column("orders", "bigint")), partition_by="day"', OTHER_DAY
    )
    shop.install('Input(TAKINGS, line="7.1")', source=source)
    shop.run("takings@7.1", FIRST)
    with pytest.raises(InputError, match="its logical date is in day, the job needs paid"):
        shop.prepare()


@pytest.mark.parametrize("allowed", ["", ", may_lack=True"])
def test_a_table_of_another_grain(shop, allowed):
    """It has none of the logical dates that the job asks for: why is said, and may_lack does not hide it."""
    shop.install(f'Input(TAKINGS, line="7.1"{allowed})')
    hour = DateRange(*[HOUR.parse(f"{FIRST}T05")] * 2)
    hourly = Table("shop.takings", (Column("day", "timestamp"),), partition_by="day")
    committed_run(shop.warehouse.ledger, table=hourly.name, line="7.1", dates=hour, contract=hourly)
    problem = "a logical date of it is an hour of UTC, the job needs one for each day"
    with pytest.raises(InputError, match=problem):
        shop.prepare()


def test_a_table_that_nobody_writes(shop):
    """It is refused with what the configuration could say."""
    shop.install(source=TOTAL.replace("takings", "nothing"))
    message = r'no job writes a table of that name; add \[sources."shop.nothing"\]'
    with pytest.raises(UnknownSourceError, match=message):
        shop.prepare()


@pytest.mark.parametrize("allowed", ["", ", may_lack=True"])
def test_a_table_that_only_the_configuration_says_jobs_write(shop, allowed):
    """It is refused, also where the input may lack dates, which would read nothing for ever."""
    shop.install(f"Input(TAKINGS{allowed})", source=TOTAL.replace("shop.takings", "shop.taking"))
    config = replace(shop.warehouse.config, sources={"shop.taking": SourcePlace("dwh", None)})
    with pytest.raises(InputError, match=r'shop\.taking, format = "dwh" in .*: no installed job writes'):
        shop.prepare(warehouse=replace(shop.warehouse, config=config))


def test_a_line_that_does_not_write_the_table(shop, installed_line):
    """Whoever names it is told which lines do, and not to run a job that is not there."""
    shop.install('Input(TAKINGS, line="7.2")')
    for others in ({}, {"total": TOTAL.replace("READS", "TAKINGS")}):
        if others:
            installed_line("7.2", others)
        with pytest.raises(InputError, match=r"line 7\.2 in dev: .*lines whose jobs do: 7\.1"):
            shop.prepare()


def test_a_cycle_is_refused_with_its_path(shop, installed_line):
    """A job that reads what is made from its own output is refused when it is resolved."""
    swapped = {"takings": "total", "total": "takings", "Total": "Back"}
    back = re.sub("takings|total|Total", lambda match: swapped[match[0]], TOTAL)
    jobs = {"back": back, "total": TOTAL}
    installed_line("7.1", {name: text.replace("READS", "TAKINGS") for name, text in jobs.items()})
    path = (
        "total@7.1 reads shop.takings, which back@7.1 writes; "
        "back@7.1 reads shop.total, which total@7.1 writes"
    )
    with pytest.raises(CycleError, match=path) as caught:
        shop.prepare()
    assert caught.value.exit_code == 2


def test_a_job_that_names_its_own_table(shop, installed_line):
    """It is a cycle of one, and the message says how a job builds on its own output."""
    itself = TOTAL.replace("takings", "total")
    installed_line("7.1", {"total": itself.replace("READS", "TAKINGS")})
    with pytest.raises(CycleError, match=r"total@7.1 reads shop.total, which .* Input.previous\(\)"):
        shop.prepare()


@pytest.mark.parametrize("reference", ["total@7.1", "takings@7.1"])
def test_two_jobs_that_write_one_table(shop, installed_line, takings, reference):
    """Neither is run, nor what reads the table: whose output it would be nobody can say."""
    jobs = {"takings": takings(), "sales": takings(), "total": TOTAL.replace("READS", "TAKINGS")}
    installed_line("7.1", jobs)
    with pytest.raises(DefinitionError, match=r"line 7.1: sales and takings write shop.takings; keep one"):
        shop.prepare(reference)


RUNS = st.lists(st.tuples(st.sampled_from(["0.1", "0.2"]), st.integers(0, 9), st.integers(0, 4)), max_size=8)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ran=RUNS, line=st.sampled_from(["0.1", "0.2"]), around=st.tuples(*[st.integers(0, 3)] * 2))
def test_what_is_read_is_what_came_last(warehouse, ran, line, around):
    """After any order of runs and reruns, a window is read from the newest output of each date."""
    table, newest = f"t.t{secrets.token_hex(4)}", {}
    for of_line, first, more in ran:
        dates = DateRange(day(first), day(first + more))
        run_id = committed_run(warehouse.ledger, table=table, line=of_line, dates=dates)
        newest |= dict.fromkeys(((of_line, date) for date in dates), run_id)
    need = Input(Table(table, (Column("day", "date"),), partition_by="day"), line, *around)
    wanted = need.dates(DateRange(day(4), day(5)))
    source = PublishedSource.of(
        need, warehouse, environment="dev", line=line, dates=DateRange(day(4), day(5))
    )
    model = {date: newest[line, date] for date in wanted if (line, date) in newest}
    assert {output.partition_date: output.run_id for output in source.outputs} == model
    read = {d: one.read_run_id for one in source.reads() for d in DateRange(one.first_date, one.last_date)}
    assert read == model
    if len(model) < len(wanted):
        with pytest.raises(MissingInputError):
            source.check(need, DateRange(day(4), day(5)))
    else:
        source.check(need, DateRange(day(4), day(5)))


def day(number):
    return date(2024, 1, 1) + timedelta(number)


def test_what_was_settled_is_read(shop):
    """A rerun of the upstream job between preparing and reading changes nothing."""
    shop.install('Input(TAKINGS, line="7.1")')
    before = shop.run("takings@7.1", FIRST)
    prepared = shop.prepare()
    shop.run("takings@7.1", FIRST)
    total = prepared.execute()["run"]
    (read,) = shop.warehouse.ledger.reads_of([total])[total]
    assert read.read_run_id == before


@pytest.mark.breadth
def test_a_run_reads_what_another_has_read(shop):
    """`like` names a run whose outputs are read again, where the input means the same."""
    shop.install('Input(TAKINGS, line="7.1")')
    before = shop.run("takings@7.1", FIRST)
    served = shop.run("total@7.1", FIRST)
    shop.run("takings@7.1", FIRST)
    dates = DateRange(parse_date(FIRST), parse_date(FIRST))
    again = prepare_run(find_job("total@7.1")(), dates, warehouse=shop.warehouse, like=(served,))
    (read,) = again.sources["shop.takings"].reads()
    assert read.read_run_id == before

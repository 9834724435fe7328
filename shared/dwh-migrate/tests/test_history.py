"""What the ledger says of what runs have read."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import date, timedelta

import pytest
from fabricate import DAYS, TABLE, write
from hypothesis import given, settings
from hypothesis import strategies as st

from dwh.core import Column, Input, Table
from dwh.core.dates import DateRange
from dwh.core.grain import Month
from dwh.core.ledger import OutputsRead
from dwh.core.ledger.schema import runs
from dwh.core.sources.published import PublishedSource
from dwh.core.testing.runs import committed_run, started_run
from dwh.migrate.history import inputs_history, partition_history, standing
from dwh.migrate.promotion import promote

COLUMNS = (Column("day", "date"),)
NEED = {"name": TABLE, "format": "dwh", "environment": "prod", "line": None, "back": 1, "columns": ["day"]}


def test_an_input_that_another_job_writes(warehouse, lines):
    """Each output stands with the dates that it rests on, those around it too, and who wrote them."""
    first, again = write(warehouse, "takings@7.1", *DAYS[:3]), write(warehouse, "takings@7.1", DAYS[3])
    model = write(warehouse, "takings@7.2", DAYS[9], commit=False)
    of_total = {"table_name": "shop.total", "first_date": DAYS[1], "last_date": DAYS[3], "inputs": [NEED]}
    reader = replace(model, id="reader", **of_total)
    read = [OutputsRead(TABLE, first.id, DAYS[0], DAYS[2]), OutputsRead(TABLE, again.id, DAYS[3], DAYS[3])]
    warehouse.ledger.start_run(reader, read)
    warehouse.ledger.commit_run(reader, dict.fromkeys(DAYS[1:4], 1))
    (span,) = partition_history(warehouse, table="shop.total", environment="prod")
    found = inputs_history(warehouse, [span])
    assert {(one.partitions, one.source) for one in found} == {(span.partitions, "published in prod")}
    assert [(one.read, one.read_run) for one in found] == [
        ("2024-01-01 to 2024-01-03", first.id),
        ("2024-01-04", again.id),
    ]
    before = replace(span, last_date=DAYS[1])
    assert [one.read_run for one in inputs_history(warehouse, [before])] == [first.id]


def test_the_output_before(warehouse, lines):
    """What a run has built on is of the date before its own, and stands with the run that had written it."""
    need = {"name": TABLE, "format": "dwh", "environment": "prod", "line": "7.2", "columns": ["day"]}
    before = write(warehouse, "takings@7.2", DAYS[0])
    reader = replace(
        write(warehouse, "takings@7.2", DAYS[1], commit=False),
        id="reader",
        inputs=[need, {**need, "name": "x.w"}],
    )
    whole = {"contract": {**before.contract, "partition_by": None}, "table_name": "x.w", "id": "whole"}
    warehouse.ledger.start_run(replace(before, **whole))
    read = [OutputsRead(TABLE, before.id, *[DAYS[0]] * 2), OutputsRead("x.w", "whole", *[DAYS[0]] * 2)]
    warehouse.ledger.start_run(reader, read)
    warehouse.ledger.commit_run(reader, {DAYS[1]: 1})
    first, second = partition_history(warehouse, table=TABLE, environment="prod")
    found = [(one.partitions, one.read, one.read_run) for one in inputs_history(warehouse, [first, second])]
    assert found == [("2024-01-02", "2024-01-01", before.id), ("2024-01-02", "2024-01-01", "whole")]


def test_an_input_that_a_catalog_has(warehouse, lines):
    """It stands with its name, and where its format keeps versions with the snapshot that was read."""
    model = write(warehouse, "takings@7.2", DAYS[9], commit=False)
    needs = [
        {"name": "customers", "format": "iceberg", "table": "lake.crm.customers", "snapshot": "42"},
        {"name": "shops", "format": "parquet", "table": "spark_catalog.crm.shops"},
    ]
    of_total = {"table_name": "shop.total", "first_date": DAYS[1], "last_date": DAYS[1], "inputs": needs}
    reader = replace(model, id="reader", **of_total)
    warehouse.ledger.start_run(reader)
    warehouse.ledger.commit_run(reader, {DAYS[1]: 1})
    found = inputs_history(warehouse, partition_history(warehouse, table="shop.total", environment="prod"))
    assert [(one.input, one.source, one.read) for one in found] == [
        ("customers", "iceberg lake.crm.customers at snapshot 42", None),
        ("shops", "parquet spark_catalog.crm.shops", None),
    ]


def test_what_rests_on_something_old(warehouse):
    """An output is outdated once an input of its date has a newer output, and so is what was built on it."""

    def ran(table, number, *read, line="0.1", inputs=()):
        dates = DateRange(DAYS[number], DAYS[number])
        reads = [OutputsRead(name, run, DAYS[of], DAYS[of]) for name, run, of in read]
        needs = [{"name": name, "format": "dwh", "environment": "dev", "line": line} for name in inputs]
        return committed_run(warehouse.ledger, table=table, line=line, dates=dates, reads=reads, inputs=needs)

    orders = [ran("t.orders", number) for number in range(3)]
    previous: list[tuple[str, str, int]] = []
    for number, run in enumerate(orders):
        read = [("t.orders", run, number), *previous]
        total = ran("t.total", number, *read, inputs=("t.orders", "t.total"))
        previous = [("t.total", total, number)]

    def outdated():
        spans = partition_history(warehouse, table="t.total", environment="dev")
        return {span.partitions: span.outdated for span in spans if span.outdated}

    assert outdated() == {}
    ran("t.orders", 1)
    assert outdated() == {str(DAYS[1]): ("t.orders",), str(DAYS[2]): ("t.total",)}


def test_why_the_dates_of_one_run_stand_apart(warehouse):
    """Where a date of a run is outdated or superseded, what it has read says so."""
    days = DateRange(DAYS[0], DAYS[2])
    needs = [{"name": "t.orders", "format": "dwh", "environment": "dev", "line": "0.1"}]

    def ran(table, dates, *reads, inputs=()):
        return committed_run(
            warehouse.ledger, table=table, line="0.1", dates=dates, reads=reads, inputs=inputs
        )

    orders = ran("t.orders", days)
    total = ran("t.total", days, OutputsRead("t.orders", orders, *[DAYS[0], DAYS[2]]), inputs=needs)
    again = ran("t.orders", DateRange(DAYS[2], DAYS[2]))
    ran("t.total", DateRange(DAYS[0], DAYS[0]), OutputsRead("t.orders", orders, *[DAYS[0]] * 2), inputs=needs)
    found = inputs_history(warehouse, partition_history(warehouse, table="t.total", environment="dev"))
    assert [(one.partitions, standing(one)) for one in found if one.run == total] == [
        (str(DAYS[0]), "superseded"),
        (str(DAYS[1]), "newest"),
        (str(DAYS[2]), "newest, outdated by t.orders"),
    ]
    assert again not in {one.read_run for one in found}


def test_dates_of_one_run_that_were_promoted_one_by_one(warehouse):
    """They came at different times, of which what was read says nothing, and so stand together."""
    needs = [{"name": "orders", "format": "csv", "path": "landing/orders"}]
    days = DateRange(DAYS[0], DAYS[1])
    committed_run(warehouse.ledger, table="t.total", line="0.1", dates=days, inputs=needs)
    (span,) = partition_history(warehouse, table="t.total", environment="dev")
    first = replace(span, last_date=DAYS[0], promoted_from="staging")
    later = span.committed_at + timedelta(minutes=1)
    second = replace(span, first_date=DAYS[1], promoted_from="staging", committed_at=later)
    (found,) = inputs_history(warehouse, [first, second])
    assert (found.partitions, standing(found)) == (span.partitions, "newest, from staging")


@pytest.mark.parametrize(
    ("upstream", "read", "replaced", "outdated"),
    [
        (Table("t.stock", COLUMNS), DAYS[0], DAYS[0], ("t.stock",)),
        (Table("t.stock", COLUMNS), DAYS[0], DAYS[1], ("t.stock",)),
        (Table("t.stock", COLUMNS), DAYS[0], DAYS[3], ()),
        (Table("t.stock", COLUMNS, partition_by="day"), DAYS[1], DAYS[1], ("t.stock",)),
    ],
)
def test_what_rests_on_a_whole_table_of_a_date_before(warehouse, upstream, read, replaced, outdated):
    """A run may have read the whole table of an earlier date, and is outdated once that is replaced, or one
    comes that is newer and not of a later date than its own."""

    def ran(table, day, **others):
        dates = DateRange(day, day)
        return committed_run(warehouse.ledger, table=table, line="0.1", dates=dates, **others)

    stock = ran(upstream.name, read, contract=upstream)
    needs = [{"name": upstream.name, "format": "dwh", "environment": "dev", "line": "0.1", "may_lack": True}]
    ran("t.total", DAYS[1], reads=[OutputsRead(upstream.name, stock, read, read)], inputs=needs)
    ran(upstream.name, replaced, contract=upstream)
    (span,) = partition_history(warehouse, table="t.total", environment="dev")
    assert span.outdated == outdated


def test_a_month_is_outdated_once_one_of_its_days_is_replaced(warehouse):
    """It rests on each day of its month, and on no other; computed again, it is as it should be."""
    months = Table("t.months", COLUMNS, partition_by="day", grain="month")
    needs = [{"name": "t.orders", "format": "dwh", "environment": "dev", "line": "0.1"}]
    january, dates = DateRange(date(2024, 1, 1), date(2024, 1, 31)), DateRange(*[Month(2024, 1, 1)] * 2)

    def ran(table, dates, **others):
        return committed_run(warehouse.ledger, table=table, line="0.1", dates=dates, **others)

    def newest():
        return partition_history(warehouse, table="t.months", environment="dev")[-1].outdated

    orders = ran("t.orders", january)
    read = [OutputsRead("t.orders", orders, january.first, january.last)]
    ran("t.months", dates, reads=read, inputs=needs, contract=months)
    ran("t.orders", DateRange(*[date(2024, 2, 1)] * 2))
    assert newest() == ()
    again = ran("t.orders", DateRange(*[january.last] * 2))
    assert newest() == ("t.orders",)
    read = [
        OutputsRead("t.orders", orders, january.first, date(2024, 1, 30)),
        OutputsRead("t.orders", again, january.last, january.last),
    ]
    ran("t.months", dates, reads=read, inputs=needs, contract=months)
    assert newest() == ()


def test_what_lacked_and_has_come(warehouse):
    """A window that lacked a date, and a history that went on without it, are outdated once it is there."""
    need = {"format": "dwh", "environment": "dev", "line": "0.1"}

    def ran(table, number, *read, inputs=(), contract=None):
        dates = DateRange(DAYS[number], DAYS[number])
        reads = [OutputsRead(name, run, DAYS[of], DAYS[of]) for name, run, of in read]
        asked = {"table": table, "line": "0.1", "dates": dates, "contract": contract}
        needs = [{**need, **one} for one in inputs]
        return committed_run(warehouse.ledger, **asked, reads=reads, inputs=needs)

    def outdated(table):
        spans = partition_history(warehouse, table=table, environment="dev")
        return {span.partitions: span.outdated for span in spans if span.outdated}

    window = [{"name": "t.orders", "back": 2}]
    orders = ran("t.orders", 4)
    ran("t.mean", 4, ("t.orders", orders, 4), inputs=window)
    ran("t.mean", 6, ("t.orders", orders, 4), inputs=window)
    ran("t.orders", 1)
    assert outdated("t.mean") == {}
    ran("t.orders", 3)
    assert outdated("t.mean") == {str(DAYS[4]): ("t.orders",)}

    own = [{"name": "t.total"}]
    total = ran("t.total", 2, inputs=own)
    ran("t.total", 5, ("t.total", total, 2), inputs=own)
    assert outdated("t.total") == {}
    ran("t.total", 4, ("t.total", total, 2), inputs=own)
    assert outdated("t.total") == {str(DAYS[5]): ("t.total",)}
    ran("t.total", 1, inputs=own)
    assert set(outdated("t.total")) == {str(DAYS[2]), str(DAYS[4]), str(DAYS[5])}


STEPS = st.lists(st.tuples(st.sampled_from(["up", "down"]), st.integers(0, 4)), max_size=10)


@pytest.mark.parametrize("examples", [10, pytest.param(100, marks=pytest.mark.breadth)])
def test_outdated_is_what_would_be_made_of_something_else(warehouse, examples):
    """In any order of runs: what the job's source would settle on now is another output, or one more."""

    @settings(max_examples=examples, deadline=None)
    @given(whole=st.booleans(), window=st.tuples(st.integers(0, 2), st.integers(0, 1)), steps=STEPS)
    def check(whole, window, steps):
        by, windows = (None, (0, 0)) if whole else ("day", window)
        name = secrets.token_hex(4)
        up, down = (Table(f"t{name}.{one}", COLUMNS, partition_by=by) for one in ("up", "down"))
        need, read = Input(up, "0.1", *windows, may_lack=True), {}
        record = {"name": up.name, "back": windows[0], "ahead": windows[1], "whole": whole}

        def source(day):
            where = {"environment": "dev", "line": "0.1", "dates": DateRange(day, day)}
            return PublishedSource.of(need, warehouse, **where)

        for kind, number in steps:
            asked = {"line": "0.1", "dates": DateRange(DAYS[number], DAYS[number])}
            if kind == "up":
                committed_run(warehouse.ledger, table=up.name, contract=up, **asked)
                continue
            found = source(DAYS[number])
            asked |= {"reads": found.reads(), "inputs": [{**record, **found.record()}]}
            committed_run(warehouse.ledger, table=down.name, contract=down, **asked)
            read[DAYS[number]] = found.outputs
        spans = partition_history(warehouse, table=down.name, environment="dev")
        told = {day for one in spans if one.outdated for day in DateRange(one.first_date, one.last_date)}
        assert told == {day for day, outputs in read.items() if source(day).outputs != outputs}

    check()


def test_what_was_removed_makes_nothing_outdated(warehouse):
    """`dwh gc --keep` replaces nothing: only what had been replaced before is outdated still."""
    need = {"name": "t.state", "format": "dwh", "environment": "dev", "line": "0.1"}
    state = Table("t.state", COLUMNS)

    def ran(number, *read):
        dates = DateRange(DAYS[number], DAYS[number])
        reads = [OutputsRead("t.state", run, DAYS[number - 1], DAYS[number - 1]) for run in read]
        asked = {"table": "t.state", "line": "0.1", "dates": dates, "contract": state}
        return committed_run(warehouse.ledger, **asked, reads=reads, inputs=[need])

    def removed(*run_ids):
        with warehouse.ledger.writing() as connection:
            connection.execute(runs.update().where(runs.c.id.in_(run_ids)).values(status="removed"))

    def outdated():
        spans = partition_history(warehouse, table="t.state", environment="dev")
        return [span.partitions for span in spans if span.outdated]

    first = ran(0)
    second = ran(1, first)
    third = ran(2, second)
    removed(first)
    assert outdated() == []
    again = ran(1)
    assert outdated() == [str(DAYS[2])]
    removed(second, again)
    assert outdated() == [str(DAYS[2])]
    ran(3, third)
    assert outdated() == [str(DAYS[2]), str(DAYS[3])]


def test_what_was_promoted_is_held_against_its_environment(warehouse):
    """What the other one runs again outdates nothing here; what this one runs again does."""

    def ran(number, environment, *read, table="t.total", name="t.total"):
        need = {"name": name, "format": "dwh", "environment": environment, "line": "0.1"}
        contract = Table(table, COLUMNS, partition_by="day")
        dates = DateRange(DAYS[number], DAYS[number])
        run = started_run(contract, line="0.1", dates=dates, environment=environment, inputs=[need])
        warehouse.ledger.start_run(run, [OutputsRead(name, one, day, day) for one, day in read])
        warehouse.ledger.commit_run(run, {DAYS[number]: 1})
        return run.id

    def outdated(environment, table="t.total"):
        spans = partition_history(warehouse, table=table, environment=environment)
        return [span.partitions for span in spans if span.outdated]

    first = ran(0, "staging")
    second = ran(1, "staging", (first, DAYS[0]))
    ran(1, "staging", (second, DAYS[1]), table="t.mean")
    both = {"source": "staging", "target": "prod", "dates": DateRange(DAYS[0], DAYS[1])}
    promote(warehouse, "t.total@0.1", **both)
    promote(warehouse, "t.mean@0.1", **{**both, "dates": DateRange(DAYS[1], DAYS[1])})
    ran(0, "staging")
    assert (outdated("staging"), outdated("prod")) == ([str(DAYS[1])], [])
    ran(1, "prod", (first, DAYS[0]))
    assert (outdated("prod"), outdated("prod", "t.mean")) == ([], [str(DAYS[1])])
    ran(0, "prod")
    assert outdated("prod") == [str(DAYS[1])]

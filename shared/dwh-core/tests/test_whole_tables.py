"""Jobs whose every output is the whole table as of its logical date."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from dwh.core import Column, Table
from dwh.core.compatibility import output_differences
from dwh.core.errors import InputError, LostFilesError, MissingInputError, RunError, WholeTableError
from dwh.core.lines import find_job
from dwh.core.run import prepare_run
from dwh.core.warehouse import read_table

SHOPS = '''
from pyspark.sql import functions as F

from dwh.core import Column, Input, Job, Table

ORDERS = Table(
    "orders",
    columns=(Column("day", "date"), Column("shop", "string"), Column("amount", "double", nullable=True)),
    partition_by="day",
)


class Shops(Job):
    """Each shop, and what it ordered last."""

    reads = (ORDERS,)
    columns = (Column("shop", "string"), Column("orders", "bigint"))
    writes = Table("shop.shops", columns, key=("shop",))

    def transform(self, orders):
        orders = orders.groupBy("shop").agg(F.count("*").alias("orders"))
        return orders
'''
READER = '''
from dwh.core import Column, Input, Job, Table
from dwh.jobs.v7_1_0.shops import ORDERS

SHOPS = Table("shop.shops", columns=(Column("shop", "string"), Column("orders", "bigint")))


class Known(Job):
    """The orders of shops that are known."""

    reads = (ORDERS, Input(SHOPS, line="7.1"))
    writes = Table("shop.known", (Column("day", "date"), Column("shop", "string")), partition_by="day")

    def transform(self, orders, shops):
        return orders.join(shops, "shop").select("day", "shop").distinct()
'''


@pytest.fixture(autouse=True)
def line(installed_line):
    """Install a job that writes a whole table, and one that reads it."""
    installed_line("7.1", {"shops": SHOPS, "known": READER})


def shops(frame):
    return sorted(row["shop"] for row in frame.collect())


def test_each_date_has_its_whole_table_and_readers_get_the_newest(spark, warehouse):
    """Readers get the newest table, or that of a date; another job reads the one of its own date."""
    job, known = find_job("shops@7.1")(), find_job("known@7.1")()
    for day in ("2024-01-01", "2024-01-03"):
        receipt = job.run(date=day, spark=spark, warehouse=warehouse)
    assert (receipt["first_date"], receipt["partitions"], receipt["rows"]) == ("2024-01-03", 1, 1)
    read = partial(read_table, spark, "shop.shops", line="7.1", warehouse=warehouse)
    assert shops(read()) == shops(read(start="2024-01-02")) == ["east"]
    assert shops(read(end="2024-01-02")) == shops(read(start="2024-01-01", end="2024-01-01"))
    assert shops(read(end="2024-01-02")) == ["north", "south"]
    known.run(date="2024-01-01", spark=spark, warehouse=warehouse)
    assert shops(read_table(spark, "shop.known", line="7.1", warehouse=warehouse)) == ["north", "south"]
    (_, read_of) = warehouse.ledger.reads_of([run.id for run in warehouse.ledger.find_runs()]).popitem()
    assert [(one.table_name, one.first_date, one.last_date) for one in read_of] == [
        ("shop.shops", date(2024, 1, 1), date(2024, 1, 1))
    ]
    with pytest.raises(MissingInputError, match=r"lacks 2024-01-02; type: dwh backfill shops@7.1"):
        known.run(date="2024-01-02", spark=spark, warehouse=warehouse)
    files = warehouse.ledger.files_of([receipt["run"]])[receipt["run"], date(2024, 1, 3)]
    assert sum(file.rows for file in files) == 1
    remedy = "dwh backfill known@7.1 --from 2024-01-02 --to 2024-01-03 --env dev"
    with pytest.raises(InputError, match=f"a whole table of its own, and a run reads one; .*{remedy}"):
        known.run(start="2024-01-02", end="2024-01-03", spark=spark, warehouse=warehouse)
    record = warehouse.ledger.find_runs()[1]
    for file in files:
        Path(warehouse.config.warehouse, record.location, file.path).unlink()
    with pytest.raises(LostFilesError, match=r"2024-01-03: \d of \d files \w+ gone, which held 1 of 1 rows"):
        read()


def test_a_range_of_whole_tables_is_refused(warehouse):
    """The message says what to type for the newest date, and for each of them."""
    with pytest.raises(WholeTableError) as caught:
        find_job("shops@7.1")().run(start="2024-01-01", end="2024-01-03", warehouse=warehouse)
    assert "dwh run shops@7.1 --date 2024-01-03" in str(caught.value)
    assert "dwh backfill shops@7.1 --from 2024-01-01 --to 2024-01-03" in str(caught.value)
    assert warehouse.ledger.find_runs() == []


def test_what_to_type_for_whole_tables_names_the_environment(warehouse):
    """The configured one is another, where what is typed would write what nobody asked for."""
    prod = replace(warehouse, config=warehouse.config.in_environment("prod"))
    with pytest.raises(WholeTableError) as caught:
        find_job("shops@7.1")().run(start="2024-01-01", end="2024-01-03", warehouse=prod)
    assert str(caught.value).count("--env prod") == 2


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("return orders", "return orders.unionAll(orders)"), r"the key \(shop\) is not unique: shop=north"),
        (("return orders", "return orders.where('false')"), "it has no rows: its input is empty or late"),
    ],
)
def test_a_whole_table_is_audited(spark, warehouse, installed_line, change, problem):
    """Its key is unique, and it is not empty unless that is declared."""
    installed_line("7.2", {"shops": SHOPS.replace(*change)})
    with pytest.raises(RunError, match=problem):
        find_job("shops@7.2")().run(date="2024-01-01", spark=spark, warehouse=warehouse)


def test_from_dates_to_a_whole_table_and_back_breaks_a_contract():
    """Readers of dates could not read it, nor readers of the newest table its dates."""
    day = Column("day", "date")
    dated, whole = (Table("t", (day,), partition_by=by).to_dict() for by in ("day", None))
    for old, new, said in ((dated, whole, "day → none"), (whole, dated, "none → day")):
        (found,) = output_differences(old, new, {})
        assert (found.breaks, found.message) == (True, f"the partitioning changed: {said}")


def test_dates_of_a_whole_table_cannot_be_asked_for_by_column(spark, warehouse, installed_line):
    """An input with a partition_by names what a whole table does not have, before Spark starts."""
    find_job("shops@7.1")().run(date="2024-01-01", spark=spark, warehouse=warehouse)
    dated = READER.replace('"bigint")))\n', '"bigint"), Column("day", "date")), partition_by="day")\n')
    installed_line("7.2", {"known": dated}, status="maintenance")
    with pytest.raises(InputError, match="whole table for each logical date: leave partition_by out"):
        prepare_run(find_job("known@7.2")(), _day("2024-01-01"), warehouse=warehouse)


def _day(text):
    from dwh.core.dates import logical_dates

    return logical_dates(text, None, None, {})

"""Tables that are whole for each date, and built on the date before: compared, cut over and rolled back."""

from __future__ import annotations

from datetime import date

import pytest

from dwh.core.dates import DateRange
from dwh.core.lines import find_job
from dwh.core.warehouse import read_table
from dwh.migrate.backfill import batches, fill, ready
from dwh.migrate.compare.outputs import OutputOptions, compare_outputs
from dwh.migrate.compare.subjects import subjects_of
from dwh.migrate.rollout import advance, pin, plan, roll_back, serve, start
from dwh.migrate.rollout.errors import StepError
from dwh.migrate.rollout.relation import OWN_HISTORY, WHOLE

FIRST, SECOND, THIRD = (date(2024, 1, day) for day in (1, 2, 3))
TOTALS = '''
from pyspark.sql import functions as F

from dwh.core import Added, Column, Input, Job, Table

ORDERS = Table("orders", (Column("day", "date"), Column("shop", "string")), partition_by="day")


class Totals(Job):
    """How often each shop has ordered so far."""

    reads = (ORDERS, Input.previous())
    writes = Table("shop.totals", (Column("shop", "string"), Column("orders", "bigint")), key=("shop",))

    def transform(self, orders, previous):
        today = orders.groupBy("shop").agg(F.count("*").alias("orders"))
        both = previous.select("shop", "orders").unionByName(today).groupBy("shop")
        return both.agg(F.sum("orders").alias("orders"))
'''
NEWER = {
    'Column("orders", "bigint"))': 'Column("orders", "bigint"), Column("note", "string", nullable=True))',
    'return both.agg(F.sum("orders").alias("orders"))': "note = F.lit(None).cast('string').alias('note')\n"
    '        return both.agg(F.sum("orders").alias("orders"), note)',
    "    def transform": '    changes = (Added("note", "asked for"),)\n\n    def transform',
}


@pytest.fixture(autouse=True)
def totals(installed_line):
    """Line 9.1, and line 9.2, which adds a column that may be null."""
    newer = TOTALS
    for old, new in NEWER.items():
        newer = newer.replace(old, new)
    installed_line("9.1", {"totals": TOTALS})
    installed_line("9.2", {"totals": newer})


def test_what_builds_on_itself_is_cut_over(warehouse, installed_line):
    """A share of the dates would mix two histories, so compatible lines move at once, too."""
    key = 'key=("shop",))'
    dated = TOTALS.replace('(Column("shop"', '(Column("day", "date"), Column("shop"', 2)
    dated = dated.replace(key, 'key=("day", "shop"), partition_by="day")')
    for line in ("9.3", "9.4"):
        installed_line(line, {"totals": dated})
    where = {"job": "totals", "environment": "prod"}
    pin(warehouse, **where, line="9.3", reason="where we start")
    with pytest.raises(StepError, match="a share would mix two histories; the steps are: shadow, cutover"):
        plan(warehouse, **where, old="9.3", new="9.4", steps=["shadow", "50%", "100%"])
    made = plan(warehouse, **where, old="9.3", new="9.4")
    assert (made.way, made.breaks) == ("cutover", (OWN_HISTORY,))


def test_a_whole_table_is_cut_over_and_rolled_back(spark, warehouse):
    """Both lines keep their own history; readers get the newest table of the line that is published."""

    def published(day=None):
        frame = read_table(spark, "shop.totals", end=day, warehouse=warehouse)
        return frame.columns, {row["shop"]: row["orders"] for row in frame.collect()}

    pin(warehouse, job="totals", line="9.1", environment="prod", reason="where we start")
    served = serve(spark, warehouse, "totals", DateRange(FIRST, SECOND))
    assert [one.published for one in served] == [1, 1]
    after_two = {"north": 3, "south": 2}
    assert published() == (["shop", "orders"], after_two)

    with pytest.raises(StepError, match="so no share of them can move"):
        plan(
            warehouse, job="totals", old="9.1", new="9.2", environment="prod", steps=["shadow", "50%", "100%"]
        )
    made = plan(warehouse, job="totals", old="9.1", new="9.2", environment="prod", gate=1)
    assert (made.way, made.breaks) == ("cutover", (WHOLE,))
    start(warehouse, job="totals", environment="prod", reason="a note")
    job = find_job("totals@9.2")()
    missing = batches(warehouse, job, DateRange(FIRST, SECOND), 1)
    assert ready(job, missing) == missing[:1]
    assert [receipt["rows"] for receipt in fill(spark, warehouse, job, missing)] == [2, 2]
    (served,) = serve(spark, warehouse, "totals", DateRange(THIRD, THIRD))
    assert (served.shadow, served.receipt["line"]) == ("pass", "9.1")

    left, right = subjects_of(warehouse, "totals@9.1", "totals@9.2", None)
    assert list(left.outputs) == list(right.outputs) == [THIRD]
    left, right = subjects_of(warehouse, "totals@9.1", "totals@9.2", DateRange(FIRST, THIRD))
    found = compare_outputs(spark, warehouse, left, right, OutputOptions(exact=True))
    assert (found.verdict, found.rows.left, found.rows.right) == ("pass", 7, 7)

    moved = advance(warehouse, job="totals", environment="prod")
    assert moved.published == 3
    after_three = {**after_two, "east": 1}
    assert published() == (["shop", "orders", "note"], after_three)
    assert published(SECOND) == (["shop", "orders", "note"], after_two)
    roll_back(warehouse, job="totals", environment="prod", reason="a reader by position")
    assert published() == (["shop", "orders"], after_three)

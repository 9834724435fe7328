"""Whether a range in one run gives what its dates give one by one."""

from __future__ import annotations

from datetime import date

import pytest

from dwh.core.dates import DateRange
from dwh.core.errors import UsageError
from dwh.core.warehouse import Warehouse
from dwh.migrate.compare.one_by_one import check_one_by_one, run_one_by_one
from dwh.migrate.compare.outputs import OutputOptions, compare_outputs

DAYS = DateRange(date(2024, 1, 1), date(2024, 1, 2))
ONE = "takings@7.1"
RUNNING = """from pyspark.sql import Window
        of_shop = Window.partitionBy("shop").orderBy("day").rowsBetween(-1, 0)
        return takings.withColumn("orders", F.sum("orders").over(of_shop))"""
READS, LOOKS_BACK = "reads = (ORDERS,)", "reads = (Input(ORDERS, back=1),)"
IMPORT = {"from dwh.core import Added": "from dwh.core import Input, Added"}


@pytest.mark.breadth
@pytest.mark.parametrize(
    ("reads", "verdict", "found"),
    [(READS, "fail", ["orders"]), (LOOKS_BACK, "pass", [])],
    ids=["as if the range were all", "looking back"],
)
def test_a_job_that_sums_over_days(spark, config, installed_line, takings, reads, verdict, found):
    """A sum over two days is refuted where only the run's dates are read, and proved where it looks back."""
    source = takings(body=RUNNING, **{READS: reads}, **IMPORT)
    installed_line("7.1", {"takings": source})
    warehouse, said = Warehouse.create(config), []
    aside, left, right = run_one_by_one(spark, warehouse, ONE, DAYS, said.append)
    assert said == [f"running {ONE} for {days}" for days in (DAYS, "2024-01-01", "2024-01-02")]
    result = compare_outputs(spark, aside, left, right, OutputOptions())
    assert (result.verdict, result.left.label) == (verdict, f"{ONE} (in one run)")
    assert [column.name for column in result.columns if column.differing.unexpected] == found
    assert warehouse.ledger.outputs(environment="dev", table="shop.takings") == []


@pytest.mark.parametrize(
    ("left", "dates", "run", "said"),
    [
        ("takings@7.2", DAYS, True, "name JOB@LINE twice"),
        (ONE, DAYS, False, "add --run"),
        (ONE, None, True, "--from and --to"),
        (ONE, DateRange(DAYS.first, DAYS.first), True, "two dates or more"),
    ],
)
def test_what_cannot_be_run_one_by_one(left, dates, run, said):
    """Two versions, a single date, or no leave to run: each is refused with what to type."""
    with pytest.raises(UsageError, match=said):
        check_one_by_one(left, ONE, dates, run)

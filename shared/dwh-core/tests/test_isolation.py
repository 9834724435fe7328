"""Two lines in one process and one Spark application: neither feels the other's settings."""

from __future__ import annotations

from datetime import date

import pytest
from pyspark.sql import SparkSession

from dwh.core.lines import find_job
from dwh.core.warehouse import read_table

DAY = "2024-01-01"
OLD = {"spark.sql.ansi.enabled": "false", "spark.sql.session.timeZone": "Asia/Tokyo"}
NEW = {"spark.sql.ansi.enabled": "true", "spark.sql.session.timeZone": "America/New_York"}

# The hour in the session's zone, and a cast that ANSI mode refuses.
FIGURES = """
        from pyspark.sql import SparkSession

        assert SparkSession.active() is orders.sparkSession
        hour = F.hour(F.lit("2024-01-01T00:00:00Z").cast("timestamp")).cast("bigint")
        number = F.lit("no number").cast("double")
        return takings.withColumn("orders", hour).withColumn("amount", {})
"""


@pytest.mark.breadth
def test_settings_do_not_leak(spark, warehouse, installed_line, takings):
    """Runs of two lines in turn each have their own time zone and ANSI mode."""
    installed_line("7.1", {"takings": takings(body=FIGURES.format("number"))}, settings=OLD)
    installed_line(
        "7.2", {"takings": takings(body=FIGURES.format("F.expr(\"try_cast('x' AS double)\")"))}, settings=NEW
    )
    installed_line("7.3", {"takings": takings(body=FIGURES.format("number"))}, settings=NEW)
    for _ in range(2):
        for line, hour in (("7.1", 9), ("7.2", 19)):
            find_job(f"takings@{line}")().run(date=DAY, spark=spark, warehouse=warehouse)
            frame = read_table(spark, "shop.takings", line=line, warehouse=warehouse)
            assert {(row.orders, row.amount) for row in frame.collect()} == {(hour, None)}
    try:
        find_job("takings@7.3")().run(date=DAY, spark=spark, warehouse=warehouse)
    except Exception as error:
        assert "no number" in str(error)
    else:
        raise AssertionError("ANSI mode refuses this cast")
    assert spark.conf.get("spark.sql.session.timeZone") == "UTC"


@pytest.mark.breadth
def test_views_and_functions_do_not_leak(spark, warehouse, installed_line, takings):
    """Lines that name a view and a function alike each get their own."""
    body = """
        session = orders.sparkSession
        session.udf.register("figure", lambda: {0}.0, "double")
        takings.createOrReplaceTempView("takings")
        return session.sql("SELECT day, shop, orders, figure() AS amount FROM takings WHERE shop = '{1}'")
    """
    for line, figure, shop in (("7.1", 1, "north"), ("7.2", 2, "south")):
        installed_line(line, {"takings": takings(body=body.format(figure, shop))})
    jobs = {line: find_job(f"takings@{line}")() for line in ("7.1", "7.2")}
    for line, expected in (("7.1", ("north", 1.0)), ("7.2", ("south", 2.0)), ("7.1", ("north", 1.0))):
        jobs[line].run(date=DAY, spark=spark, warehouse=warehouse)
        frame = read_table(spark, "shop.takings", line=line, warehouse=warehouse)
        assert [(row.shop, row.amount) for row in frame.collect()] == [expected]
    assert not spark.catalog.tableExists("takings")


def test_a_run_leaves_the_callers_session_active(spark, warehouse, job):
    """After a run the caller's session is the active one, even if the job made DataFrames of its own."""
    body = "return takings.sparkSession.createDataFrame(takings.collect(), takings.schema)"
    before = SparkSession.active()
    job(body=body).run(date=DAY, spark=spark, warehouse=warehouse)
    assert SparkSession.active() is before
    assert date(2024, 1, 1) in {
        row.day for row in read_table(spark, "shop.takings", line="7.1", warehouse=warehouse).collect()
    }

"""Runs over a real Spark Connect server, in a process that has no JVM."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dwh.core.config import Config
from dwh.core.testing.servers import connect_server
from dwh.core.warehouse import Warehouse

pytest.importorskip("grpc", reason="Spark Connect's client is not installed: pip install 'pyspark[connect]'")
pytestmark = pytest.mark.connect

BEGIN = """
import sys
from dwh.core.lines import find_job
from dwh.core.session import line_session, spark_session

spark = spark_session({"spark.remote": sys.argv[1]})
assert type(spark).__module__.startswith("pyspark.sql.connect")
"""
RUNS = """
from dwh.core.warehouse import read_table

job = find_job("takings@7.1")()
receipts = [job.run(start="2024-01-01", end="2024-01-02", spark=spark) for _ in range(2)]
assert [receipt["rows"] for receipt in receipts] == [4, 4]
table = read_table(spark, "shop.takings", line="7.1")
assert sorted((row["shop"], row["amount"]) for row in table.where("day = '2024-01-02'").collect()) == [
    ("north", 1.0), ("south", 2.0)
]
"""
WEEK = """
from pyspark.sql import Window
from pyspark.sql import functions as F

from dwh.core import Column, Input, Job, Table

COLUMNS = (Column("day", "date"), Column("orders", "bigint"))
TAKINGS = Table("shop.takings", COLUMNS, partition_by="day")


class Week(Job):
    reads = (Input(TAKINGS, line="7.1", back=6, may_lack=True),)
    writes = Table("shop.week", COLUMNS, key=("day",), partition_by="day")

    def transform(self, takings):
        daily = takings.groupBy("day").agg(F.sum("orders").alias("orders"))
        number = F.datediff("day", F.lit("2000-01-01"))
        week = Window.partitionBy(F.lit(1)).orderBy(number).rangeBetween(-6, 0)
        return daily.select("day", F.sum("orders").over(week).alias("orders"))
"""
TOTAL = """
from pyspark.sql import functions as F

from dwh.core import Column, Input, Job, Table
from dwh.jobs.v7_1_0.week import TAKINGS


class Total(Job):
    reads = (Input(TAKINGS, line="7.1"), Input.previous())
    writes = Table("shop.total", (Column("orders", "bigint"),))

    def transform(self, takings, previous):
        return previous.unionByName(takings.select("orders")).agg(F.sum("orders").alias("orders"))
"""
CHAIN = """
from dwh.core.warehouse import read_table

find_job("takings@7.1")().run(start="2024-01-01", end="2024-01-02", spark=spark)
find_job("week@7.1")().run(date="2024-01-02", spark=spark)
rows = read_table(spark, "shop.week", line="7.1").collect()
assert [(str(row["day"]), row["orders"]) for row in rows] == [("2024-01-02", 5)], rows

find_job("total@7.1")().run(start="2024-01-01", end="2024-01-02", spark=spark)
for end, orders in (("2024-01-01", 3), (None, 5)):
    rows = read_table(spark, "shop.total", line="7.1", end=end).collect()
    assert [row["orders"] for row in rows] == [orders], rows
"""
ISOLATION = """
from pyspark.sql import SparkSession

spark.range(1).createOrReplaceTempView("theirs")
before = spark.conf.get("spark.sql.session.timeZone")
with line_session(spark, {"spark.sql.session.timeZone": "Asia/Tokyo"}) as session:
    assert SparkSession.active() is session
    session.range(1).createOrReplaceTempView("mine")
    assert session.conf.get("spark.sql.session.timeZone") == "Asia/Tokyo"
    assert not session.catalog.tableExists("theirs") and not spark.catalog.tableExists("mine")
assert SparkSession.active() is spark and spark.conf.get("spark.sql.session.timeZone") == before
assert session.is_stopped and not spark.is_stopped
"""
FIXED = """
from dwh.core.errors import SparkUnavailableError

try:
    with line_session(spark, {}):
        raise SystemExit("the session was shared")
except SparkUnavailableError as error:
    print(error)
"""
SLOW = """
        import time
        from pathlib import Path

        def hang(amount):
            Path("{marks}/working").touch()
            time.sleep(1)
            Path("{marks}/worked").touch()
            return amount

        return takings.withColumn("amount", F.udf(hang, "double")("amount"))
"""
Program = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a Spark Connect server."""
    with connect_server("local[1]") as address:
        yield address


@pytest.fixture
def program(server: str, config: Config, site: Path, tmp_path: Path) -> Program:
    """Start a process that is a client of the server, in the folder of the configuration."""

    def start(text: str, address: str = "") -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", BEGIN + text, server + address],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(site), *filter(None, sys.path)])},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


def test_a_job_runs(program, installed_line, takings):
    """A job runs twice, each time in a session of its own, and what it wrote is read."""
    installed_line("7.1", {"takings": takings()})
    process = program(RUNS + ISOLATION)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output


def test_a_job_reads_what_another_has_written(program, installed_line, takings):
    """A job looks back over another's output, whose files are laid out by a further column; a whole table is
    built on the date before."""
    layout = 'partition_by=("day", "shop"),\n    )\n\n    def'
    by_shop = takings(**{'partition_by="day",\n    )\n\n    def': layout})
    installed_line("7.1", {"takings": by_shop, "week": WEEK, "total": TOTAL})
    process = program(CHAIN)
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output


def test_an_address_that_fixes_the_session(program):
    """Where the address fixes the session, a run is refused, as it would share its settings."""
    output, _ = program(FIXED, "/;session_id=b4b1ad8a-0ad5-4a21-b31e-e9c1a2dbf6e8").communicate(timeout=120)
    assert "remove session_id from it" in output


def test_ctrl_c_stops_what_the_server_does(program, installed_line, takings, config, tmp_path):
    """Ctrl-C during a run is recorded as interrupted, and the server goes on with nothing of it."""
    landing = tmp_path / "landing" / "orders" / "day=2024-01-01" / "part.csv"
    landing.write_text("shop,amount,note\n" + "".join(f"shop{n},1.0,\n" for n in range(60)))
    installed_line("7.1", {"takings": takings(body=SLOW.format(marks=tmp_path))})
    process = program('find_job("takings@7.1")().run(date="2024-01-01", spark=spark)')
    deadline = time.monotonic() + 120
    while not (tmp_path / "worked").exists():
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()[0]
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    (run,) = Warehouse.open(config).ledger.find_runs()
    assert (run.status, run.error) == ("failed", "interrupted"), output
    time.sleep(2)
    (tmp_path / "working").unlink()
    time.sleep(2.5)
    assert not (tmp_path / "working").exists()

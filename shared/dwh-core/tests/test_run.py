"""How a run proceeds, and every way in which it fails: nothing visible, the reason recorded."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timezone
from pathlib import Path

import pytest

from dwh.core.config import SourcePlace, load_config
from dwh.core.errors import (
    InvalidDateError,
    InvalidNameError,
    LedgerError,
    NoOutputError,
    RunError,
    UnknownSourceError,
    UnknownTableError,
)
from dwh.core.ledger.environments import add_publications
from dwh.core.ledger.schema import runs
from dwh.core.lines import find_job
from dwh.core.names import environment_aside
from dwh.core.warehouse import Warehouse, read_table

DAY = "2024-01-01"


def rows(spark, warehouse, line="7.1", **parts):
    """Return what a reader of `shop.takings` sees."""
    frame = read_table(spark, "shop.takings", line=line, warehouse=warehouse, **parts)
    return sorted(tuple(row) for row in frame.collect())


def failure(job, warehouse, spark, **asked):
    """Run a job that must fail; return its recorded reason, having checked that nothing is visible."""
    with pytest.raises(RunError) as caught:
        job.run(**(asked or {"date": DAY}), spark=spark, warehouse=warehouse)
    (run,) = warehouse.ledger.find_runs()
    assert (run.id, run.status, run.error) == (caught.value.run, "failed", caught.value.reason)
    assert run.error.strip() and "\n" not in run.error and "\tat " not in run.error and len(run.error) < 600
    assert warehouse.ledger.outputs(environment="dev", table="shop.takings") == []
    with pytest.raises(UnknownTableError):
        read_table(spark, "shop.takings", line="7.1", warehouse=warehouse)
    return run.error


def test_a_run_makes_its_output_visible(spark, either_warehouse, job):
    """A run returns its receipt, and readers see what it wrote, on both ledgers."""
    receipt = job().run(start=DAY, end="2024-01-02", spark=spark, warehouse=either_warehouse)
    run = receipt.pop("run")
    assert receipt == {
        "job": "takings",
        "line": "7.1",
        "release": "7.1.0",
        "table": "shop.takings",
        "first_date": "2024-01-01",
        "last_date": "2024-01-02",
        "partitions": 2,
        "rows": 4,
    }
    assert json.loads(json.dumps(receipt)) == receipt
    assert rows(spark, either_warehouse) == [
        (date(2024, 1, 1), "north", 2, 15.0),
        (date(2024, 1, 1), "south", 1, None),
        (date(2024, 1, 2), "north", 1, 1.0),
        (date(2024, 1, 2), "south", 1, 2.0),
    ]
    assert [
        output.run_id for output in either_warehouse.ledger.outputs(environment="dev", table="shop.takings")
    ] == [run, run]


def test_a_run_may_name_its_environment(spark, warehouse, job):
    """It is not taken for a part of Airflow's context, which is ignored."""
    takings = job()
    with pytest.raises(InvalidNameError, match="'Prod' is not a valid environment"):
        takings.run(date=DAY, spark=spark, warehouse=warehouse, environment="Prod")
    assert warehouse.ledger.find_runs() == []
    takings.run(date=DAY, spark=spark, warehouse=warehouse, environment="prod")
    assert [run.environment for run in warehouse.ledger.find_runs()] == ["prod"]
    assert len(rows(spark, warehouse, environment="prod")) == 2


def test_what_the_ledger_keeps_of_a_run(spark, warehouse, job):
    """The ledger keeps the code, the engine, the inputs and the contract of a run."""
    receipt = job().run(date=DAY, spark=spark, warehouse=warehouse)
    (run,) = warehouse.ledger.find_runs()
    assert (run.id, run.reference, run.environment) == (receipt["run"], "takings@7.1.0", "dev")
    assert (run.code["distribution"], run.code["release"], run.code["state"]) == (
        "dwh-v7_1",
        "7.1.0",
        "installed",
    )
    assert len(run.code["digest"]) == len(run.code["core"]["digest"]) == 64
    assert run.code["core"]["distribution"] == "dwh-core"
    assert run.engine["spark"] == spark.version and run.engine["python"].count(".") == 2
    assert [source["name"] for source in run.inputs] == ["orders"]
    assert run.contract == job("7.2").writes.to_dict()
    assert run.started_at <= run.finished_at


def test_a_run_reads_only_what_it_needs(spark, warehouse, job, landing):
    """A run reads the dates that it was asked for: a broken file of another date does not matter."""
    (landing / "orders" / "day=2024-01-02" / "part.csv").write_text("shop,amount,note\nnorth\n")
    assert job().run(date=DAY, spark=spark, warehouse=warehouse)["rows"] == 2


def test_a_rerun_replaces_only_its_dates(spark, warehouse, job, landing):
    """After a rerun, readers see the new rows of its dates and the old rows of the others."""
    made = job()
    made.run(start=DAY, end="2024-01-02", spark=spark, warehouse=warehouse)
    before = read_table(spark, "shop.takings", line="7.1", warehouse=warehouse)
    (landing / "orders" / f"day={DAY}" / "part.csv").write_text("shop,amount,note\nwest,5,\n")
    made.run(date=DAY, spark=spark, warehouse=warehouse)
    assert rows(spark, warehouse) == [
        (date(2024, 1, 1), "west", 1, 5.0),
        (date(2024, 1, 2), "north", 1, 1.0),
        (date(2024, 1, 2), "south", 1, 2.0),
    ]
    assert before.count() == 4  # what was opened before stays as it was


def test_one_spark_job_writes_all_dates(spark, warehouse, job):
    """A range is written by one run, whose files lie in a folder that only it owns."""
    receipt = job().run(start=DAY, end="2024-01-03", spark=spark, warehouse=warehouse)
    (run,) = warehouse.ledger.find_runs()
    assert run.location == f"shop.takings/7.1/_run={receipt['run']}"
    folders = {
        path.name for path in (Path(warehouse.config.warehouse) / run.location).iterdir() if path.is_dir()
    }
    assert folders == {"day=2024-01-01", "day=2024-01-02", "day=2024-01-03"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("shop,amount,note\nnorth,many,\n", "many"),
        ("shop,amount,note\nnorth,1.0\n", "north,1.0"),
        ("shop,amount,note\nnorth,1.0,,more\n", "north,1.0,,more"),
        ("shop,sum,note\nnorth,1.0,\n", "amount"),
    ],
    ids=["wrong type", "too few fields", "too many fields", "another name"],
)
def test_malformed_rows(spark, warehouse, job, landing, text, reason):
    """A CSV file with a row or a header that does not fit fails the run, naming it."""
    (landing / "orders" / f"day={DAY}" / "part.csv").write_text(text)
    found = failure(job(), warehouse, spark, start=DAY, end="2024-01-03")
    assert reason in found and f"day={DAY}/part.csv" in found


def test_no_input_rows(spark, warehouse, job):
    """A date without input rows fails the run, and says which date."""
    reason = failure(job(), warehouse, spark, start="2024-01-03", end="2024-01-05")
    assert "no rows for 2 of 3 dates (2024-01-04, 2024-01-05)" in reason


def test_an_empty_result_may_be_allowed(spark, warehouse, job):
    """Where the contract allows it, a date without rows is an output without rows."""
    end = 'partition_by="day",\n    )\n\n    def'
    made = job(**{end: end.replace("    )", "        may_be_empty=True,\n    )")})
    receipt = made.run(start="2024-01-03", end="2024-01-04", spark=spark, warehouse=warehouse)
    assert (receipt["partitions"], receipt["rows"]) == (2, 1)
    assert rows(spark, warehouse) == [(date(2024, 1, 3), "east", 1, 7.25)]
    assert rows(spark, warehouse, start=date(2024, 1, 4)) == []
    made.run(date="2024-01-05", spark=spark, warehouse=warehouse)  # nothing at all
    assert len(rows(spark, warehouse)) == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            'return takings.withColumn("orders", F.lit("two"))',
            "column orders is string, the contract says bigint",
        ),
        ('return takings.withColumn("orders", F.lit(2))', "column orders is int, the contract says bigint"),
        ('return takings.drop("amount")', "column amount is missing"),
        ('return takings.withColumn("note", F.lit(1))', "column note is not in the contract"),
        (
            'return takings.withColumnRenamed("shop", "Shop")',
            "column shop is missing; column Shop is not in the contract",
        ),
        (
            'return takings.withColumn("orders", F.lit(None).cast("bigint"))',
            "required column orders of shop.takings is null",
        ),
        (
            'return takings.withColumn("shop", F.lit(None).cast("string"))',
            "required column shop of shop.takings is null",
        ),
        (
            'return takings.withColumn("day", F.lit(None).cast("date"))',
            "required column day of shop.takings is null",
        ),
        ("return takings.union(takings)", "the key (day, shop) is not unique: day=2024-01-01, shop="),
        (
            'return takings.withColumn("day", F.date_add("day", 1))',
            "dates that were not asked for: 2024-01-02",
        ),
        ("return takings.limit(0)", "no rows for 1 of 1 dates (2024-01-01)"),
        ('raise ValueError("the figures\\n do not add up")', "ValueError: the figures"),
        ("return takings.missing", "missing"),
        ('return takings.select("missing")', "missing"),
        ("return None", "transform returned NoneType, not a DataFrame"),
        ('return takings.withColumn("orders", F.raise_error("stop here").cast("bigint"))', "stop here"),
    ],
)
def test_an_output_that_breaks_its_contract(spark, warehouse, job, body, reason):
    """An output that breaks its contract fails the run with the reason in a line."""
    assert reason in failure(job(body=body), warehouse, spark)


def test_a_null_names_its_row(spark, warehouse, job):
    """A null in a required column is reported with the key of its row."""
    body = 'return takings.withColumn("orders", F.when(F.col("shop") == "south", F.col("orders")))'
    made = job(body=body.replace("==", "!="))
    assert "is null in the row day=2024-01-01 shop=south" in failure(made, warehouse, spark)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return takings.union(takings)", "is not unique: day=2024-01-01, shop=•••"),
        (
            'return takings.withColumn("orders", F.lit(None).cast("bigint"))',
            "required column orders of shop.takings is null in the row day=2024-01-01 shop=•••",
        ),
        ('return takings.withColumn("orders", F.col("shop").cast("bigint"))', "CAST_INVALID_INPUT"),
        ('return takings.withColumn("orders", F.raise_error("shop").cast("bigint"))', "the rest is left out"),
    ],
)
def test_a_reason_quotes_no_sensitive_value(spark, warehouse, job, body, reason):
    """Neither the audit nor the engine tells one in what the ledger keeps of a run that failed."""
    column = 'Column("shop", "string"),\n            Column("orders"'
    parts = {column: column.replace("),", ", sensitive=True),", 1)}
    made = job(body=body, settings={"spark.sql.ansi.enabled": "true"}, **parts)
    found = failure(made, warehouse, spark)
    assert reason in found and "north" not in found and "south" not in found


def test_columns_may_come_in_any_order(spark, warehouse, job):
    """The result's columns may come in any order; readers see the contract's."""
    job(body='return takings.select("amount", "shop", "orders", "day")').run(
        date=DAY, spark=spark, warehouse=warehouse
    )
    frame = read_table(spark, "shop.takings", line="7.1", warehouse=warehouse)
    assert frame.columns == ["day", "shop", "orders", "amount"]


def test_a_python_function_that_fails(spark, warehouse, job):
    """A user-defined function's error is the reason, in a line."""
    body = 'return takings.withColumn("orders", F.udf(lambda n: {}[n], "bigint")("orders"))'
    assert failure(job(body=body), warehouse, spark) in ("KeyError: 1", "KeyError: 2")


def test_a_job_takes_its_line_release_and_dates_from_the_run(spark, warehouse, job):
    """What a job needs to know of its own run comes from the run, and none of it is a constant."""
    made = job(
        **{
            "transform(self, orders)": "transform(self, orders, *, dates)",
            "body": "return takings.withColumn('shop', "
            "F.lit(f'{self.line} {self.release} {dates.first} {dates.last} {len(dates)}'))"
            ".dropDuplicates(['day', 'shop'])",
        }
    )
    made.run(start="2024-01-01", end="2024-01-02", spark=spark, warehouse=warehouse)
    rows = (
        warehouse.read(spark, warehouse.outputs(table="shop.takings", line="7.1"))
        .select("shop")
        .distinct()
        .collect()
    )
    assert [row["shop"] for row in rows] == ["7.1 7.1.0 2024-01-01 2024-01-02 2"]


def test_a_date_in_the_future(warehouse, job):
    """A logical date that has not begun is refused before anything is recorded."""
    with pytest.raises(InvalidDateError, match="in the future"):
        job().run(date="2999-01-01", warehouse=warehouse)
    assert warehouse.ledger.find_runs() == []


def test_a_source_that_is_not_configured(spark, warehouse, job):
    """An input without a place is refused before the run starts, with the sources there are."""
    made = job(
        **{
            '"orders",\n    columns': '"receipts",\n    columns',
            "transform(self, orders)": "transform(self, receipts)",
        }
    )
    with pytest.raises(UnknownSourceError, match=r"its sources: orders.*\[sources\."):
        made.run(date=DAY, spark=spark, warehouse=warehouse)
    assert warehouse.ledger.find_runs() == []


def test_a_source_that_is_not_there(spark, warehouse, job, landing):
    """An input whose place does not exist fails the run with the place."""
    (landing / "orders").rename(landing / "elsewhere")
    reason = failure(job(), warehouse, spark)
    assert (
        "source orders at" in reason
        and "landing/orders" in reason
        and "see [sources.orders] in dwh.toml" in reason
    )


def test_secrets_stay_out_of_the_ledger(spark, config, job):
    """Neither options nor credentials in a place reach the ledger or a message."""
    place = SourcePlace(
        "csv", "nosuch://key:hunter2@bucket/orders?sig=hunter2", {"header": "true", "password": "hunter2"}
    )
    warehouse = Warehouse.create(replace(config, sources={"orders": place}))
    with pytest.raises(RunError) as caught:
        job().run(date=DAY, spark=spark, warehouse=warehouse)
    (run,) = warehouse.ledger.find_runs()
    assert run.inputs[0]["path"] == "nosuch://***@bucket/orders?sig=***"
    assert "hunter2" not in repr(run) + str(caught.value)


def test_a_run_that_was_given_up_does_not_appear(spark, warehouse, job, monkeypatch):
    """A run that `dwh gc` gave up while it wrote cannot commit, and stays abandoned."""
    commit = type(warehouse.ledger).commit_run

    def late(ledger, run, rows, files):
        ledger.fail_run(run.id, "process 1 is gone", status="abandoned")
        commit(ledger, run, rows, files)

    monkeypatch.setattr(type(warehouse.ledger), "commit_run", late)
    with pytest.raises(RunError, match="is abandoned, so it cannot become committed"):
        job().run(date=DAY, spark=spark, warehouse=warehouse)
    assert warehouse.ledger.outputs(environment="dev", table="shop.takings") == []
    (run,) = warehouse.ledger.find_runs(runs.c.status == "abandoned")
    assert run.error == "process 1 is gone"


def test_the_reason_survives_a_lost_ledger(spark, warehouse, job, monkeypatch):
    """When the ledger is lost while a run fails, the run's own reason is still told."""

    def lost(ledger, run_id, reason, status="failed"):
        raise LedgerError("postgresql://h/d", "cannot be used: gone")

    monkeypatch.setattr(type(warehouse.ledger), "fail_run", lost)
    with pytest.raises(RunError, match=r"no rows for 1 of 1 dates.*could not be recorded: .*gone"):
        job(body="return takings.limit(0)").run(date=DAY, spark=spark, warehouse=warehouse)


def test_an_interrupted_run(spark, warehouse, job):
    """Ctrl-C is passed on, and the run is recorded as interrupted."""
    with pytest.raises(KeyboardInterrupt):
        job(body="raise KeyboardInterrupt").run(date=DAY, spark=spark, warehouse=warehouse)
    (run,) = warehouse.ledger.find_runs()
    assert (run.status, run.error) == ("failed", "interrupted")


def test_a_user_without_a_name(spark, warehouse, job, monkeypatch):
    """A container's user without a name does not stop a run."""

    def nameless():
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr("getpass.getuser", nameless)
    job().run(date=DAY, spark=spark, warehouse=warehouse)
    (run,) = warehouse.ledger.find_runs()
    assert run.started_by.isdigit() or run.started_by == "unknown"


def test_a_line_without_output(spark, warehouse, job):
    """Asking for a line that never wrote the table names the lines that did."""
    job().run(date=DAY, spark=spark, warehouse=warehouse)
    with pytest.raises(NoOutputError, match=r"line 7\.9 has no output in environment dev; .*: 7\.1; "):
        read_table(spark, "shop.takings", line="7.9", warehouse=warehouse)


FIGURES = 'figures = (F.count("*").alias("orders"), F.sum("amount").alias("amount"))'
OF_THE_TABLE = """from dwh.core import read_table

        earlier = read_table(orders.sparkSession, "shop.takings"{asked}).agg(F.sum("orders")).first()[0]
        figures = (F.count("*").alias("orders"), F.lit(float(earlier)).alias("amount"))"""


@pytest.fixture
def worlds(takings, installed_line, spark, warehouse):
    """The warehouse in prod and in dev, whose table has one more order; lines that read it by themselves."""
    installed_line("7.1", {"takings": takings()})
    for line, asked in (("7.2", ""), ("7.3", ', line="7.1"')):
        installed_line(line, {"takings": takings(**{FIGURES: OF_THE_TABLE.format(asked=asked)})})
    prod = replace(warehouse, config=warehouse.config.in_environment("prod"))
    for place, days in ((prod, [DAY]), (warehouse, [DAY, "2024-01-02"])):
        job = find_job("takings@7.1")()
        run = job.run(start=days[0], end=days[-1], spark=spark, warehouse=place)["run"]
        with place.ledger.holding("shop.takings") as (connection, sequence):
            shown = {date.fromisoformat(day): run for day in days}
            now = datetime.now(timezone.utc)
            add_publications(
                connection,
                environment=place.config.environment,
                table="shop.takings",
                run_ids=shown,
                sequence=sequence,
                now=now,
            )
    return prod, warehouse


def amounts(spark, warehouse, line):
    """Return what the runs of a line found in the table."""
    return {amount for *_, amount in rows(spark, warehouse, line)}


def test_a_job_reads_tables_of_its_run_s_environment(spark, worlds):
    """What a job reads by itself comes from the environment of its run, not from the configured one.

    That holds for what is published and for a line that it names, also for two runs at once in one process.
    """
    published, named = (find_job(f"takings@{line}")() for line in ("7.2", "7.3"))
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda place: published.run(date=DAY, spark=spark, warehouse=place), worlds))
    assert [amounts(spark, place, "7.2") for place in worlds] == [{3.0}, {5.0}]
    for place in worlds:
        named.run(date=DAY, spark=spark, warehouse=place)
    assert [amounts(spark, place, "7.3") for place in worlds] == [{3.0}, {5.0}]


def test_a_run_aside_reads_what_its_environment_reads(spark, worlds):
    """What is run only to be compared reads the environment's tables, though its output is not there."""
    prod, _ = worlds
    aside = replace(prod, config=prod.config.in_environment(environment_aside("prod")))
    find_job("takings@7.2")().run(date=DAY, spark=spark, warehouse=aside)
    assert amounts(spark, aside, "7.2") == {3.0}
    with pytest.raises(NoOutputError):
        rows(spark, prod, "7.2")


def test_after_a_run_the_configured_environment_counts(job, spark, warehouse, monkeypatch, tmp_path):
    """A run leaves nothing behind that changes what is configured, also when it fails."""
    monkeypatch.chdir(tmp_path)
    before = load_config()
    prod = replace(warehouse, config=warehouse.config.in_environment("prod"))
    made = job()
    made.run(date=DAY, spark=spark, warehouse=prod)
    with pytest.raises(RunError):
        made.run(date="2020-01-01", spark=spark, warehouse=prod)
    assert load_config() == before


def test_a_commit_whose_answer_is_lost_is_a_commit(spark, warehouse, job, monkeypatch):
    """The connection breaks after the database has committed: the run counts, and is not told as failed."""
    commit = warehouse.ledger.commit_run

    def cut_off(*arguments):
        commit(*arguments)
        raise LedgerError("postgresql://h/d", "cannot be used: server closed the connection")

    monkeypatch.setattr(warehouse.ledger, "commit_run", cut_off)
    receipt = job().run(date="2024-01-01", spark=spark, warehouse=warehouse)
    (run,) = warehouse.ledger.find_runs()
    assert (run.id, run.status) == (receipt["run"], "committed")

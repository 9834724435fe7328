"""What an operator types in environments that share a warehouse, with real runs: nothing leaks, and nothing
unproven is published."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from dwh.core.lines import find_job
from dwh.migrate import console

DATES = ("--from", "2024-01-01", "--to", "2024-01-02")
MIRROR = '''
"""What the environment publishes of the takings."""

from dwh.core import Column, Job, Table, read_table

ORDERS = Table("orders", columns=(Column("day", "date"), Column("shop", "string")), partition_by="day")


class Mirror(Job):
    """What the environment publishes of the takings."""

    reads = (ORDERS,)
    writes = Table(
        "shop.mirror",
        columns=(Column("day", "date"), Column("shop", "string"), Column("columns", "string")),
        partition_by="day",
    )

    def transform(self, orders):
        from pyspark.sql import functions as F

        takings = read_table(orders.sparkSession, "shop.takings")
        return takings.select("day", "shop", F.lit(",".join(takings.columns)).alias("columns"))
'''


@pytest.fixture
def dwh(typed, monkeypatch, spark, interpreted, renamed):
    """The command in this process and in its one Spark, in `dev` unless it is told otherwise."""
    monkeypatch.delenv("DWH_ENVIRONMENT")
    token = console._KEPT.set(True)

    def command(line: str, code: int = 0) -> tuple[str, str]:
        words = [word.replace("_", " ") for word in line.split()]
        found, out, err = typed(*words)
        assert found == code, err
        return out, err

    yield command
    console._KEPT.reset(token)


def more_orders(landing) -> None:
    """Let the landing zone hold other orders than those that were run before."""
    for day in ("2024-01-01", "2024-01-02", "2024-01-03"):
        (landing / "orders" / f"day={day}" / "more.csv").write_text("shop,amount,note\nnorth,1000,\n")


def totals(dwh, where: str) -> dict[date, float]:
    """Return what the shop in the north took each day, as `dwh show` says it."""
    rows = json.loads(dwh(f"show shop.takings {where} --json")[0])
    return {row["day"]: row.get("total", row.get("amount")) for row in rows if row["shop"] == "north"}


def begin(dwh, old: str, new: str, steps: str, more: str = "") -> None:
    """Pin the old line in prod, and begin a rollout from it."""
    dwh(f"pin takings {old} --env prod --reason why {more}")
    dwh(f"rollout plan takings {old} {new} --env prod --steps {steps}")
    dwh("rollout start takings --env prod --reason it_is_better")


def test_a_cutover_takes_nothing_that_another_environment_ran(dwh, landing):
    """Two dates passed in prod's shadow; then somebody ran a sample in dev: prod publishes its own output."""
    begin(dwh, "8.1", "8.2", "shadow:2,cutover")
    dwh(f"run takings --env prod {' '.join(DATES)}")
    before = totals(dwh, "--env prod")
    more_orders(landing)
    dwh(f"run takings@8.2 --env dev {' '.join(DATES)}")
    dwh("rollout advance takings --env prod")
    assert totals(dwh, "--env prod") == totals(dwh, "--env prod --line 8.2") == before
    assert totals(dwh, "--env dev --line 8.2") == {day: total + 1000 for day, total in before.items()}


@pytest.mark.breadth
def test_a_cutover_waits_for_each_date(dwh, landing):
    """A date that was filled with other inputs is compared as that is done, and keeps the gate shut."""
    dwh("run takings@8.1 --env prod --date 2024-01-03")
    begin(dwh, "8.1", "8.2", "shadow:2,cutover", "--publish")
    dwh(f"run takings --env prod {' '.join(DATES)}")
    before = totals(dwh, "--env prod")
    _, err = dwh("rollout advance takings --env prod", code=2)
    assert "line 8.2 has no output for 2024-01-03; type: dwh backfill takings@8.2" in err
    more_orders(landing)
    _, err = dwh("backfill takings@8.2 --env prod --from 2024-01-01 --to 2024-01-03")
    assert "compared with what prod publishes: 2 of 3 dates proven, 0 unproven, 1 failed" in err
    _, err = dwh("rollout advance takings --env prod", code=2)
    assert "type: dwh compare takings@8.1 takings@8.2 --env prod --date 2024-01-03" in err
    assert totals(dwh, "--env prod") == before


@pytest.mark.breadth
def test_a_ramp_publishes_what_passed_and_says_what_waits(dwh, landing, installed_line, takings):
    """A date that does not agree publishes the old line's output, and the command says what to type."""
    differs = "return takings.withColumn('amount', F.expr(\"amount + if(day = '2024-01-02', 1, 0)\"))"
    installed_line("7.5", {"takings": takings(body=differs)})
    begin(dwh, "7.1", "7.5", "100%:0")
    out, err = dwh(f"run takings --env prod {' '.join(DATES)} --json")
    (served,) = json.loads(out)
    assert (served["receipt"]["line"], served["published"], served["shadow"]) == ("7.5", 1, "fail")
    assert served["withheld"] == [{"first": "2024-01-02", "last": "2024-01-02"}]
    why = (
        "line 7.5's output is withheld for 2024-01-02, as comparing it failed; type: dwh compare takings@7.1"
    )
    assert f"{why} takings@7.5 --env prod --date 2024-01-02" in err
    assert totals(dwh, "--env prod") == {"2024-01-01": 15.0, "2024-01-02": 1.0}
    out, err = dwh("rollout status takings --env prod")
    assert "by 7.5: 1 of 2 dates proven, 0 unproven, 1 failed" in out and why in err


@pytest.mark.breadth
def test_after_a_cutover_a_date_that_does_not_agree_shows_nothing(dwh, renamed):
    """Outputs of both lines cannot stand in one table, so the command fails, and says what to type."""
    differs = "return takings.withColumn('total', F.expr(\"total + if(day = '2024-01-02', 1, 0)\"))"
    renamed.write_text(renamed.read_text("utf-8").replace("return takings", differs), "utf-8")
    begin(dwh, "8.1", "8.2", "shadow:1,cutover")
    dwh("run takings --env prod --date 2024-01-01")
    dwh("rollout advance takings --env prod")
    _, err = dwh("run takings --env prod --date 2024-01-02", code=1)
    assert "[DWH710] prod publishes nothing for 2024-01-02; line 8.2's output is withheld" in err
    assert "type: dwh compare takings@8.1 takings@8.2 --env prod --date 2024-01-02" in err
    assert totals(dwh, "--env prod") == {"2024-01-01": 15.0}


@pytest.mark.breadth
def test_a_version_that_is_named_waits_for_its_comparison(dwh):
    """Within a ramp the new line's run, by name, is not published; a backfill compares and publishes it."""
    begin(dwh, "7.1", "7.2", "100%:0")
    _, err = dwh("run takings@7.2 --env prod --date 2024-01-01")
    assert "as line 7.1 has nothing to compare it with; type: dwh run takings --env prod" in err
    _, err = dwh("run takings@7.1 --env prod --date 2024-01-01")
    assert "until it is proven; type: dwh backfill takings@7.2 --date 2024-01-01 --env prod" in err
    _, err = dwh("backfill takings@7.2 --date 2024-01-01 --env prod")
    assert "withheld" not in err
    published = json.loads(dwh("history shop.takings --published --env prod --json")[0])
    states = {span["line"]: span["state"] for span in published}
    assert states == {"7.1": "replaced", "7.2": "published"}


def test_the_option_reaches_what_a_run_reads(dwh, installed_line):
    """A job that reads a published table gets what the environment of `--env` publishes."""
    installed_line("7.9", {"mirror": MIRROR})
    for environment, line in (("prod", "7.1"), ("dev", "7.3")):
        dwh(f"run takings@{line} --env {environment} --date 2024-01-03")
        dwh(f"pin takings {line} --env {environment} --publish --reason why")
    for environment, column in (("prod", "amount"), ("dev", "total")):
        dwh(f"run mirror@7.9 --env {environment} --date 2024-01-03")
        out, _ = dwh(f"show shop.mirror --line 7.9 --env {environment} --json")
        assert [row["columns"] for row in json.loads(out)] == [f"day,shop,orders,{column}"]


def test_outputs_get_into_another_environment_by_name(dwh, tmp_path):
    """A promotion shares the files of what staging has run, publishes it where prod is pinned to its line,
    and says from where it came."""
    dwh(f"run takings@7.1 --env staging {' '.join(DATES)}")
    dwh("pin takings 7.1 --env prod --reason why")
    dwh("show shop.takings --env prod", code=1)
    files = sorted(tmp_path.rglob("*.parquet"))
    dates = "--from-date 2024-01-01 --to-date 2024-01-02"
    _, err = dwh(f"promote takings@7.1 --from staging --to prod {dates} --reason tested")
    assert "2 outputs of takings@7.1 in staging now belong to prod as well; prod publishes 2 of them" in err
    assert totals(dwh, "--env prod") == {"2024-01-01": 15.0, "2024-01-02": 1.0}
    assert sorted(tmp_path.rglob("*.parquet")) == files
    assert "from staging" in dwh("history shop.takings --env prod")[0]


@pytest.mark.breadth
def test_values_that_a_contract_calls_sensitive_are_masked(dwh, installed_line, takings, tmp_path):
    """`dwh show` masks them unless it is told not to, and so does every report, without being asked."""
    secret = 'Column("orders", "bigint", sensitive=True),'
    more = "return takings.withColumn('orders', F.col('orders') + 4000)"
    installed_line("8.3", {"takings": takings(columns=secret)})
    installed_line("8.4", {"takings": takings(columns=secret, body=more)})
    for line in ("8.3", "8.4"):
        dwh(f"run takings@{line} --date 2024-01-02")
    out, err = dwh("show shop.takings --line 8.4 --json")
    assert {row["orders"] for row in json.loads(out)} == {"•••"}
    assert "masked, as the contract calls it sensitive: orders; to see it: --unmask" in err
    out, err = dwh("show shop.takings --line 8.4 --json --unmask")
    assert ({row["orders"] for row in json.loads(out)}, err) == ({4001}, "")
    command = "compare takings@8.3 takings@8.4 --date 2024-01-02"
    said = [
        *dwh(f"{command} --html report.html --markdown report.md", code=1),
        dwh(f"{command} --json", 1)[0],
    ]
    for text in (*said, *(path.read_text("utf-8") for path in tmp_path.glob("report.*"))):
        assert "4001" not in text and "4,001" not in text
    assert "•••2" in said[0] and "The values of orders are masked." in said[-1]


def test_a_contract_that_has_called_a_column_sensitive_since(dwh, monkeypatch):
    """What older runs recorded does not count where the installed line says more by now."""
    dwh("run takings@8.1 --date 2024-01-02")
    assert "•••" not in dwh("show shop.takings --line 8.1")[0]
    job = find_job("takings@8.1")
    columns = tuple(replace(column, sensitive=column.name == "orders") for column in job.writes.columns)
    monkeypatch.setattr(job, "writes", replace(job.writes, columns=columns))
    assert "•••" in dwh("show shop.takings --line 8.1")[0]

"""Jobs on Sail, in this process and without Java: what works, and what is refused."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from dwh.core.warehouse import Warehouse

pytest.importorskip("pysail", reason="Sail is not installed: pip install 'dwh-core[sail]'")
pytestmark = pytest.mark.sail

DWH = str(Path(sys.executable).parent / "dwh")
RUN = (DWH, "run", "takings@7.1", "--from", "2024-01-01", "--to", "2024-01-03", "--json")
BARE = {"PATH": str(Path(DWH).parent), "JAVA_HOME": "", "DWH_ENGINE": "sail"}


@pytest.fixture
def dwh(program, config, installed_line, takings):
    """Run `dwh` on Sail in a process without Java; the job `takings` may be changed before."""
    assert shutil.which("java", path=BARE["PATH"]) is None

    def run(*command: str, fails: bool = False, **variables: str):
        return program(*command, fails=fails, **{**BARE, **variables})

    def install(**replaced: str):
        installed_line("7.1", {"takings": takings(**replaced)})
        return run

    return install


def test_the_command_line(dwh, config):
    """run, show and compare work, and the ledger knows that it was Sail."""
    run = dwh()
    receipts = [json.loads(run(*RUN).stdout) for _ in range(2)]
    assert [(found["rows"], found["partitions"]) for found in receipts] == [(5, 3), (5, 3)]
    compared = run(DWH, "compare", *(found["run"] for found in receipts), "--exact", "--json")
    report = json.loads(compared.stdout)
    assert (report["verdict"], report["rows"]["matched"]) == ("pass", 5)
    shown = run(DWH, "show", "shop.takings", "--line", "7.1", "--date", "2024-01-01")
    assert "2024-01-01  north" in shown.stdout
    engines = [record.engine for record in Warehouse.open(config).ledger.find_runs()]
    assert all(engine["sail"] for engine in engines)


def test_jobs_of_every_shape(shapes):
    """Windows, tables of other jobs, whole tables with their history, hours and months work on Sail."""
    shapes(**BARE)


def test_a_python_function(dwh):
    """A Python function runs in this process."""
    run = dwh(body='return takings.withColumn("shop", F.udf(str.upper)("shop"))')
    run(*RUN)
    assert "EAST" in run(DWH, "show", "shop.takings", "--line", "7.1").stdout


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('return takings.withColumn("orders", F.lit(None).cast("bigint"))', "required column orders"),
        ("return takings.unionAll(takings)", "the key (day, shop) is not unique"),
        ("return takings.where(\"day <> '2024-01-02'\")", "no rows for 1 of 3 dates"),
        ('return takings.drop("orders")', "column orders is missing"),
    ],
    ids=["null", "key", "empty", "column"],
)
def test_audits_refuse(dwh, body, said):
    """What breaks the contract is refused as on Spark."""
    assert said in dwh(body=body)(*RUN, fails=True).stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("shop,amount,note\nnorth,many,\n", "many"),
        ("shop,amount,note\nnorth,1.0\n", "expected 3 got 2"),
        ("shop,total,note\nnorth,1.0,\n", "there is no column amount (in day=2024-01-02/part.csv)"),
    ],
    ids=["type", "fields", "header"],
)
def test_malformed_csv_is_refused(dwh, landing, text, said):
    """A row or a header that does not fit fails the run, as on Spark."""
    (landing / "orders" / "day=2024-01-02" / "part.csv").write_text(text)
    assert said in dwh()(*RUN, fails=True).stderr


def test_another_order_of_columns(dwh, landing):
    """Each file's own header says where its columns are, as on Spark."""
    (landing / "orders" / "day=2024-01-02" / "part.csv").write_text("amount,shop,note\n1.0,north,\n")
    assert json.loads(dwh()(*RUN).stdout)["rows"] == 4


def test_null_values_of_csv(dwh, landing, tmp_path):
    """`nullValue` holds, which Sail does not know."""
    config = tmp_path / "dwh.toml"
    config.write_text(config.read_text().replace("header = true", 'header = true, nullValue = "NA"'))
    (landing / "orders" / "day=2024-01-03" / "part.csv").write_text("shop,amount,note\neast,NA,NA\n")
    run = dwh()
    run(*RUN)
    shown = run(DWH, "show", "shop.takings", "--line", "7.1", "--date", "2024-01-03", "--json").stdout
    assert json.loads(shown)[0]["amount"] is None


def test_an_option_without_effect(dwh, tmp_path):
    """An option of CSV that Sail would ignore is refused."""
    config = tmp_path / "dwh.toml"
    config.write_text(config.read_text().replace("header = true", 'header = true, dateFormat = "dd.MM"'))
    assert "found dateFormat" in dwh()(*RUN, fails=True).stderr


def test_a_session_in_a_test_that_fails(program, config):
    """It ends with its block, so that the process does, too, and does not wait for a server that has gone."""
    fails = "with local_session() as spark: spark.range(1).collect(); raise SystemExit(3)"
    done = program(sys.executable, "-c", f"from dwh.core.testing import *\n{fails}", fails=True, **BARE)
    assert done.returncode == 3


def test_spark_remote_beside_sail(dwh):
    """Sail in this process and a server elsewhere are not both wanted."""
    failed = dwh()(*RUN, fails=True, DWH_SPARK='"spark.remote" = "sc://127.0.0.1"')
    assert "[spark] sets spark.remote" in failed.stderr

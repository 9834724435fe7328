"""Jobs on a real standalone cluster, whose executors get their code from a bundle and from nowhere else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dwh.core import entry
from dwh.core.lines import installed_lines
from dwh.core.testing.servers import cluster

pytestmark = pytest.mark.cluster

BIN = Path(sys.executable).parent
DATES = ("--from", "2024-01-01", "--to", "2024-01-03")
EXECUTORS = {"spark.executor.extraJavaOptions": os.environ.get("SPARK_SUBMIT_OPTS", "")}  # live as short
FIGURES = ("job", "line", "release", "table", "first_date", "last_date", "partitions", "rows")
# Each line has a module of this name, whose function says which line it is of.
LABELS = """
def label(shop):
    return f"{shop} of LINE"
"""
LABELLED = """
        from dwh.jobs.PACKAGE._labels import label

        return takings.withColumn("shop", F.udf(label)("shop"))
"""
BOTH = """
import json
from dwh.core import find_job, read_table
from dwh.core.config import load_config
from dwh.core.session import spark_session

config = load_config()
spark = spark_session(config.spark, config.engine)
shops = {}
for line in ("7.1", "7.2"):
    receipt = find_job(f"takings@{line}")().run(date="2024-01-01", spark=spark)
    rows = read_table(spark, "shop.takings", line=line).select("shop").distinct().collect()
    shops[line] = sorted(row["shop"] for row in rows)
hosts = spark.sparkContext._jsc.sc().getExecutorMemoryStatus().size()  # the driver's, too
print(json.dumps({"shops": shops, "executors": hosts - 1}))
"""


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python of the driver's version, with nothing installed."""
    home = tmp_path_factory.mktemp("bare") / "venv"
    venv.create(home)
    bare = str(home / "bin" / "python")
    found = subprocess.run([bare, "-c", "import dwh"], capture_output=True, text=True, cwd=home)
    assert "No module named 'dwh'" in found.stderr
    return bare


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory, say: Callable[[str], None]) -> Iterator[str]:
    """The address of a cluster's master."""
    with cluster(tmp_path_factory.mktemp("workers")) as address:
        say(f"started a Spark master at {address} and two workers")
        yield address
    say("stopped them")


@pytest.fixture
def labelled(installed_line, takings) -> None:
    """Install lines 7.1 and 7.2, whose jobs use a Python function of the same name."""
    for line in ("7.1", "7.2"):
        package = f"v{line.replace('.', '_')}_0"
        source = takings(body=LABELLED.replace("PACKAGE", package).strip())
        installed_line(line, {"takings": source, "_labels": LABELS.replace("LINE", line)})


def bundles(program, *lines: str) -> str:
    """Make the bundles of some lines, and return their names as Spark takes them."""
    for line in lines:
        release = installed_lines()[line].release
        program(str(BIN / "dwh"), "bundle", f"dwh-v{line.replace('.', '_')}=={release}")
    return ",".join(f"dwh-v{line.replace('.', '_')}-{installed_lines()[line].release}.zip" for line in lines)


def on(master: str, bare_python: str, files: str = "") -> str:
    """Return DWH_SPARK for the cluster."""
    settings = {
        "spark.master": master,
        "spark.driver.host": "127.0.0.1",
        "spark.pyspark.python": bare_python,
        "spark.sql.shuffle.partitions": "2",
        **EXECUTORS,
        **({"spark.submit.pyFiles": files} if files else {}),
    }
    return "\n".join(f'"{key}" = {json.dumps(value)}' for key, value in settings.items())


def test_the_cluster_gives_what_local_mode_gives(program, master, bare_python, config, labelled):
    """A job with a Python function gives equal receipts and equal fingerprints, here and there."""
    files = bundles(program, "7.1")
    run = (str(BIN / "dwh"), "run", "takings@7.1", *DATES, "--json")
    places = ('"spark.master" = "local[2]"', on(master, bare_python, files))
    receipts = [json.loads(program(*run, DWH_SPARK=place).stdout) for place in places]
    here, there = ({name: receipt[name] for name in FIGURES} for receipt in receipts)
    assert here == there and here["rows"] == 5 and here["partitions"] == 3
    compare = (str(BIN / "dwh"), "compare", *(receipt["run"] for receipt in receipts), "--json")
    report = json.loads(program(*compare, DWH_SPARK=places[0]).stdout)
    assert (report["verdict"], report["measurement"]["step"]) == ("pass", "fingerprint")
    assert report["rows"]["matched"] == 5


def test_without_a_bundle_executors_have_no_code(program, master, bare_python, config, labelled):
    """The executors of these tests cannot import a line in any other way."""
    run = (str(BIN / "dwh"), "run", "takings@7.1", "--date", "2024-01-01")
    failed = program(*run, fails=True, DWH_SPARK=on(master, bare_python))
    assert "No module named 'dwh'" in failed.stderr


def test_two_lines_in_one_application(program, master, bare_python, config, labelled):
    """Functions of the same name run each in its own line, in one application on two executors."""
    files = bundles(program, "7.1", "7.2")
    both = program(sys.executable, "-c", BOTH, DWH_SPARK=on(master, bare_python, files))
    assert json.loads(both.stdout.splitlines()[-1]) == {
        "shops": {line: [f"{shop} of {line}" for shop in ("north", "south")] for line in ("7.1", "7.2")},
        "executors": 2,
    }


def test_spark_submit(program, master, bare_python, here):
    """spark-submit runs the entry on the cluster; its receipt is that of local mode."""
    import pyspark

    release = installed_lines()["0.1"].release
    files = bundles(program, "0.1")
    settings = {"spark.driver.host": "127.0.0.1", "spark.pyspark.driver.python": sys.executable, **EXECUTORS}
    words = [word for key, value in settings.items() for word in ("--conf", f"{key}={value}")]
    path = program(sys.executable, "-m", "dwh.core.entry", "--path").stdout.strip()
    assert Path(path) == Path(entry.__file__)
    asked = ("--job", "carrier_delays@0.1", "--date", "2013-01-15")
    submit = (str(Path(pyspark.__path__[0], "bin", "spark-submit")), "--master", master, *words)
    python = {"PYSPARK_PYTHON": bare_python, "PYSPARK_DRIVER_PYTHON": sys.executable}
    there = json.loads(program(*submit, "--py-files", files, path, *asked, **python).stdout.splitlines()[-1])
    local = program(sys.executable, path, *asked, DWH_SPARK='"spark.master" = "local[2]"')
    found = json.loads(local.stdout.splitlines()[-1])
    assert {name: there[name] for name in FIGURES} == {name: found[name] for name in FIGURES}
    assert there["release"] == release and there["rows"] > 0


def test_a_master_that_does_not_answer(program, here):
    """A master that cannot be reached is said at once, and nothing is recorded."""
    run = (str(BIN / "dwh"), "run", "my_job@0.1", "--date", "2013-01-15")
    failed = program(*run, fails=True, DWH_SPARK='"spark.master" = "spark://127.0.0.1:1"')
    assert "no master answers at spark://127.0.0.1:1" in failed.stderr

"""Spark sessions: one application, one session of its own for each run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyspark
import pytest
from pyspark.sql import SparkSession

from dwh.core.session import line_session, spark_session


def test_the_active_session_is_taken(spark):
    """Where a session is active it is used, and its settings stay."""
    before = spark.conf.get("spark.sql.session.timeZone")
    assert spark_session({"spark.sql.session.timeZone": "Asia/Tokyo"}) is SparkSession.getActiveSession()
    assert spark.conf.get("spark.sql.session.timeZone") == before


def test_a_session_of_another_thread_is_left_alone(spark):
    """A thread without an active session gets the application's, whose settings stay."""
    from concurrent.futures import ThreadPoolExecutor

    before = spark.conf.get("spark.sql.shuffle.partitions")
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(spark_session, {"spark.sql.shuffle.partitions": "77"}).result()
    assert found.sparkContext is spark.sparkContext
    assert found.conf.get("spark.sql.shuffle.partitions") == before


@pytest.mark.parametrize(
    ("settings", "variables", "python"),
    [
        ({}, {}, sys.executable),
        ({"spark.pyspark.python": "/of/the/settings"}, {}, "/of/the/settings"),
        ({}, {"PYSPARK_PYTHON": "/of/the/user"}, "/of/the/user"),
    ],
)
def test_workers_run_the_drivers_python(tmp_path, settings, variables, python):
    """Python workers run the driver's Python, unless the user chose another."""
    program = (
        "import os\nfrom dwh.core.session import spark_session\n"
        f"try: spark_session({settings})\nfinally: print(os.environ['PYSPARK_PYTHON'])"
    )
    # Without Java, it ends as soon as it has chosen.
    bare = {"PATH": str(tmp_path), "JAVA_HOME": "/nonexistent", "PYTHONPATH": os.pathsep.join(sys.path)}
    command, variables = [sys.executable, "-c", program], {**bare, **variables}
    assert subprocess.run(command, capture_output=True, text=True, env=variables).stdout == f"{python}\n"


def test_settings_stay_in_their_session(spark):
    """A setting, a temporary view and a function of one session are unknown to another."""
    with line_session(spark, {"spark.sql.session.timeZone": "Asia/Tokyo"}) as one:
        one.range(1).createOrReplaceTempView("mine")
        one.udf.register("mine", lambda: 1, "int")
        with line_session(spark, {"spark.sql.session.timeZone": "UTC"}) as other:
            assert one.conf.get("spark.sql.session.timeZone") == "Asia/Tokyo"
            assert other.conf.get("spark.sql.session.timeZone") == "UTC"
            assert not other.catalog.tableExists("mine")
            assert not other.catalog.functionExists("mine")
    assert spark.conf.get("spark.sql.session.timeZone") == "UTC"


def test_the_lines_session_is_active_in_its_run(spark):
    """Within a run `SparkSession.active()` is the run's session; afterwards it is the caller's."""
    before = SparkSession.active()
    with line_session(spark, {"spark.sql.session.timeZone": "Asia/Tokyo"}) as session:
        assert SparkSession.active() is session
        assert session.sql("SELECT current_timezone()").first()[0] == "Asia/Tokyo"
    assert SparkSession.active() is before


def test_the_callers_session_is_active_after_a_failure(spark):
    """A failing run leaves the caller's session active."""
    before = SparkSession.active()
    with pytest.raises(ZeroDivisionError), line_session(spark, {}):
        raise ZeroDivisionError
    assert SparkSession.active() is before


@pytest.mark.parametrize(
    ("java_home", "where"), [("", "on this machine"), ("/nonexistent", "in JAVA_HOME=/nonexistent")]
)
def test_a_machine_without_java(tmp_path, java_home, where):
    """Without Java, the error says so, where it looked, and what to install."""
    program = (
        "from dwh.core.session import spark_session\nfrom dwh.core.errors import SparkUnavailableError\n"
        "try: spark_session({})\nexcept SparkUnavailableError as error: print(error)"
    )
    bare = {"PATH": str(tmp_path), "JAVA_HOME": java_home, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=bare)
    assert f"there is no Java {where}; install Java 17 or later" in done.stdout, done.stderr


def links(folder: Path, target: Path, *without: str) -> None:
    """Fill a folder with links to what another one has, without some of it."""
    folder.mkdir()
    for path in target.iterdir():
        if path.name not in without:
            (folder / path.name).symlink_to(path)


@pytest.mark.breadth
@pytest.mark.parametrize(
    ("client", "said"),
    [
        (
            False,
            "PySpark is not installed; type: pip install 'dwh-core[spark]', or for Sail, which needs no Java",
        ),
        (
            True,
            "only PySpark's client is installed, and no server is named; type: pip install 'dwh-core[spark]'",
        ),
    ],
)
def test_a_python_without_spark(tmp_path, client, said):
    """Without PySpark, or with its client alone, which lacks the core, the error says what to install."""
    site = Path(pyspark.__file__).parents[1]
    links(tmp_path / "site", site, "pyspark")
    if client:
        if not (site / "pyspark" / "core").exists():
            pytest.skip("a PySpark of which there is no client alone")
        links(tmp_path / "site" / "pyspark", site / "pyspark", "core", "jars")
    program = (
        "from dwh.core.session import spark_session\nfrom dwh.core.errors import SparkUnavailableError\n"
        "try: spark_session({}, 'spark')\nexcept SparkUnavailableError as error: print(error)"
    )
    path = [str(tmp_path / "site") if Path(each) == site else each for each in sys.path]
    bare = {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
    done = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, env=bare)
    assert f"[DWH203] cannot start Spark: {said}" in done.stdout, done.stderr


@pytest.mark.breadth
def test_settings_that_spark_refuses():
    """A Spark that cannot start for another reason is reported with that reason."""
    program = (
        "from dwh.core.session import spark_session\nfrom dwh.core.errors import SparkUnavailableError\n"
        "try: spark_session({'spark.master': 'no'})\nexcept SparkUnavailableError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.startswith("[DWH203] cannot start Spark: "), done.stderr
    assert "check [spark] in dwh.toml" in done.stdout


@pytest.mark.breadth
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("{'spark.master': 'spark://127.0.0.1:1'}", "no master answers at spark://127.0.0.1:1; start it"),
        ("{'spark.master': 'spark://here'}", "here is not the address of a master; write"),
        ("{}, 'sail'", "Sail cannot be imported"),
    ],
)
def test_an_engine_that_is_not_there(settings, said):
    """A master that does not answer and an engine that is not installed are named at once."""
    program = (
        "import sys; sys.modules['pysail'] = None\n"
        "from dwh.core.session import spark_session\nfrom dwh.core.errors import SparkUnavailableError\n"
        f"try: spark_session({settings})\nexcept SparkUnavailableError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert said in done.stdout, done.stderr

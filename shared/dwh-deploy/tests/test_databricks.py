"""The Databricks job that runs a release."""

from __future__ import annotations

import json

import pytest

from dwh.core.errors import InvalidNameError
from dwh.deploy.databricks import RUNTIMES, Workspace
from dwh.deploy.platforms import DATABRICKS

FOLDER = "/Volumes/main/dwh/artifacts"
WORDS = ("takings@0.1.1", "--folder", FOLDER, "--node-type", "m5d.large", "--ledger-secret", "dwh/ledger")


@pytest.fixture
def databricks(here, dist, typed_dwh):
    """`dwh deploy databricks` in a folder with small wheels and a configuration."""

    def databricks(*words: str) -> tuple[int, str, str]:
        return typed_dwh("deploy", "databricks", *words)

    return databricks


def test_the_job_is_a_wheel_task_of_exactly_this_release(databricks):
    """The task starts dwh-core's entry point with the release; the ledger's URL is a secret's."""
    code, out, _ = databricks(*WORDS, "--print")
    job = json.loads(out)
    (task,) = job["tasks"]
    wheel, cluster = task["python_wheel_task"], task["new_cluster"]
    assert (code, job["name"]) == (0, "dwh-takings-0.1")
    assert (wheel["package_name"], wheel["entry_point"]) == ("dwh-core", "dwh-job")
    assert wheel["parameters"][:2] == ["--job", "takings@0.1.1"]
    assert cluster["spark_version"] == "15.4.x-scala2.12"
    assert cluster["spark_env_vars"] == {"DWH_LEDGER": "{{secrets/dwh/ledger}}"}


def test_wheels_are_installed_by_hash_and_without_what_they_depend_on(databricks, here):
    """The init script's requirements name each wheel with its hash; pip may follow nothing."""
    _, out, err = databricks(*WORDS, "--print", "--files", "upload")
    script = json.loads(out)["tasks"][0]["new_cluster"]["init_scripts"][0]["volumes"]["destination"]
    text = (here / "upload" / script.removeprefix(f"{FOLDER}/")).read_text()
    assert "pip install --no-deps --no-index --require-hashes -r" in text
    requirements = (here / "upload" / text.split()[-1].removeprefix(f"{FOLDER}/")).read_text().splitlines()
    assert len(requirements) == 3 and all("--hash=sha256:" in line for line in requirements)
    assert requirements[0].startswith(f"dwh-v0_1 @ file://{FOLDER}/wheels/dwh_v0_1-0.1.1-py3-none-any.whl")
    assert not any("pyspark" in line for line in requirements)
    assert "libraries" not in out
    assert f"upload what is in upload to {FOLDER}" in err


def test_spark_4_is_there_for_lines_that_need_it(databricks):
    """Line 0.2 is refused on a runtime with Spark 3.5, and taken on one with 4.0."""
    words = ("takings@0.2.0", *WORDS[1:], "--print")
    code, _, err = databricks(*words)
    assert code == 2 and "supports Spark <4.4,>=4.0, but Databricks 15.4 LTS has Spark 3.5.0" in err
    code, out, _ = databricks(*words, "--runtime", "17.3")
    assert code == 0 and "17.3.x-scala2.13" in out


def test_each_runtime_has_a_name_for_the_api():
    """What can be chosen is what can be written."""
    assert RUNTIMES.keys() == DATABRICKS.keys()


def test_without_print_nothing_is_done(databricks):
    """Printing is all it can do, and it says so."""
    code, out, err = databricks(*WORDS)
    assert (code, out) == (2, "") and "add --print" in err


@pytest.mark.parametrize(
    "change",
    [
        {"folder": "/tmp/x"},
        {"folder": "/Volumes/a/b"},
        {"folder": "/Volumes/a/b/c/../d"},
        {"folder": "/Volumes/a/b/c d"},
        {"folder": "/Volumes/a/b/$(id)"},
        {"name": "a b"},
        {"node_type": "x y"},
        {"secret": "noscope"},
        {"secret": "a/b}}"},
    ],
)
def test_a_name_with_tricks_is_refused(change):
    """What becomes part of a shell script, a path or a reference to a secret is plain."""
    plain = {"name": "a", "folder": FOLDER, "node_type": "m5d.large", "workers": 2, "secret": "a/b"}
    assert Workspace(**plain)
    with pytest.raises(InvalidNameError):
        Workspace(**{**plain, **change})


@pytest.mark.glue
def test_the_job_fits_databricks_own_model(databricks):
    """Databricks' SDK reads the JSON into its model of a job, and gives it back unchanged."""
    from databricks.sdk.service.jobs import JobSettings

    _, out, _ = databricks(*WORDS, "--print")
    job = json.loads(out)
    assert JobSettings.from_dict(job).as_dict() == job

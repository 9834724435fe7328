"""What the printed JSON of EMR and Databricks says is done here by hand, and it runs."""

from __future__ import annotations

import json
import subprocess
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from machine import DAY, RELEASE, Machine, dwh, write_buckets

pytestmark = pytest.mark.glue

FOLDER = "/Volumes/main/dwh/artifacts"


@pytest.fixture
def machine(uv_path: str, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine on which nothing was installed."""
    buckets = write_buckets(tmp_path_factory.mktemp("buckets"))
    return Machine(tmp_path_factory.mktemp("machine"), uv_path, buckets)


@pytest.fixture
def home(here: Path, postgresql_url: str) -> Path:
    """A folder whose configuration names a ledger without a password."""
    text = (here / "dwh.toml").read_text()
    (here / "dwh.toml").write_text(f'ledger = "{postgresql_url}"\n{text}')
    return here


def receipt(printed: str) -> tuple[str, str, int]:
    """Return job, release and rows of the receipt, which is the last line."""
    last = json.loads(printed.strip().splitlines()[-1])
    return last["job"], last["release"], last["rows"]


def test_an_emr_step_runs(home, machine, real_dist):
    """With archive and files where YARN puts them, the step's own words run the job, on the Spark there."""
    words = (f"carrier_delays@{RELEASE}", "--wheels", real_dist, "--date", DAY, "--bucket", "artifacts")
    printed = dwh(home, {}, "emr", *words, "--cluster", "j-1", "--print", "--files", "upload")
    assert printed.returncode == 0, printed.stderr
    arguments = json.loads(printed.stdout)["Steps"][0]["HadoopJarStep"]["Args"]
    (archive,) = (home / "upload").rglob("*.zip")
    zipfile.ZipFile(archive).extractall(machine.work / "dwh")
    (settings,) = (home / "upload").rglob("dwh.toml")
    (machine.work / "dwh.toml").write_bytes(settings.read_bytes())
    (entry,) = (home / "upload").rglob("entry.py")
    place = next(index for index, word in enumerate(arguments) if word.endswith("/entry.py"))
    ran = machine.start("spark-submit", entry, *arguments[place + 1 :], PYTHONPATH="./dwh")
    assert ran.returncode == 0, (ran.stdout, ran.stderr)
    assert receipt(ran.stdout) == ("carrier_delays", RELEASE, 2)
    assert not (machine.work / "dwh" / "pyspark").exists()


@dataclass
class Cluster:
    """What a Databricks cluster finds: the volume is a folder, its Python the machine's."""

    task: Mapping[str, Any]
    volume: Path
    machine: Machine

    def install(self) -> subprocess.CompletedProcess[str]:
        """Run the init script."""
        (script,) = self.task["new_cluster"]["init_scripts"]
        place = self.here(script["volumes"]["destination"])
        return self.machine.start("/bin/bash", place)

    def here(self, text: str) -> str:
        """Put the volume's folder in place of the volume."""
        return text.replace(FOLDER, str(self.volume))


@pytest.fixture
def cluster(home: Path, machine: Machine, real_dist: Path) -> Cluster:
    """A cluster as the printed job wants it, before anything was installed."""
    words = (
        f"carrier_delays@{RELEASE}",
        "--wheels",
        real_dist,
        "--folder",
        FOLDER,
        "--node-type",
        "m5d.large",
    )
    printed = dwh(home, {}, "databricks", *words, "--print", "--files", "upload")
    assert printed.returncode == 0, printed.stderr
    (task,) = json.loads(printed.stdout)["tasks"]
    cluster = Cluster(task, home / "upload", machine)
    for path in (cluster.volume / "install").rglob("*.*"):
        pip = f"{machine.python} -m pip"
        path.write_text(cluster.here(path.read_text()).replace("/databricks/python/bin/pip", pip))
    return cluster


def test_a_databricks_job_runs(cluster, machine):
    """The init script installs by hash beside the Spark there; the task's entry point runs the job."""
    installed = cluster.install()
    assert installed.returncode == 0, installed.stderr
    assert machine.versions() == ["3.5.9", RELEASE]
    wheel = cluster.task["python_wheel_task"]
    parameters = [cluster.here(word).replace("{{job.parameters.date}}", DAY) for word in wheel["parameters"]]
    ran = machine.start(wheel["entry_point"], *parameters)
    assert ran.returncode == 0, (ran.stdout, ran.stderr)
    assert receipt(ran.stdout) == ("carrier_delays", RELEASE, 2)


def test_a_wheel_whose_hash_is_wrong_is_not_installed(cluster, machine):
    """A file of the volume that was swapped stops the cluster's start, and nothing is installed."""
    (wheel,) = (cluster.volume / "wheels").glob("dwh_v0_1-*")
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("dwh/jobs/v0_1_0/evil.py", "")
    installed = cluster.install()
    assert installed.returncode != 0 and "DO NOT MATCH THE HASHES" in installed.stderr
    assert "dwh" not in machine.start("python", "-m", "pip", "list").stdout

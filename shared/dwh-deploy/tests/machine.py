"""A machine as a platform starts one: Python 3.11, Spark 3.5, nothing of dwh. Buckets are folders."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

BROUGHT = ("pyspark==3.5.9", "boto3", "pip")  # what matters here of what Glue, EMR and Databricks bring
FLIGHTS = "carrier,origin,dest,dep_delay,arr_delay\nUA,EWR,IAH,2,11\nUA,LGA,IAH,NA,NA\nAA,JFK,MIA,-3,40\n"
DAY = "2013-01-15"
RELEASE = version("dwh-v0_1")
VERSIONS = "import importlib.metadata as m; print(m.version('pyspark'), m.version('dwh-v0_1'))"


def call(*command: object, **more: object) -> str:
    """Run a command that must succeed, and return what it printed."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=600, **more)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def dwh(home: Path, variables: Mapping[str, str], *words: object) -> subprocess.CompletedProcess[str]:
    """Type `dwh deploy …` in a folder."""
    command = [sys.executable, "-c", "from dwh.migrate.cli import main; main()", "deploy", *map(str, words)]
    environment = {**os.environ, **variables}
    return subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, timeout=120)


def write_buckets(folder: Path) -> Path:
    """Make folders that are buckets: a landing zone of one day, and a warehouse."""
    day = folder / "flights-landing" / "flights" / f"flight_date={DAY}"
    day.mkdir(parents=True)
    (day / "part.csv").write_text(FLIGHTS)
    (folder / "flights-landing" / "airlines.csv").write_text("carrier,name\nUA,United\nAA,American\n")
    (folder / "flights-warehouse" / "warehouse").mkdir(parents=True)
    return folder


@dataclass
class Machine:
    """The machine, its folder for one application, and the buckets that it reaches as `s3://`."""

    home: Path
    uv: str
    buckets: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        quiet = ("--quiet", "--python", self.home)
        call(self.uv, "venv", "--quiet", "--python", sys.executable, self.home)
        try:
            call(self.uv, "pip", "install", "--offline", *quiet, *BROUGHT)
        except AssertionError:  # not in uv's cache yet
            call(self.uv, "pip", "install", *quiet, *BROUGHT)
        self.work.mkdir()
        mounts = {
            f"spark.hadoop.fs.viewfs.mounttable.{item.parent.name}.link./{item.name}": item.as_uri()
            for item in self.buckets.glob("*/*")
        }
        settings = {
            "spark.master": "local[2]",
            "spark.ui.enabled": "false",
            "spark.sql.shuffle.partitions": "2",
            "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme",
            **mounts,
        }
        (self.home / "conf").mkdir()
        lines = [f"{name} {value}\n" for name, value in settings.items()]
        (self.home / "conf" / "spark-defaults.conf").write_text("".join(lines))

    @property
    def work(self) -> Path:
        """The working directory of the application."""
        return self.home / "work"

    @property
    def python(self) -> Path:
        """Its Python."""
        return self.home / "bin" / "python"

    def versions(self) -> list[str]:
        """Return the installed versions of Spark and of the line."""
        return call(self.python, "-c", VERSIONS).split()

    def start(self, *words: object, **variables: str) -> subprocess.CompletedProcess[str]:
        """Start a program of the machine in the application's folder."""
        kept = {name: os.environ[name] for name in ("PATH", "JAVA_HOME", "HOME") if name in os.environ}
        environment = {
            **kept,
            **self.variables,
            "SPARK_CONF_DIR": str(self.home / "conf"),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "PYSPARK_PYTHON": str(self.python),
            **variables,
        }
        command = [str(self.home / "bin" / str(words[0])), *map(str, words[1:])]
        return subprocess.run(
            command, cwd=self.work, env=environment, capture_output=True, text=True, timeout=300
        )

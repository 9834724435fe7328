"""Every package is released to a real index on loopback, and installed from there by whoever needs it.

A clone of this repository plays the maintainer: `dwh-release` prepares, builds, tries out and tags each
package, in an order that its dependencies allow, and twine uploads it. Then fresh environments, for which
that index alone knows our names, play everybody else. Slow: nox -s rehearsal.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.rehearsal

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
OLD_LINE, NEW_LINE = "dwh-v0_1", "dwh-v0_2"
OLD_JOB = "packages/dwh-v0_1/src/dwh/jobs/v0_1_0/my_job.py"
DAY = "2013-01-15"
LANDED = {
    "flights/flight_date=2013-01-15/part.csv": "carrier,origin,dest,dep_delay,arr_delay\nUA,EWR,IAH,2,11\n",
    "airlines.csv": "carrier,name\nUA,United Air Lines Inc.\n",
}
SPARK = "pyspark==4.1.*"  # the newest that both lines allow
AUTHOR = {
    "GIT_AUTHOR_NAME": "Rehearsal",
    "GIT_AUTHOR_EMAIL": "rehearsal@example.org",
    "GIT_COMMITTER_NAME": "Rehearsal",
    "GIT_COMMITTER_EMAIL": "rehearsal@example.org",
}
INSTALLED = """
import importlib.metadata as metadata, json
print(json.dumps({d.name: d.version for d in metadata.distributions() if d.name.startswith("dwh-")}))
"""

# Where a line is tried out again; all of its tests have been run on its first release.
SOME_TESTS = "-k test_my_job"

Say = Callable[[str], None]


def call(*command: object, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """Run a command that must succeed, and return what it printed."""
    words = [str(word) for word in command]
    environment = {**os.environ, **AUTHOR, **(env or {})}
    done = subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, f"{words}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, say: Say) -> Iterator[str]:
    """The address of an index that holds nothing yet, and asks no other one for what it lacks."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    folder = tmp_path_factory.mktemp("index")
    words = f"run --interface 127.0.0.1 --port {port} --disable-fallback -a . -P .".split()
    command = [BIN / "pypi-server", *words, folder]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not _listens(port):
            assert server.poll() is None and time.monotonic() < deadline, "the index did not start"
            time.sleep(0.1)
        say(f"an index at http://127.0.0.1:{port}, in {folder}")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@dataclass(frozen=True)
class Maintainer:
    """Someone with a clone, our tools, and an account at the index."""

    clone: Path
    index: str
    say: Say

    def dwh_release(self, *words: object) -> str:
        """Type `dwh-release …` in the clone."""
        return call(BIN / "dwh-release", *words, cwd=self.clone)

    def status(self) -> list[dict[str, Any]]:
        """Return what each package would release, in the order in which it could."""
        found: list[dict[str, Any]] = json.loads(self.dwh_release("status", "--json"))
        return found

    def release(self, package: str, step: str, status: str) -> str:
        """Prepare a package where something is new, build and tag it, upload it; return the release.

        A line is tried out with all of its tests. Those of a shared library are the larger part of what
        `nox -s tests` has just run: from its source distribution all are collected, and a few are run.
        """
        began = time.monotonic()
        if step != "none":
            self.dwh_release("prepare", package)
        some = ("--tests", "smoke") if status == "shared" else ()
        (built,) = json.loads(self.dwh_release("build", package, "--json", *some))
        self.dwh_release("tag", package)
        self.upload([self.clone / "dist" / name for name in built["sha256"]])
        took = f"{time.monotonic() - began:.0f} s"
        self.say(f"released {package} {built['version']} in {took}: {'; '.join(built['tried'])}")
        return str(built["version"])

    def upload(self, files: Sequence[Path]) -> None:
        """Upload what was built to the index."""
        account = {"TWINE_USERNAME": "any", "TWINE_PASSWORD": "any", "TWINE_NON_INTERACTIVE": "1"}
        upload = ("-m", "twine", "upload", "--disable-progress-bar", "--repository-url", self.index)
        call(sys.executable, *upload, *files, cwd=self.clone, env=account)


@pytest.fixture(scope="module")
def maintainer(tmp_path_factory: pytest.TempPathFactory, index: str, say: Say) -> Maintainer:
    """A maintainer whose clone is this repository as it is committed."""
    clone = tmp_path_factory.mktemp("maintainer") / "dwh"
    call("git", "clone", "--quiet", "--no-local", ROOT, clone, cwd=ROOT)
    call("git", "switch", "--quiet", "-C", "main", cwd=clone)
    return Maintainer(clone, index, say)


@pytest.fixture(scope="module")
def releases(maintainer: Maintainer) -> dict[str, str]:
    """The first release of every package, by its name."""
    return {
        one["package"]: maintainer.release(one["package"], one["step"], one["status"])
        for one in maintainer.status()
    }


@dataclass(frozen=True)
class Reader:
    """Someone who installs from the index, for whom nothing of this repository is on the path."""

    home: Path
    index: str
    say: Say
    names: tuple[str, ...]

    def install(self, *requirements: str) -> None:
        """Install as pip would; only names that our index lacks come from the machine's usual one."""
        began = time.monotonic()
        python = self.home / "venv" / "bin" / "python"
        if not python.exists():
            call(BIN / "uv", "venv", "--quiet", "--python", sys.executable, self.home / "venv", cwd=self.home)
        anew = [word for name in self.names for word in ("--refresh-package", name)]
        words = ("pip", "install", "--quiet", "--python", python, "--index", f"{self.index}/simple/", *anew)
        call(BIN / "uv", *words, *requirements, SPARK, cwd=self.home)
        found = ", ".join(f"{name} {version}" for name, version in sorted(self.installed().items()))
        took = f"{time.monotonic() - began:.0f} s"
        self.say(f"from {self.index} in {took}: pip install {' '.join(requirements)} brought {found}")

    def installed(self) -> dict[str, str]:
        """Return the releases of ours that are installed."""
        found: dict[str, str] = json.loads(self.python("-c", INSTALLED))
        return found

    def python(self, *words: object) -> str:
        """Run the environment's Python, away from every source."""
        return call(self.home / "venv" / "bin" / "python", "-I", *words, cwd=self.home)

    def dwh(self, *words: object) -> str:
        """Type `dwh …`."""
        return call(self.home / "venv" / "bin" / "dwh", *words, cwd=self.home, env={"PYTHONPATH": ""})


@pytest.fixture
def reader(tmp_path: Path, index: str, say: Say, releases: dict[str, str]) -> Reader:
    """A reader with an empty home, who comes when everything is released."""
    return Reader(tmp_path, index, say, tuple(releases))


def land(home: Path) -> None:
    """Make a landing zone of one day, and a configuration beside it."""
    configuration = '[spark]\n"spark.master" = "local[2]"\n"spark.sql.shuffle.partitions" = 1\n'
    for path, text in LANDED.items():
        file = home / "landing" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        place = path.partition("/")[0]
        configuration += f'[sources.{place.partition(".")[0]}]\nformat = "csv"\npath = "landing/{place}"\n'
        configuration += "options = { header = true }\n"
    (home / "dwh.toml").write_text(configuration, "utf-8")


def test_every_package_is_released(releases: dict[str, str], maintainer: Maintainer) -> None:
    """Nothing is left to release, and each wheel on the index is the one that a clone builds."""
    assert {*releases} == {one["package"] for one in maintainer.status()}
    assert [one["package"] for one in maintainer.status() if one["step"] != "none"] == []
    assert list(releases).index("dwh-core") < min(list(releases).index(line) for line in (OLD_LINE, NEW_LINE))


def test_the_gate_looks_once(maintainer: Maintainer) -> None:
    """Under 3 s on two quiet cores for all packages, as is said here; what it has looked at, it keeps."""
    call("git", "clone", "--quiet", maintainer.clone, "anew", cwd=maintainer.clone.parent)
    took = []
    for _ in ("cold", "warm"):
        before = os.times()
        call(BIN / "dwh-release", "check", cwd=maintainer.clone.parent / "anew")
        after = os.times()
        took.append(sum(after[2:4]) - sum(before[2:4]))
    maintainer.say(f"dwh-release check takes {took[0]:.1f} s of processor time, then {took[1]:.1f} s")
    assert took[1] < took[0] / 2


def test_what_the_index_has_is_not_recorded_again(maintainer: Maintainer, releases: dict[str, str]) -> None:
    """In a clone that knows nothing of the release, neither by a tag nor by a commit."""
    clone = maintainer.clone.parent / "other"
    call("git", "clone", "--quiet", "--no-local", ROOT, clone, cwd=maintainer.clone.parent)
    call("git", "switch", "--quiet", "-C", "main", cwd=clone)
    call(BIN / "dwh-release", "prepare", "dwh-core", cwd=clone)
    call("git", "reset", "--soft", "HEAD^", cwd=clone)
    asked = {**os.environ, "PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": f"{maintainer.index}/simple/"}
    words = [BIN / "dwh-release", "record", "dwh-core"]
    done = subprocess.run(words, cwd=clone, env=asked, capture_output=True, text=True)
    assert done.returncode == 1 and "the package index has it" in done.stderr, done.stderr


def test_a_line_alone(reader: Reader, releases: dict[str, str]) -> None:
    """`pip install dwh-v0_1==…` brings dwh-core and nothing else of ours."""
    reader.install(f"{OLD_LINE}=={releases[OLD_LINE]}")
    assert reader.installed() == {name: releases[name] for name in (OLD_LINE, "dwh-core")}
    reader.python("-c", "from dwh.jobs.v0_1_0.my_job import MyJob; MyJob()")


def test_the_first_steps_run_from_wheels(reader: Reader, releases: dict[str, str]) -> None:
    """Both lines and the command, installed by name: run, compare, and ask who wrote what."""
    reader.install(OLD_LINE, NEW_LINE, "dwh-migrate")
    assert reader.installed() == {
        name: releases[name] for name in (OLD_LINE, NEW_LINE, "dwh-compare", "dwh-core", "dwh-migrate")
    }
    land(reader.home)
    for line in ("0.1", "0.2"):
        reader.dwh("run", f"carrier_delays@{line}", "--date", DAY)
    reader.dwh("compare", "carrier_delays@0.1", "carrier_delays@0.2", "--date", DAY)
    history = json.loads(reader.dwh("history", "flights.carrier_delays", "--json"))
    assert {(one["line"], one["release"], one["code"]) for one in history["outputs"]} == {
        ("0.1", releases[OLD_LINE], "installed"),
        ("0.2", releases[NEW_LINE], "installed"),
    }


def test_the_other_packages(reader: Reader, releases: dict[str, str]) -> None:
    """The maintainer's tool installs and starts; Airflow's provider is what Airflow would load."""
    reader.install("dwh-release")
    assert releases["dwh-release"] == reader.installed()["dwh-release"]
    assert "prepare" in call(reader.home / "venv" / "bin" / "dwh-release", "--help", cwd=reader.home)
    reader.install("dwh-deploy")
    assert releases["dwh-deploy"] == reader.installed()["dwh-deploy"]
    assert "glue" in reader.dwh("deploy", "--help")
    reader.install("dwh-airflow")
    shown = "from dwh.airflow.provider import get_provider_info; print(get_provider_info()['package-name'])"
    assert reader.python("-c", shown).strip() == "dwh-airflow"


def test_a_patch_is_taken_without_anything_else(
    reader: Reader, releases: dict[str, str], maintainer: Maintainer, tmp_path: Path
) -> None:
    """An upgrade within the line brings the fix, and leaves dwh-core and the other line as they are."""
    reader.install(f"{OLD_LINE}=={releases[OLD_LINE]}", f"{NEW_LINE}=={releases[NEW_LINE]}")
    before = reader.installed()
    fix(maintainer)
    maintainer.dwh_release("prepare", OLD_LINE)
    maintainer.dwh_release("tag", OLD_LINE)
    tag = call("git", "describe", "--exact-match", cwd=maintainer.clone).strip()
    maintainer.upload(published_by_the_workflow(maintainer, tag, tmp_path))
    patch = tag.rpartition("@")[2]
    assert patch != releases[OLD_LINE]
    reader.install(f"{OLD_LINE}=={patch}")
    assert reader.installed() == {**before, OLD_LINE: patch}


def fix(maintainer: Maintainer) -> None:
    """Fix a bug on the maintenance line, and commit it with a fragment."""
    job = maintainer.clone / OLD_JOB
    job.write_text(job.read_text("utf-8").replace("flights.groupBy(", "flights.distinct().groupBy("), "utf-8")
    words = ("--kind", "fix", "--name", "twice", "--text", "`my_job` counts a departure once.")
    maintainer.dwh_release("change", OLD_LINE, *words, "--rerun", "All dates.")
    call("git", "add", "--all", cwd=maintainer.clone)
    call("git", "commit", "--quiet", "--message", "Count a departure once", cwd=maintainer.clone)


def published_by_the_workflow(maintainer: Maintainer, tag: str, folder: Path) -> list[Path]:
    """Run the shell steps of the release workflow at a pushed tag; return what it would publish."""
    work = folder / "checkout"
    call("git", "clone", "--quiet", "--branch", tag, maintainer.clone, work, cwd=folder)
    run_steps(
        maintainer, "release", "build", work, TAG=tag, GITHUB_REF=f"refs/tags/{tag}", GH_REPO="acme/dwh"
    )
    assert tag.rpartition("@")[2] in (work / "notes.md").read_text("utf-8")
    return sorted((work / "dist").iterdir())


def run_steps(maintainer: Maintainer, workflow: str, job: str, work: Path, **variables: str) -> None:
    """Run every shell step of a workflow's job, in order, with a Python that has nothing but pip."""
    files = work.with_name(f"{work.name}-runner")
    files.mkdir()
    call(BIN / "uv", "venv", "--quiet", "--seed", "--python", sys.executable, files / "python", cwd=files)
    gh = files / "python" / "bin" / "gh"  # answers what the service would: what a tag points at
    gh.write_text(f"#!/bin/sh\nexec git -C '{maintainer.clone}' cat-file -t \"refs/tags/$TAG\"\n", "utf-8")
    gh.chmod(0o755)
    service = {
        "MAIN": "main",
        "RUNNER_TEMP": str(files),
        "GITHUB_OUTPUT": str(files / "output"),
        "GITHUB_STEP_SUMMARY": str(files / "summary"),
        # pip would build PySpark anew, and compile all of it.
        "PIP_FIND_LINKS": os.environ.get("UV_FIND_LINKS", ""),
        "PIP_NO_COMPILE": "1",
        "PYTEST_ADDOPTS": SOME_TESTS,
        "PATH": f"{files / 'python' / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    text = (ROOT / ".github" / "workflows" / f"{workflow}.yml").read_text("utf-8")
    for step in yaml.safe_load(text)["jobs"][job]["steps"]:
        if "run" in step:
            maintainer.say(f"workflow {workflow}: {step['name']}")
            call("bash", "-e", "-o", "pipefail", "-c", step["run"], cwd=work, env={**service, **variables})


def test_a_request_passes_the_gate(maintainer: Maintainer, tmp_path: Path) -> None:
    """The steps of the workflow for requests install the tool from the tree, and run it."""
    call("git", "clone", "--quiet", maintainer.clone, tmp_path / "request", cwd=tmp_path)
    run_steps(maintainer, "pull-request", "gate", tmp_path / "request")
    assert "### The gate" in (tmp_path / "request" / "report.md").read_text("utf-8")

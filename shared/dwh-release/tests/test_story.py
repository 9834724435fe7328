"""The whole story, with this repository: real git, real builds, real installs, a real Spark.

Someone runs a release; a bug is found, fixed on the main line, ported, released and installed; the
other line does not change by a byte; a feature, a break and a new line follow. Slow: nox -s story.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from monorepo import Monorepo, Said, run

from dwh.release.build import build_files
from dwh.release.environment import Environment
from dwh.release.repository import Repository
from dwh.release.versions import Step, next_release

pytestmark = pytest.mark.story

HERE = Path(__file__).parent
JOB = "src/dwh/jobs/{label}/my_job.py"
OLD, MAIN = "packages/dwh-v0_1", "packages/dwh-v0_2"
OLD_JOB, MAIN_JOB = f"{OLD}/{JOB.format(label='v0_1_0')}", f"{MAIN}/{JOB.format(label='v0_2_0')}"
# What readers install beside the lines, once, into the wheelhouse.
THIRD_PARTY = ("pyspark==4.1.*", "sqlalchemy>=2.0.30", "alembic>=1.13", "pytest>=8", "hypothesis>=6.100")

FIX_TEST = '''"""A departure that was sent twice."""

from {module}.my_job import MyJob


def test_it_writes_one_table() -> None:
    assert MyJob.writes.name == "flights.flights_per_day"
'''

COUNT_TWICE = """
import os, sys
from datetime import date
from importlib import import_module
os.environ["PYSPARK_PYTHON"] = sys.executable
from pyspark.sql import SparkSession
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
row = (date(2013, 1, 15), "UA", "EWR", "IAH", 0.0, 0.0)
schema = "flight_date date, carrier string, origin string, dest string, dep_delay double, arr_delay double"
flights = spark.createDataFrame([row, row], schema)
for module in sys.argv[1:]:
    job = import_module(module + ".my_job").MyJob()
    print(module, job.transform(flights).collect()[0]["flights"])
"""

THREE_LINES = """
import json
from dwh.core.lines import installed_lines
found = {}
for line in installed_lines().values():
    found[line.name] = [line.release, line.line.status, len([line.job(name) for name in line.job_names()])]
print(json.dumps(found))
"""


NEWEST_TEST = """
import pytest

@pytest.mark.newest
def test_it_is_there():
    import dwh.core.newest
"""


@pytest.fixture(scope="module")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every third-party wheel that an install needs, built once; afterwards no index is asked."""
    folder = tmp_path_factory.mktemp("wheelhouse")
    tool = tmp_path_factory.mktemp("pip") / "venv"
    subprocess.run([sys.executable, "-m", "venv", tool], check=True)
    command = [tool / "bin/python", "-m", "pip", "wheel", "--quiet", "--wheel-dir", folder, *THIRD_PARTY]
    # Where the session keeps a wheel of PySpark, it need not be built again.
    kept = {"PIP_FIND_LINKS": os.environ.get("UV_FIND_LINKS", "")}
    subprocess.run(command, check=True, env={**os.environ, **kept})
    return folder


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Monorepo:
    """A clone of this repository in which everything that is ready is released, and tagged."""
    command = ["git", "-C", HERE, "rev-parse", "--show-toplevel"]
    top = subprocess.run(command, capture_output=True, text=True, check=False)
    if top.returncode or not (Path(top.stdout.strip()) / OLD).is_dir():
        pytest.skip("not in a clone of the repository")
    folder = tmp_path_factory.mktemp("story") / "dwh"
    subprocess.run(["git", "clone", "--quiet", "--no-local", top.stdout.strip(), folder], check=True)
    repo = Monorepo(folder)
    repo.git("switch", "--quiet", "-C", "main")
    for name in ("dwh-v0_1", "dwh-v0_2"):
        if json.loads(repo.run("check", name, "--json").out)[0]["step"] != "none":
            ok(repo.run("prepare", name))
        ok(repo.run("tag", name))
    return repo


@pytest.fixture(scope="module", autouse=True)
def offline(wheelhouse: Path) -> Iterator[None]:
    """Let pip and uv install from the wheelhouse alone."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheelhouse), "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_COMPILE": "1",
            "UV_OFFLINE": "1", "UV_NO_INDEX": "1", "UV_FIND_LINKS": str(wheelhouse),
        }.items():  # fmt: skip
            patch.setenv(name, value)
        yield


def ok(said: Said) -> Said:
    """Assert that a command did what it was asked."""
    assert said.code == 0, said.all
    return said


def refused(said: Said, *words: str) -> None:
    """Assert that a command was refused, with these words."""
    assert said.code in (1, 2), said.all
    for word in words:
        assert word in said.all


def version(repo: Monorepo, name: str) -> str:
    """Return the version that the tree has."""
    return repo.repository().package(name).version


def wheel_of(repo: Monorepo, name: str, output: Path) -> Path:
    """Build a package of the tree, whatever its state, and return the wheel."""
    repository = Repository(repo.root)
    return build_files(repository, repository.package(name), output)[0]


def digest(path: Path) -> str:
    """Return a file's SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_release_is_tried_with_the_oldest_and_the_newest_library(clone: Monorepo, tmp_path: Path) -> None:
    """A line that needs more than the oldest release that it allows is refused until it says so."""
    repo = clone.copy(tmp_path / "clone")
    ok(repo.run("prepare", "dwh-core"))
    repo.write("shared/dwh-core/src/dwh/core/newest.py", '"""New."""\n\n__all__: list[str] = []\n')
    told = ("--kind", "feature", "--text", "There is a module `dwh.core.newest`.")
    ok(repo.run("change", "dwh-core", *told))
    repo.replace(OLD_JOB, "\n\n\nclass", '\n\n__import__("dwh.core.newest")  # unseen by the gate\n\n\nclass')
    repo.write(f"{OLD}/tests/test_newest.py", NEWEST_TEST)
    ok(repo.run("change", "dwh-v0_1", "--kind", "fix", "--text", "`my_job` needs the newest library."))
    repo.commit("Need the newest library")
    ok(repo.run("prepare", "dwh-core"))
    ok(repo.run("prepare", "dwh-v0_1"))
    build = ("build", "dwh-v0_1", "--tests", "newest", "--json")
    refused(repo.run(*build), "No module named 'dwh.core.newest'", "installed with dwh-core==0.1.0)")
    repo.replace(f"{OLD}/pyproject.toml", "dwh-core>=0.1,", "dwh-core>=0.1.1,")
    ok(repo.run("change", "dwh-v0_1", "--kind", "fix", "--text", "It says that it needs dwh-core 0.1.1."))
    repo.commit("Say what is needed")
    ok(repo.run("prepare", "dwh-v0_1"))
    (tried,) = [one["tried"] for one in json.loads(ok(repo.run(*build)).out)]
    assert [one.endswith("dwh-core==0.1.1") for one in tried].count(True) == 1
    repo.replace("shared/dwh-core/src/dwh/core/newest.py", "New.", "Newest.")
    ok(repo.run("change", "dwh-core", "--kind", "fix", "--text", "`dwh.core.newest` says what it is."))
    repo.commit("Say what it is")
    ok(repo.run("prepare", "dwh-core"))
    (tried,) = [one["tried"] for one in json.loads(ok(repo.run(*build)).out)]
    assert tried[0].endswith("dwh-core==0.1.2") and "installed with dwh-core==0.1.1" in tried
    assert [one for one in tried if one.startswith("tests (-m 'newest' alone): 1 passed")] != []


def test_the_whole_story(clone: Monorepo, wheelhouse: Path, tmp_path: Path) -> None:
    """From a release that someone runs to three lines in one environment."""
    for name in ("dwh-core", "dwh-v0_1", "dwh-v0_2"):
        wheel_of(clone, name, wheelhouse)
    first = version(clone, "dwh-v0_1")
    fixed = next_release(first, Step.patch)

    # Someone runs the release, and finds a bug: a departure that was sent twice counts twice.
    reader = tmp_path / "reader"
    subprocess.run([sys.executable, "-m", "venv", reader], check=True)
    pip_install(reader, f"dwh-v0_1=={first}")
    assert counted(reader, "dwh.jobs.v0_1_0") == {"dwh.jobs.v0_1_0": "2"}

    # It is fixed on the main line, ported with its test and fragment, and released from there.
    commit = fix_on_the_main_line(clone)
    before = digest(wheel_of(clone, "dwh-v0_2", tmp_path / "before"))
    assert "twice" in ok(clone.run("unported")).out
    ok(clone.run("port", commit, "--to", "dwh-v0_1"))
    clone.commit("Port: count a departure once")
    assert "from dwh.jobs.v0_1_0.my_job" in clone.read(f"{OLD}/tests/test_twice.py")
    ok(clone.run("check", "dwh-v0_1"))
    ok(clone.run("prepare", "dwh-v0_1", "patch"))
    assert version(clone, "dwh-v0_1") == fixed
    ok(clone.run("tag", "dwh-v0_1"))
    assert f"dwh-v0_1@{fixed}" in clone.git("tag").split()

    # It is built and tried out, the same bytes from another clone with other habits, and installed.
    built = json.loads(
        ok(clone.run("build", f"dwh-v0_1@{fixed}", "--output", str(wheelhouse), "--json")).out
    )[0]
    assert any("tests:" in tried and "passed" in tried for tried in built["tried"])
    assert from_another_clone(clone, f"dwh-v0_1@{fixed}", tmp_path) == built["sha256"]
    pip_install(reader, f"dwh-v0_1=={fixed}")
    assert counted(reader, "dwh.jobs.v0_1_0") == {"dwh.jobs.v0_1_0": "1"}

    # Nothing of the other line changed, not a byte of its wheel.
    assert digest(wheel_of(clone, "dwh-v0_2", tmp_path / "after")) == before

    the_other_way_round(clone)
    a_feature(clone)
    ok(clone.run("line", "0.3", "--ends", "2099-12-31"))
    the_new_line_passes_its_tests(clone, wheelhouse, tmp_path)
    a_break_in_the_new_line(clone)
    three_lines_in_one_environment(clone, wheelhouse, tmp_path)


def fix_on_the_main_line(repo: Monorepo) -> str:
    """Count a departure once, with a test and a fragment, in one commit."""
    repo.replace(MAIN_JOB, 'flights.groupBy("flight_date")', 'flights.distinct().groupBy("flight_date")')
    repo.write(f"{MAIN}/tests/test_twice.py", FIX_TEST.format(module="dwh.jobs.v0_2_0"))
    text = "`my_job` counts a departure once, however often it was sent."
    refused(repo.run("check", "dwh-v0_2"), "my_job.py changed", "no fragment says so")
    ok(
        repo.run(
            "change", "dwh-v0_2", "--kind", "fix", "--name", "twice", "--text", text, "--rerun", "All dates."
        )
    )
    return repo.commit("Count a departure once")


def the_other_way_round(repo: Monorepo) -> None:
    """A fix is made on the maintenance line and ported to the main one."""
    repo.replace(OLD_JOB, '"""Count the flights of each day."""', '"""Count the departures of each day."""')
    text = "`my_job` says that it counts departures."
    ok(repo.run("change", "dwh-v0_1", "--kind", "fix", "--name", "wording", "--text", text))
    commit = repo.commit("Say what is counted")
    ok(repo.run("port", commit, "--to", "dwh-v0_2"))
    repo.commit("Port: say what is counted")
    assert "Count the departures" in repo.read(MAIN_JOB)
    ok(repo.run("prepare", "dwh-v0_1"))
    ok(repo.run("prepare", "dwh-v0_2", "patch"))
    assert json.loads(ok(repo.run("unported", "--json")).out) == []


def a_feature(repo: Monorepo) -> None:
    """A new job: refused as a patch and on the maintenance line, released as a minor step."""
    before = version(repo, "dwh-v0_2")
    add_a_job(repo, MAIN_JOB)
    text = "New job `busy_days`: flights per day, in a table of its own."
    ok(repo.run("change", "dwh-v0_2", "--kind", "feature", "--name", "busy-days", "--text", text))
    repo.commit("Add a job")
    refused(repo.run("prepare", "dwh-v0_2", "patch"), "busy_days is new", "the smallest step is minor")
    add_a_job(repo, OLD_JOB)
    refused(repo.run("check", "dwh-v0_1"), "job busy_days is new", "takes fixes only")
    repo.git("clean", "--quiet", "--force", "--", OLD)
    ok(repo.run("prepare", "dwh-v0_2", "minor"))
    assert version(repo, "dwh-v0_2") == next_release(before, Step.minor) == repo.read("VERSION").strip()


def add_a_job(repo: Monorepo, model: str) -> None:
    """Copy a job to one of another name, which writes another table."""
    text = (
        repo.read(model).replace("MyJob", "BusyDays").replace("flights.flights_per_day", "flights.busy_days")
    )
    repo.write(model.replace("my_job", "busy_days"), text)


def the_new_line_passes_its_tests(repo: Monorepo, wheelhouse: Path, folder: Path) -> None:
    """As it stands, installed, with a real Spark."""
    assert repo.read("VERSION") == "0.3.0\n"
    ok(repo.run("check"))
    wheel = wheel_of(repo, "dwh-v0_3", folder / "copied")
    environment = Environment(folder / "alone")
    environment.install([str(wheel), "pytest>=8", "hypothesis>=6.100"], wheelhouse)
    tests = str(repo.root / "packages/dwh-v0_3/tests")
    options = ("-m", "pytest", "-q", "--import-mode=importlib", "-p", "no:cacheprovider", "--rootdir", tests)
    said = environment.run("running the tests of the new line", *options, tests, cwd=folder)
    assert "[100%]" in said


def a_break_in_the_new_line(repo: Monorepo) -> None:
    """It needs its declaration and its migration text, and is told in the notes."""
    job, changes = f"packages/dwh-v0_3/{JOB.format(label='v0_3_0')}", "packages/dwh-v0_3/changes"
    repo.replace(job, 'Column("flights", "bigint"', 'Column("departures", "bigint"')
    repo.replace(job, '.withColumnRenamed("count", "flights")', '.withColumnRenamed("count", "departures")')
    refused(
        repo.run("check", "dwh-v0_3"), "column flights is gone", "do not declare it", "no fragment says so"
    )
    declared = 'changes = (Renamed("flights", "departures", reason="says what is counted"),)'
    repo.replace(job, "    def transform", f"    {declared}\n\n    def transform")
    repo.replace(job, "import Column, Job, Table", "import Column, Job, Renamed, Table")
    repo.write(f"{changes}/departures.breaking.md", "`my_job` says what it counts.\n")
    refused(repo.run("check", "dwh-v0_3"), "a breaking change needs its migration text")
    told = "`my_job` says what it counts.\n\n## Migration\n\nSee the table.\n"
    repo.write(f"{changes}/departures.breaking.md", told)
    ok(repo.run("check", "dwh-v0_3"))
    repo.commit("Say what is counted")
    ok(repo.run("prepare", "dwh-v0_3"))
    notes = repo.read("packages/dwh-v0_3/CHANGELOG.md")
    assert "| `flights` | `departures` | renamed | says what is counted |" in notes
    ok(repo.run("prepare", "dwh-v0_2"))
    ok(repo.run("check"))


def three_lines_in_one_environment(repo: Monorepo, wheelhouse: Path, folder: Path) -> None:
    """They install together, and each runs as itself."""
    lines = [(p.name, p.version) for p in repo.repository().lines]
    for name, _ in lines:
        ok(repo.run("build", name, "--no-install", "--output", str(wheelhouse)))
    environment = Environment(folder / "three")
    environment.install([f"{name}=={release}" for name, release in lines], wheelhouse)
    seen = json.loads(environment.run("looking at the lines", "-I", "-c", THREE_LINES, cwd=folder))
    assert {line: tuple(facts[:2]) for line, facts in seen.items()} == {
        "0.1": (lines[0][1], "maintenance"),
        "0.2": (lines[1][1], "maintenance"),
        "0.3": (lines[2][1], "main"),
    }
    assert all(facts[2] >= 3 for facts in seen.values())


def pip_install(environment: Path, requirement: str) -> None:
    """Type `pip install …`, in an environment of one's own."""
    subprocess.run([environment / "bin/python", "-m", "pip", "install", "--quiet", requirement], check=True)


def counted(environment: Path, *modules: str) -> dict[str, str]:
    """Run my_job of some lines on a departure that was sent twice, and return what each counted."""
    command = [environment / "bin/python", "-I", "-c", COUNT_TWICE, *modules]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(line.split() for line in done.stdout.splitlines())


def from_another_clone(repo: Monorepo, release: str, folder: Path) -> dict[str, str]:
    """Build a release from a clone whose owner has another umask, and return the digests."""
    other = Monorepo(folder / "other")
    subprocess.run(["git", "clone", "--quiet", "--no-local", repo.root, other.root], check=True)
    other.git("config", "core.fileMode", "false")
    other.git("switch", "--quiet", "--detach", release)
    for path in (other.root / OLD).rglob("*"):
        if path.is_file():
            path.chmod(0o700)
            os.utime(path, (0, 0))
    said = run(other.root, "build", release, "--no-install", "--output", str(folder / "dist"), "--json")
    found: dict[str, str] = json.loads(ok(said).out)[0]["sha256"]
    return found

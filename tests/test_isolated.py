"""Releases in environments of their own: real wheels, real uv, a Spark of each release's own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dwh.core.testing.lines import declared_release

pytestmark = pytest.mark.isolated

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
DAY = ("--date", "2013-01-15")
OLD_SPARK, NEW_SPARK = "pyspark==3.5.9", "pyspark==4.3.*"
OLD, NEW = (declared_release(ROOT / "packages" / name) for name in ("dwh-v0_1", "dwh-v0_2"))
# The bug that 0.1.0 had: a flight that never departed counted as on time.
FIXED = 'F.when(departed & (F.col("dep_delay") < LATE_MINUTES), 1)'
BROKEN = 'F.when(~departed | (F.col("dep_delay") < LATE_MINUTES), 1)'

Dwh = Callable[..., "subprocess.CompletedProcess[str]"]


def build(folder: Path, target: Path) -> None:
    """Build the wheel of a package."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory, say: Callable[[str], None]) -> Path:
    """A wheelhouse with dwh-core, both lines as they are here, and 0.1.0 as it was, with its bug."""
    target = tmp_path_factory.mktemp("wheelhouse")
    old = tmp_path_factory.mktemp("old") / "dwh-v0_1"
    shutil.copytree(ROOT / "packages" / "dwh-v0_1", old, ignore=shutil.ignore_patterns("dist", "__pycache__"))
    for path, before, after in (
        (old / "pyproject.toml", f'version = "{OLD}"', 'version = "0.1.0"'),
        (old / "src/dwh/jobs/v0_1_0/carrier_delays.py", FIXED, BROKEN),
    ):
        text = path.read_text("utf-8")
        assert text.count(before) == 1
        path.write_text(text.replace(before, after), "utf-8")
    for folder in (ROOT / "shared/dwh-core", ROOT / "packages/dwh-v0_1", ROOT / "packages/dwh-v0_2", old):
        build(folder, target)
    say(f"a wheelhouse with {', '.join(sorted(path.name for path in target.iterdir()))}")
    return target


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the release environments, which all these tests share."""
    return tmp_path_factory.mktemp("environments")


@pytest.fixture
def variables(wheelhouse: Path, store: Path) -> dict[str, str]:
    """The environment variables under which `dwh` finds the wheelhouse and the store."""
    return {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "DWH_WHEELHOUSE": str(wheelhouse),
        "DWH_RELEASE_ENVIRONMENTS": str(store),
        "DWH_SPARK": '"spark.master" = "local[1]"\n"spark.sql.shuffle.partitions" = 1',
    }


@pytest.fixture
def dwh(here: Path, variables: dict[str, str]) -> Dwh:
    """The real command, in a folder with a landing zone of one day."""

    def run(*words: str, code: int = 0, **more: str) -> subprocess.CompletedProcess[str]:
        command = [str(BIN / "dwh"), *words]
        environment = {**variables, **more}
        done = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, timeout=900)
        assert done.returncode == code, f"{words}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        assert "Traceback" not in done.stderr
        return done

    return run


def runs(here: Path) -> list[Any]:
    """Return every run that the ledger has, oldest first."""
    from dwh.core.config import load_config
    from dwh.core.warehouse import Warehouse

    return Warehouse.open(load_config(here)).ledger.find_runs()


def test_two_releases_run_side_by_side_on_two_sparks(here, variables, say):
    """Each release runs at the same time as the other, on a Spark of its own, in one warehouse."""
    started = []
    for reference, spark in ((f"carrier_delays@{OLD}", OLD_SPARK), (f"carrier_delays@{NEW}", NEW_SPARK)):
        words = ["run", reference, "--isolated", "--with", spark, *DAY, "--json"]
        say(f"dwh {' '.join(words)}")
        started.append(
            subprocess.Popen([BIN / "dwh", *words], cwd=here, env=variables, text=True, stdout=-1, stderr=-1)
        )
    said = [process.communicate(timeout=1800) for process in started]
    assert [process.returncode for process in started] == [0, 0], said
    receipts = [json.loads(out) for out, _ in said]
    assert [(r["line"], r["release"], r["rows"]) for r in receipts] == [
        ("0.1", OLD, 3),
        ("0.2", NEW, 3),
    ]
    found = {run.release: run for run in runs(here)}
    assert found[OLD].engine["spark"] == "3.5.9"
    assert found[NEW].engine["spark"].startswith("4.3.")
    assert {run.code["state"] for run in found.values()} == {"installed"}, "the wheels ran, not this tree"


def test_what_a_patch_changes(here, dwh, say):
    """0.1.0 and today's release differ in on_time alone, and readers of the line keep the latter."""
    dwh("run", "carrier_delays@0.1", *DAY)
    words = ("compare", "carrier_delays@0.1.0", f"carrier_delays@{OLD}", "--run", *DAY)
    say(f"dwh {' '.join(words)}")
    found = json.loads(dwh(*words, "--json", code=1).stdout)
    assert found["verdict"] == "fail"
    differing = [column["name"] for column in found["columns"] if column["differing"]["count"]]
    assert differing == ["on_time"]
    assert "0.1.0" in {run.release for run in runs(here)}
    shown = json.loads(dwh("history", "flights.carrier_delays", "--json").stdout)["outputs"]
    assert [span["release"] for span in shown if span["state"] == "newest"] == [OLD]


def test_an_exact_release_runs_where_another_is_installed(here, dwh):
    """`dwh run JOB@RELEASE` needs no option: what is not installed runs elsewhere, the rest here."""
    receipt = json.loads(dwh("run", "carrier_delays@0.1.0", *DAY, "--json").stdout)
    assert receipt["release"] == "0.1.0"
    dwh("run", f"carrier_delays@{OLD}", *DAY)
    assert [(run.release, run.code["state"]) for run in runs(here)] == [
        ("0.1.0", "installed"),
        (OLD, "editable"),
    ]


def test_jobs_of_other_shapes_run_in_environments_of_their_own(here, dwh):
    """Hours, and a range of a table that is built on the date before, which is computed date by date."""
    day = here / "landing/flights/flight_date=2013-01-15"
    shutil.copytree(day, day.with_name("flight_date=2013-01-14"))
    spark = ("--isolated", "--with", NEW_SPARK, "--json")
    carriers = dwh("run", f"carriers@{NEW}", "--from", "2013-01-14", "--to", "2013-01-15", *spark)
    weather = dwh("run", f"weather@{NEW}", "--from", "2013-01-15T10", "--to", "2013-01-15T11", *spark)
    receipts = [json.loads(done.stdout) for done in (carriers, weather)]
    assert [(one["partitions"], one["rows"]) for one in receipts] == [(2, 6), (2, 2)]
    read = json.loads(dwh("history", "flights.carriers", "--inputs", "--json").stdout)
    assert [one["read"] for one in read if one["input"] == "flights.carriers"] == [None, "2013-01-14"]


def test_two_who_want_the_same_environment_get_one(here, variables, store):
    """Of two processes that want it at once, one makes it, and both get its id."""
    words = [BIN / "dwh", "venv", "create", "dwh-v0_1==0.1.0", "--with", OLD_SPARK, "--with", "packaging>=24"]
    both = [subprocess.Popen(words, cwd=here, env=variables, text=True, stdout=-1, stderr=-1) for _ in "ab"]
    said = [process.communicate(timeout=900) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert len({out.strip() for out, _ in said}) == 1
    assert sum("making an environment" in err for _, err in said) <= 1


def test_the_same_again_asks_no_network(dwh):
    """A request that was answered once is answered from what is there, even where nothing can be asked."""
    words = ("venv", "create", "dwh-v0_1==0.1.0", "--with", OLD_SPARK)
    first = dwh(*words).stdout
    again = dwh(*words, UV_OFFLINE="1", PATH=os.defpath)
    assert again.stdout == first
    assert "making" not in again.stderr
    assert first.strip() in dwh("venv", "list").stdout


def test_an_environment_in_use_is_not_removed(dwh, store):
    """While a process holds it, removing is refused with the reason; afterwards it goes."""
    from dwh.migrate.releases.store import Store

    made = dwh("venv", "create", "dwh-v0_1==0.1.0", "--with", OLD_SPARK, "--with", "wheel").stdout.strip()
    with Store(store).using(made):
        assert "a process runs in it" in dwh("venv", "remove", made, code=1).stderr
        states = {row["id"]: row["state"] for row in json.loads(dwh("venv", "list", "--json").stdout)}
        assert states[made] == "in use"
    removed = dwh("venv", "remove", made, "--json")
    assert "removed" in removed.stderr
    assert [row["id"] for row in json.loads(removed.stdout)] == [made]
    assert f"there is no release environment {made}" in dwh("venv", "remove", made, code=2).stderr


def test_a_release_that_is_published_keeps_its_environment(dwh):
    """The last environment of a release stays while an environment publishes what the release wrote."""
    dwh("pin", "carrier_delays", "0.1", "--env", "prod", "--reason", "why")
    dwh("run", "carrier_delays@0.1.0", "--env", "prod", *DAY)
    refused = dwh("venv", "remove", "dwh-v0_1==0.1.0", code=1).stderr
    assert "prod publishes 1 partition of flights.carrier_delays that 0.1.0 wrote" in refused
    assert "dwh-v0_1==0.1.0" in dwh("venv", "list").stdout


@pytest.fixture
def endless(here: Path, variables: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A run in a release environment that reads what nobody ever writes."""
    # As if compressed: of a file that cannot be split Spark reads all, also where its size is 0.
    os.mkfifo(here / "landing/flights/flight_date=2013-01-15/slow.csv.gz")
    words = [BIN / "dwh", "run", "my_job@0.1.0", "--isolated", "--with", OLD_SPARK, *DAY]
    process = subprocess.Popen(words, cwd=here, env=variables, text=True, stdout=-1, stderr=-1)
    deadline = time.monotonic() + 600
    while not list((here / "warehouse").glob("**/_temporary")):
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.2)
    yield process
    process.kill()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "TERM"])
def test_an_interruption_reaches_the_run(here, endless, sent):
    """It ends with its process, is recorded as interrupted, and nothing of it is visible."""
    (run,) = runs(here)
    endless.send_signal(sent)
    _, said = endless.communicate(timeout=60)
    assert (endless.returncode, "interrupted; nothing uncommitted is visible" in said) == (1, True)
    assert "Traceback" not in said
    assert not Path(f"/proc/{run.pid}").exists()
    (run,) = runs(here)
    assert (run.status, run.error) == ("failed", "interrupted")


def test_an_environment_that_is_deleted_under_a_run(here, endless, store):
    """The run fails with the reason, is recorded as failed, and nothing of it is visible."""
    (run,) = runs(here)
    command = Path(f"/proc/{run.pid}/cmdline").read_text()
    (environment,) = (folder for folder in (store / "environments").iterdir() if str(folder) in command)
    shutil.rmtree(environment)
    os.kill(run.pid, signal.SIGKILL)
    _, said = endless.communicate(timeout=60)
    assert endless.returncode == 1
    assert "was deleted while my_job@0.1.0 ran in it" in said
    (run,) = runs(here)
    assert (run.status, "was deleted" in run.error) == ("failed", True)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("dwh-v0_1==0.1.999",), 2, "the package index does not hold dwh-v0-1==0.1.999, nor the wheelhouse"),
        (("dwh-v0_1>=0.1",), 2, "is not a release: write DISTRIBUTION==RELEASE"),
        ((f"dwh-v0_1=={OLD}", "--python", "3.99"), 2, "there is no Python '3.99' here"),
        ((f"dwh-v0_1=={OLD}", "--with", "pyspark==4.3.*"), 2, "cannot be made"),
        ((f"dwh-v0_1=={OLD}", "--with", "pyspark @ https://127.0.0.1/x.whl"), 2, "not from a URL"),
    ],
)
def test_what_cannot_be_made(dwh, words, code, said):
    """What is mistyped, or does not fit together, is told; nothing half-made stays."""
    before = dwh("venv", "list").stdout
    assert said in dwh("venv", "create", *words, code=code).stderr
    assert dwh("venv", "list").stdout == before


def test_a_place_that_cannot_be_asked(dwh, tmp_path):
    """Without uv, without a network and without the wheelhouse's folder, the error says what to type."""
    words = ("venv", "create", f"dwh-v0_2=={NEW}", "--with", "attrs")
    assert "there is no such folder" in dwh(*words, code=2, DWH_WHEELHOUSE=str(tmp_path / "no")).stderr
    offline = {"UV_OFFLINE": "1", "UV_CACHE_DIR": str(tmp_path / "cache")}
    assert "the index cannot be reached" in dwh(*words, code=1, **offline).stderr


def test_a_wheel_that_changed_is_refused(dwh, wheelhouse, tmp_path, store):
    """The same file name with other bytes is refused, even where the environment is there already."""
    dwh("venv", "create", "dwh-v0_1==0.1.0", "--with", OLD_SPARK)
    changed = tmp_path / "changed"
    shutil.copytree(wheelhouse, changed)
    with next(changed.glob("dwh_v0_1-0.1.0-*")).open("ab") as file:
        file.write(b"\0")
    error = dwh("venv", "create", "dwh-v0_1==0.1.0", "--with", "attrs", code=1, DWH_WHEELHOUSE=str(changed))
    assert "a release never changes" in error.stderr

"""A real Airflow: metadata in SQLite, the DAG files of `dags`, and a landing zone for what they run.

Without Airflow nothing here is collected: `nox -s airflow` installs it.
"""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dwh.core.testing.fixtures import repository  # noqa: F401 -- a fixture

if TYPE_CHECKING:
    from airflow.sdk import DAG

sys.path.insert(0, str(Path(__file__).parent))

from installation import DAGS, DAY, airflow, airflow_variables, land  # found by the path above

collect_ignore_glob = [] if find_spec("airflow") else ["test_*.py"]

Played = Callable[..., "tuple[str, dict[str, str], dict[str, Any]]"]


@pytest.fixture(scope="session")
def say(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Print a line that is seen whether or not the test fails: what was started, what was measured."""
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def say(text: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\n{text}", end="", flush=True)

    return say


@pytest.fixture(scope="session")
def airflow_home(say: Callable[[str], None]) -> Iterator[Path]:
    """The home of the Airflow in this process, whose metadata database is ready."""
    home = Path(tempfile.mkdtemp(prefix="dwh-airflow-"))
    os.environ.update(airflow_variables(home))
    say(f"Airflow {version('apache-airflow')}, with its metadata in {home}/airflow.db")
    airflow("db", "migrate", home=home)
    yield home
    shutil.rmtree(home)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a landing zone of two days, which dwh finds from anywhere."""
    land(tmp_path, DAY, "2013-01-16")
    monkeypatch.setenv("DWH_CONFIG", str(tmp_path / "dwh.toml"))
    return tmp_path


@pytest.fixture
def dwh(home: Path) -> Callable[..., str]:
    """The `dwh` command in that folder, which must succeed; returns what it prints."""

    def dwh(*words: str) -> str:
        command = [Path(sys.executable).with_name("dwh"), *words]
        done = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=180)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return dwh


@pytest.fixture
def play(airflow_home: Path, home: Path) -> Played:
    """Run a DAG of a file with `dag.test`; returns its state, the tasks', and the XComs by task and key."""
    from airflow.models.xcom import XComModel
    from airflow.settings import Session

    def play(name: str, dag: str = "dag", **arguments: Any) -> tuple[str, dict[str, str], dict[str, Any]]:
        played: DAG = runpy.run_path(str(DAGS / f"{name}.py"))[dag]
        run = played.test(**arguments)
        tasks = {task.task_id: str(task.state) for task in run.get_task_instances()}
        xcoms: dict[str, Any] = {task: {} for task in tasks}
        with Session() as session:
            for found in session.scalars(XComModel.get_many(run_id=run.run_id, dag_ids=played.dag_id)):
                xcoms[found.task_id][found.key] = XComModel.deserialize_value(found)
        return str(run.state), tasks, xcoms

    return play

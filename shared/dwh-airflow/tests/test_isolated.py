"""Releases in environments of their own, which the tasks of a DAG make from a wheelhouse."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

import pytest

from dwh.core.warehouse import Warehouse

pytestmark = pytest.mark.airflow

RELEASED = ("shared/dwh-core", "packages/dwh-v0_1", "packages/dwh-v0_2")


@pytest.fixture
def wheelhouse(tmp_path: Path, repository: Path) -> Path:
    """A folder with the wheel of both lines' releases, and of the dwh-core that they stand on."""
    target = tmp_path / "wheels"
    for package in RELEASED:
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", target],
            cwd=repository / package,
            env={**os.environ, "SOURCE_DATE_EPOCH": "1767225600"},
            check=True,
            capture_output=True,
        )
    return target


def test_two_lines_run_side_by_side_on_sparks_of_their_own(play, tmp_path, wheelhouse, monkeypatch):
    """One DAG holds a release on Spark 3.5 and one on Spark 4.3; the ledger names what truly ran."""
    monkeypatch.setenv("DWH_WHEELHOUSE", str(wheelhouse))
    monkeypatch.setenv("DWH_RELEASE_ENVIRONMENTS", str(tmp_path / "environments"))
    state, _, xcoms = play("side_by_side", logical_date=datetime(2013, 1, 15, tzinfo=timezone.utc))
    assert state == "success"
    found = {xcoms[task]["return_value"]["run"]: task for task in ("old", "new")}
    runs = {found[run.id]: run for run in Warehouse.open().ledger.find_runs()}
    assert {task: run.release for task, run in runs.items()} == {
        "old": version("dwh-v0_1"),
        "new": version("dwh-v0_2"),
    }
    assert {task: run.engine["spark"][:3] for task, run in runs.items()} == {"old": "3.5", "new": "4.3"}
    assert {run.code["state"] for run in runs.values()} == {"installed"}

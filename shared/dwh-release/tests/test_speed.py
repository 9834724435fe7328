"""The tool is quick enough to be run before every commit: as whole processes, without Spark."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from monorepo import Monorepo

import dwh.release

SRC = str(Path(dwh.release.__file__).parents[2])
TOOL = [sys.executable, "-c", "from dwh.release.cli import main; main()"]


def seconds(repo: Monorepo, *arguments: str) -> float:
    """Return the processor time of the quickest of three runs: a busy machine must not fail a test."""
    found = []
    for _ in range(3):
        before = os.times()
        done = subprocess.run(
            [*TOOL, *arguments],
            cwd=repo.root,
            env={**os.environ, "PYTHONPATH": SRC},
            capture_output=True,
            check=False,
        )
        after = os.times()
        assert done.returncode == 0, done.stderr
        found.append(
            after.children_user + after.children_system - before.children_user - before.children_system
        )
    return min(found)


@pytest.mark.parametrize(("arguments", "limit"), [(("check", "dwh-v0_1"), 2.0), (("status",), 3.0)])
def test_a_look_is_quick(repo: Monorepo, arguments: tuple[str, ...], limit: float) -> None:
    """check of one package in under 2 s, status of all in under 3 s."""
    started = time.monotonic()
    assert seconds(repo, *arguments) < limit
    assert time.monotonic() - started < 60


def test_neither_spark_nor_the_database_library_is_imported(repo: Monorepo) -> None:
    """Contracts are read without them."""
    code = (
        "import sys; sys.modules['pyspark'] = sys.modules['sqlalchemy'] = None; sys.argv = "
        "['dwh-release', 'status'];"
        "from dwh.release.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=repo.root,
        env={**os.environ, "PYTHONPATH": SRC},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr

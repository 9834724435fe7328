"""What makes the tool quick enough to be run before every commit; tests/bench/prompt.py measures it."""

from __future__ import annotations

import os
import py_compile
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from monorepo import Monorepo

import dwh.release
from dwh.release import looking
from dwh.release.gate import Report, check_each
from dwh.release.repository import Repository

SRC = str(Path(dwh.release.__file__).parents[2])


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


def test_what_is_looked_at_is_the_source(repo: Monorepo) -> None:
    """No bytecode is left in the tree, and none that lies there is believed."""
    job = repo.root / "packages/dwh-v0_1/src/dwh/shops/v0_1_0/sales.py"
    py_compile.compile(str(job))
    (bytecode,) = job.parent.glob("__pycache__/*")
    before = job.stat()
    repo.replace(str(job.relative_to(repo.root)), "10_000", "10_001")  # as long, and as old, as it was
    os.utime(job, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert "→ 10001" in repo.run("check", "dwh-v0_1").all
    assert [*repo.root.rglob("__pycache__/*")] == [bytecode]


def test_what_was_read_is_kept_until_a_source_changes(repo: Monorepo) -> None:
    """The second look reads neither package again; an edit is seen by the next one."""
    before = repo.run("check").all
    kept = {path.name for path in (repo.root / ".git/dwh-release").rglob("*.json")}
    assert repo.run("check").all == before
    assert {path.name for path in (repo.root / ".git/dwh-release").rglob("*.json")} == kept
    repo.replace("packages/dwh-v0_1/src/dwh/shops/v0_1_0/sales.py", "def is_large", "def is_big")
    assert "is_large is gone" in repo.run("check", "dwh-v0_1").all


def test_libraries_are_imported_in_one_process(repo: Monorepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """What several of them need is imported once; each line has a process of its own."""
    project = repo.read("shared/dwh-extra/pyproject.toml").replace("extra", "more")
    repo.write("shared/dwh-more/pyproject.toml", project)
    repo.write("shared/dwh-more/src/dwh/more/__init__.py", "LIMIT = 7\n")
    asked: list[list[str]] = []
    start = looking._started

    def counted(repository: Repository, questions: list[dict[str, Any]], seed: str) -> subprocess.Popen[str]:
        asked.append([question["package"] for question in questions])
        return start(repository, questions, seed)

    monkeypatch.setattr(looking, "_started", counted)
    repository = repo.repository()
    reports = check_each(repository, repository.packages, date(2026, 1, 1))
    assert all(isinstance(report, Report) for _, report in reports)
    libraries = [package.module for package in repository.packages if not package.line]
    assert "dwh.more" in libraries and libraries in asked and len(asked) == len(repository.packages) - 1


def add_library(repo: Monorepo, name: str, source: str, *requires: str) -> None:
    """Write a shared library beside dwh-extra."""
    project = repo.read("shared/dwh-extra/pyproject.toml").replace("extra", name)
    listed = "".join(f'"dwh-{other}", ' for other in requires)
    repo.write(
        f"shared/dwh-{name}/pyproject.toml", project.replace("dependencies = [", f"dependencies = [{listed}")
    )
    repo.write(f"shared/dwh-{name}/src/dwh/{name}/__init__.py", source)


def test_what_a_library_needs_of_another_is_imported_once(repo: Monorepo, tmp_path: Path) -> None:
    """One is looked at in a fork of the process that has looked at what it requires."""
    log = tmp_path / "imports"
    add_library(repo, "apart", "LIMIT = 1\n")
    add_library(repo, "needed", f"print('.', end='', file=open({str(log)!r}, 'a'))\nLIMIT = 2\n")
    add_library(repo, "user", "import dwh.needed\nLIMIT = 3\n", "needed")
    add_library(repo, "last", "import dwh.user\nLIMIT = 4\n", "user", "needed")
    repository = repo.repository()
    chosen = [package for package in repository.packages if not package.line]
    assert {"dwh-apart", "dwh-last"} < {package.name for package in chosen}
    assert all(isinstance(report, Report) for _, report in check_each(repository, chosen, date(2026, 1, 1)))
    assert log.read_text("utf-8") == "."


def test_a_library_that_ends_its_process_stops_no_other(repo: Monorepo) -> None:
    """Its check fails, and that of whoever requires it; all others pass."""
    add_library(repo, "failing", "import os\n\nos._exit(3)\n")
    add_library(repo, "user", "LIMIT = 3\n", "failing")
    repository = repo.repository()
    found = check_each(repository, repository.packages, date(2026, 1, 1))
    failed = [package.name for package, report in found if not isinstance(report, Report)]
    assert failed == ["dwh-failing", "dwh-user"]
    assert len(found) > len(failed)

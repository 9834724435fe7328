"""Fixes that a line lacks: what is read to know them, and how each comes to the line."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from monorepo import Monorepo

from dwh.release.record import Records

MAIN, LIB = "packages/dwh-v0_2", "shared/dwh-extra"
CORE = '"dwh-core>=0.1,<1"'


@pytest.fixture
def behind(repo: Monorepo) -> Monorepo:
    """A monorepo whose main line does not allow the release of the library that has a security fix."""
    repo.replace(f"{MAIN}/pyproject.toml", CORE, f'{CORE}, "dwh-extra>=0.4.0,<0.4.1"')
    repo.replace(f"{LIB}/src/dwh/extra/__init__.py", "return round(", "return +round(")
    repo.write(f"{LIB}/changes/leak.security.md", "Values no longer leak.\n")
    repo.commit()
    repo.release("dwh-extra")
    return repo


def test_a_security_fix_of_a_library_is_had_by_requiring_it(behind: Monorepo) -> None:
    """Nobody can port it: the line names a release that has it, or decides."""
    (report,) = json.loads(behind.run("check", "dwh-v0_2", "--json").out)
    (said,) = [problem for problem in report["problems"] if "leak" in problem]
    assert (
        "let dwh-v0_2 require dwh-extra>=0.4.1 in its pyproject.toml" in said and "release port" not in said
    )
    assert "let dwh-v0_2 require dwh-extra>=0.4.1" in behind.run("unported").all
    behind.replace(f"{MAIN}/pyproject.toml", ">=0.4.0,<0.4.1", ">=0.4.1,<0.5")
    assert json.loads(behind.run("unported", "--json").out) == []


def test_records_are_read_once_for_all_lines(behind: Monorepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many lines ask for a library."""
    read: Counter[str] = Counter()
    original = Records.__init__

    def counted(self: Records, git: object, package: object) -> None:
        read[package.name] += 1  # type: ignore[attr-defined]
        original(self, git, package)  # type: ignore[arg-type]

    monkeypatch.setattr(Records, "__init__", counted)
    behind.run("unported")
    assert set(read.values()) == {1}, read

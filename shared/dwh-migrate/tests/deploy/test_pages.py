"""The pages about Glue, EMR and Databricks: their commands are typed as written, with moto as AWS."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest
from making import ROOT, write_wheel

from dwh.migrate.deploy.wheels import read_wheel

pytestmark = pytest.mark.glue

_spec = importlib.util.spec_from_file_location("played_docs", ROOT / "tests" / "test_docs.py")
_docs = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = _docs  # dataclasses look there
_spec.loader.exec_module(_docs)


@pytest.fixture
def home(cloud, here: Path, real_dist: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the wheels that one release back and forth needs, and an empty account."""
    shutil.copytree(real_dist, here / "dist")
    newest = read_wheel(here / "dist" / "dwh_v0_1-0.1.1-py3-none-any.whl")
    files = {file: newest.read(file).decode() for file in newest.files if file.startswith("dwh/")}
    requires = tuple(map(str, newest.requires))
    write_wheel(here / "dist", "dwh-v0_1", "0.1.0", requires=requires, line="0.1", files=files)
    monkeypatch.setenv("LEDGER_URL", "postgresql://dwh:not-to-be-seen@db.example.org/dwh")
    return here


@pytest.mark.parametrize("name", sorted(_docs.ELSEWHERE))
def test_a_page_prints_what_it_says(home, name):
    """Every command of a page prints what the page shows."""
    page = _docs.Page(ROOT / "docs" / f"{name}.md", home)
    page.play()
    assert not page.problems, "\n\n".join(page.problems)

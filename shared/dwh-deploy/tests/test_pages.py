"""The pages about Glue, EMR and Databricks: their commands are typed as written, with moto as AWS."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest
from machine import RELEASE
from making import write_wheel

from dwh.deploy.wheels import read_wheel

pytestmark = pytest.mark.glue


@pytest.fixture(scope="module")
def docs(repository: Path) -> ModuleType:
    """How the repository's own tests play a page."""
    spec = importlib.util.spec_from_file_location("played_docs", repository / "tests" / "test_docs.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def home(cloud, here: Path, real_dist: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the wheels that one release back and forth needs, and an empty account."""
    shutil.copytree(real_dist, here / "dist")
    newest = read_wheel(here / "dist" / f"dwh_v0_1-{RELEASE}-py3-none-any.whl")
    files = {file: newest.read(file).decode() for file in newest.files if file.startswith("dwh/")}
    requires = tuple(map(str, newest.requires))
    write_wheel(here / "dist", "dwh-v0_1", "0.1.0", requires=requires, line="0.1", files=files)
    monkeypatch.setenv("LEDGER_URL", "postgresql://dwh:not-to-be-seen@db.example.org/dwh")
    return here


@pytest.mark.parametrize("name", ["databricks", "emr", "glue"])
def test_a_page_prints_what_it_says(home, docs, repository, name):
    """Every command of a page prints what the page shows."""
    page = docs.Page(repository / "docs" / f"{name}.md", home)
    page.play()
    assert not page.problems, "\n\n".join(page.problems)

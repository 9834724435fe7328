"""A warehouse with a catalog that follows it: SQL on SQLite, beside the data."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dwh.core.config import load_config
from dwh.core.testing.fixtures import *  # noqa: F403 -- pytest finds fixtures by their names here
from dwh.core.warehouse import Warehouse
from dwh.migrate.testing import typed_dwh  # noqa: F401 -- a fixture

sys.path.insert(0, str(Path(__file__).parent))

from cataloging import Lake
from warehousing import Runs

SETTINGS = """
environment = "prod"

[catalogs.lake]
type = "sql"
environments = ["prod"]
properties = { uri = "sqlite:///catalog.db" }
"""
WRITTEN = 'Column("orders", "bigint"),\n            Column("amount", "double", nullable=True)'
"""What the job takings writes, after its key."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a configuration that names a catalog."""
    (tmp_path / "dwh.toml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def runs(home: Path, with_tables) -> Runs:  # type: ignore[no-untyped-def]
    """Runs of the warehouse there. Nothing follows what they commit until a test says so."""
    config = load_config(home, {})
    with_tables(config.ledger)
    warehouse = Warehouse.open(config)
    warehouse.ledger.told = lambda names: None
    return Runs(warehouse)


@pytest.fixture
def lake(runs: Runs) -> Lake:
    """The catalog of the configuration."""
    return Lake.of(runs.warehouse)


@pytest.fixture
def two_lines(installed_line: Callable[..., Path], takings: Callable[..., str]) -> None:
    """Lines 7.1 and 7.2 of the job takings; the newer one renames `amount` and adds `currency`."""
    installed_line("7.1", {"takings": takings()})
    changes = (
        "Renamed('amount', 'revenue', reason='as the books say'), Added('currency', reason='of each shop')"
    )
    source = takings(body=f"return takings\n\n    changes = ({changes})").replace(
        '"amount", "double", nullable=True),\n        ),',
        '"revenue", "double", nullable=True), Column("currency", "string")),',
    )
    installed_line("7.2", {"takings": source})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which engines read what, after the tests of engines."""
    marks = {"passed": "yes", "failed": "NO"}
    found: dict[str, dict[str, str]] = {}
    for outcome, mark in marks.items():
        for report in terminalreporter.getreports(outcome):
            if match := re.search(
                r"test_an_engine_(reads|attaches)_.*\[(?:None-)?(.*?)-(.*)\]", report.nodeid
            ):
                engine = f"{match[2]}{', attached,' if match[1] == 'attaches' else ''}"
                found.setdefault(engine, {})[match[3]] = mark
    for engine, stories in found.items():
        told = ", ".join(f"{story}: {mark}" for story, mark in stories.items())
        terminalreporter.write_line(f"{engine} reads {told}")

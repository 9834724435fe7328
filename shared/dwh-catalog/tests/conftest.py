"""A warehouse with a catalog that follows it: SQL on SQLite, beside the data."""

from __future__ import annotations

import sys
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

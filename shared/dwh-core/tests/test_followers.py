"""What follows the ledger is told after each transaction, and cannot undo it."""

from __future__ import annotations

import warnings
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from dwh.core.config import Config, load_config
from dwh.core.dates import DateRange
from dwh.core.followers import GROUP, FollowerWarning
from dwh.core.testing.runs import committed_run
from dwh.core.warehouse import Warehouse

DAY = date(2024, 1, 1)
SOURCE = """
TOLD = []

class Follower:
    def follow(self, config, tables):
        TOLD.append(tuple(tables))
        if "broken" in tables[0]:
            raise ValueError("it is broken")
        return ["catalog lake is down"] if "down" in tables[0] else []

FOLLOWER = Follower()
"""


@pytest.fixture
def followed(config: Config, site: Path) -> Warehouse:
    """A warehouse whose configuration names a catalog, and an installed follower."""
    info = site / "a_follower-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: a-follower\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\nown = a_follower:FOLLOWER\n")
    (site / "a_follower.py").write_text(SOURCE)
    return Warehouse.create(replace(config, catalogs={"lake": {"type": "none"}}))


def commit(warehouse: Warehouse, table: str) -> None:
    committed_run(warehouse.ledger, table=table, line="0.1", dates=DateRange(DAY, DAY))


@pytest.mark.filterwarnings("ignore::dwh.core.followers.FollowerWarning")
def test_followers_are_told_which_tables_something_has_happened_to(followed: Warehouse) -> None:
    commit(followed, "shop.takings")
    import a_follower  # type: ignore[import-not-found]

    assert a_follower.TOLD == [("shop.takings",)]


@pytest.mark.parametrize(
    ("table", "said"),
    [("shop.down", "catalog lake is down"), ("shop.broken", "a_follower:FOLLOWER .*it is broken")],
)
def test_what_a_follower_cannot_do_is_a_warning_and_what_was_committed_stays(
    followed: Warehouse, table: str, said: str
) -> None:
    with pytest.warns(FollowerWarning, match=said):
        commit(followed, table)
    assert len(followed.outputs(table=table, line="0.1", environment="dev")) == 1


def test_it_fails_no_commit_where_warnings_are_errors(followed: Warehouse) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        commit(followed, "shop.down")
    assert len(followed.outputs(table="shop.down", line="0.1", environment="dev")) == 1


def test_what_is_said_of_catalogs_is_added_to_by_a_variable(tmp_path: Path) -> None:
    (tmp_path / "dwh.toml").write_text(
        '[catalogs.lake]\ntype = "rest"\nproperties = { uri = "http://here" }\n'
    )
    added = load_config(tmp_path, {"DWH_CATALOGS": 'lake.properties.token = "secret"'})
    assert added.catalogs == {
        "lake": {"type": "rest", "properties": {"uri": "http://here", "token": "secret"}}
    }
    assert "secret" not in repr(added)

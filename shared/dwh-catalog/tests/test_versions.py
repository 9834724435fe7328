"""Tables whose versions are files: who makes the next one, and which stay."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
from pyiceberg.exceptions import CommitFailedException, NoSuchNamespaceError, NoSuchTableError
from stories import OLD, ONE, amounts
from warehousing import Runs

from dwh.catalog.served import ServedTables
from dwh.catalog.settings import served_settings
from dwh.catalog.versions import VersionFiles
from dwh.core.config import load_config
from dwh.core.followers import readable_since

NAME = ("prod", "shop_takings")


@pytest.fixture
def tables(runs: Runs) -> ServedTables:
    """Served tables, of which one has a date."""
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(1)})})
    return ServedTables(runs.warehouse.config)


def publish(runs: Runs, *values: int) -> None:
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(*values)})})


def files(runs: Runs, keep_days: float = 7) -> VersionFiles:
    settings = served_settings(runs.warehouse.config)
    return VersionFiles(settings.name, settings.metadata, keep_days)


def version(tables: ServedTables) -> str:
    return tables.table(*NAME).metadata_location.rpartition("/")[2]


def read(tables: ServedTables) -> list[int]:
    return sorted(tables.table(*NAME).scan().to_arrow()["amount"].to_pylist())


def test_a_version_is_made_once_for_each_sequence(tables: ServedTables, runs: Runs) -> None:
    assert [version(tables), version(tables)] == ["v1.metadata.json"] * 2
    assert version(ServedTables(runs.warehouse.config)) == "v1.metadata.json"
    publish(runs, 2)
    publish(runs, 3)
    assert [version(tables), version(ServedTables(runs.warehouse.config))] == ["v2.metadata.json"] * 2


def test_of_two_servers_one_makes_the_next_version(tables: ServedTables, runs: Runs) -> None:
    table = tables.table(*NAME)
    slow, quick = files(runs), files(runs)
    seen = slow._newest(NAME)
    slow._newest = lambda _: seen  # type: ignore[method-assign] -- it has looked before the quick one commits
    quick.commit_table(table, (), ())
    with pytest.raises(CommitFailedException, match=r"v2\.metadata\.json is there already"):
        slow.commit_table(table, (), ())
    assert not list(Path(table.location(), "metadata").glob("*.unfinished"))


def test_a_version_that_nobody_hinted_at_is_found(tables: ServedTables, runs: Runs) -> None:
    for value in (2, 3):
        read(tables)
        publish(runs, value)
    (Path(tables.table(*NAME).location()) / "metadata" / "version-hint.text").write_text("2")
    assert version(tables) == "v3.metadata.json"
    publish(runs, 4)
    assert (read(tables), version(tables)) == ([4], "v4.metadata.json")


@pytest.mark.parametrize("left", ["", "{", '{"format-version": 2}'])
def test_a_version_that_is_spoilt_is_made_anew(left: str, tables: ServedTables, runs: Runs) -> None:
    Path(tables.table(*NAME).metadata_location).write_text(left)
    assert (read(tables), version(tables)) == ([1], "v2.metadata.json")


def test_what_was_removed_by_hand_is_made_anew(tables: ServedTables, runs: Runs) -> None:
    shutil.rmtree(tables.table(*NAME).location())
    assert (read(tables), version(tables)) == ([1], "v1.metadata.json")


def test_a_warehouse_that_was_moved_is_described_where_it_is(
    tables: ServedTables, runs: Runs, home: Path
) -> None:
    tables.table(*NAME)
    Path(runs.warehouse.config.warehouse).rename(home / "elsewhere")
    moved = ServedTables(load_config(home, {"DWH_WAREHOUSE": "elsewhere"}))
    found = moved.table(*NAME)
    assert found.location() == f"{home}/elsewhere/_catalog/_served/prod/shop_takings"
    assert read(moved) == [1]


def test_versions_stay_for_days_and_their_files_with_them(
    tables: ServedTables, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tables.table(*NAME)
    for _ in range(22):  # more than engines keep by themselves
        files(runs).commit_table(first, (), ())
    publish(runs, 2)
    assert read(tables) == [2]
    folder = Path(first.location(), "metadata")
    assert len(list(folder.glob("v*.metadata.json"))) == 24
    assert first.scan().to_arrow()["amount"].to_pylist() == [1]
    monkeypatch.setattr("dwh.catalog.settings._KEEP_DAYS", 1e-9)
    for value in range(3, 14):  # snapshots are dropped ten at a time
        publish(runs, value)
        assert read(ServedTables(runs.warehouse.config)) == [value]
    assert len(list(folder.glob("v*.metadata.json"))) == 2
    assert len(list(folder.glob("snap-*"))) < 10
    assert len(list(folder.glob("dwh-*"))) < 10


def test_what_an_environment_shows_no_more_is_an_empty_table(tables: ServedTables, runs: Runs) -> None:
    assert read(tables) == [1]
    runs.publish("shop.takings", {ONE: None})
    assert read(tables) == []
    Runs(runs.warehouse, "dev").commit(OLD, {ONE: amounts(1)})
    runs.warehouse.ledger.told = lambda names: None
    Runs(runs.warehouse, "dev").publish("shop.takings", {ONE: None})
    with pytest.raises(NoSuchTableError, match=r"shop\.takings \(dev, published\)"):
        tables.table("dev", "shop_takings")
    with pytest.raises(NoSuchNamespaceError):
        tables.table("stage", "shop_takings")


def test_gc_knows_for_how_long_served_states_are_read(runs: Runs, home: Path, tables: ServedTables) -> None:
    (home / "dwh.toml").write_text('environment = "prod"\n')
    config = load_config(home, {})
    assert readable_since(config) is None
    tables.table(*NAME)
    since = readable_since(config)
    assert since is not None
    assert date.today() - since.date() >= timedelta(days=6)

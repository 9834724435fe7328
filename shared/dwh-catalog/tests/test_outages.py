"""A catalog that goes down during a sync: named, the rest untouched, and made up for by the next one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cataloging import Lake
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import CommitFailedException
from stories import OLD, ONE, PUBLISHED, TWO, amounts
from warehousing import Runs

from dwh.core.errors import one_line
from dwh.migrate.testing import Typed

DOWN = ConnectionError("the server has gone away")


def failing(method: Callable[..., Any], error: Exception, *, done: bool) -> Callable[..., Any]:
    """Return a method that fails, before or after what it does is done."""

    def fail(*args: Any, **kwargs: Any) -> Any:
        if done:
            method(*args, **kwargs)
        raise error

    return fail


@pytest.fixture
def breaks(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Let the catalog go down at a call, before or after it is done, until `end` is called."""

    def begin(name: str, error: Exception = DOWN, *, done: bool = False) -> Callable[[], None]:
        method = getattr(SqlCatalog, name)
        monkeypatch.setattr(SqlCatalog, name, failing(method, error, done=done))
        return lambda: monkeypatch.setattr(SqlCatalog, name, method)

    return begin


def untouched(home: Path) -> dict[str, bytes]:
    """The ledger and the data."""
    found = (path for path in home.rglob("*") if path.is_file() and "_catalog" not in path.parts)
    return {str(path): path.read_bytes() for path in found if not path.name.startswith("catalog.db")}


MOMENTS = [
    ("load_table", False, "created", "updated"),
    ("namespace_exists", False, "created", None),
    ("create_namespace_if_not_exists", False, "created", None),
    ("commit_table", False, "created", "updated"),
    ("commit_table", True, "unchanged", "unchanged"),
]


@pytest.mark.parametrize(("call", "done", "first", "then"), MOMENTS)
def test_the_next_sync_makes_up_for_it(
    runs: Runs,
    lake: Lake,
    home: Path,
    typed_dwh: Typed,
    breaks: Callable[..., Any],
    call: str,
    done: bool,
    first: str,
    then: str | None,
) -> None:
    run = runs.commit(OLD, {ONE: amounts(1), TWO: amounts(2)})
    for days, action in (({ONE: run}, first), ({TWO: run}, then)):
        if action is None:  # a namespace is made for the first commit alone
            continue
        runs.publish("shop.takings", days)
        before, end = untouched(home), breaks(call, done=done)
        code, _, said = typed_dwh("catalog", "sync")
        assert (code, untouched(home)) == (1, before)
        assert "[DWH971] catalog lake: " in said and one_line(DOWN) in said and "dwh catalog sync" in said
        end()
        assert lake.sync()[PUBLISHED] == action
        assert typed_dwh("catalog", "status")[0] == 0
        assert {row["day"] for row in lake.rows(PUBLISHED)} >= set(days)


def test_a_commit_that_is_told_to_come_second_to_itself_is_made(
    runs: Runs, lake: Lake, breaks: Callable[..., Any]
) -> None:
    """A client that lost the answer asks again by itself, and meets its own commit."""
    run = runs.commit(OLD, {ONE: amounts(1), TWO: amounts(2)})
    for days, action in (({ONE: run}, "created"), ({TWO: run}, "updated")):
        runs.publish("shop.takings", days)
        end = breaks(
            "commit_table", CommitFailedException("it has been updated by another process"), done=True
        )
        assert lake.sync()[PUBLISHED] == action
        end()
        assert {row["day"] for row in lake.rows(PUBLISHED)} >= set(days)
        assert lake.standings()[PUBLISHED].is_current


def test_one_catalog_that_is_down_keeps_no_other_from_the_ledgers_state(
    runs: Runs, home: Path, typed_dwh: Typed
) -> None:
    lost = '\n[catalogs.{}]\ntype = "sql"\nenvironments = ["prod"]\nproperties.uri = "sqlite:///{}"\n'
    (home / "away").mkdir()
    text = (home / "dwh.toml").read_text()
    first, rest = text.split("[catalogs.lake]")
    (home / "dwh.toml").write_text(
        f"{first}{lost.format('a', 'away')}[catalogs.lake]{rest}{lost.format('z', 'away')}"
    )
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(1)})})
    for command, state in (("sync", "created"), ("status", "current")):
        code, out, said = typed_dwh("catalog", command)
        assert (code, out.count(state)) == (1, 2)
        assert "catalog a: connecting: " in said and "catalog z: connecting: " in said


@pytest.mark.breadth
def test_a_file_of_sqlite_that_another_keeps_locked_is_told_with_who_may(
    runs: Runs, home: Path, lake: Lake
) -> None:
    """As Spark's JDBC catalog does, which leaves a statement open that reads."""
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(1)})})
    lake.sync()
    runs.publish("shop.takings", {TWO: runs.commit(OLD, {TWO: amounts(2)})})
    with closing(sqlite3.connect(home / "catalog.db")) as other, closing(other.cursor()) as reading:
        reading.execute("SELECT * FROM iceberg_tables").fetchone()
        problems = lake.problems()
    assert "database is locked; close what keeps it locked: Spark, for one, does, and needs" in problems[0]
    assert lake.sync()[PUBLISHED] == "updated"

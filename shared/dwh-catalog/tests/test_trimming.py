"""Old states: those whose columns no file leads to go at once, and what they name when readers are done."""

from __future__ import annotations

from pathlib import Path

import pytest
from cataloging import Lake
from stories import OLD, ONE, PUBLISHED, amounts
from warehousing import Runs, table

from dwh.catalog import sync

TEXT = table("shop.takings", "day date", "shop string", "amount string")
WITHOUT = table("shop.takings", "day date", "shop string")
TEXTS = [{"shop": "north", "amount": "one"}]


def publish(runs: Runs, lake: Lake, contract: object, rows: object, line: str) -> int:
    """Publish one date, bring it to the catalog, and return the snapshot that it is there."""
    runs.publish("shop.takings", {ONE: runs.commit(contract, {ONE: rows}, line)})  # type: ignore[arg-type, dict-item]
    lake.sync(["shop.takings"])
    return lake.table(PUBLISHED).current_snapshot().snapshot_id


def states(lake: Lake) -> dict[int, list[object]]:
    """Return what each state that can be read has as amounts; nothing where it has no such column."""
    found = lake.table(PUBLISHED)
    ids = [each.snapshot_id for each in found.snapshots()]
    return {one: [row.get("amount") for row in lake.rows(PUBLISHED, snapshot_id=one)] for one in ids}


def test_a_state_whose_column_has_another_type_now_is_let_go(runs: Runs, lake: Lake) -> None:
    """By the names in its files its values would be null: these are now the names of another field."""
    publish(runs, lake, OLD, amounts(1), "0.1")
    without = publish(runs, lake, WITHOUT, [{"shop": "north"}], "9.1")
    texts = publish(runs, lake, TEXT, TEXTS, "9.2")
    assert states(lake) == {without: [None], texts: ["one"]}
    again = publish(runs, lake, OLD, amounts(2), "0.1")
    assert states(lake) == {without: [None], again: [2]}


def test_a_branch_of_another_keeps_no_state_that_would_be_read_as_null(runs: Runs, lake: Lake) -> None:
    """It goes itself with the same commit."""
    former = publish(runs, lake, OLD, amounts(1), "0.1")
    with lake.table(PUBLISHED).manage_snapshots() as change:
        change.create_branch(former, "mine")
    texts = publish(runs, lake, TEXT, TEXTS, "9.2")
    assert states(lake) == {texts: ["one"]}


def test_who_reads_a_state_while_it_is_let_go_reads_on(
    runs: Runs, lake: Lake, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home / "warehouse" / "_catalog" / "lake" / "prod_shop" / "takings"
    publish(runs, lake, OLD, amounts(1), "0.1")
    reading = lake.table(PUBLISHED)
    publish(runs, lake, TEXT, TEXTS, "9.2")
    publish(runs, lake, OLD, amounts(2), "0.1")
    assert reading.scan().to_arrow()["amount"].to_pylist() == [1]
    monkeypatch.setattr(sync, "_DAY_MS", 0)  # so that nothing is kept but the present
    publish(runs, lake, TEXT, TEXTS, "9.2")
    publish(runs, lake, OLD, amounts(3), "0.1")
    assert len(list(folder.rglob("snap-*.avro"))) == 2
    assert lake.rows(PUBLISHED)[0]["amount"] == 3

"""One commit brings a table to the ledger's state, and writes no more than what is new."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import pytest
from cataloging import Lake
from readers import by_pyiceberg
from stories import NEW, OLD, ONE, PUBLISHED, THREE, TWO, Read, amounts, cutover_and_rollback
from warehousing import Runs, table

from dwh.catalog import sync
from dwh.catalog.connecting import CommitConflictError, Connected
from dwh.core.ledger.schema import runs as ledger_runs


def manifests(lake: Lake, name: str = PUBLISHED) -> set[str]:
    found = lake.table(name)
    return {one.manifest_path for one in found.current_snapshot().manifests(found.io)}


def data_files(home: Path) -> dict[str, int]:
    return {
        str(path): path.stat().st_mtime_ns
        for path in (home / "warehouse" / "shop.takings").rglob("*.parquet")
    }


def test_one_date_again_writes_the_manifest_of_its_quarter_alone(runs: Runs, lake: Lake) -> None:
    run = runs.commit(OLD, {ONE: amounts(1), TWO: amounts(2), THREE: amounts(3)})
    runs.publish("shop.takings", {ONE: run, TWO: run, THREE: run})
    lake.sync()
    before = manifests(lake)
    runs.publish("shop.takings", {THREE: runs.commit(OLD, {THREE: amounts(4)})})
    lake.sync()
    after = manifests(lake)
    assert (len(before), len(after), len(before & after)) == (3, 3, 2)


def test_a_rollback_writes_no_manifest_and_no_data(
    runs: Runs, lake: Lake, home: Path, two_lines: None
) -> None:
    states, files = [], []
    for _ in cutover_and_rollback(runs):
        lake.sync()
        states.append(manifests(lake))
        files.append(data_files(home))
    assert states[2] == states[0] != states[1]
    assert files[2] == files[1]
    assert len(lake.table(PUBLISHED).snapshots()) == 3


def test_a_declared_rename_keeps_the_fields_id_and_old_snapshots_readable(
    runs: Runs, lake: Lake, two_lines: None
) -> None:
    steps = cutover_and_rollback(runs)
    (before,) = next(steps)
    lake.sync()
    old = lake.table(PUBLISHED)
    next(steps)
    lake.sync()
    new = lake.table(PUBLISHED)
    assert new.schema().find_field("revenue").field_id == old.schema().find_field("amount").field_id
    assert "amount" not in new.schema().column_names
    snapshot = old.current_snapshot().snapshot_id
    found = new.scan(snapshot_id=snapshot, selected_fields=before.columns).to_arrow().to_pylist()
    assert sorted(tuple(row.values()) for row in found) == before.rows


def test_a_column_that_no_line_declares_renamed_is_a_new_one(runs: Runs, lake: Lake) -> None:
    run = runs.commit(OLD, {ONE: amounts(1)})
    runs.publish("shop.takings", {ONE: run})
    lake.sync()
    old = lake.table(PUBLISHED).schema().find_field("amount").field_id
    new = runs.commit(NEW, {ONE: [{"shop": "north", "revenue": 5, "currency": "EUR"}]}, "9.9")
    runs.publish("shop.takings", {ONE: new})
    lake.sync()
    assert lake.table(PUBLISHED).schema().find_field("revenue").field_id > old


def test_a_column_of_another_type_is_another_field(runs: Runs, lake: Lake) -> None:
    text = table("shop.takings", "day date", "shop string", "amount string")
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(1)})})
    lake.sync()
    run = runs.commit(text, {ONE: [{"shop": "north", "amount": "1.0"}]}, "9.9")
    runs.publish("shop.takings", {ONE: run})
    lake.sync()
    assert lake.rows(PUBLISHED) == [{"day": ONE, "shop": "north", "amount": "1.0"}]


def test_the_summary_says_where_the_ledger_was_and_properties_keep_files_from_other_engines(
    runs: Runs, lake: Lake, home: Path
) -> None:
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(1, 2)})})
    lake.sync()
    found = lake.table(PUBLISHED)
    summary = found.current_snapshot().summary
    assert (summary["dwh.sequence"], summary["total-records"], summary["total-data-files"]) == ("2", "2", "1")
    assert found.properties["gc.enabled"] == "false"
    assert found.properties["commit.retry.num-retries"] == "0"
    assert found.location() == f"{home}/warehouse/_catalog/lake/prod_shop/takings"


def test_files_whose_run_recorded_nothing_are_found(runs: Runs, lake: Lake) -> None:
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(1, 2)})})
    runs.forget_files()
    lake.sync()
    assert [row["amount"] for row in lake.rows(PUBLISHED)] == [1, 2]


def test_a_date_without_rows_is_no_file(runs: Runs, lake: Lake) -> None:
    run = runs.commit(OLD, {ONE: [], TWO: amounts(2)})
    runs.publish("shop.takings", {ONE: run, TWO: run})
    lake.sync()
    assert [row["amount"] for row in lake.rows(PUBLISHED)] == [2]


def test_who_commits_between_is_not_undone(runs: Runs, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another syncer, with a newer state of the ledger, is faster; the slower one looks again."""
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(1)})})
    lake.sync()
    slow, others = Connected.commit, []

    def overtaken(self: Connected, subject, *rest):  # type: ignore[no-untyped-def]
        if not others:
            others.append(subject)
            runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(3)})})
            assert lake.sync()[PUBLISHED] == "updated"
        return slow(self, subject, *rest)

    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(2)})})
    monkeypatch.setattr(Connected, "commit", overtaken)
    lake.sync()
    assert [row["amount"] for row in lake.rows(PUBLISHED)] == [3]
    assert lake.standings()[PUBLISHED].is_current


def test_what_was_written_for_a_commit_that_lost_is_removed(
    runs: Runs, lake: Lake, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(1)})})

    def lost(*_: object) -> None:
        raise CommitConflictError("always")

    monkeypatch.setattr(Connected, "commit", lost)
    assert "others keep committing to it" in lake.problems()[0]
    assert not list((home / "warehouse" / "_catalog").rglob("*.avro"))


def test_old_states_are_let_go_with_the_files_that_only_they_name(
    runs: Runs, lake: Lake, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "_DAY_MS", 0)  # so that nothing is kept but the present
    for amount in range(14):
        runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(amount)})})
        lake.sync(["shop.takings"])
        time.sleep(0.002)
    assert len(lake.table(PUBLISHED).snapshots()) < 12
    assert len(list((home / "warehouse" / "_catalog" / "lake" / "prod_shop" / "takings").rglob("*"))) < 45
    assert [row["amount"] for row in lake.rows(PUBLISHED)] == [13]
    assert len(data_files(home)) == 14


def test_strings_cut_at_16_still_find_their_rows(runs: Runs, lake: Lake) -> None:
    shops = ["z" * 15 + "\ud7ff" + "z", "\U0010ffff" * 20, "a" * 40]
    run = runs.commit(OLD, {date(2013, 1, n + 1): amounts(n, shop=shop) for n, shop in enumerate(shops)})
    runs.publish("shop.takings", {date(2013, 1, n + 1): run for n in range(len(shops))})
    lake.sync()
    for n, shop in enumerate(shops):
        read = Read(PUBLISHED, ("amount",), [(n,)], ("shop", "=", shop))
        assert by_pyiceberg(lake.metadata(PUBLISHED), read) == read.rows


def test_adopted_files_are_named_where_they_lie(runs: Runs, lake: Lake, home: Path) -> None:
    run = runs.commit(OLD, {ONE: amounts(1, 2)})
    runs.publish("shop.takings", {ONE: run})
    old = home / "old"
    (home / "warehouse" / "shop.takings" / "0.1" / f"_run={run}").rename(old)
    with runs.warehouse.ledger.writing() as connection:
        connection.execute(ledger_runs.update().values(location=str(old), storage="adopted"))
    lake.sync()
    assert [row["amount"] for row in lake.rows(PUBLISHED)] == [1, 2]

"""Columns whose names differ by case alone are one column, whatever each line's files call it."""

from __future__ import annotations

from cataloging import Lake
from stories import OLD, ONE, PUBLISHED, TWO, amounts
from warehousing import Runs, table

UPPER = table("shop.takings", "day date", "Shop string", "AMOUNT bigint")


def upper(value: int) -> list[dict[str, object]]:
    return [{"Shop": "south", "AMOUNT": value}]


def read(lake: Lake, **scan: object) -> list[tuple[object, ...]]:
    """Return the rows of the published table, whatever its columns are called."""
    return sorted(tuple(row.values()) for row in lake.rows(PUBLISHED, **scan))


def test_lines_that_spell_a_column_differently_stand_in_one_table(runs: Runs, lake: Lake) -> None:
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(1)})})
    runs.publish("shop.takings", {TWO: runs.commit(UPPER, {TWO: upper(2)}, "9.1")})
    lake.sync()
    assert read(lake) == [(ONE, "north", 1), (TWO, "south", 2)]
    assert lake.table(PUBLISHED).schema().column_names == ["day", "Shop", "AMOUNT"]
    assert lake.standings()[PUBLISHED].is_current
    assert lake.sync()[PUBLISHED] == "unchanged"


def test_old_states_are_read_by_the_spelling_of_their_files(runs: Runs, lake: Lake) -> None:
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(1)})})
    runs.publish("shop.takings", {TWO: runs.commit(UPPER, {TWO: upper(2)}, "9.1")})
    lake.sync()
    both = lake.table(PUBLISHED).current_snapshot().snapshot_id  # type: ignore[union-attr]
    runs.publish("shop.takings", {ONE: runs.commit(UPPER, {ONE: upper(3)}, "9.1")})
    lake.sync()
    assert read(lake) == [(ONE, "south", 3), (TWO, "south", 2)]
    assert read(lake, snapshot_id=both) == [(ONE, "north", 1), (TWO, "south", 2)]


def test_a_few_dates_that_change_keep_the_spelling_of_the_others(runs: Runs, lake: Lake) -> None:
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(1)})})
    runs.publish("shop.takings", {TWO: runs.commit(UPPER, {TWO: upper(2)}, "9.1")})
    lake.sync()
    runs.publish("shop.takings", {TWO: runs.commit(UPPER, {TWO: upper(4)}, "9.1")})
    assert lake.sync(wholly=False)[PUBLISHED] == "updated"
    assert read(lake) == [(ONE, "north", 1), (TWO, "south", 4)]


def test_a_name_leads_to_one_field_however_it_is_spelled(runs: Runs, lake: Lake) -> None:
    """DuckDB would read null of a column beside which another one is called `AMOUNT`."""
    text = table("shop.takings", "day date", "shop string", "AMOUNT string")
    texts = {ONE: [{"shop": "south", "AMOUNT": "two"}]}
    steps = (
        ("0.1", OLD, {ONE: amounts(1)}, 1),
        ("9.1", text, texts, "two"),
        ("0.1", OLD, {ONE: amounts(3)}, 3),
    )
    for line, contract, rows, value in steps:
        runs.publish("shop.takings", {ONE: runs.commit(contract, rows, line)})
        lake.sync(["shop.takings"])
        assert [row[2] for row in read(lake)] == [value]
        mapping = lake.table(PUBLISHED).name_mapping()
        assert mapping is not None
        names = [{name.lower() for name in field.names} for field in mapping.root]
        assert sum(map(len, names)) == len(set().union(*names))


def test_fields_within_a_column_that_lines_spell_differently_are_one_field(runs: Runs, lake: Lake) -> None:
    lower, upper = (table("shop.at", "day date", f"at struct<{name}:string>") for name in "aA")
    runs.publish("shop.at", {ONE: runs.commit(lower, {ONE: [{"at": {"a": "x"}}]}, "9.1")})
    new = runs.commit(upper, {ONE: [{"at": {"A": "z"}}], TWO: [{"at": {"A": "y"}}]}, "9.2")
    runs.publish("shop.at", {TWO: new})
    lake.sync(["shop.at"])
    both = lake.table("prod_shop.at").current_snapshot().snapshot_id  # type: ignore[union-attr]
    found = {row["day"]: row["at"] for row in lake.rows("prod_shop.at")}
    assert found == {ONE: {"A": "x"}, TWO: {"A": "y"}}
    runs.publish("shop.at", {ONE: new})
    lake.sync(["shop.at"])
    assert {row["at"]["A"] for row in lake.rows("prod_shop.at")} == {"y", "z"}
    assert {row["at"]["A"] for row in lake.rows("prod_shop.at", snapshot_id=both)} == {"x", "y"}

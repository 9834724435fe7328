"""What others do in a catalog: put right where a table is dwh's, and never touched where it is not."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from cataloging import Lake
from pyiceberg.table.update import SetLocationUpdate
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import StringType
from stories import OLD, ONE, PUBLISHED, TWO, amounts
from warehousing import Runs, partitioned, table

from dwh.core.warehouse import Warehouse


@pytest.fixture
def published(runs: Runs, lake: Lake) -> Lake:
    """A catalog with a table that two rows were published of."""
    run = runs.commit(OLD, {ONE: amounts(1), TWO: amounts(2)})
    runs.publish("shop.takings", {ONE: run, TWO: run})
    lake.sync()
    return lake


def _is_repaired(lake: Lake) -> None:
    assert lake.standings()[PUBLISHED].state == "changed"
    assert lake.sync()[PUBLISHED] == "repaired"
    assert sorted(row["amount"] for row in lake.rows(PUBLISHED)) == [1, 2]
    assert lake.standings()[PUBLISHED].is_current


def test_rows_that_another_appends_are_gone_after_the_next_sync(published: Lake) -> None:
    more = pa.table({"day": [ONE], "shop": ["west"], "amount": pa.array([9], pa.int64())})
    published.table(PUBLISHED).append(more)
    assert len(published.rows(PUBLISHED)) == 3
    _is_repaired(published)


def test_rows_that_another_deletes_are_back_after_the_next_sync(published: Lake) -> None:
    published.table(PUBLISHED).delete(f"day = '{ONE}'")
    assert len(published.rows(PUBLISHED)) == 1
    _is_repaired(published)


def test_columns_that_another_adds_are_gone_after_the_next_sync(published: Lake) -> None:
    with published.table(PUBLISHED).update_schema() as change:
        change.add_column("mine", StringType())
    _is_repaired(published)
    assert published.table(PUBLISHED).schema().column_names == ["day", "shop", "amount"]


def test_a_property_that_lets_engines_delete_files_is_put_right(published: Lake) -> None:
    with published.table(PUBLISHED).transaction() as change:
        change.set_properties({"gc.enabled": "true"})
    _is_repaired(published)


@pytest.mark.parametrize(
    ("key", "value"),
    [("write.metadata.path", "elsewhere"), ("history.expire.max-snapshot-age-ms", "1"), ("comment", "mine")],
)
def test_a_property_that_dwh_would_not_set_is_put_right(published: Lake, key: str, value: str) -> None:
    before = published.table(PUBLISHED).properties.get(key)
    with published.table(PUBLISHED).transaction() as change:
        change.set_properties(
            {key: value if key != "write.metadata.path" else f"{published.settings.metadata}/x"}
        )
    _is_repaired(published)
    assert published.table(PUBLISHED).properties.get(key) == before


def test_a_property_that_is_about_something_else_is_left_alone(published: Lake) -> None:
    """Catalogs have some of their own, which come back with each commit."""
    with published.table(PUBLISHED).transaction() as change:
        change.set_properties({"nessie.commit.id": "1a2b"})
    assert published.standings()[PUBLISHED].is_current
    assert published.sync()[PUBLISHED] == "unchanged"


def test_a_partition_field_that_another_adds_is_gone_after_the_next_sync(published: Lake) -> None:
    before = published.table(PUBLISHED).spec()
    with published.table(PUBLISHED).update_spec() as change:
        change.add_identity("shop")
    _is_repaired(published)
    assert published.table(PUBLISHED).spec() == before


def test_a_partition_field_that_another_drops_is_back_after_the_next_sync(published: Lake) -> None:
    before = published.table(PUBLISHED).spec()
    with published.table(PUBLISHED).update_spec() as change:
        change.remove_field(before.fields[0].name)
    _is_repaired(published)
    assert published.table(PUBLISHED).spec() == before


def test_a_sort_order_that_another_sets_is_gone_after_the_next_sync(published: Lake) -> None:
    with published.table(PUBLISHED).update_sort_order() as change:
        change.asc("amount", IdentityTransform())
    _is_repaired(published)
    assert published.table(PUBLISHED).sort_order().is_unsorted


@pytest.mark.parametrize("kind", ["branch", "tag"])
def test_a_branch_or_tag_of_another_is_gone_after_the_next_sync(published: Lake, kind: str) -> None:
    snapshot = published.table(PUBLISHED).current_snapshot().snapshot_id  # type: ignore[union-attr]
    with published.table(PUBLISHED).manage_snapshots() as change:
        getattr(change, f"create_{kind}")(snapshot, "mine")
    _is_repaired(published)
    assert list(published.table(PUBLISHED).refs()) == ["main"]


def test_rows_on_a_branch_of_another_are_gone_after_the_next_sync(published: Lake) -> None:
    snapshot = published.table(PUBLISHED).current_snapshot().snapshot_id  # type: ignore[union-attr]
    with published.table(PUBLISHED).manage_snapshots() as change:
        change.create_branch(snapshot, "mine")
    more = pa.table({"day": [ONE], "shop": ["west"], "amount": pa.array([9], pa.int64())})
    published.table(PUBLISHED).append(more, branch="mine")
    _is_repaired(published)
    assert list(published.table(PUBLISHED).refs()) == ["main"]


def test_a_rollback_by_another_is_undone_and_said(published: Lake, runs: Runs) -> None:
    """Also to a state that is just like the one that the ledger has."""
    runs.publish("shop.takings", {ONE: None})
    published.sync()
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(1)})})
    published.sync()
    for before in published.table(PUBLISHED).snapshots()[:2]:
        with published.table(PUBLISHED).manage_snapshots() as change:
            change.set_current_snapshot(before.snapshot_id)
        _is_repaired(published)


def test_a_location_that_another_sets_is_put_right(published: Lake, tmp_path: Path) -> None:
    before = published.table(PUBLISHED).location()
    with published.table(PUBLISHED).transaction() as change:
        change._stage((SetLocationUpdate(location=f"{tmp_path}/theirs"),))
    assert published.table(PUBLISHED).location() != before
    _is_repaired(published)
    assert published.table(PUBLISHED).location() == before


def test_former_metadata_that_another_registers_is_put_right(published: Lake, runs: Runs) -> None:
    catalog, former = published.connected._catalog, published.metadata(PUBLISHED)
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(3)})})
    published.sync()
    catalog.drop_table(PUBLISHED)
    catalog.register_table(PUBLISHED, former)
    assert published.standings()[PUBLISHED].state == "behind"
    assert published.sync()[PUBLISHED] == "updated"
    assert sorted(row["amount"] for row in published.rows(PUBLISHED)) == [2, 3]


def test_a_run_repairs_what_another_has_changed(published: Lake, runs: Runs) -> None:
    """It looks at a few dates alone where nothing else has changed."""
    with published.table(PUBLISHED).update_spec() as change:
        change.add_identity("shop")
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(3)})})
    assert published.sync(wholly=False)[PUBLISHED] == "repaired"
    assert sorted(row["amount"] for row in published.rows(PUBLISHED, row_filter=f"day = '{ONE}'")) == [3]
    assert published.standings()[PUBLISHED].is_current


def test_names_in_files_that_another_removes_are_put_right(published: Lake) -> None:
    """Without them every column is null."""
    with published.table(PUBLISHED).transaction() as change:
        change.remove_properties("schema.name-mapping.default")
    _is_repaired(published)


def test_a_table_that_another_drops_is_made_again(published: Lake) -> None:
    published.connected._catalog.drop_table(PUBLISHED)
    assert published.standings()[PUBLISHED].state == "missing"
    assert published.sync()[PUBLISHED] == "created"
    assert len(published.rows(PUBLISHED)) == 2


def test_metadata_that_is_gone_is_told_with_the_way_out(published: Lake) -> None:
    """The catalog still names it, so that nobody can tell whose the table is: it is dropped by hand."""
    Path(published.metadata(PUBLISHED).removeprefix("file://")).unlink()
    (problem,) = published.problems()
    assert "its metadata is gone: drop the table there, which loses no data" in problem
    published.connected._catalog.drop_table(PUBLISHED)
    assert published.sync()[PUBLISHED] == "created"


def test_a_table_of_that_name_that_dwh_did_not_make_is_left_alone(runs: Runs, lake: Lake) -> None:
    catalog = lake.connected._catalog
    catalog.create_namespace("prod_shop")
    mine = catalog.create_table(
        PUBLISHED, pa.schema([("mine", pa.string())]), f"{lake.settings.metadata}/mine"
    )
    mine.append(pa.table({"mine": ["a"]}))
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(1)})})
    (problem,) = lake.problems()
    assert "[DWH972] catalog lake has a table prod_shop.takings already, which dwh did not make" in problem
    assert "catalogs.lake.published" in problem
    assert lake.rows(PUBLISHED) == [{"mine": "a"}]
    assert len(lake.rows("prod_shop.takings__v0_1")) == 1  # the others are not affected


def test_a_table_of_another_warehouse_is_left_alone(published: Lake, runs: Runs) -> None:
    other = Lake.of(Warehouse(runs.warehouse.config, runs.warehouse.ledger))
    object.__setattr__(other.settings, "data", "s3://elsewhere")
    assert all("[DWH972]" in problem and "of /" in problem for problem in other.problems())


def test_a_type_that_iceberg_lacks_is_refused_with_its_column(runs: Runs, lake: Lake) -> None:
    odd = table("shop.odd", "day date", "took interval day to second")
    run = runs.commit(odd, {ONE: []})
    runs.publish("shop.odd", {ONE: run})
    problems = lake.problems()
    assert len(problems) == 2
    assert "[DWH973] shop.odd: column took is of type interval day to second" in problems[0]
    assert len(runs.warehouse.published(table="shop.odd")) == 1


@pytest.mark.parametrize("name", ["_file", "_partition", "_row_id"])
def test_a_column_that_iceberg_calls_its_own_is_refused(name: str, runs: Runs, lake: Lake) -> None:
    """Spark would refuse to read the table, whichever columns are asked for; in other letters it reads it."""
    odd = table("shop.odd", "day date", f"{name} bigint")
    runs.publish("shop.odd", {ONE: runs.commit(odd, {ONE: [{name: 7}]})})
    problems = lake.problems()
    assert len(problems) == 2
    assert f"[DWH973] shop.odd: column {name} has the name of one of Iceberg's own" in problems[0]
    assert len(runs.warehouse.published(table="shop.odd")) == 1
    other = table("shop.other", "day date", f"{name.upper()} bigint")
    runs.publish("shop.other", {ONE: runs.commit(other, {ONE: [{name.upper(): 7}]})})
    assert len(lake.problems()) == 2
    assert lake.rows("prod_shop.other") == [{"day": ONE, name.upper(): 7}]


def test_one_column_in_two_types_at_once_is_refused(published: Lake, runs: Runs) -> None:
    text = table("shop.takings", "day date", "shop string", "amount string")
    run = runs.commit(text, {TWO: [{"shop": "north", "amount": "2"}]}, "9.9")
    runs.publish("shop.takings", {TWO: run})
    (problem,) = published.problems()
    assert "column amount is string in some dates and bigint in those of line 0.1" in problem
    assert sorted(row["amount"] for row in published.rows(PUBLISHED)) == [1, 2]


def test_files_of_a_line_that_had_another_type_before_are_told(published: Lake, runs: Runs) -> None:
    """As while a line is made, before its first release."""
    text = table("shop.takings", "day date", "shop string", "amount string")
    runs.publish("shop.takings", {ONE: runs.commit(text, {ONE: [{"shop": "n", "amount": "?"}]}, "9.9")})
    runs.publish("shop.takings", {TWO: runs.commit(OLD, {TWO: amounts(5)}, "9.9")})
    problem = published.problems()[0]
    assert (
        f"column amount has another type in files that line 9.9 wrote before, such as day={ONE}/" in problem
    )
    assert sorted(row["amount"] for row in published.rows(PUBLISHED)) == [1, 2]


def test_structs_of_two_lines_stand_together_only_where_one_has_the_fields_of_both(
    runs: Runs, lake: Lake
) -> None:
    def publish(of: str, value: object, day: date) -> None:
        contract = table("shop.at", "day date", f"at struct<{of}>")
        run = runs.commit(contract, {day: [{"at": value}]}, line=f"9.{day.day}")
        runs.publish("shop.at", {day: run})

    publish("a:string", {"a": "x"}, ONE)
    publish("b:string", {"b": "y"}, TWO)
    (problem,) = lake.problems()
    assert "column at is struct<b:string> in some dates and struct<a:string> in those of line 9.1" in problem
    publish("b:string,a:string", {"b": "y", "a": "z"}, TWO)
    assert lake.sync()["prod_shop.at"] == "created"
    found = {row["day"]: row["at"] for row in lake.rows("prod_shop.at")}
    assert found == {ONE: {"b": None, "a": "x"}, TWO: {"b": "y", "a": "z"}}


def test_lines_that_are_partitioned_differently_are_refused_at_once(published: Lake, runs: Runs) -> None:
    by_shop = partitioned("shop.takings", "day date", "shop string", "amount bigint", by=("day", "shop"))
    run = runs.commit(by_shop, {TWO: amounts(5)}, "9.9")
    runs.publish("shop.takings", {TWO: run})
    (problem,) = published.problems()
    assert "[DWH973] shop.takings: column shop partitions only some dates" in problem
    assert "line 9.9 by day, shop, line 0.1 by day; publish one line alone" in problem
    assert sorted(row["amount"] for row in published.rows(PUBLISHED)) == [1, 2]
    runs.publish("shop.takings", {ONE: None})
    assert published.sync()[PUBLISHED] == "updated"
    assert [row["amount"] for row in published.rows(PUBLISHED, row_filter="shop = 'north'")] == [5]


def test_a_wider_type_takes_the_narrower_one_with_it(published: Lake, runs: Runs) -> None:
    narrow = table("shop.takings", "day date", "shop string", "amount int")
    runs.publish("shop.takings", {TWO: runs.commit(narrow, {TWO: amounts(5)}, "9.9")})
    published.sync()
    assert sorted(row["amount"] for row in published.rows(PUBLISHED)) == [1, 5]


def test_a_later_format_is_told_with_the_way_out(published: Lake) -> None:
    """No table goes back to a former one."""
    place = Path(published.metadata(PUBLISHED))
    place.write_text(json.dumps(json.loads(place.read_text()) | {"format-version": 3, "next-row-id": 2}))
    assert published.standings()[PUBLISHED].state == "changed"
    (problem,) = published.problems()
    assert "somebody has changed it to Iceberg's format 3, and dwh writes 2; drop the table there" in problem
    published.connected._catalog.drop_table(PUBLISHED)
    assert published.sync()[PUBLISHED] == "created"
    assert len(published.rows(PUBLISHED)) == 2

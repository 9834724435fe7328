"""A warehouse in an object store, served to readers: in fsspec's memory, and on S3 as moto speaks it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fsspec
import pytest
import readers
from buckets import KEY, SECRET, Bucket, bucket
from pyiceberg.catalog import load_catalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table.update import SetPropertiesUpdate
from serving import served
from stories import OLD, ONE, STORIES, Read, amounts
from test_attached import served_name
from warehousing import Runs

from dwh.catalog.served import ServedTables
from dwh.catalog.settings import served_settings
from dwh.catalog.stores import StoreIO, store_properties
from dwh.catalog.versions import VersionFiles
from dwh.core.config import load_config
from dwh.core.followers import readable_since
from dwh.core.warehouse import Warehouse

NAME = ("prod", "shop_takings")
FOLDER = "_catalog/_served/prod/shop_takings/metadata"


@pytest.fixture
def in_memory(runs: Runs, home: Path) -> Iterator[Runs]:
    """Runs of a warehouse in fsspec's memory."""
    yield elsewhere(runs, home, "memory://warehouse")
    fsspec.filesystem("memory").store.clear()


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """A bucket, with the variables by which clients reach it."""
    with bucket() as found:
        for name, value in found.variables.items():
            monkeypatch.setenv(name, value)
        yield found
        fsspec.filesystem("s3").clear_instance_cache()


@pytest.fixture
def on_s3(runs: Runs, home: Path, s3: Bucket) -> Runs:
    """Runs of a warehouse on S3, as Spark spells it."""
    return elsewhere(runs, home, f"s3a://{s3.name}/warehouse")


def elsewhere(runs: Runs, home: Path, root: str) -> Runs:
    """Return runs of a warehouse elsewhere, with the same ledger."""
    variables = {"DWH_WAREHOUSE": root, "DWH_LEDGER": runs.warehouse.config.ledger}
    warehouse = Warehouse(load_config(home, variables), runs.warehouse.ledger)
    return Runs(warehouse)


def publish(runs: Runs, *values: int) -> None:
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(*values)})})


def files(runs: Runs) -> VersionFiles:
    settings = served_settings(runs.warehouse.config)
    return VersionFiles(settings.name, settings.metadata, settings.keep_days)


def test_versions_are_files_of_the_store(in_memory: Runs) -> None:
    for value, version in ((1, "v1"), (2, "v2")):
        publish(in_memory, value)
        for tables in (ServedTables(in_memory.warehouse.config), ServedTables(in_memory.warehouse.config)):
            found = tables.table(*NAME)
            assert found.metadata_location == f"memory://warehouse/{FOLDER}/{version}.metadata.json"
            assert found.scan().to_arrow()["amount"].to_pylist() == [value]
    since = readable_since(in_memory.warehouse.config)
    assert since is not None


def test_outputs_whose_files_the_ledger_does_not_know_are_listed_in_the_store(in_memory: Runs) -> None:
    publish(in_memory, 1, 2)
    in_memory.forget_files()
    found = ServedTables(in_memory.warehouse.config).table(*NAME).scan().to_arrow()
    assert found["amount"].to_pylist() == [1, 2]


def test_of_two_servers_one_makes_the_next_version_and_the_other_looks_again(in_memory: Runs) -> None:
    publish(in_memory, 1)
    found = ServedTables(in_memory.warehouse.config).table(*NAME)
    slow, quick = files(in_memory), files(in_memory)
    seen = slow._newest(NAME)
    slow._newest = lambda _: seen  # type: ignore[method-assign] -- it has looked before the quick one commits
    quick.commit_table(found, (), (SetPropertiesUpdate(updates={"comment": "by the quick one"}),))
    with pytest.raises(CommitFailedException, match=r"v2\.metadata\.json is there already"):
        slow.commit_table(found, (), ())
    assert files(in_memory).load_table(NAME).properties["comment"] == "by the quick one"


def test_a_version_whose_answer_was_lost_is_made_all_the_same(in_memory: Runs) -> None:
    store = StoreIO(store_properties("memory://warehouse"))
    store.write_new("memory://warehouse/v1", b"mine")
    store.write_new("memory://warehouse/v1", b"mine")  # as clients do that got no answer
    with pytest.raises(FileExistsError):
        store.write_new("memory://warehouse/v1", b"another's")


def test_versions_that_are_old_are_removed_from_the_store(
    in_memory: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dwh.catalog.settings._KEEP_DAYS", 1e-9)
    for value in range(12):  # snapshots are dropped ten at a time
        publish(in_memory, value)
        ServedTables(in_memory.warehouse.config).table(*NAME)
    left = [path for path in fsspec.filesystem("memory").store if FOLDER in path]
    assert len([path for path in left if path.endswith(".metadata.json")]) == 2
    assert len([path for path in left if "/snap-" in path]) < 10


@pytest.mark.catalog
def test_readers_attach_to_a_warehouse_on_s3(on_s3: Runs, s3: Bucket, two_lines: None) -> None:
    """Each with credentials of its own: the server has none to give, and shows none."""
    from test_attached import by_duckdb

    secret = f"KEY_ID '{KEY}', SECRET '{SECRET}', ENDPOINT '{s3.address.removeprefix('http://')}'"
    readers.duckdb().execute(f"CREATE OR REPLACE SECRET (TYPE s3, {secret}, URL_STYLE 'path', USE_SSL false)")
    with served(on_s3.warehouse.config) as server:
        catalog = load_catalog("served", type="rest", uri=server.address, **s3.properties)
        for step in STORIES["cutover and rollback"](on_s3):
            for read in step:
                mine = Read(served_name(read.table), read.columns, read.rows, read.where)
                found = catalog.load_table(mine.table)
                assert found.metadata_location.startswith(f"s3://{s3.name}/warehouse/_catalog/_served/prod")
                where = {"row_filter": readers._expression(*read.where)} if read.where else {}
                rows = found.scan(selected_fields=read.columns, **where).to_arrow().to_pylist()
                assert readers.as_plain([tuple(row.values()) for row in rows]) == readers.as_plain(read.rows)
                assert readers.as_plain(by_duckdb(server, mine)) == readers.as_plain(read.rows)
        answered = server.ask(f"/v1/namespaces/{NAME[0]}/tables/{NAME[1]}").text
    assert json.loads(answered)["config"] == {}
    assert KEY not in answered and SECRET not in answered
    assert "s3a:" not in answered


@pytest.mark.catalog
def test_two_servers_on_s3_never_replace_a_version(on_s3: Runs, s3: Bucket) -> None:
    servers = [ServedTables(on_s3.warehouse.config) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        for value in range(5):
            publish(on_s3, value)
            for found in pool.map(lambda each: each.table(*NAME), servers):
                assert found.scan().to_arrow()["amount"].to_pylist() == [value]
    made = [one for one in s3.asked if one.startswith("PUT") and one.endswith(".metadata.json")]
    assert len(set(made)) == 5
    found = files(on_s3).load_table(NAME)
    for snapshot in found.snapshots():  # all that the last one names is there
        assert found.scan(snapshot_id=snapshot.snapshot_id).to_arrow().num_rows == 1


@pytest.mark.catalog
def test_a_table_that_has_not_changed_takes_few_requests(on_s3: Runs, s3: Bucket) -> None:
    publish(on_s3, 1)
    tables = ServedTables(on_s3.warehouse.config)
    tables.table(*NAME)
    s3.asked.clear()
    tables.table(*NAME)
    assert len(s3.asked) <= 6, s3.asked
    assert not [one for one in s3.asked if one.startswith("PUT")]


@pytest.mark.catalog
def test_a_bucket_that_does_not_let_the_server_in_is_an_error_without_secrets(
    on_s3: Runs, s3: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(on_s3, 1)
    path = f"/v1/namespaces/{NAME[0]}/tables/{NAME[1]}"
    variables = {"DWH_WAREHOUSE": "s3://another/warehouse", "DWH_LEDGER": on_s3.warehouse.config.ledger}
    with served(load_config(Path.cwd(), variables)) as server:
        status, _, message = server.error(path)
    assert status == 500
    assert "see that s3://another/warehouse/_catalog/_served can be read and written" in message
    assert SECRET not in message

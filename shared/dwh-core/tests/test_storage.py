"""The boundary: where outputs lie, and which storage keeps them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dwh.core.errors import UnknownStorageError
from dwh.core.storage import new_storage
from dwh.core.storage.parquet import ParquetRuns


@pytest.mark.parametrize("root", ["/data/wh", "/data/wh/", "s3a://bucket/wh"])
def test_places_lie_below_the_root(root):
    """An output's place is the root and its location."""
    assert ParquetRuns(root).place("t/0.1/_run=1") == f"{root.rstrip('/')}/t/0.1/_run=1"


def test_a_location_is_its_runs_alone():
    """The storage of new runs gives each a folder below its table and line."""
    assert (
        new_storage("/data/wh").location(table="shop.takings", line="0.1", run_id="r1")
        == "shop.takings/0.1/_run=r1"
    )


def test_what_was_written_is_there_until_it_is_removed(tmp_path):
    """A location exists from when something is in it; removing what is gone is no error."""
    storage, folder = new_storage(str(tmp_path)), tmp_path / "t" / "0.1" / "_run=1"
    assert not storage.exists("t/0.1/_run=1")
    folder.mkdir(parents=True)
    (folder / "part-0.parquet").write_bytes(b"x")
    assert storage.exists("t/0.1/_run=1")
    storage.remove("t/0.1/_run=1")
    assert not storage.exists("t/0.1/_run=1")
    storage.remove("t/0.1/_run=1")


def test_a_run_records_what_wrote_its_location(spark, warehouse, job):
    """The ledger names the storage of a run, and its readers go by that."""
    job().run(date="2024-01-01", spark=spark, warehouse=warehouse)
    (output,) = warehouse.outputs(table="shop.takings", line="7.1")
    assert output.storage == "parquet"
    with pytest.raises(UnknownStorageError, match=r"iceberg.*it has: parquet, adopted"):
        warehouse.read(spark, [replace(output, storage="iceberg")])

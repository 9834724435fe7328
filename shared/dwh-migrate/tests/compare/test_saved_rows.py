"""All rows that differ, written to a place of the caller's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from dwh.compare import compare
from dwh.core.changes import Expected
from dwh.core.errors import UsageError
from dwh.core.testing import frame_of_rows
from dwh.migrate.compare.errors import RowsError
from dwh.migrate.compare.saved_rows import check_rows_place, save_rows

pytestmark = pytest.mark.usefixtures("interpreted")
WHY = "because"

Frames = Callable[..., DataFrame]


@pytest.fixture
def table(spark: SparkSession) -> Frames:
    """Make a DataFrame from a schema and rows."""

    def make(schema: str, *rows: Any) -> DataFrame:
        return frame_of_rows(spark, list(rows), schema)

    return make


@pytest.mark.breadth
def test_rows_are_written_whole_and_read_back(spark: SparkSession, table: Frames, tmp_path: Path) -> None:
    """Nested, void and oddly named columns, too; an empty folder says that nothing differs."""
    schema = "id int, s struct<`a b`:int>, m map<string,int>, n void"
    left, right = table(schema, (1, (1,), {"a": 1}, None)), table(schema, (1, (2,), {"a": 1}, None))
    for name, other in (("some", right), ("none", left)):
        save_rows(compare(left, other, key=["id"]), left, other, str(tmp_path / name), {"key": ["id"]})
    row = spark.read.parquet(str(tmp_path / "some")).collect()[0]
    assert (row["kind"], row["differing"], row["left"]["s"]["a b"], row["right"]["s"]["a b"]) == (
        "changed", ["s"], 1, 2,
    )  # fmt: skip
    assert spark.read.parquet(str(tmp_path / "none")).count() == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["none", "some"]


def test_a_write_that_fails_leaves_nothing(table: Frames, tmp_path: Path) -> None:
    """Neither a part of the rows nor what it began; the comparison is still known."""
    left, right = table("id int, v int", (1, 1)), table("id int, v int", (1, 2))
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").write_text("mine")
    result = compare(left, right, key=["id"])
    with pytest.raises(RowsError, match="cannot be written to") as problem:
        save_rows(result, left, right, str(tmp_path / "taken"), {"key": ["id"]})
    assert problem.value.result is result
    assert [path.name for path in tmp_path.rglob("*")] == ["taken", "file"]


@pytest.mark.breadth
def test_a_condition_that_fails_on_a_row_does_not_keep_rows_from_being_written(
    spark: SparkSession, table: Frames, tmp_path: Path
) -> None:
    """It covers nothing, as in the report."""
    left, right = table("id int, v int", (1, 0)), table("id int, v int", (1, 2))
    broken = Expected("v", kind="value", where="assert_true(new.v = 0) IS NULL", reason=WHY)
    options = {"key": ["id"], "changes": (broken,)}
    result = compare(left, right, key=["id"], changes=(broken,))
    assert [item.status for item in result.expectations] == ["broken"]
    save_rows(result, left, right, str(tmp_path / "rows"), options)
    assert [row["expected"] for row in spark.read.parquet(str(tmp_path / "rows")).collect()] == [False]


def test_a_place_is_looked_at_before_anything_is_read(tmp_path: Path) -> None:
    """What is there is never overwritten, and a missing folder is named with the way to make it."""
    check_rows_place(str(tmp_path / "new"))
    with pytest.raises(UsageError, match="is there already, and is never overwritten"):
        check_rows_place(str(tmp_path))
    with pytest.raises(UsageError, match="type: mkdir -p"):
        check_rows_place(str(tmp_path / "no folder" / "rows"))
    with pytest.raises(UsageError, match="cannot look at"):
        check_rows_place("nowhere://x/rows")

"""Comparing Parquet files at paths that others may write to."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from dwh.migrate.compare import Comparison, ComparisonError, files
from dwh.migrate.compare.files import compare_files
from dwh.migrate.compare.outputs import OutputOptions

pytestmark = pytest.mark.usefixtures("interpreted")


@pytest.fixture
def paths(spark: SparkSession, tmp_path: Path) -> tuple[str, str]:
    """Two folders with the same ten rows."""
    for name in ("before", "after"):
        spark.range(10).selectExpr("id", "id * 2 AS v").write.parquet(str(tmp_path / name))
    return str(tmp_path / "before"), str(tmp_path / "after")


def meanwhile(monkeypatch: pytest.MonkeyPatch, path: str, action: str) -> None:
    """Let another process change the files once the comparison has listed them, or has read them."""
    real = files.compare

    def change() -> None:
        for file in Path(path).glob("*.parquet"):
            file.unlink() if action == "delete" else file.with_suffix(".new.parquet").write_bytes(b"")

    def compare(*arguments: object, **options: object) -> Comparison:
        if action == "delete":
            change()
        result = real(*arguments, **options)  # type: ignore[arg-type]
        change()
        return result

    monkeypatch.setattr(files, "compare", compare)


def test_equal_files_pass(spark: SparkSession, paths: tuple[str, str]) -> None:
    """The paths are what the report calls the sides."""
    result = compare_files(spark, *paths, ("id",), OutputOptions())
    assert (result.verdict, result.left.label, result.rows.matched) == ("pass", paths[0], 10)


def test_files_that_change_meanwhile_never_pass(
    spark: SparkSession, paths: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that came makes it incomplete, whatever was read before."""
    meanwhile(monkeypatch, paths[1], "add")
    result = compare_files(spark, *paths, ("id",), OutputOptions())
    assert (result.verdict, result.exit_code) == ("incomplete", 3)
    assert result.reasons[0] == f"{paths[1]} was not compared: its files changed while they were read"


def test_files_that_go_meanwhile_are_told(
    spark: SparkSession, paths: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spark fails on a file that is gone; the message says what happened."""
    meanwhile(monkeypatch, paths[0], "delete")
    with pytest.raises(ComparisonError, match="changed while they were read; try again"):
        compare_files(spark, *paths, ("id",), OutputOptions())


def test_files_that_are_not_parquet_are_refused(spark: SparkSession, paths: tuple[str, str]) -> None:
    """So is a path with nothing at it."""
    for file in Path(paths[0]).glob("*.parquet"):
        file.write_text("no")
        file.with_name(f".{file.name}.crc").unlink()
    with pytest.raises(ComparisonError, match="as Parquet"):
        compare_files(spark, *paths, ("id",), OutputOptions())
    with pytest.raises(ComparisonError, match="no files at"):
        compare_files(spark, f"{paths[0]}/nothing", paths[1], ("id",), OutputOptions())

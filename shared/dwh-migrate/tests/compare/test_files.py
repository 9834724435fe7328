"""Comparing Parquet files at paths that others may write to."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from dwh.compare import Comparison, ComparisonError
from dwh.migrate.compare import files
from dwh.migrate.compare.files import Opened, compare_files, compare_opened
from dwh.migrate.compare.outputs import OutputOptions
from dwh.migrate.compare.sources import look_at_source, source_of

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


def compared(spark: SparkSession, *texts: str, **options: str) -> Comparison:
    """Compare two paths as the command names them."""
    one, other = (Opened(source, look_at_source(source)) for source in (source_of(t, options) for t in texts))
    return compare_opened(spark, one, other, ("id",), OutputOptions())


@pytest.mark.breadth
def test_two_paths_may_have_any_format(spark: SparkSession, paths: tuple[str, str], tmp_path: Path) -> None:
    """What is text by its nature compares by what it means; nothing is guessed where both are text."""
    rows = spark.read.parquet(paths[0])
    rows.write.orc(str(tmp_path / "orc"))
    rows.write.json(str(tmp_path / "json"))
    rows.write.option("header", "true").option("sep", ";").csv(str(tmp_path / "csv"))
    texts = [f"orc:{tmp_path}/orc", f"json:{tmp_path}/json", f"csv:{tmp_path}/csv"]
    found = [compared(spark, paths[0], text, sep=";") for text in texts]
    assert [result.verdict for result in found] == ["pass"] * 3
    assert found[2].schema[0].reason == "CSV has text only"
    assert found[0].right.provenance["rows"] == 10
    assert compared(spark, *texts[1:], sep=";").verdict == "pass"
    (tmp_path / "other.csv").write_text("id;v\n" + "".join(f"0{n};{n * 2}\n" for n in range(10)))
    assert compared(spark, texts[2], f"csv:{tmp_path}/other.csv", sep=";").rows.right_only.count == 10


def test_every_file_of_another_format_is_looked_at(spark: SparkSession, tmp_path: Path) -> None:
    """ORC has footers, CSV headers: none is taken for all."""
    spark.range(2).write.orc(str(tmp_path / "orc"))
    spark.range(2, 4).selectExpr("id", "1 AS more").write.mode("append").orc(str(tmp_path / "orc"))
    found = compared(spark, f"orc:{tmp_path}/orc", f"orc:{tmp_path}/orc")
    assert (found.verdict, found.rows.left) == ("incomplete", 4)
    assert "column more" in found.reasons[0]
    next((tmp_path / "orc").glob("*.orc")).write_bytes(b"ORC")
    with pytest.raises(ComparisonError, match="cannot be read as ORC"):
        look_at_source(source_of(f"orc:{tmp_path}/orc", {}))


def test_headers_of_csv_files_must_agree(tmp_path: Path) -> None:
    """Values would land in other columns, in silence; without headers there is nothing to agree on."""
    for number, header in enumerate(("a,b", "b,a")):
        (tmp_path / f"{number}.csv").write_text(f"{header}\n1,2\n")
    with pytest.raises(ComparisonError, match=r"header of .*1.csv is not that of .*0.csv: 'b,a', not 'a,b'"):
        look_at_source(source_of(f"csv:{tmp_path}/", {}))
    look_at_source(source_of(f"csv:{tmp_path}/", {"header": "false"}))

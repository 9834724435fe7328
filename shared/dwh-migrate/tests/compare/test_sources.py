"""Reading files of formats that Spark reads: every file, and nothing but what it says."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet
from pyspark.sql import SparkSession

from dwh.compare import Comparison, ComparisonError
from dwh.migrate.compare.files import Opened, compare_opened
from dwh.migrate.compare.outputs import OutputOptions
from dwh.migrate.compare.sources import look_at_source, source_of

pytestmark = pytest.mark.usefixtures("interpreted")
FORMATS = {
    "csv": "id,v\n{id},{v}\n",
    "json": '{{"id": {id}, "v": "{v}"}}\n',
}


def write(folder: Path, files: dict[str, str]) -> None:
    """Write text files below a folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def compared(spark: SparkSession, *texts: str, **options: str) -> Comparison:
    """Compare two paths as the command names them."""
    one, other = (Opened(source, look_at_source(source)) for source in (source_of(t, options) for t in texts))
    return compare_opened(spark, one, other, ("id",), OutputOptions())


@pytest.mark.parametrize("kind", FORMATS)
def test_files_in_folders_count(spark: SparkSession, tmp_path: Path, kind: str) -> None:
    """Spark would leave them out; and what looks like a pattern in a path is a name."""
    for side in "ab":
        files = {"x": (1, "same"), "sub/x": (2, side), "sub/{[0]/x": (3, "same")}
        write(tmp_path / side / "{[0]", {n: FORMATS[kind].format(id=i, v=v) for n, (i, v) in files.items()})
    found = compared(spark, *(f"{kind}:{tmp_path}/{side}/{{[0]" for side in "ab"))
    assert (found.verdict, found.rows.left, found.rows.matched, found.rows.changed.count) == ("fail", 3, 2, 1)


def test_a_column_of_files_and_folders_is_refused(spark: SparkSession, tmp_path: Path) -> None:
    """Spark would read the folder's, and whatever the files say would pass."""
    write(tmp_path, {"v=1/x": FORMATS["json"].format(id=1, v="a")})
    with pytest.raises(ComparisonError, match=r"column v is in the file .* and in the names of its folders"):
        compared(spark, *[f"json:{tmp_path}"] * 2)


def test_names_of_folders_are_what_was_written(spark: SparkSession, tmp_path: Path) -> None:
    """Text, with zeros in front, escaped as pyarrow does, or null."""
    folders = {"02134": "02134", "Z%C3%BCrich": "Zürich", "__HIVE_DEFAULT_PARTITION__": ""}
    write(tmp_path, {f"a/zip={name}/n=07/x": f"id\n{i}\n" for i, name in enumerate(folders)})
    rows = "".join(f"{i},{zip_code},07\n" for i, zip_code in enumerate(folders.values()))
    write(tmp_path, {"b.csv": f"id,zip,n\n{rows}"})
    found = compared(spark, f"csv:{tmp_path}/a", f"csv:{tmp_path}/b.csv")
    assert (found.verdict, found.rows.matched) == ("pass", 3)


@pytest.mark.breadth
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_column_that_is_null_everywhere_is_text(spark: SparkSession, tmp_path: Path, kind: str) -> None:
    """Nothing tells its type, which an engine would then make up: it compares with that of the other side."""
    null = "v=__HIVE_DEFAULT_PARTITION__"
    write(tmp_path, {f"a/{null}/x": "id\n1\n", "b/x": "id,v\n1,\n", "c/x": "id,v\n1,7\n"})
    sides = {side: f"csv:{tmp_path}/{side}" for side in "abc"}
    if kind == "parquet":
        for side, value in (("b", None), ("c", date(2024, 1, 7))):
            table = pyarrow.table({"id": ["1"], "v": pyarrow.array([value], pyarrow.date32())})
            parquet.write_table(table, tmp_path / f"{side}.parquet")
            sides[side] = f"{tmp_path}/{side}.parquet"
    assert compared(spark, sides["a"], sides["b"]).verdict == "pass"
    found = compared(spark, sides["a"], sides["c"])
    assert (found.verdict, found.columns[1].from_null) == ("fail", 1)


def test_nothing_and_an_empty_text_are_two_values(spark: SparkSession, tmp_path: Path) -> None:
    """In CSV as Spark writes it; `nullValue` says so where a file quotes both."""
    write(tmp_path, {"a.csv": 'id,v\n1,""\n', "b.csv": "id,v\n1,\n"})
    texts = [f"csv:{tmp_path}/{name}.csv" for name in "ab"]
    found = compared(spark, *texts)
    assert (found.verdict, found.columns[1].to_null) == ("fail", 1)
    assert compared(spark, *texts, nullValue="").verdict == "pass"


def test_a_file_that_cannot_be_read_is_named(spark: SparkSession, tmp_path: Path) -> None:
    """With what is wrong in it, and what helps."""
    write(tmp_path, {"a/x.csv": "id,v\n1,x\n", "b/x.csv": "id,v\n1\n", "c.json": '{\n "id": 1}'})
    with pytest.raises(ComparisonError, match=r"/b/x.csv as csv: \[MALFORMED_CSV_RECORD\]"):
        compared(spark, f"csv:{tmp_path}/a", f"csv:{tmp_path}/b")
    with pytest.raises(ComparisonError, match="needs --option multiLine=true") as told:
        compared(spark, *[f"json:{tmp_path}/c.json"] * 2)
    assert "An error occurred" not in str(told.value)


def test_bytes_that_are_no_text_never_pass(spark: SparkSession, tmp_path: Path) -> None:
    """Both letters would be U+FFFD; with their encoding they differ. A column may be called nothing."""
    for name, letter in (("a", "é"), ("b", "è")):
        (tmp_path / f"{name}.csv").write_bytes(f",id,v\n0,1,{letter}\n".encode("latin-1"))
    sides = [f"csv:{tmp_path}/{name}.csv" for name in "ab"]
    with pytest.raises(ComparisonError, match="is not UTF-8, at about byte 10"):
        compared(spark, *sides)
    found = compared(spark, *sides, encoding="ISO-8859-1")
    assert (found.verdict, [column.differing.count for column in found.columns]) == ("fail", [0, 0, 1])

"""Reading the Parquet files at a path, where nothing is guessed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from pyspark.sql import SparkSession

from dwh.compare import Comparison, ComparisonError
from dwh.core.engine import is_sail
from dwh.migrate.compare.files import compare_files
from dwh.migrate.compare.outputs import OutputOptions
from dwh.migrate.compare.paths import look, read_path

pytestmark = pytest.mark.usefixtures("interpreted")

Write = Callable[..., Path]
Compare = Callable[..., Comparison]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write one Parquet file below the test's folder; columns are lists or Arrow arrays."""

    def write(name: str, **columns: Any) -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(pa.table(columns), file)
        return file

    return write


@pytest.fixture
def compare(spark: SparkSession, tmp_path: Path) -> Compare:
    """Compare the folders `old` and `new` below the test's folder by the column `id`."""

    def compare(left: str = "old", right: str = "new") -> Comparison:
        return compare_files(spark, str(tmp_path / left), str(tmp_path / right), ("id",), OutputOptions())

    return compare


def rows_at(spark: SparkSession, path: Path) -> set[tuple[Any, ...]]:
    """The rows that are read at a path."""
    return set(map(tuple, read_path(spark, str(path)).frame.collect()))


@pytest.mark.breadth
@pytest.mark.parametrize(
    ("old", "new"),
    [("02134", "2134"), ("1.0", "1"), ("2013-1-5", "2013-01-05"), ("TRUE", "true"), ("a%2Fb", "a%2fB")],
)
def test_values_of_partitions_are_text(write: Write, compare: Compare, old: str, new: str) -> None:
    """What Spark would take for one number or date is two texts."""
    for side, value in (("old", old), ("new", new)):
        write(f"{side}/zip={value}/a.parquet", id=[1])
    result = compare()
    assert result.verdict == "fail"
    assert result.columns[1].differing.count == 1


def test_partitions_are_read_as_they_were_written(spark: SparkSession, write: Write, tmp_path: Path) -> None:
    """Escapes are undone, the null partition is null, and characters of patterns mean themselves."""
    for number, folder in enumerate(("02134", "a%2Fb", "__HIVE_DEFAULT_PARTITION__", "x y", "[1]*{a,b}?")):
        write(f"old/_day=2013-01-05/zip={folder}/a [1].parquet", id=[number])
    found = read_path(spark, str(tmp_path / "old")).frame
    assert found.dtypes == [("id", "bigint"), ("_day", "string"), ("zip", "string")]
    values = ("02134", "a/b", None, "x y", "[1]*{a,b}?")
    assert {tuple(row) for row in found.collect()} == {(n, "2013-01-05", v) for n, v in enumerate(values)}


def test_folders_named_by_pyarrow_and_columns_of_other_types_mean_the_same(
    write: Write, compare: Compare
) -> None:
    """pyarrow escapes the bytes of UTF-8, which Spark takes for a letter each; a date in a name is one."""
    for number, (name, text) in enumerate((("Z%C3%BCrich", "Zürich"), ("a%20b", "a b"))):
        write(f"old/day=2013-01-05/n=07/city={name}/{number}.parquet", id=[number])
        day = pa.array(["2013-01-05"]).cast("date32")
        write(f"new/{number}.parquet", id=[number], day=day, n=[7], city=[text])
    assert compare().verdict == "pass"


def test_a_relative_path_is_one_of_the_folder_where_it_was_typed(
    spark: SparkSession, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spark may be at work in another one, as a server of Spark Connect is."""
    write("old/day=2013-01-01/a.parquet", id=[1])
    monkeypatch.chdir(tmp_path)
    assert rows_at(spark, Path("old/day=2013-01-01")) == {(1,)}
    monkeypatch.chdir(tmp_path / "old")
    assert rows_at(spark, Path()) == {(1, "2013-01-01")}


def test_a_link_to_a_folder_is_refused(spark: SparkSession, write: Write, tmp_path: Path) -> None:
    """Its files may be read twice; a link to a file is one more file, and the path may be a link."""
    write("old/a.parquet", id=[1])
    (tmp_path / "old" / "b.parquet").symlink_to(write("elsewhere/b.parquet", id=[2]))
    (tmp_path / "link").symlink_to(tmp_path / "old", target_is_directory=True)
    assert rows_at(spark, tmp_path / "link") == {(1,), (2,)}
    (tmp_path / "old" / "sub").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    with pytest.raises(ComparisonError, match="sub is a link to a folder"):
        look(str(tmp_path / "old"))


def test_hidden_files_are_left_out_as_spark_does(spark: SparkSession, write: Write, tmp_path: Path) -> None:
    """Names that begin with _ or . are hidden, at any level; files in plain folders are not."""
    for number, name in enumerate(
        ("a.parquet", "sub/b", "_h.parquet", ".h.parquet", "_tmp/c", "x._COPYING_")
    ):
        write(f"old/{name}", id=[number])
    (tmp_path / "old" / "_SUCCESS").touch()
    assert rows_at(spark, tmp_path / "old") == {(0,), (1,)}


@pytest.mark.breadth
@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ({"id": [2], "v": [1], "more": [5]}, "column more is there"),
        ({"id": [2]}, "column v is missing, and read as null"),
        ({"id": [2], "v": pa.array([1], "int32")}, "column v is int, not bigint"),
        ({"id": [2], "v": pa.array([1], pa.decimal128(12, 2))}, "column v is decimal(12,2), not bigint"),
    ],
)
def test_a_file_with_another_schema_is_named(
    write: Write, compare: Compare, odd: dict[str, Any], said: str
) -> None:
    """Whatever the values are, the verdict is never pass."""
    for side in ("old", "new"):
        write(f"{side}/a.parquet", id=[1], v=[1])
        write(f"{side}/b.parquet", id=[3], v=[1])
    write("old/odd.parquet", id=[2], v=[1])
    write("new/odd.parquet", **odd)
    result = compare()
    assert result.verdict != "pass"
    (gap,) = result.not_compared
    assert "new/odd.parquet" in gap.what
    assert said in gap.why


def test_a_struct_with_one_more_field_in_one_file_is_named(write: Write, compare: Compare) -> None:
    """So is one that is within an array; values are brought into the type that has all fields."""
    for side in ("old", "new"):
        write(f"{side}/a.parquet", id=[1], s=[[{"x": 1}]])
        write(f"{side}/b.parquet", id=[2], s=[[{"x": 2}]])
    write("new/b.parquet", id=[2], s=[[{"x": 2, "y": 3}]])
    result = compare()
    assert result.verdict == "fail"
    assert "array<struct<x:bigint,y:bigint>>" in result.reasons[0]
    assert "new/b.parquet" in result.not_compared[0].what


def test_values_of_other_files_are_read_in_the_widest_type(
    spark: SparkSession, write: Write, tmp_path: Path
) -> None:
    """Nothing is rounded, cut or lost."""
    write("old/a.parquet", id=[1], d=pa.array([1], pa.decimal128(10, 1)), m=[{"x": 1}])
    write("old/b.parquet", id=[2], d=pa.array([2**40], "int64"), m=[{"y": "é"}])
    write("old/c.parquet", id=pa.array([3], "int8"))
    frame = read_path(spark, str(tmp_path / "old")).frame
    assert dict(frame.dtypes)["d"] == "decimal(21,1)"
    assert {str(row.d) for row in frame.collect()} == {"1.0", f"{2**40}.0", "None"}
    assert {str(row.m and row.m.asDict()) for row in frame.collect()} == {
        "{'x': 1, 'y': None}",
        "{'x': None, 'y': 'é'}",
        "None",
    }


def test_files_of_two_schemas_keep_their_partitions(
    spark: SparkSession, write: Write, tmp_path: Path
) -> None:
    """The values of folders go with their files."""
    write("old/zip=01/a.parquet", id=[1])
    write("old/zip=1/a.parquet", id=pa.array([2], "int32"))
    write("old/zip=1/b.parquet", id=pa.array([3], "int32"), more=["x"])
    assert rows_at(spark, tmp_path / "old") == {(1, None, "01"), (2, None, "1"), (3, "x", "1")}


def test_the_same_schema_in_another_order_is_no_gap(
    spark: SparkSession, write: Write, tmp_path: Path
) -> None:
    """Columns go by name, not by position."""
    write("old/a.parquet", id=[1], v=["x"])
    write("old/b.parquet", v=["y"], id=[2])
    assert read_path(spark, str(tmp_path / "old")).gaps == ()
    assert rows_at(spark, tmp_path / "old") == {(1, "x"), (2, "y")}


def test_names_that_differ_in_case_are_two_columns(write: Write, compare: Compare) -> None:
    """Spark would read one as the other."""
    write("old/a.parquet", id=[1], v=[1])
    write("new/a.parquet", id=[1], V=[1])
    assert [(c.name, c.status) for c in compare().schema if c.fails] == [("V", "added"), ("v", "removed")]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"zip=1/a.parquet": {"id": [1], "ZIP": ["1"]}}, "column zip is in the file"),
        ({"zip=1/a.parquet": {"id": [1]}, "a.parquet": {"id": [2]}}, "do not agree about partitions"),
        ({"zip=1/a.parquet": {"id": [1]}, "Zip=1/a.parquet": {"id": [2]}}, "do not agree about partitions"),
        ({"zip=1/sub/a.parquet": {"id": [1]}}, "'sub' is not"),
        ({"zip=/a.parquet": {"id": [1]}}, "'zip=' is not"),
        ({"zip=1/ZIP=2/a.parquet": {"id": [1]}}, "give the same column"),
        ({"a.parquet": {"id": [1], "ID": [2]}}, "a.parquet"),
        ({"a.parquet": {"id": [1]}, "b.parquet": {"id": ["x"]}}, "no type holds the values of"),
        ({"_a.parquet": {"id": [1]}}, "no data files"),
    ],
)
def test_what_has_no_one_meaning_is_refused(
    spark: SparkSession, write: Write, tmp_path: Path, files: dict[str, Any], said: str
) -> None:
    """The sentence names the file or the folder."""
    for name, columns in files.items():
        write(f"old/{name}", **columns)
    with pytest.raises(ComparisonError, match=said):
        read_path(spark, str(tmp_path / "old"))


@pytest.mark.parametrize(
    ("log", "place", "reader"),
    [
        ("_delta_log/00000.json", "", "delta"),
        ("_delta_log/00000.json", "year=1", "delta"),
        ("sub/_delta_log/00000.json", "", "delta"),
        ("metadata/v1.metadata.json", "", "iceberg"),
        ("metadata/v1.metadata.json", "data", "iceberg"),
        (".hoodie/hoodie.properties", "", "hudi"),
        ("_symlink_format_manifest/manifest", "", "delta"),
        ("_spark_metadata/0", "", "parquet"),
    ],
)
def test_tables_with_a_log_are_refused(
    write: Write, tmp_path: Path, log: str, place: str, reader: str
) -> None:
    """At the path, above it or below it; the message says how to read the table."""
    write(f"t/{place}/a.parquet", id=[1])
    (tmp_path / "t" / log).parent.mkdir(parents=True)
    (tmp_path / "t" / log).write_text("{}")
    with pytest.raises(ComparisonError, match=rf'spark\.read\.format\("{reader}"\)\.load\('):
        look(str(tmp_path / "t" / place))


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "is empty"), (b"id,v\n1,2\n", "is not a Parquet file"), (None, "truncated")]
)
def test_a_file_that_is_no_parquet_is_named(
    write: Write, tmp_path: Path, content: bytes | None, said: str
) -> None:
    """Before Spark starts, with its size and what is wrong with it."""
    whole = write("old/a.parquet", id=[1]).read_bytes()
    (tmp_path / "old" / "odd.parquet").write_bytes(whole[:-20] if content is None else content)
    with pytest.raises(ComparisonError, match=rf"old/odd\.parquet .*{said}"):
        look(str(tmp_path / "old"))


def test_a_file_whose_pages_are_damaged_is_named(write: Write, compare: Compare) -> None:
    """Its footer is whole, so the engine finds out."""
    write("old/a.parquet", id=list(range(1000)))
    file = write("new/damaged.parquet", id=list(range(1000)))
    content = bytearray(file.read_bytes())
    content[4:400] = bytes(396)
    file.write_bytes(content)
    with pytest.raises(ComparisonError, match=r"cannot read .*new/damaged\.parquet as Parquet: "):
        compare()


@pytest.mark.breadth
def test_a_checksum_of_what_a_file_was_before_is_named(
    spark: SparkSession, write: Write, compare: Compare, tmp_path: Path
) -> None:
    """Spark leaves one beside each file on a local disk, and pandas, which writes a file again, does not."""
    if is_sail(spark):
        pytest.skip("Sail writes no checksums")
    write("new/a.parquet", id=[1])
    spark.range(1).coalesce(1).write.parquet(str(tmp_path / "old"))
    (file,) = (tmp_path / "old").glob("*.parquet")
    write(f"old/{file.name}", id=[1])
    with pytest.raises(ComparisonError, match="Checksum error") as refused:
        compare()
    assert f"remove the checksum beside it: .{file.name}.crc" in str(refused.value)
    (tmp_path / "old" / f".{file.name}.crc").unlink()
    assert compare().verdict == "pass"


def test_a_file_that_goes_after_the_listing_is_named(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other processes may remove files at any time."""
    file = write("old/a.parquet", id=[1])
    listing = {str(file): (1, "")}
    file.unlink()
    monkeypatch.setattr("dwh.migrate.compare.folder.listing", lambda path: listing)
    with pytest.raises(ComparisonError, match=r"old/a\.parquet is gone"):
        look(str(tmp_path / "old"))


def test_progress_is_told(write: Write, tmp_path: Path) -> None:
    """Many files take a while."""
    for number in range(3):
        write(f"old/{number}.parquet", id=[number])
    told: list[tuple[int, int]] = []
    look(str(tmp_path / "old"), lambda done, of: told.append((done, of)))
    assert told == [(1, 3), (2, 3), (3, 3)]

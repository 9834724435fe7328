"""What the footers of an output's files say."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

pa = pytest.importorskip("pyarrow")
from pyarrow.parquet import write_table  # noqa: E402 -- after the check that it is there

from dwh.core.ledger import ColumnStatistics  # noqa: E402
from dwh.core.storage.footers import bound_of, read_footers  # noqa: E402

NONE = ColumnStatistics(1)
CASES = {
    "tinyint": (pa.int8(), [3, None, -2], "-2", "3"),
    "bigint": (pa.int64(), [2**62, None, -(2**62)], str(-(2**62)), str(2**62)),
    "date": (pa.date32(), [date(2024, 2, 29), None, date(1, 1, 1)], "0001-01-01", "2024-02-29"),
    "timestamp": (
        pa.timestamp("us", "UTC"),
        [datetime(2024, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), None],
        "2024-01-01T00:00:00.000000+00:00",
        "2024-01-01T00:00:00.000000+00:00",
    ),
    "timestamp_ntz": (
        pa.timestamp("us"),
        [datetime(1969, 12, 31, 23, 59, 59, 999999), None],
        *["1969-12-31T23:59:59.999999"] * 2,
    ),
    "decimal(9,2)": (pa.decimal128(9, 2), [Decimal("-0.05"), None, Decimal("1.50")], "-0.05", "1.50"),
    "decimal(38,0)": (pa.decimal128(38, 0), [Decimal(10**37), None], str(10**37), str(10**37)),
    "string": (pa.string(), ["b", None, "ä"], "b", "ä"),
    "binary": (pa.binary(), [b"\x00\x01", None, b"\xff"], "0001", "ff"),
}
CUT = {
    "long": ("x" * 20, "x" * 16, "x" * 15 + "y"),
    "NUL": ("a\0b", "a", "b"),
    "only NUL": ("\0", "", None),
    "before surrogates": ("\ud7ff" * 17, "\ud7ff" * 16, "\ud7ff" * 15 + "\ue000"),
    "the last character": ("\U0010ffff" * 17, "\U0010ffff" * 16, None),
}


def written(folder, name="part.parquet", **columns):
    """Write a file of some columns, and return what its footer says."""
    folder.mkdir(exist_ok=True)
    write_table(pa.table(columns), folder / name)
    return {file.path: file for file in read_footers(str(folder))}[name]


@pytest.mark.parametrize("type_", CASES)
def test_bounds_are_read_as_they_were_written(tmp_path, type_):
    """Each type whose bounds are right gives them as text, from which its values come back."""
    arrow, values, lower, upper = CASES[type_]
    found = written(tmp_path, x=pa.array(values, arrow)).columns["x"]
    assert found == ColumnStatistics(1, lower, upper)
    filled = [value for value in values if value is not None]
    assert (bound_of(lower, type_), bound_of(upper, type_)) == (min(filled), max(filled))


@pytest.mark.parametrize("case", CUT)
def test_texts_are_cut(tmp_path, case):
    """A long text is cut; what is left is not above the lowest, nor below the highest."""
    text, lower, upper = CUT[case]
    assert written(tmp_path, x=pa.array([text])).columns["x"] == ColumnStatistics(0, lower, upper)
    assert lower <= text and (upper is None or upper >= text)


def test_bytes_are_cut(tmp_path):
    """They end above what they begin with, or have no bound."""
    for content, upper in ((b"a" * 20, (b"a" * 15 + b"b").hex()), (b"\xff" * 20, None)):
        assert written(tmp_path, x=pa.array([content])).columns["x"].upper == upper


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1.0, float("nan"), None]),
        pa.array([True, False, None]),
        pa.array([2932897, 0, None], pa.date32()),  # in the year 10000
        pa.array([1, 2, None], pa.timestamp("ns")),
    ],
    ids=["double", "boolean", "a date that Python has not", "nanoseconds"],
)
def test_bounds_that_might_be_wrong(tmp_path, column):
    """There are none; nulls are counted all the same."""
    assert written(tmp_path, x=column).columns == {"x": NONE}


def test_nested_columns(tmp_path):
    """Nothing is said of them."""
    nested = pa.array([{"x": 1}]), pa.array([[1]])
    assert list(written(tmp_path, struct=nested[0], array=nested[1], n=pa.array([1])).columns) == ["n"]


def test_row_groups_are_taken_together(tmp_path):
    """The bounds are those of all, and one without values has none to give."""
    table = pa.table({"n": pa.array([5, 7, None, None, 1, 2])})
    write_table(table, tmp_path / "part.parquet", row_group_size=2)
    (file,) = read_footers(str(tmp_path))
    assert (file.rows, file.columns) == (6, {"n": ColumnStatistics(2, "1", "7")})


def test_days_of_the_old_calendar(tmp_path):
    """Where Spark says that it wrote them, days and instants have no bounds."""
    table = pa.table({"day": pa.array([date(1500, 1, 1)]), "n": pa.array([1])})
    write_table(
        table.replace_schema_metadata({"org.apache.spark.legacyDateTime": ""}), tmp_path / "old.parquet"
    )
    (file,) = read_footers(str(tmp_path))
    assert file.columns == {"day": ColumnStatistics(0), "n": ColumnStatistics(0, "1", "1")}


def test_values_that_only_readers_are_to_see(tmp_path):
    """Nulls of such a column are counted, and it has no bounds."""
    write_table(pa.table({"name": ["Ada", None], "n": [1, 2]}), tmp_path / "part.parquet")
    (file,) = read_footers(str(tmp_path), hidden=["name"])
    assert file.columns == {"name": NONE, "n": ColumnStatistics(0, "1", "2")}


def test_files_are_those_that_spark_reads(tmp_path):
    """Others, such as checksums and marks, are left out; folders of partitions are gone into."""
    for folder, name in (("", "a.parquet"), ("day=1/shop=x", "b.parquet"), ("", "_SUCCESS"), ("_tmp", "c")):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        write_table(pa.table({"n": [1]}), tmp_path / folder / name)
    found = read_footers(str(tmp_path))
    assert [(file.path, file.size) for file in found] == [
        (path, (tmp_path / path).stat().st_size) for path in ("a.parquet", "day=1/shop=x/b.parquet")
    ]
    assert [file.path for file in read_footers(str(tmp_path), ["a.parquet"])] == ["a.parquet"]


def test_a_place_that_fsspec_reaches(tmp_path):
    """Files elsewhere say the same."""
    fsspec = pytest.importorskip("fsspec")
    here = written(tmp_path / "run", "day=2024-01-01.parquet", n=pa.array([1, 2]))
    fsspec.filesystem("memory").put(str(tmp_path / "run"), "/bucket/run", recursive=True)
    assert read_footers("memory://bucket/run") == [here]

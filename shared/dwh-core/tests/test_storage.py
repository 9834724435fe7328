"""The boundary: how inputs are read."""

from __future__ import annotations

from datetime import date

import pytest

from dwh.core.config import SourcePlace
from dwh.core.contract import Column, Table
from dwh.core.dates import DateRange
from dwh.core.errors import SourceError
from dwh.core.storage import place_of, read_source

DAYS = DateRange(date(2024, 1, 1), date(2024, 1, 2))
NEED = Table(
    "orders",
    columns=(Column("day", "date"), Column("shop", "string"), Column("amount", "double", nullable=True)),
    partition_by="day",
)
HEADER = {"header": "true"}


@pytest.fixture
def read(spark):
    """Return the rows of an input, sorted."""

    def rows(place, need=NEED):
        return sorted(tuple(row) for row in read_source(spark, need, place, DAYS).collect())

    return rows


def test_columns_are_found_by_the_header(read, landing):
    """Columns are taken by name from the header, whatever else the file holds; dates from the folder."""
    assert read(SourcePlace("csv", str(landing / "orders"), HEADER)) == [
        (date(2024, 1, 1), "north", 4.5),
        (date(2024, 1, 1), "north", 10.5),
        (date(2024, 1, 1), "south", None),
        (date(2024, 1, 2), "north", 1.0),
        (date(2024, 1, 2), "south", 2.0),
    ]


def test_a_file_without_a_header(read, tmp_path):
    """Without a header, the file's columns are those that the job names, in that order."""
    (tmp_path / "orders.csv").write_text("2024-01-01,north,1.5\n2024-01-05,north,2.5\n")
    assert read(SourcePlace("csv", str(tmp_path / "orders.csv"))) == [(date(2024, 1, 1), "north", 1.5)]


def test_options_are_the_readers(read, tmp_path):
    """Options go to Spark's reader, whichever way a boolean is written."""
    (tmp_path / "orders.csv").write_text("day;shop;amount\n2024-01-01;north;NA\n")
    options = {"header": "TRUE", "sep": ";", "nullValue": "NA"}
    assert read(SourcePlace("csv", str(tmp_path / "orders.csv"), options)) == [
        (date(2024, 1, 1), "north", None)
    ]


def test_json_lines(read, tmp_path):
    """JSON lines are read with the job's types, and a row that does not fit is refused."""
    file = tmp_path / "orders.json"
    file.write_text('{"day": "2024-01-01", "shop": "north", "amount": 1, "more": 2}\n')
    assert read(SourcePlace("json", str(file))) == [(date(2024, 1, 1), "north", 1.0)]
    file.write_text('{"day": "2024-01-01", "shop": "north", "amount": "many"}\n')
    with pytest.raises(Exception, match="many"):
        read(SourcePlace("json", str(file)))


def test_parquet(spark, read, tmp_path):
    """Parquet is read with its own types, which must be the job's."""
    frame = spark.createDataFrame([(date(2024, 1, 1), "north", 1.5)], "day date, shop string, amount double")
    frame.write.partitionBy("day").parquet(str(tmp_path / "good"))
    assert read(SourcePlace("parquet", str(tmp_path / "good"))) == [(date(2024, 1, 1), "north", 1.5)]
    frame.selectExpr("day", "cast(amount as float) amount").write.parquet(str(tmp_path / "bad"))
    with pytest.raises(
        SourceError, match="there is no column shop; column amount is float, the job needs double"
    ):
        read(SourcePlace("parquet", str(tmp_path / "bad")))


def test_an_input_without_dates_is_read_whole(read, landing):
    """An input without `partition_by` is read whatever the run's dates are."""
    need = Table("orders", columns=(Column("shop", "string"),))
    assert len(read(SourcePlace("csv", str(landing / "orders"), HEADER), need)) == 6


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        (SourcePlace("csv", "/nonexistent/orders", HEADER), "Path does not exist"),
        (SourcePlace("nonsense", "/tmp"), "nonsense"),
        (SourcePlace("csv", None, HEADER), "source orders at csv"),
    ],
)
def test_a_place_that_cannot_be_read(read, place, problem):
    """A place that is not there or has no known format is reported with the source's name."""
    with pytest.raises(SourceError, match=problem) as caught:
        read(place)
    assert "see [sources.orders] in dwh.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_column_that_is_not_there(read, landing):
    """A missing column is reported by name."""
    need = Table("orders", columns=(*NEED.columns, Column("colour", "string")), partition_by="day")
    with pytest.raises(SourceError, match="there is no column colour"):
        read(SourcePlace("csv", str(landing / "orders"), HEADER), need)


def test_an_empty_folder(read, tmp_path):
    """A folder without files has no columns, which is reported."""
    (tmp_path / "orders").mkdir()
    with pytest.raises(SourceError, match="source orders at"):
        read(SourcePlace("csv", str(tmp_path / "orders"), HEADER))


@pytest.mark.parametrize("root", ["/data/wh", "/data/wh/", "s3a://bucket/wh"])
def test_places_lie_below_the_root(root):
    """An output's place is the root and its location."""
    assert place_of(root, "t/0.1/_run=1") == f"{root.rstrip('/')}/t/0.1/_run=1"

"""Inputs: names and types are the job's, dates those of the run, on every engine."""

from __future__ import annotations

import gzip
import json
import shutil
from datetime import date
from decimal import Decimal

import pytest
from pyspark.errors import PySparkException

from dwh.core.config import SourcePlace
from dwh.core.contract import Column, Table
from dwh.core.dates import DateRange
from dwh.core.engine import is_sail
from dwh.core.errors import RunError, SourceError
from dwh.core.sources import csv
from dwh.core.sources.spark import read_source
from dwh.core.testing import frame_of_rows

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
    frame = frame_of_rows(spark, [(date(2024, 1, 1), "north", 1.5)], "day date, shop string, amount double")
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


# Each format whose files name their columns, in which two days of orders are written, the days apart.

JSON, ORC = (pytest.param(name, marks=pytest.mark.breadth) for name in ("json", "orc"))
FORMATS = ["csv", JSON, "parquet", ORC]
TYPED = ["parquet", ORC]


def write(spark, root, format_, day, columns, *rows, file="part"):
    """Write the orders of a day as a file of a format; columns as `name type` where the format has types."""
    folder = root / f"day={day}"
    folder.mkdir(parents=True, exist_ok=True)
    names = [column.split()[0] for column in columns]
    if format_ == "csv":
        lines = [",".join(names), *(",".join(map(str, row)) for row in rows)]
        (folder / f"{file}.csv").write_text("\n".join(lines) + "\n")
    elif format_ == "json":
        lines = [json.dumps(dict(zip(names, row, strict=True))) for row in rows]
        (folder / f"{file}.json").write_text("\n".join(lines) + "\n")
    else:
        frame = frame_of_rows(spark, list(rows), ", ".join(columns)).coalesce(1)
        frame.write.mode("append").format(format_).save(str(folder))


@pytest.fixture(params=FORMATS)
def format_(request, spark):
    """Each format of files that the engine reads."""
    if request.param == "orc" and is_sail(spark):
        pytest.skip("Sail reads no ORC")
    return request.param


@pytest.fixture
def feed(spark, format_, tmp_path):
    """Write the orders of days in a format, and read them as the job needs them."""

    class Feed:
        def write(self, day, columns, *rows, **parts):
            write(spark, tmp_path / "feed", format_, f"2024-01-0{day}", columns, *rows, **parts)

        def repeat(self, day, times):
            for file in list((tmp_path / "feed" / f"day=2024-01-0{day}").glob("[!._]*")):
                for number in range(1, times):
                    shutil.copy(file, file.with_name(f"again{number}-{file.name}"))

        def read(self, first, last=None, need=NEED):
            dates = DateRange(date(2024, 1, first), date(2024, 1, last or first))
            place = SourcePlace(format_, str(tmp_path / "feed"), HEADER if format_ == "csv" else {})
            return sorted(tuple(row) for row in read_source(spark, need, place, dates).collect())

    return Feed()


ORDER = ("shop string", "amount double")
FIRST, SECOND = (date(2024, 1, 1), "north", 1.5), (date(2024, 1, 2), "south", 2.5)


def test_a_feed_gains_a_column(feed):
    """A column that comes on the second day is of no matter to a job that does not need it."""
    feed.write(1, ORDER, ("north", 1.5))
    feed.write(2, ("colour string", *ORDER), ("red", "south", 2.5))
    assert (feed.read(1), feed.read(2), feed.read(1, 2)) == ([FIRST], [SECOND], [FIRST, SECOND])


def test_a_feed_moves_and_loses_columns(feed):
    """Each file's own names decide, whatever the order, and whatever else comes or goes."""
    feed.write(1, (*ORDER, "note string"), ("north", 1.5, "gift"))
    feed.write(2, ("amount double", "shop string"), (2.5, "south"))
    feed.write(2, ("x int", "shop string", "y int", "amount double"), (1, "west", 2, 3.5), file="other")
    west = (date(2024, 1, 2), "west", 3.5)
    assert feed.read(1, 2) == [FIRST, SECOND, west]


def test_a_needed_column_comes_on_the_second_day(feed):
    """A date whose files lack a needed column is an error that names both; the next date is read."""
    feed.write(1, ("shop string",), ("north",))
    feed.write(2, ORDER, ("south", 2.5))
    assert feed.read(2) == [SECOND]
    for dates in [(1,), (1, 2)]:
        with pytest.raises(SourceError, match=r"there is no column amount \(in day=2024-01-01/"):
            feed.read(*dates)


def test_a_needed_column_is_gone(feed):
    """A column that nobody sends any more is an error, not a column of nulls."""
    feed.write(1, ORDER, ("north", 1.5))
    feed.write(2, ("shop string", "total double"), ("south", 2.5), ("west", 3.5))
    assert feed.read(1) == [FIRST]
    for dates in [(2,), (1, 2)]:
        with pytest.raises(SourceError, match=r"there is no column amount \(in day=2024-01-02/"):
            feed.read(*dates)


@pytest.mark.parametrize("format_", TYPED, indirect=True)
@pytest.mark.parametrize("other", ["float", "string", "int", "decimal(9,2)"])
def test_a_type_that_changes(feed, other):
    """A needed column of another type is an error for the dates that have it, and for no others."""
    value = {"string": "2.5", "int": 2, "decimal(9,2)": Decimal("2.50")}.get(other, 2.5)
    feed.write(1, ORDER, ("north", 1.5))
    feed.write(2, ("shop string", f"amount {other}"), ("south", value))
    assert feed.read(1) == [FIRST]
    for dates in [(2,), (1, 2)]:
        with pytest.raises(SourceError) as caught:
            feed.read(*dates)
        assert f"column amount is {other}, the job needs double (in day=2024-01-02/" in str(caught.value)


@pytest.mark.parametrize("format_", TYPED, indirect=True)
def test_a_type_that_nobody_needs_changes(feed):
    """A column that the job does not need may change its type, within a range, too."""
    feed.write(1, (*ORDER, "note int"), ("north", 1.5, 1))
    feed.write(2, (*ORDER, "note string"), ("south", 2.5, "gift"))
    assert feed.read(1, 2) == [FIRST, SECOND]


def test_what_other_dates_hold_is_not_looked_at(feed, tmp_path):
    """A file of another date may be anything."""
    feed.write(1, ORDER, ("north", 1.5))
    feed.write(2, ORDER, ("south", 2.5))
    for file in (tmp_path / "feed" / "day=2024-01-02").iterdir():
        file.write_bytes(b"\x00nothing\xff")
    assert feed.read(1) == [FIRST]


@pytest.mark.parametrize("format_", ["csv", "json"], indirect=True)
def test_files_of_which_some_are_compressed(feed, tmp_path):
    """On one day, and on all of them."""
    for day, shop, amount in ((1, "north", 1.5), (2, "south", 2.5)):
        feed.write(day, ORDER, (shop, amount))
    for file in (tmp_path / "feed" / "day=2024-01-02").glob("[!._]*"):
        file.with_name(f"again-{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
    assert feed.read(1, 2) == [FIRST, SECOND, SECOND]


def test_values_of_folders_have_the_jobs_types(spark, format_, tmp_path):
    """`store=02134` is text where the job says so; no type is guessed from the names of folders."""
    columns = (Column("store", "string"), Column("day", "date"), Column("amount", "double"))
    for store in ("02134", "2134", "1e3"):
        write(spark, tmp_path / f"store={store}", format_, "2024-01-01", ("amount double",), (1.5,))
    place = SourcePlace(format_, str(tmp_path), HEADER if format_ == "csv" else {})
    for partition in ("day", None):
        need = Table("orders", columns=columns, partition_by=partition)
        rows = read_source(spark, need, place, DAYS).collect()
        assert sorted(tuple(row) for row in rows) == [
            (store, date(2024, 1, 1), 1.5) for store in ("02134", "1e3", "2134")
        ]


def test_a_folder_without_a_date(feed, tmp_path):
    """A null in a folder's name is no wanted date; a name that is no date is an error."""
    feed.write(1, ORDER, ("north", 1.5))
    (tmp_path / "feed" / "day=2024-01-01").rename(tmp_path / "feed" / "day=__HIVE_DEFAULT_PARTITION__")
    feed.write(1, ORDER, ("north", 1.5))
    assert feed.read(1) == [FIRST]
    (tmp_path / "feed" / "day=__HIVE_DEFAULT_PARTITION__").rename(tmp_path / "feed" / "day=latest")
    with pytest.raises(SourceError, match="folder day=latest does not name a date"):
        feed.read(1)


def test_a_date_without_files(feed):
    """A date for which there is nothing has no rows, which the audit of the output judges."""
    feed.write(1, ORDER, ("north", 1.5))
    assert feed.read(2) == []


def test_odd_names(spark, format_, tmp_path):
    """Files whose names hold what Spark takes for patterns or escapes are read."""
    root = tmp_path / "50% of a b"
    write(spark, root, format_, "2024-01-01", ORDER, ("north", 1.5), file="a%20 b")
    place = SourcePlace(format_, str(root), HEADER if format_ == "csv" else {})
    assert [tuple(row) for row in read_source(spark, NEED, place, DAYS).collect()] == [FIRST]


@pytest.mark.parametrize("format_", ["csv"], indirect=True)
def test_a_header_that_many_files_have_is_taken_apart_once(spark, feed, monkeypatch):
    """That takes two Spark jobs, and a year of files would take hundreds. On Sail each is read by itself."""
    asked, header = [], csv._header
    monkeypatch.setattr(csv, "_header", lambda source, file: asked.append(file) or header(source, file))
    feed.write(1, ORDER, ("north", 1.5))
    feed.repeat(1, 4)
    assert feed.read(1) == [FIRST] * 4
    assert len(asked) == (4 if is_sail(spark) else 1)


@pytest.mark.breadth
def test_many_files(feed, format_):
    """Many files are looked at in one go, with the same result."""
    feed.write(1, ORDER, ("north", 1.5), file="one")
    feed.write(1, ORDER[::-1], (1.5, "north"), file="other")
    feed.repeat(1, 10)
    assert feed.read(1) == [FIRST] * 20
    if format_ == "json":  # whose rows may leave a field out
        return
    feed.write(1, ("shop string",), ("north",), file="late")
    with pytest.raises(SourceError, match=r"there is no column amount \(in day=2024-01-01/[^,]*\)"):
        feed.read(1)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (",shop,amount\n0,north,1.5\n", [FIRST]),
        ("note,shop,note,amount,Note\na,north,b,1.5,c\n", [FIRST]),
        ("shop,amount,\nnorth,1.5,\n", [FIRST]),
        ('"shop","amount","#0"\nnorth,1.5,x\n', [FIRST]),
        ("day,shop,amount\n2024-01-09,north,1.5\n", [FIRST]),
        ("_corrupt_record,_metadata,shop,amount\na,b,north,1.5\n", [FIRST]),
        ("", []),
        ("shop,amount\n", []),
    ],
    ids=[
        "a pandas header",
        "twice",
        "no last name",
        "quoted",
        "a folder's",
        "Spark's own",
        "empty file",
        "header alone",
    ],
)
def test_headers(spark, tmp_path, text, rows):
    """Names that nobody needs may be empty, and be there twice."""
    (tmp_path / "day=2024-01-01").mkdir()
    (tmp_path / "day=2024-01-01" / "part.csv").write_text(text)
    found = read_source(spark, NEED, SourcePlace("csv", str(tmp_path), HEADER), DAYS).collect()
    assert [tuple(row) for row in found] == rows


@pytest.mark.parametrize("format_", ["csv"], indirect=True)
def test_a_schema_has_the_names_of_the_header(feed, monkeypatch):
    """Or Spark would log a warning of five lines for every file whose columns are called otherwise."""
    schemas, read = [], csv.read_files
    monkeypatch.setattr(
        csv, "read_files", lambda *words, **more: schemas.append(words[2]) or read(*words, **more)
    )
    feed.write(1, ("note string", *ORDER, "a.b string"), ("a", "north", 1.5, "b"))
    assert feed.read(1) == [FIRST]
    assert [field["name"] for field in schemas[0]] == ["note", "shop", "amount", "a.b"]


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("shop,amount,amount", "column amount is there 2 times"),
        ("shop,Amount", "there is no column amount"),
        ("shop,amount1,amount1", "there is no column amount"),
        ("_c0,_c1", "there is no column shop; there is no column amount"),
    ],
)
def test_headers_that_lack_what_is_needed(spark, tmp_path, header, problem):
    """A needed name that is there twice, or not as it is written, is an error."""
    (tmp_path / "day=2024-01-01").mkdir()
    (tmp_path / "day=2024-01-01" / "part.csv").write_text(f"{header}\n{','.join(header.split(','))}\n")
    with pytest.raises(SourceError) as caught:
        read_source(spark, NEED, SourcePlace("csv", str(tmp_path), HEADER), DAYS)
    assert f"{problem} (in day=2024-01-01/part.csv)" in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "gone"),
    [
        (['{"shop": "north", "amount": null}'], None),
        (['{"shop": "north"}', '{"shop": "north", "amount": 1}'], None),
        (['{"shop": "north", "at": {"x": 1, "amount": 2}}'], "amount"),
        (['{"shop": "amount"}'] * 1200, "amount"),
        (['{"shop": "north"}'] * 1200 + ['{"shop": "north", "amount": 1}'], None),
    ],
    ids=["always null", "in a row", "elsewhere", "many rows", "late"],
)
def test_fields_of_json(spark, tmp_path, rows, gone):
    """A row may leave a field out, and a field may be null in all; one that no row has is an error."""
    (tmp_path / "day=2024-01-01").mkdir()
    (tmp_path / "day=2024-01-01" / "part.json").write_text("\n".join(rows) + "\n")
    place = SourcePlace("json", str(tmp_path))
    if gone is None:
        assert read_source(spark, NEED, place, DAYS).count() == len(rows)
        return
    with pytest.raises(SourceError, match=rf"there is no column {gone} \(in day=2024-01-01/part.json\)"):
        read_source(spark, NEED, place, DAYS)


EXACT = Table("orders", columns=(
    Column("n", "bigint", nullable=True), Column("d", "decimal(10,2)", nullable=True),
    Column("s", "struct<`a b`:array<int>,d:decimal(9,1)>", nullable=True),
))  # fmt: skip


def test_numbers_of_json_are_rounded_alike(spark, tmp_path):
    """Digits beyond the job's are rounded, and integers have all of theirs, on every engine."""
    rows = [
        '{"n": 9007199254740993, "d": 1.005, "s": {"a b": [1, null], "d": 0.25}}',
        '{"n": null, "d": -0.005, "s": null}',
    ]
    (tmp_path / "part.json").write_text("\n".join(rows) + "\n")
    found = read_source(spark, EXACT, SourcePlace("json", str(tmp_path)), DAYS).collect()
    assert sorted(map(tuple, found), key=lambda row: row[0] is None) == [
        (2**53 + 1, Decimal("1.01"), ([1, None], Decimal("0.3"))),
        (None, Decimal("-0.01"), None),
    ]


@pytest.mark.parametrize(
    "row",
    [
        '{"n": 1.5, "d": 1, "s": null}',
        pytest.param('{"n": 1, "d": 1, "s": {"a b": [2, 1.5]}}', marks=pytest.mark.breadth),
    ],
)
def test_a_fraction_of_json_is_no_integer(spark, tmp_path, row):
    """It fails whoever reads it: Sail by itself would take 1.5 for 1."""
    (tmp_path / "part.json").write_text(row + "\n")
    with pytest.raises((SourceError, PySparkException)):
        read_source(spark, EXACT, SourcePlace("json", str(tmp_path)), DAYS).collect()


def test_a_date_of_json_is_no_number_of_days(spark, tmp_path):
    """Sail reads it as the day; Spark would read the year 57385, and refuses it."""
    (tmp_path / "part.json").write_text('{"day": "20240101"}\n')
    need = Table("orders", columns=(Column("day", "date"),))
    place = SourcePlace("json", str(tmp_path))
    if is_sail(spark):
        found = read_source(spark, need, place, DAYS).collect()
        assert [row["day"] for row in found] == [date(2024, 1, 1)]
        return
    with pytest.raises((SourceError, PySparkException), match="20240101"):
        read_source(spark, need, place, DAYS).collect()


def test_fields_in_structs_of_json(spark, tmp_path):
    """A field in a struct that nobody sends any more is named with its path."""
    need = Table("orders", columns=(Column("at", "struct<x:int,y:int>"),))
    (tmp_path / "part.json").write_text('{"at": {"x": 1}}\n')
    with pytest.raises(SourceError, match=r"there is no column at\.y"):
        read_source(spark, need, SourcePlace("json", str(tmp_path)), DAYS)
    (tmp_path / "part.json").write_text('{"at": {"x": 1}}\n{"at": {"y": 1}}\n')
    assert read_source(spark, need, SourcePlace("json", str(tmp_path)), DAYS).count() == 2
    (tmp_path / "part.json").write_text('{"at": null}\n')
    assert read_source(spark, need, SourcePlace("json", str(tmp_path)), DAYS).count() == 1


@pytest.mark.parametrize("first", ['{"Shop": "north", "amount": 1}', '{"shop": "north", "amount": 1}'])
def test_a_field_of_json_in_another_case_is_another_field(spark, tmp_path, first):
    """It is named as gone where no row of a date has it, whatever other dates have."""
    for day, row in (("2024-01-01", first), ("2024-01-02", '{"Shop": "north", "amount": 1}')):
        (tmp_path / f"day={day}").mkdir()
        (tmp_path / f"day={day}" / "part.json").write_text(row + "\n")
    with pytest.raises(SourceError, match=r"there is no column shop \(in "):
        read_source(spark, NEED, SourcePlace("json", str(tmp_path)), DAYS).collect()


LAST = Table("orders", columns=(
    Column("a", "decimal(38,2)", nullable=True), Column("b", "decimal(38,38)", nullable=True),
    Column("m", "map<string,decimal(10,2)>", nullable=True),
))  # fmt: skip


def test_the_last_digit_of_the_widest_decimals_of_json_is_rounded(spark, tmp_path):
    """Also where a decimal has no digit to spare, and in a map."""
    rows = [
        '{"a": 123456789012345678901234567890123456.785, '
        '"b": 0.123456789012345678901234567890123456785, "m": {"x": 1.005, "y": null}}',
        '{"a": null, "b": -0.5, "m": null}',
    ]
    (tmp_path / "part.json").write_text("\n".join(rows) + "\n")
    found = read_source(spark, LAST, SourcePlace("json", str(tmp_path)), DAYS).collect()
    assert sorted(map(tuple, found), key=lambda row: row[0] is None) == [
        (
            Decimal("123456789012345678901234567890123456.79"),
            Decimal("0.12345678901234567890123456789012345679"),
            {"x": Decimal("1.01"), "y": None},
        ),
        (None, Decimal("-0.5"), None),
    ]


@pytest.mark.parametrize("type_", ["timestamp", pytest.param("timestamp_ntz", marks=pytest.mark.breadth)])
def test_a_number_of_json_is_no_microseconds(spark, tmp_path, type_):
    """Spark reads it as seconds since 1970, if at all; Sail would read microseconds, and refuses it."""
    need = Table("orders", columns=(Column("at", type_),))
    place = SourcePlace("json", str(tmp_path))
    (tmp_path / "part.json").write_text('{"at": "2024-01-01T10:00:00.5"}\n')
    (row,) = read_source(spark, need, place, DAYS).collect()
    assert row["at"].microsecond == 500_000
    (tmp_path / "part.json").write_text('{"at": 1700000000}\n')
    try:
        (row,) = read_source(spark, need, place, DAYS).collect()
    except (SourceError, PySparkException):
        assert is_sail(spark) or type_ == "timestamp_ntz"
    else:
        assert row["at"].year == 2023


@pytest.mark.parametrize(
    ("text", "options", "on_spark", "on_sail"),
    [
        ('"",1\n,2\n', {"nullValue": "NA"}, ["", None], "an empty text to Spark here, and null to Sail"),
        ('"",1\n,2\n', {}, [None, None], [None, None]),
        ('NA,1\n"x,y",2\n', {"nullValue": "NA"}, [None, "x,y"], [None, "x,y"]),
        ('"a\\"b",1\n', {}, ['a"b'], "set the option escape"),
        ("Martha\\\\'s,1\n", {}, ["Martha\\\\'s"], ["Martha\\\\'s"]),
        ('"C:\\x",1\n', {"escape": "\\"}, ["C:\\x"], ["C:\\x"]),
        ('"a""b",1\n', {"escape": '"'}, ['a"b'], ['a"b']),
    ],
    ids=["empty", "both null", "none empty", "backslash", "unquoted", "one", "doubled"],
)
def test_quotes_of_csv(spark, tmp_path, text, options, on_spark, on_sail):
    """Sail refuses what it would read in another way than Spark."""
    (tmp_path / "part.csv").write_text(f"shop,n\n{text}")
    need = Table("orders", columns=(Column("shop", "string", nullable=True), Column("n", "int")))
    place, wanted = SourcePlace("csv", str(tmp_path), {**HEADER, **options}), on_spark
    if is_sail(spark) and isinstance(on_sail, str):
        with pytest.raises((SourceError, PySparkException), match=on_sail):
            read_source(spark, need, place, DAYS).collect()
        return
    rows = read_source(spark, need, place, DAYS).collect()
    assert [row["shop"] for row in sorted(rows, key=lambda row: row["n"])] == wanted


def test_a_category_of_pandas(spark, tmp_path):
    """Spark reads its texts; Sail cannot, and says what it is."""
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    shops = pa.array(["north", "north"]).dictionary_encode()
    parquet.write_table(pa.table({"shop": shops}), tmp_path / "part.parquet")
    need = Table("orders", columns=(Column("shop", "string"),))
    place = SourcePlace("parquet", str(tmp_path))
    if is_sail(spark):
        with pytest.raises(SourceError, match=r"written as a dictionary, .* \(in part\.parquet\)"):
            read_source(spark, need, place, DAYS)
        return
    assert [row["shop"] for row in read_source(spark, need, place, DAYS).collect()] == ["north"] * 2


def test_a_file_that_goes_while_a_run_reads(spark, warehouse, job, landing):
    """The run fails, and publishes nothing of what is left: Sail would read over the file."""
    more = landing / "orders" / "day=2024-01-01" / "more.csv"
    more.write_text("shop,amount,note\nwest,1.0,\n")
    made = job(body=f'return (__import__("os").remove({str(more)!r}), takings)[1]')
    with pytest.raises(RunError, match=r"more\.csv"):
        made.run(date="2024-01-01", spark=spark, warehouse=warehouse)
    assert warehouse.ledger.outputs(environment="dev", table="shop.takings") == []


@pytest.mark.parametrize(
    ("format_", "option"), [("json", {"timeZone": "Asia/Tokyo"}), ("parquet", {"pathGlobFilter": "a*"})]
)
def test_an_option_that_sail_would_pass_over_is_refused(spark, tmp_path, format_, option):
    """It would read other instants, or other files."""
    if not is_sail(spark):
        pytest.skip("Spark knows it")
    write(spark, tmp_path, format_, "2024-01-01", ORDER, FIRST[1:])
    with pytest.raises(SourceError, match=f"Sail does not know the option {next(iter(option))}"):
        read_source(spark, NEED, SourcePlace(format_, str(tmp_path), option), DAYS)

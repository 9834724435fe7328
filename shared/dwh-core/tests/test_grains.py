"""Jobs by the hour, the day and the month, that read each other, whatever clock their session has."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwh.core import Column, Table
from dwh.core import grain as grain_module
from dwh.core.config import SourcePlace
from dwh.core.dates import (
    DateRange,
    check_grain,
    date_spans,
    logical_dates,
    open_range,
    parse_any_date,
    parse_date,
)
from dwh.core.errors import DefinitionError, InvalidDateError, MissingInputError
from dwh.core.grain import DAY, GRAINS, HOUR, MONTH, Grain, Month, grain_of
from dwh.core.layout import date_sql, folder_of
from dwh.core.lines import find_job
from dwh.core.testing.runs import committed_run
from dwh.core.warehouse import Warehouse, read_table

INSTANTS = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(timezone.utc))
JOB = '''
from pyspark.sql import functions as F

from dwh.core import Column, Input, Job, Table


class Sums(Job):
    """What was read in each {name}."""

    reads = (Table("{reads}", columns=(Column("{by}", "{type}"), Column("amount", "bigint")),
                   partition_by="{by}"{read_grain}),)
    writes = Table(
        "meter.{name}",
        columns=(Column("{at}", "{at_type}"), Column("amount", "bigint")),
        key=("{at}",),
        partition_by="{at}"{grain},
    )

    def transform(self, {short}):
        at = F.date_trunc("hour", "{by}") if "{at_type}" == "timestamp" else F.trunc("{by}", "month")
        if "{name}" == "daily":  # days of UTC, whatever the session's clock
            days = (F.col("{by}").cast("bigint") / 86400).cast("int")
            at = F.date_add(F.lit("1970-01-01").cast("date"), days)
        return {short}.groupBy(at.alias("{at}")).agg(F.sum("amount").alias("amount"))
'''
HOURLY = JOB.format(
    name="hourly",
    reads="readings",
    short="readings",
    by="at",
    type="timestamp",
    read_grain="",
    at="hour",
    at_type="timestamp",
    grain="",
)
DAILY = JOB.format(
    name="daily",
    reads="meter.hourly",
    short="hourly",
    by="hour",
    type="timestamp",
    read_grain="",
    at="day",
    at_type="date",
    grain="",
)
MONTHLY = JOB.format(
    name="monthly",
    reads="meter.daily",
    short="daily",
    by="day",
    type="date",
    read_grain="",
    at="month",
    at_type="date",
    grain=', grain="month"',
)


@pytest.fixture
def meter(tmp_path, config, installed_line, spark):
    """Install the three jobs with a clock, over two readings in each hour of some days; run one of them."""

    def make(zone, *days):
        folder = tmp_path / "readings"
        folder.mkdir()
        instants = [
            datetime.fromisoformat(day).replace(tzinfo=timezone.utc) + timedelta(minutes=30 * half)
            for day in days
            for half in range(48)
        ]
        rows = [f"{at.isoformat().replace('+00:00', 'Z')},{at.hour}" for at in instants]
        (folder / "part.csv").write_text("\n".join(["at,amount", *rows, ""]))
        place = SourcePlace("csv", str(folder), {"header": "true"})
        warehouse = Warehouse.create(replace(config, sources={"readings": place}))
        jobs = {"hourly": HOURLY, "daily": DAILY, "monthly": MONTHLY}
        installed_line("7.1", jobs, settings={"spark.sql.session.timeZone": zone})

        def run(name, **dates):
            return find_job(f"{name}@7.1")().run(**dates, spark=spark, warehouse=warehouse)

        def read(name, **dates):
            frame = read_table(spark, f"meter.{name}", line="7.1", warehouse=warehouse, **dates)
            return [row["amount"] for row in frame.orderBy(frame.columns[0]).collect()]

        return run, read, warehouse

    return make


def as_published(source):
    """Return a job's source with its input of other jobs read from their line."""
    before = source.index("reads = (Table(")
    return source[:before] + source[before:].replace("reads = (Table(", "reads = (Input(Table(", 1).replace(
        "),)\n    writes", '), line="7.1"),)\n    writes', 1
    )


DAILY, MONTHLY = as_published(DAILY), as_published(MONTHLY).replace('line="7.1"', 'line="7.1", may_lack=True')


@pytest.mark.breadth
def test_hours_make_days_and_days_make_months(meter):
    """An hourly job's outputs are a daily job's input, and those a monthly one's, each in its own grain."""
    run, read, warehouse = meter("UTC", "2013-01-15")
    receipt = run("hourly", date="2013-01-15T07")
    assert (receipt["first_date"], receipt["partitions"], read("hourly")) == ("2013-01-15T07", 1, [14])
    with pytest.raises(MissingInputError, match="--from 2013-01-15T00 --to 2013-01-15T23"):
        run("daily", date="2013-01-15")
    run("hourly", start="2013-01-15T00", end="2013-01-15T23")
    run("daily", date="2013-01-15")
    assert read("daily") == [2 * sum(range(24))]
    assert read("hourly", start="2013-01-15T22") == [44, 46]
    record = warehouse.ledger.find_runs()[-1]
    (spans,) = (warehouse.ledger.reads_of([record.id])[record.id],)
    assert [str(DateRange(one.first_date, one.last_date)) for one in spans] == [
        "2013-01-15T00 to 2013-01-15T23"
    ]
    monthly = run("monthly", date="2013-01")
    assert (monthly["first_date"], monthly["partitions"], read("monthly")) == ("2013-01", 1, read("daily"))
    folders = {path.parent.name for path in warehouse_files(warehouse, "meter")}
    assert {"_hour=2013-01-15T07", "_month=2013-01"} <= folders


def warehouse_files(warehouse, schema):
    """Return the data files of the tables of a schema."""
    from pathlib import Path

    return list(Path(warehouse.config.warehouse).glob(f"{schema}.*/**/*.parquet"))


@pytest.mark.breadth
@pytest.mark.parametrize(
    ("zone", "days"),
    [
        ("Europe/Berlin", ("2013-03-31", "2013-10-27")),
        ("America/New_York", ("2013-03-10", "2013-11-03")),
    ],
)
def test_a_clock_that_changes(meter, zone, days):
    """A day has 24 hours of UTC where a clock goes forward, or back: none is missing, none comes twice."""
    run, read, _ = meter(zone, *days)
    for day in days:
        receipt = run("hourly", start=f"{day}T00", end=f"{day}T23")
        assert (receipt["partitions"], receipt["rows"]) == (24, 24)
        assert read("hourly", start=f"{day}T00", end=f"{day}T23") == [2 * hour for hour in range(24)]
        assert run("daily", date=day)["rows"] == 1
    assert read("daily") == [2 * sum(range(24))] * 2


def test_the_wrong_grain_is_refused_with_what_to_write(meter):
    """Dates of another grain are refused before anything runs, and the same time is told in the right one."""
    run, _, warehouse = meter("UTC", "2013-01-15")
    with pytest.raises(InvalidDateError, match="--from 2013-01-15T00 --to 2013-01-15T23 holds the same time"):
        run("hourly", date="2013-01-15")
    with pytest.raises(InvalidDateError, match="--date 2013-01-15 holds the same time"):
        run("daily", date="2013-01-15T07")
    with pytest.raises(InvalidDateError, match="a month of UTC such as 2013-01"):
        run("monthly", date=date(2013, 1, 1))
    assert warehouse.ledger.find_runs() == []


@given(st.sampled_from(list(GRAINS.values())), st.sets(st.integers(-3, 12)), st.integers(0, 9))
def test_what_is_left_of_a_range(grain, numbers, length):
    """A range without some dates is what a set is without them; neither counts those of another grain."""
    first = grain.holding(datetime(2013, 1, 31, 20, tzinfo=timezone.utc))
    dates = DateRange(first, grain.after(first, length))
    days = {grain.after(first, number) for number in numbers}
    others = {other.holding(other.begins(first)) for other in GRAINS.values() if other != grain}
    assert dates.without(days | others) == date_spans(set(dates) - days)
    assert {day for day in days | others if day in dates} == days & set(dates)


class Year(date):
    """A year of UTC, as its first day."""

    def isoformat(self):
        return f"Y{self.year:04}"

    __str__ = isoformat


class Years(Grain):
    """A grain that dwh does not have."""

    name, adjective, described, example, kind = "year", "yearly", "a year of UTC", "Y2013", Year
    first, last, _form = Year(1, 1, 1), Year(9999, 1, 1), r"Y\d{4}"

    def sql(self, day, hour):
        return f"concat('Y', substring({day}, 1, 4))"

    def _parse(self, text):
        return Year(int(text[1:]), 1, 1)

    def holding(self, instant):
        return Year(instant.astimezone(timezone.utc).year, 1, 1)

    def number(self, day):
        return day.year

    def numbered(self, number):
        return Year(number, 1, 1)

    def begins(self, day):
        return datetime(day.year, 1, 1, tzinfo=timezone.utc)

    def ends(self, day):
        return datetime(day.year, 12, 31, 23, 59, 59, 999999, tzinfo=timezone.utc)


def test_another_grain_is_a_class(monkeypatch, warehouse):
    """Its dates are written and read, its contract says where a row belongs, the ledger keeps outputs."""
    years = Years()
    for found, key in ((GRAINS, "year"), (grain_module._BY_KIND, Year), (grain_module._BY_LENGTH, 5)):
        monkeypatch.setitem(found, key, years)
    columns = (Column("day", "date"), Column("amount", "bigint"))
    table = Table("meter.yearly", columns, partition_by="day", grain="year")
    dates = logical_dates(None, "Y2012", "Y2013", {}, years)
    assert (list(map(str, dates)), folder_of(table)) == (["Y2012", "Y2013"], "_year")
    assert str(dates.covering(MONTH)) == "2012-01 to 2013-12"
    assert date_sql(table, "day") == "concat('Y', substring(CAST(day AS string), 1, 4))"
    with pytest.raises(InvalidDateError, match=r"\(--from 2012-01-01 --to 2013-12-31 holds the same time"):
        check_grain(dates, DAY, "flights")
    run = committed_run(warehouse.ledger, table=table.name, line="0.1", dates=dates, contract=table)
    asked = {"table": table.name, "line": "0.1"}
    found = warehouse.ledger.newest_outputs(environment="dev", **asked, dates=dates)
    assert [(str(one.partition_date), one.run_id) for one in found] == [("Y2012", run), ("Y2013", run)]
    assert warehouse.ledger.table_grain(**asked) is years


def test_an_open_range_of_the_wrong_grain_is_told_as_it_was_asked_for():
    """Neither what was found nor what to write names the end of the calendar."""
    for start, end, told in (
        ("2013-01-15", None, r"\(--from 2013-01-15T00 holds the same time\): found '2013-01-15';"),
        (None, "2013-01-15", r"\(--to 2013-01-15T23 holds the same time\): found '2013-01-15';"),
    ):
        with pytest.raises(InvalidDateError, match=told):
            check_grain(open_range(start, end), GRAINS["hour"], "weather")


@given(INSTANTS)
def test_each_instant_is_in_one_logical_date(instant):
    """Whatever the grain, the logical date that holds an instant begins before it and ends after it."""
    for grain in GRAINS.values():
        day = grain.holding(instant)
        assert grain.begins(day) <= instant <= grain.ends(day)
        assert grain.numbered(grain.number(day)) == day
        assert grain.begins(grain.after(day)) - grain.ends(day) == timedelta(microseconds=1)
        assert parse_any_date(str(day)) == parse_date(instant, grain) == day
        assert grain_of(day) == grain_of(str(day)) == grain


@given(INSTANTS, st.sampled_from(list(GRAINS.values())), st.sampled_from(list(GRAINS.values())))
def test_what_covers_a_range(instant, grain, other):
    """The dates of another grain that cover a range are as few as can hold all of its time."""
    dates = DateRange(grain.holding(instant), grain.after(grain.holding(instant), 2))
    covering = dates.covering(other)
    assert covering.begins <= dates.begins <= dates.ends <= covering.ends
    assert other.ends(covering.first) >= dates.begins and other.begins(covering.last) <= dates.ends


def test_ranges_count_in_their_grain():
    """A range of hours or months lists each of them, over the ends of days and years."""
    hours = DateRange(HOUR.parse("2013-12-31T22"), HOUR.parse("2014-01-01T01"))
    assert [*map(str, hours)] == ["2013-12-31T22", "2013-12-31T23", "2014-01-01T00", "2014-01-01T01"]
    months = DateRange(MONTH.parse("2013-11"), MONTH.parse("2014-02"))
    assert len(months) == 4 and str(months.widened(1, 1)) == "2013-10 to 2014-03"
    assert date_spans(hours) == [hours] and date_spans([*months]) == [months]
    for grain in GRAINS.values():
        assert str(DateRange(grain.last, grain.last).widened(0, 5)) == str(grain.last)


def test_a_month_is_not_its_first_day():
    """Logical dates of two grains are never equal, so that one table's cannot be taken for another's."""
    month, day = Month(2013, 1, 1), date(2013, 1, 1)
    assert month != day and day != month and len({month, day}) == 2
    assert HOUR.parse("2013-01-01T00") != day
    assert json.dumps(str(month)) == '"2013-01"'
    said = "begins with a UTC calendar date and ends with a month of UTC"
    with pytest.raises(InvalidDateError, match=said):
        DateRange(day, month)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2024-02-30T00", "2013-01-15T07"),
        ("2024-02-29T24", "2013-01-15T07"),
        ("2024-1", "2013-01"),
        ("2023-13", "2013-01"),
        ("2024/01", "2013-01"),
        ("2024-02-30", "2013-01-15"),
        ("tomorrow", "2013-01-15"),
    ],
)
def test_a_date_that_does_not_exist_is_answered_in_the_form_that_was_meant(text, form):
    """Where nothing says of which grain it is to be."""
    with pytest.raises(InvalidDateError, match=f"such as {form}, with"):
        parse_any_date(text)


def test_airflow_s_logical_date_is_taken_to_the_grain():
    """A DAG run's logical date, which begins its data interval, is the hour, day or month of UTC."""
    berlin = timezone(timedelta(hours=1))
    context = {"logical_date": datetime(2013, 2, 1, 0, 0, tzinfo=berlin), "ds": "2013-01-31"}
    shown = [str(logical_dates(None, None, None, context, grain)) for grain in (HOUR, DAY, MONTH)]
    assert shown == ["2013-01-31T23", "2013-01-31", "2013-01"]


def test_what_a_contract_says_of_its_grain():
    """A timestamp is hourly, a date daily; a month is said, and survives being recorded."""
    at, day = Column("at", "timestamp"), Column("day", "date")
    hourly, daily = Table("t", (at,), partition_by="at"), Table("t", (day,), partition_by="day")
    monthly = Table("t", (day,), partition_by="day", grain="month")
    assert [table.logical_grain for table in (hourly, daily, monthly)] == [HOUR, DAY, MONTH]
    for table in (hourly, daily, monthly):
        assert Table.from_dict(table.to_dict()).logical_grain == table.logical_grain
    assert "grain" not in hourly.to_dict() and "grain" not in daily.to_dict()
    with pytest.raises(DefinitionError, match="must be a column of type timestamp"):
        Table("t", (day,), partition_by="day", grain="hour")
    with pytest.raises(DefinitionError, match="write one of hour, day, month"):
        Table("t", (day,), partition_by="day", grain="week")

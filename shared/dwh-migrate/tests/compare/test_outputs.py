"""Comparing outputs in a warehouse: what the ledger knows, what is read, what is recorded."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from shutil import rmtree

import pytest
import sqlalchemy as sa

from dwh.compare import ComparisonError, Tolerance, comparing
from dwh.core import find_job
from dwh.core.config import load_config
from dwh.core.dates import DateRange
from dwh.core.errors import (
    InvalidNameError,
    LostFilesError,
    NoOutputError,
    UnknownLineError,
    UnknownTableError,
)
from dwh.core.ledger.schema import comparisons, fingerprints, runs
from dwh.core.warehouse import Warehouse
from dwh.migrate.compare import kept, outputs
from dwh.migrate.compare.kept import add_fingerprints, known_fingerprint
from dwh.migrate.compare.outputs import (
    OutputOptions,
    compare_outputs,
    compared_runs,
    from_ledger,
    record,
)
from dwh.migrate.compare.subjects import declared_changes, subject_of, subjects_of

PLAIN = OutputOptions()
DAYS = DateRange(date(2013, 1, 1), date(2013, 1, 3))


@pytest.fixture(scope="module")
def warehouse(spark, tmp_path_factory):
    """A warehouse in which both lines have written three days, and line 0.1 the second day twice."""
    home: Path = tmp_path_factory.mktemp("outputs")
    for day in DAYS:
        file = home / "landing" / "flights" / f"flight_date={day}" / "part.csv"
        file.parent.mkdir(parents=True)
        file.write_text(
            "carrier,origin,dest,dep_delay,arr_delay\nUA,EWR,IAH,2,11\nUA,LGA,IAH,NA,NA\nAA,JFK,MIA,-3,40\n"
        )
    (home / "landing" / "airlines.csv").write_text("carrier,name\nUA,United Air Lines Inc.\n")
    (home / "landing" / "airports.csv").write_text("faa,name\nEWR,Newark\n")
    (home / "dwh.toml").write_text(
        "".join(
            f'[sources.{name}]\nformat = "csv"\npath = "landing/{file}"\n'
            'options = { header = true, nullValue = "NA" }\n'
            for name, file in (
                ("flights", "flights"),
                ("airlines", "airlines.csv"),
                ("airports", "airports.csv"),
            )
        )
    )
    warehouse = Warehouse.create(load_config(home, {}))
    for reference in (
        "airport_traffic@0.1",
        "airport_traffic@0.2",
        "carrier_delays@0.1",
        "carrier_delays@0.2",
    ):
        find_job(reference)().run(start=DAYS.first, end=DAYS.last, spark=spark, warehouse=warehouse)
    find_job("airport_traffic@0.1")().run(date="2013-01-02", spark=spark, warehouse=warehouse)
    return warehouse


def compared(spark, warehouse, left, right, dates=DAYS, options=PLAIN):
    return compare_outputs(spark, warehouse, *subjects_of(warehouse, left, right, dates), options)


def test_a_rewritten_job_with_the_same_result_passes(spark, warehouse):
    """airport_traffic of both lines is equal, by one scan a side; asked again, the ledger knows."""
    with warehouse.ledger.writing() as connection:
        connection.execute(fingerprints.delete())
    subjects = subjects_of(warehouse, "airport_traffic@0.1", "airport_traffic@0.2", DAYS)
    assert from_ledger(warehouse, *subjects, PLAIN) is None
    first = compare_outputs(spark, warehouse, *subjects, PLAIN)
    again = from_ledger(warehouse, *subjects, PLAIN)
    assert (first.verdict, first.measurement.step) == ("pass", "fingerprint")
    assert again is not None
    assert (again.verdict, again.measurement.step) == ("pass", "ledger")
    assert again.rows == first.rows
    assert first.rows.matched == 15


def test_declared_changes_are_expected(spark, warehouse):
    """carrier_delays differs as its job in 0.2 declares, and in nothing else."""
    result = compared(spark, warehouse, "carrier_delays@0.1", "carrier_delays@0.2")
    assert result.verdict == "pass"
    assert result.rows.changed.expected == result.rows.changed.count == 3
    assert {(item.what, item.status) for item in result.expectations} == {
        ("renamed", "seen"),
        ("added", "seen"),
        ("value", "seen"),
    }


def test_only_dates_that_differ_are_read_again(spark, warehouse):
    """Rows of dates with equal fingerprints count as matched without another look."""
    subjects = subjects_of(warehouse, "airport_traffic@0.1", "airport_traffic@0.2", DAYS)
    compare_outputs(spark, warehouse, *subjects, PLAIN)
    other = {"by": "2013-01-03", "rows": 5, "null_keys": 0, "key": "0", "row": "0", "columns": ["0"] * 3}
    changed = fingerprints.c.run_id == subjects[1].outputs[date(2013, 1, 3)].run_id
    one_day = fingerprints.c.partition_date == date(2013, 1, 3)
    with warehouse.ledger.writing() as connection:
        connection.execute(fingerprints.update().where(changed, one_day).values(value=other))
    result = compare_outputs(spark, warehouse, *subjects, PLAIN)
    assert (result.rows.left, result.rows.right, result.rows.matched) == (15, 15, 15)
    with warehouse.ledger.writing() as connection:
        connection.execute(fingerprints.delete())


def test_a_key_counts_as_unique_only_for_runs_that_were_audited_for_it(spark, warehouse):
    """A run whose contract had another key, before its line was released, was audited for that one."""
    subject = subject_of(warehouse, "airport_traffic@0.1", DAYS)
    first = runs.c.id == subject.outputs[DAYS.first].run_id
    for key, unique in (([*subject.contract["key"], "more"], False), (subject.contract["key"], True)):
        contract = {**subject.contract, "key": key}
        with warehouse.ledger.writing() as connection:
            connection.execute(fingerprints.delete())
            connection.execute(runs.update().where(first).values(contract=contract))
        add_fingerprints(spark, warehouse, subject, list(DAYS))
        assert known_fingerprint(warehouse, subject, list(DAYS))["unique"] is unique
    with warehouse.ledger.writing() as connection:
        connection.execute(fingerprints.delete())


def test_a_missing_partition_is_incomplete(spark, warehouse):
    """A date that one side lacks is named, and keeps the verdict from being pass."""
    find_job("airport_traffic@0.2")  # the newest outputs of 0.1, one date fewer on the right
    left, right = subjects_of(warehouse, "airport_traffic@0.1", "airport_traffic@0.2", DAYS)
    fewer = {day: output for day, output in right.outputs.items() if day != date(2013, 1, 2)}
    result = compare_outputs(spark, warehouse, left, type(right)(**{**vars(right), "outputs": fewer}), PLAIN)
    assert (result.verdict, result.exit_code) == ("incomplete", 3)
    assert "2013-01-02" in result.not_compared[0].what


def test_a_date_that_was_asked_for_and_is_nowhere_is_incomplete(spark, warehouse):
    """A date that neither side has is not passed over in silence, not even from the ledger."""
    asked = DateRange(date(2013, 1, 1), date(2013, 1, 4))
    subjects = subjects_of(warehouse, "airport_traffic@0.1", "airport_traffic@0.2", asked)
    options = OutputOptions(dates=asked)
    first = compare_outputs(spark, warehouse, *subjects, options)
    again = from_ledger(warehouse, *subjects, options)
    assert again is not None
    assert (first.verdict, again.verdict) == ("incomplete", "incomplete")
    assert first.not_compared == again.not_compared
    assert "2013-01-04" in first.not_compared[0].what


def test_the_same_version_twice_compares_with_the_output_before(spark, warehouse):
    """An A/A comparison pairs the newest output of each date with the one before it."""
    left, right = subjects_of(warehouse, "airport_traffic@0.1", "airport_traffic@0.1", DAYS)
    assert list(left.outputs) == [date(2013, 1, 2)]
    assert left.outputs[date(2013, 1, 2)].run_id != right.outputs[date(2013, 1, 2)].run_id
    only = DateRange(date(2013, 1, 2), date(2013, 1, 2))
    assert compared(spark, warehouse, "airport_traffic@0.1", "airport_traffic@0.1", only).verdict == "pass"


def test_two_runs_can_be_compared(spark, warehouse):
    """The ids of two runs name what exactly they wrote."""
    outputs = warehouse.ledger.outputs(environment="dev", table="flights.airport_traffic", line="0.1")
    first, second = dict.fromkeys(output.run_id for output in outputs)
    result = compared(spark, warehouse, first, second)
    assert result.verdict == "incomplete"
    assert result.rows.matched == 5


def test_two_releases_and_two_tables_can_be_compared(spark, warehouse):
    """A release names what exactly it wrote, and a table's name will do for the job's."""
    old, new = (find_release(warehouse, line) for line in ("0.1", "0.2"))
    for left, right in (
        (f"airport_traffic@{old}", f"airport_traffic@{new}"),
        ("flights.airport_traffic@0.1", "flights.airport_traffic@0.2"),
    ):
        result = compared(spark, warehouse, left, right)
        assert (result.verdict, result.left.label, result.rows.matched) == ("pass", left, 15)
    assert not subject_of(warehouse, "airport_traffic@0.1.99", DAYS).outputs


def find_release(warehouse, line):
    return warehouse.ledger.outputs(environment="dev", table="flights.airport_traffic", line=line)[0].release


def test_versions_are_those_of_the_environment(warehouse):
    """What another environment ran is no side of a comparison here; a run's id names it all the same."""
    prod = replace(warehouse, config=warehouse.config.in_environment("prod"))
    assert not subject_of(prod, "airport_traffic@0.1", DAYS).outputs
    assert not subject_of(prod, "flights.airport_traffic@0.2", DAYS).outputs
    assert not any(side.outputs for side in subjects_of(prod, *["airport_traffic@0.1"] * 2, DAYS))
    run = subject_of(warehouse, "airport_traffic@0.1", DAYS).outputs[date(2013, 1, 2)].run_id
    assert subject_of(prod, run, DAYS).outputs[date(2013, 1, 2)].run_id == run


def test_what_a_comparison_proves(warehouse):
    """It names the two runs of each common date, unless the operator asked for less than the job declares."""
    left, right = subjects_of(warehouse, "airport_traffic@0.1", "airport_traffic@0.2", DAYS)
    pairs = {day: (left.outputs[day].run_id, right.outputs[day].run_id) for day in DAYS}
    for strict in (PLAIN, OutputOptions(exact=True, dates=DAYS, rows="rows")):
        assert compared_runs(left, right, strict) == pairs
    for less in (
        OutputOptions(ignore=("arrivals",)),
        OutputOptions(tolerances={"arrivals": Tolerance(1)}),
        OutputOptions(max_changed=1.0),
    ):
        assert compared_runs(left, right, less) == {}


@pytest.mark.parametrize(
    "options",
    [PLAIN, pytest.param(OutputOptions(exact=True), marks=pytest.mark.breadth)],
    ids=["by fingerprint", "exact"],
)
@pytest.mark.parametrize("by_gc", [True, False], ids=["by gc", "by hand"])
def test_outputs_that_go_while_they_are_compared_are_named(spark, warehouse, monkeypatch, options, by_gc):
    """Between the plan of reading and the reading itself: there is no verdict, and no fingerprint is kept."""
    aside = replace(warehouse, config=warehouse.config.in_environment("aside"))
    day = DAYS.first
    run = find_job("airport_traffic@0.1")().run(date=day, spark=spark, warehouse=aside)["run"]
    subjects = subjects_of(warehouse, run, "airport_traffic@0.2", DateRange(day, day))
    place = Path(warehouse.config.warehouse, subjects[0].outputs[day].location)

    def gone_first(call):
        def called(*arguments, **named):
            if by_gc:
                with warehouse.ledger.writing() as connection:
                    connection.execute(runs.update().where(runs.c.id == run).values(status="removed"))
            rmtree(place)
            return call(*arguments, **named)

        return called

    monkeypatch.setattr(comparing, "compare", gone_first(comparing.compare))
    monkeypatch.setattr(kept, "fingerprint", gone_first(kept.fingerprint))
    told = (
        "dwh gc removed it while it was read" if by_gc else r"\d of \d files \w+ gone, which held 5 of 5 rows"
    )
    with pytest.raises(LostFilesError, match=f"run {run}, {day}: {told}"):
        compare_outputs(spark, warehouse, *subjects, options)
    with warehouse.ledger.reading() as connection:
        assert not connection.execute(sa.select(fingerprints).where(fingerprints.c.run_id == run)).all()


def test_rows_that_an_engine_leaves_out_in_silence_are_counted(spark, warehouse, monkeypatch):
    """As Sail does where a folder has gone."""
    subjects = subjects_of(warehouse, "airport_traffic@0.1", "airport_traffic@0.2", DAYS)
    run = subjects[0].outputs[DAYS.first].run_id
    with warehouse.ledger.writing() as connection:
        connection.execute(fingerprints.delete())
    for module in (outputs, kept):
        read = module.read_dated
        fewer = lambda *arguments, read=read: read(*arguments).where(f"flight_date <> '{DAYS.first}'")  # noqa: E731
        monkeypatch.setattr(module, "read_dated", fewer)
    with pytest.raises(LostFilesError, match=rf"run {run}, {DAYS.first}: 0 rows were read, .* with 5"):
        compare_outputs(spark, warehouse, *subjects, PLAIN)
    with pytest.raises(LostFilesError, match=r"10 rows were read, and 3 outputs .* with 15"):
        compare_outputs(spark, warehouse, *subjects, OutputOptions(exact=True))


def test_exact_reads_the_data(spark, warehouse):
    """--exact is never answered from fingerprints; fewer columns and tolerances are."""
    subjects = subjects_of(warehouse, "airport_traffic@0.1", "airport_traffic@0.2", DAYS)
    compare_outputs(spark, warehouse, *subjects, PLAIN)
    assert from_ledger(warehouse, *subjects, OutputOptions(ignore=("arrivals",))) is not None
    assert from_ledger(warehouse, *subjects, OutputOptions(tolerances={"arrivals": Tolerance(1)})) is not None
    assert from_ledger(warehouse, *subjects, OutputOptions(exact=True)) is None
    exact = compare_outputs(spark, warehouse, *subjects, OutputOptions(exact=True))
    assert (exact.verdict, exact.measurement.exact) == ("pass", True)


def test_a_line_compared_with_itself_declares_nothing(warehouse):
    """Declared changes hold against the line before, and only in that direction."""
    old, new = subjects_of(warehouse, "carrier_delays@0.1", "carrier_delays@0.2", DAYS)
    assert len(declared_changes(old, new)) == 3
    assert declared_changes(new, old) == declared_changes(new, new) == ()


def test_a_comparison_is_recorded(spark, warehouse):
    """The ledger keeps the result, from which every report can be made again."""
    result = compared(spark, warehouse, "carrier_delays@0.1", "carrier_delays@0.2")
    kept = record(warehouse, result, list(DAYS), {})
    with warehouse.ledger.reading() as connection:
        row = connection.execute(sa.select(comparisons).where(comparisons.c.id == kept)).one()
    assert (row.verdict, row.left_label, row.first_date) == ("pass", "carrier_delays@0.1", DAYS.first)
    assert type(result).from_dict(row.result) == result


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("../x@0.1", InvalidNameError),
        ("carrier_delays", InvalidNameError),
        ("carrier_delays@0.9", UnknownLineError),
        ("flights.nothing@0.1", UnknownTableError),
        ("20130101-000000-00000000", NoOutputError),
    ],
)
def test_a_side_that_is_not_there_is_refused(warehouse, text, error):
    """What names nothing says what does."""
    with pytest.raises(error):
        subject_of(warehouse, text, None)


def test_no_common_date_is_refused(spark, warehouse):
    """Without a date on both sides there is nothing to compare, and --run is the remedy."""
    later = DateRange(date(2014, 1, 1), date(2014, 1, 2))
    with pytest.raises(ComparisonError, match="--run"):
        compared(spark, warehouse, "carrier_delays@0.1", "carrier_delays@0.2", later)

"""`dwh compare`."""

from __future__ import annotations

import json

import pyarrow.parquet
import pytest


def test_a_migration_is_compared_with_what_it_declares(written, tmp_path):
    """The declared changes are expected: exit code 0, and the reports are written."""
    _, dwh = written
    page, text = tmp_path / "report.html", tmp_path / "report.md"
    done = dwh(
        "compare", "carrier_delays@0.1", "carrier_delays@0.2", "--date", "2013-01-01",
        "--html", str(page), "--markdown", str(text),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("PASS")
    assert page.read_text().startswith("<!doctype html>")
    assert "as declared" in text.read_text()


def test_a_missing_partition_exits_with_2(written):
    """What was not compared makes the verdict incomplete; --json is the model."""
    _, dwh = written
    done = dwh("compare", "carrier_delays@0.1", "carrier_delays@0.2", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["verdict"] == "incomplete"


def test_equal_outputs_need_no_spark_the_second_time(written):
    """Once fingerprints are known, the ledger answers, even where Spark could not start."""
    _, dwh = written
    arguments = ("compare", "carrier_delays@0.1", "carrier_delays@0.1", "--date", "2013-01-02")
    assert dwh(*arguments).returncode == 0
    again = dwh(*arguments, "--json", JAVA_HOME="/nowhere")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["measurement"]["step"] == "ledger"


@pytest.mark.parametrize(
    ("encoding", "said"), [("cp1252", "(before) \\u2192 carrier_delays@0.1"), ("utf-8", "→")]
)
def test_the_encoding_of_the_output_does_not_change_the_verdict(written, encoding, said):
    """A character that it lacks is spelled, in the report and in notes."""
    _, dwh = written
    arguments = ("compare", "carrier_delays@0.1", "carrier_delays@0.1", "--date", "2013-01-02")
    done = dwh(*arguments, PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, "")
    assert said in done.stdout


def test_a_report_that_cannot_be_written_does_not_change_the_verdict(written, looked):
    """The verdict is printed before, and the file is named."""
    written[1]("compare", "carrier_delays@0.1", "carrier_delays@0.1", "--date", "2013-01-02")
    arguments = ("compare", "carrier_delays@0.1", "carrier_delays@0.1", "--date", "2013-01-02")
    code, printed, said = looked(*arguments, "--html", "/proc/report.html")
    assert (code, printed[:4]) == (0, "PASS")
    assert "error: [DWH101] --html: /proc/report.html cannot be written" in said


def test_parquet_paths_compare_by_the_key_that_is_given(written):
    """Two folders of Parquet files are compared by --key."""
    home, dwh = written
    runs = sorted(str(path.relative_to(home)) for path in (home / "warehouse").glob("flights.*/*/_run=*"))
    done = dwh("compare", runs[0], runs[-1], "--key", "flight_date,carrier", "--json")
    result = json.loads(done.stdout)
    assert (done.returncode, result["verdict"]) == (1, "fail")
    assert result["measurement"]["key"] == ["flight_date", "carrier"]
    allowed = dwh(
        "compare", runs[0], runs[0], "--key", "flight_date,carrier", "--max-changed", "0.1%", "--json"
    )
    threshold = json.loads(allowed.stdout)["thresholds"][0]
    assert (allowed.returncode, threshold["limit"], threshold["held"]) == (0, 0.001, True)


def test_all_rows_that_differ_are_written(written, tmp_path):
    """--rows writes more than the report's samples; a second time it refuses to overwrite them."""
    _, dwh = written
    rows = tmp_path / "rows"
    arguments = ("compare", "carrier_delays@0.1", "carrier_delays@0.2", "--date", "2013-01-01")
    done = dwh(*arguments, "--rows", str(rows), "--json")
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)["rows"]
    found = pyarrow.parquet.read_table(rows).to_pylist()
    assert len(found) == sum(counts[kind]["count"] for kind in ("changed", "left_only", "right_only")) > 0
    assert {row["expected"] for row in found} == {True}
    again = dwh(*arguments, "--rows", str(rows))
    assert (again.returncode, again.stdout) == (2, "")
    assert "never overwritten" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["carrier_delays", "carrier_delays@0.2"], "JOB@LINE"),
        (["carrier_delays@0.1", "./x", "--run", "--date", "2013-01-01"], "--run is for two versions"),
        (["carrier_delays@0.1", "./x"], "./x"),
        (["csv:./x", "./y"], "another format goes beside a version"),
        (["xml:./x", "carrier_delays@0.1"], "xml:./x"),
        (["csv:./x", "carrier_delays@0.1", "--option", "sep"], "NAME=VALUE"),
        (["carrier_delays@0.1", "carrier_delays@0.2", "--key", "x"], "--key"),
        (["carrier_delays@0.1", "carrier_delays@0.2", "--run"], "--date"),
        (["carrier_delays@0.1", "carrier_delays@0.2", "--max-changed", "2"], "0.1%"),
        (["carrier_delays@0.1", "carrier_delays@0.2", "--tolerance", "x=y"], "COLUMN=0.01"),
        (["carrier_delays@0.1", "carrier_delays@0.2", "--rule", "name"], "COLUMN=RULE"),
        (["carrier_delays@0.1", "carrier_delays@0.2", "--rule", "name=tidy"], "the rules are trim"),
        (["./x", "./y", "--key", "id=,day"], "old=new"),
        (["carrier_delays@0.1", "carrier_delays@0.2", "--rows", "no where/rows"], "mkdir -p"),
        (["carrier_delays@0.1", "carrier_delays@0.2", "--rows", "."], "never overwritten"),
        (["carrier_delays@0.1", "carrier_delays@0.2", "--html", "no where/r.html"], "mkdir -p 'no where'"),
    ],
)
def test_a_mistake_is_told(looked, arguments, said):
    """A mistake exits with 2 and says what to type instead."""
    code, printed, error = looked("compare", *arguments)
    assert (code, printed) == (2, "")
    assert said in error
    assert "Traceback" not in error


@pytest.mark.parametrize("kind", ["versions", "paths", "a path and a version"])
def test_a_mask_that_names_nothing_is_refused_before_an_engine_starts(written, looked, monkeypatch, kind):
    """A typo would show what was to be hidden; what the two sides have is told."""

    def started(*_arguments):
        pytest.fail("an engine was started")

    monkeypatch.setattr("dwh.migrate.cli.comparing.working_spark", started)
    home, _ = written
    path, other = (
        str(next((home / "warehouse").glob(f"flights.carrier_delays/{line}/_run=*")))
        for line in ("0.1", "0.2")
    )
    sides = {
        "versions": ("carrier_delays@0.1", "carrier_delays@0.2"),
        "paths": (path, other),
        "a path and a version": (path, "carrier_delays@0.2"),
    }
    code, printed, error = looked("compare", *sides[kind], "--mask", "carier")
    assert (code, printed) == (2, "")
    assert "masked column 'carier': neither side has it (columns: cancelled, carrier, carrier_name" in error


def test_a_path_that_leads_nowhere(written):
    """A path without Parquet files exits with 2, and is named."""
    _, dwh = written
    done = dwh("compare", "./nowhere", "./nothing")
    assert (done.returncode, done.stdout) == (2, "")
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr

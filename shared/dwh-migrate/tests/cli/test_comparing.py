"""`dwh compare`."""

from __future__ import annotations

import json

import pyarrow.parquet
import pytest

# An output beside the one that it superseded, with the same rows.
TWICE = ("compare", "carrier_delays@0.1", "carrier_delays@0.1", "--date", "2013-01-02")


def test_a_migration_is_compared_with_what_it_declares(looked, tmp_path):
    """The declared changes are expected: exit code 0, and the reports are written."""
    page, text = tmp_path / "report.html", tmp_path / "report.md"
    code, printed, said = looked(
        "compare", "carrier_delays@0.1", "carrier_delays@0.2", "--date", "2013-01-01",
        "--html", str(page), "--markdown", str(text),
    )  # fmt: skip
    assert code == 0, said
    assert printed.startswith("PASS")
    assert page.read_text().startswith("<!doctype html>")
    assert "as declared" in text.read_text()


def test_a_missing_partition_exits_with_3(looked):
    """What was not compared makes the verdict incomplete; --json is the model."""
    code, printed, _ = looked("compare", "carrier_delays@0.1", "carrier_delays@0.2", "--json")
    assert code == 3
    assert json.loads(printed)["verdict"] == "incomplete"


def test_equal_outputs_need_no_spark_the_second_time(looked, process):
    """Once fingerprints are known, the ledger answers, even where Spark could not start."""
    assert looked(*TWICE)[0] == 0
    again = process(*TWICE, "--json", JAVA_HOME="/nowhere")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["measurement"]["step"] == "ledger"


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("cp1252", "(before) \\u2192 carrier_delays@0.1"),
        pytest.param("utf-8", "→", marks=pytest.mark.breadth),
    ],
)
def test_the_encoding_of_the_output_does_not_change_the_verdict(looked, process, encoding, said):
    """A character that it lacks is spelled, in the report and in notes."""
    looked(*TWICE)
    done = process(*TWICE, PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, "")
    assert said in done.stdout


def test_a_report_that_cannot_be_written_does_not_change_the_verdict(looked):
    """The verdict is printed before, and the file is named."""
    code, printed, said = looked(*TWICE, "--html", "/proc/report.html")
    assert (code, printed[:4]) == (0, "PASS")
    assert "error: [DWH101] --html: /proc/report.html cannot be written" in said


def test_parquet_paths_compare_by_the_key_that_is_given(written, looked):
    """Two folders of Parquet files are compared by --key."""
    runs = sorted(map(str, (written / "warehouse").glob("flights.*/*/_run=*")))
    key = ("--key", "flight_date,carrier", "--json")
    code, printed, _ = looked("compare", runs[0], runs[-1], *key)
    result = json.loads(printed)
    assert (code, result["verdict"]) == (1, "fail")
    assert result["measurement"]["key"] == ["flight_date", "carrier"]
    code, printed, _ = looked("compare", runs[0], runs[0], *key, "--max-changed", "0.1%")
    threshold = json.loads(printed)["thresholds"][0]
    assert (code, threshold["limit"], threshold["held"]) == (0, 0.001, True)


def test_all_rows_that_differ_are_written(looked, tmp_path):
    """--rows writes more than the report's samples; a second time it refuses to overwrite them."""
    rows = tmp_path / "rows"
    arguments = ("compare", "carrier_delays@0.1", "carrier_delays@0.2", "--date", "2013-01-01")
    code, printed, said = looked(*arguments, "--rows", str(rows), "--json")
    assert code == 0, said
    counts = json.loads(printed)["rows"]
    found = pyarrow.parquet.read_table(rows).to_pylist()
    assert len(found) == sum(counts[kind]["count"] for kind in ("changed", "left_only", "right_only")) > 0
    assert {row["expected"] for row in found} == {True}
    code, printed, said = looked(*arguments, "--rows", str(rows))
    assert (code, printed) == (2, "")
    assert "never overwritten" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["carrier_delays", "carrier_delays@0.2"], "JOB@LINE"),
        (["carrier_delays@0.1", "./x", "--run", "--date", "2013-01-01"], "--run is for two versions"),
        (["carrier_delays@0.1", "./x"], "./x"),
        (["csv:./x", "./y"], "there are no files at ./x"),
        (["toml:./x", "carrier_delays@0.1"], "toml:./x"),
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
    path, other = (
        str(next((written / "warehouse").glob(f"flights.carrier_delays/{line}/_run=*")))
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


def test_a_path_that_leads_nowhere(looked):
    """A path without Parquet files exits with 2, and is named."""
    code, printed, said = looked("compare", "./nowhere", "./nothing")
    assert (code, printed) == (2, "")
    assert "nowhere" in said
    assert "Traceback" not in said

"""`dwh jobs`, `dwh show` and `dwh history`."""

from __future__ import annotations

import json
import re

import pytest

from dwh.core.lines import installed_lines


def test_jobs_names_each_job_of_each_line(typed_dwh):
    """Each job stands once for each line, with the release and the line's status."""
    jobs = json.loads(typed_dwh("jobs", "--json")[1])
    delays = [(job["line"], job["status"], job["table"]) for job in jobs if job["job"] == "carrier_delays"]
    assert delays == [
        ("0.1", "maintenance", "flights.carrier_delays"),
        ("0.2", "main", "flights.carrier_delays"),
    ]


def test_a_broken_line_is_listed_with_the_reason(typed_dwh, installed_line):
    """A line that cannot be imported stops no other: it is listed as broken, and why."""
    installed_line("7.1")
    installed_line("7.2", init="import missing_library\n")
    code, printed, notes = typed_dwh("jobs")
    assert code == 0 and "takings@7.1" in printed and "missing_library" not in printed
    assert re.search(r"^ +7\.2 +7\.2\.0 +broken$", printed, re.MULTILINE)
    assert "broken: [DWH401] dwh.jobs.v7_2_0: cannot be imported" in notes and "missing_library" in notes
    rows = {row["line"]: row for row in json.loads(typed_dwh("jobs", "--json")[1])}
    assert (rows["7.1"]["problem"], rows["7.2"]["status"]) == (None, "broken")
    assert "missing_library" in rows["7.2"]["problem"]


def test_a_broken_job_is_listed_beside_the_others(typed_dwh, installed_line, takings):
    """A job that cannot be imported is listed as broken; the line's other jobs are as they were."""
    installed_line("7.1", {"takings": takings(), "broken": "1 / 0\n"})
    rows = {row["job"]: row for row in json.loads(typed_dwh("jobs", "--json")[1]) if row["line"] == "7.1"}
    assert (rows["takings"]["status"], rows["takings"]["table"]) == ("main", "shop.takings")
    assert rows["broken"]["status"] == "broken" and "ZeroDivisionError" in rows["broken"]["problem"]


def test_show_starts_no_engine(looked):
    """PyArrow reads the files where Python reaches them, and `-v` says so."""
    table, line = "flights.carrier_delays", ("--line", "0.1")
    code, printed, notes = looked("show", table, *line, "-v")
    assert (code, notes.splitlines()[0]) == (0, "engine: none, as PyArrow reads the files")
    assert looked("-v", "show", table, *line)[1:] == (printed, notes)
    assert "engine" not in looked("show", table, *line)[2]


def test_show_prints_a_lines_newest_rows(looked):
    """`dwh show` prints plain aligned text in a pipe, with null where null is meant."""
    _, printed, _ = looked("show", "flights.carrier_delays", "--line", "0.1", "--date", "2013-01-02")
    shown = printed.splitlines()
    assert [line.split()[:2] for line in shown] == [
        ["flight_date", "carrier"],
        ["2013-01-02", "AA"],
        ["2013-01-02", "UA"],
    ]
    assert "null" in shown[1].split()
    assert "\x1b" not in "".join(shown)


def test_show_as_json_is_data(looked):
    """`dwh show --json` gives rows by column name."""
    rows = json.loads(looked("show", "flights.carrier_delays", "--line", "0.2", "--json")[1])
    united = next(row for row in rows if row["carrier"] == "UA")
    assert (united["cancelled"], united["on_time"], united["mean_arrival_delay_min"]) == (1, 1, 11.0)


def test_history_says_which_run_wrote_each_partition(looked):
    """Neighbouring dates of one run are one line; a date that was written again is superseded."""
    outputs = json.loads(looked("history", "flights.carrier_delays", "--json")[1])["outputs"]
    found = [(span["first_date"], span["last_date"], span["release"], span["state"]) for span in outputs]
    old, new = (installed_lines()[line].release for line in ("0.1", "0.2"))
    assert found == [
        ("2013-01-01", "2013-01-01", old, "newest"),
        ("2013-01-02", "2013-01-02", old, "superseded"),
        ("2013-01-03", "2013-01-03", old, "newest"),
        ("2013-01-01", "2013-01-01", new, "newest"),
        ("2013-01-02", "2013-01-02", old, "newest"),
    ]


def test_history_of_dates_in_another_grain(looked):
    """They are refused with how to write the same time, as everywhere."""
    code, _, error = looked("history", "flights.carrier_delays", "--date", "2013-01-02T05")
    assert (code, "flights.carrier_delays is daily (--date 2013-01-02 holds the same" in error) == (2, True)


def test_history_says_what_each_run_has_read(looked):
    """Each input of each run stands with where it came from."""
    code, printed, _ = looked("history", "flights.carrier_delays", "--inputs", "--line", "0.2", "--json")
    found = [(one["input"], one["source"].split()[0], one["read"]) for one in json.loads(printed)]
    assert (code, found) == (0, [("flights", "csv", None), ("airlines", "csv", None)])


def test_as_of_shows_the_past(looked):
    """With --as-of before the first commit there is nothing to show, and that is said."""
    code, _, error = looked(
        "show", "flights.carrier_delays", "--line", "0.1", "--as-of", "2020-01-01T00:00:00Z"
    )
    assert code == 1
    assert "line 0.1 has no output" in error


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["show", "flights.nothing", "--line", "0.1"], 2, "flights.nothing"),
        (["show", "../../etc", "--line", "0.1"], 2, "not a valid table"),
        (["show", "flights.carrier_delays"], 1, "dwh pins; or name a line"),
        (["show", "flights.carrier_delays", "--line", "0.9"], 1, "0.1, 0.2"),
        (["show", "flights.carrier_delays", "--line", "0.1", "--date", "01/02/2013"], 2, "2013-01-15"),
        (["show", "flights.carrier_delays", "--line", "0.1", "--as-of", "2013-01-01T00:00"], 2, "offset"),
        (["history", "flights.nothing"], 2, "flights.carrier_delays"),
        (
            ["history", "flights.carrier_delays", "--from", "2013-01-02", "--to", "2013-01-01"],
            2,
            "ends before",
        ),
    ],
)
def test_a_mistake_is_told_without_a_traceback(looked, arguments, code, said):
    """A mistake exits with 2, something that is not there with 1; both say what to type instead."""
    exit_code, printed, error = looked(*arguments)
    assert (exit_code, printed) == (code, "")
    assert said in error
    assert "Traceback" not in error


def test_reading_makes_no_warehouse(dwh, home):
    """A command that only looks leaves a folder without a warehouse as it was."""
    code, _, said = dwh("history", "flights.carrier_delays")
    assert code == 2 and "dwh run" in said
    assert not (home / "warehouse").exists()

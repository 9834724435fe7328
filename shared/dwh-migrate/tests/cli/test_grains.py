"""Dates of the wrong grain, as somebody types them: refused at once by every command, without Spark."""

from __future__ import annotations

import pytest
from fabricate import write

from dwh.core.grain import HOUR
from dwh.core.testing.lines import TAKINGS

HOURLY = TAKINGS.replace('Column("day", "date")', 'Column("day", "timestamp")')
OLD, NEW = "takings@8.1", "takings@8.2"
DAY = ["--date", "2024-03-31"]
FROM, TO = ["--from", "2024-03-31"], ["--to", "2024-03-31"]
TABLE = "shop.takings"


@pytest.fixture
def hourly(warehouse, installed_line, typed):
    """The command in an environment that has an hour of line 8.1; 8.2 has never run."""
    for line in ("8.1", "8.2"):
        installed_line(line, {"takings": HOURLY})
    write(warehouse, OLD, HOUR.parse("2024-03-31T05"))
    return typed


@pytest.mark.parametrize(
    "words",
    [
        ["run", OLD, *DAY],
        ["backfill", NEW, *DAY],
        ["compare", OLD, NEW, *DAY],
        ["compare", OLD, NEW, "--run", *DAY],
        ["compare", NEW, OLD, "--run", "--rows", "rows", *DAY],
        ["compare", NEW, NEW, "--run", *DAY],
        ["compare", "takings@8.1.0", "takings@8.1.9", "--run", *DAY],
        ["compare", OLD, OLD, "--run", "--one-by-one", "--from", "2024-03-30", *TO],
        ["compare", "./there", OLD, *DAY],
        ["promote", OLD, "--from", "prod", "--to", "test", *DAY],
        ["show", TABLE, "--line", "8.1", *FROM],
        ["show", TABLE, "--line", "8.1", *TO],
        *(["history", TABLE, *asked, *dates] for asked in ([], ["--published"]) for dates in (DAY, FROM, TO)),
        ["history", TABLE, "--inputs", *FROM],
        ["history", TABLE, "--all", "--line", "8.1", "--from", "2024-03"],
    ],
    ids=" ".join,
)
def test_dates_of_another_grain(hourly, tmp_path, words):
    """One line says what was found and how to write it, with what was typed, before anything runs."""
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "part.parquet").write_bytes(b"PAR1")
    code, printed, said = hourly(*words)
    assert (code, printed, said.count("\n")) == (2, "", 1)
    assert said.startswith("error: [DWH103] ") and " is hourly (" in said
    assert not any(wrong in said for wrong in ("0001-01", "9999-12"))
    assert "2024-03-" in said.partition("holds the same time")[0]


@pytest.mark.parametrize("more", [[], ["--one-by-one"]], ids=["run", "one by one"])
def test_a_range_without_an_end_is_not_run(hourly, more):
    """`dwh compare --run` runs what is missing, which of an open range would be each hour of the calendar."""
    code, _, said = hourly("compare", OLD, OLD, "--run", *more, "--to", "2024-03-31T05")
    assert (code, "--from and --to" in said, "running" in said) == (2, True, False)


def test_dates_that_were_never_published(hourly):
    """Nothing is published of these dates, which says nothing of others."""
    code, _, said = hourly("history", TABLE, "--published", "--date", "2024-03-31T06")
    assert code == 0 and "has never published anything of shop.takings for these dates" in said


def test_a_line_that_has_written_nothing_has_no_grain(hourly):
    """Its history lacks the dates, in whatever grain they are asked for; nobody is told that it is daily."""
    for date in ("2024-03-31T05", "2024-03-31"):
        code, _, said = hourly("history", TABLE, "--line", "8.2", "--date", date)
        assert (code, "none of the outputs that were asked for" in said) == (1, True)

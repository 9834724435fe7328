"""What a terminal is shown: styles where it takes them, and rows that can be read in any width."""

from __future__ import annotations

import io
import os
import sys
import tempfile

import pytest

from dwh.migrate import console
from dwh.migrate.console import print_error, print_note, print_rows


class Terminal(io.StringIO):
    """What is written to a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def sit_at(monkeypatch):
    """Make a terminal of 40 columns of standard output and error, which pytest keeps until the test runs."""

    def sit() -> Terminal:
        screen = Terminal()
        for name in ("stdout", "stderr"):
            monkeypatch.setattr(sys, name, screen)
        for name, value in {"TERM": "xterm", "COLUMNS": "40", "LINES": "20"}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("NO_COLOR", raising=False)
        return screen

    return sit


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_terminal_without_styles_is_shown_none(sit_at, monkeypatch, variable, value):
    """By its kind, or by the wish of whoever sits there."""
    terminal = sit_at()
    print_note("dimmed")
    assert terminal.getvalue() == "\x1b[2mdimmed\x1b[0m\n"
    monkeypatch.setenv(variable, value)
    print_error("as it is")
    assert terminal.getvalue().endswith("\nerror: as it is\n")


def test_a_table_that_is_far_too_wide_is_shown_row_by_row(sit_at):
    """No value is cut into pieces: ids and names can be copied."""
    terminal, run = sit_at(), "20261126-104644-bab0524f"
    print_rows(("run", "job", "table"), [(run, "carrier_delays", "flights.carrier_delays" * 3)])
    assert f"\nrun    {run}\njob    carrier_delays\ntable  flights." in terminal.getvalue()
    print_rows(("run", "job"), [(run, "my_job")])
    assert "─" in terminal.getvalue()


def test_a_table_that_is_too_wide_is_folded_between_words(sit_at):
    """Where a word would be cut, few rows are shown one by one, and many in lines that the terminal wraps."""
    columns, row = ("run", "job"), ("20261126-104644-bab0524f", "carrier_delays@0.1")
    terminal = sit_at()
    print_rows(("a", "b"), [("one two three four", "five six seven eight nine")])
    rows = terminal.getvalue().splitlines()[3:5]
    assert [row.split() for row in rows] == [
        ["one", "two", "three", "five", "six", "seven"],
        ["four", "eight", "nine"],
    ]
    print_rows((*columns, "rows"), [(*row, 15)])
    assert f"\nrun   {row[0]}\njob   {row[1]}\nrows  15\n" in terminal.getvalue()
    print_rows((*columns, "rows"), [(*row, 15)] * 4, right=("rows",))
    assert f"\n{'  '.join(row)}    15\n" in terminal.getvalue()


def test_a_command_to_copy_is_in_one_line(sit_at):
    """However narrow the terminal, which wraps it by itself."""
    terminal, command = sit_at(), "dwh compare takings@7.1 takings@7.2 --date 2024-01-01"
    print_rows(("type", "to"), [(command, "see what differs")], whole=True)
    assert f"\n{command}  see what differs\n" in terminal.getvalue()


@pytest.mark.parametrize("logged", ["", "WARN it is late\n"])
def test_a_log_is_named_and_kept_where_it_says_something(tmp_path, monkeypatch, capfd, logged):
    """Sail writes none: an empty file would lead nowhere."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(ZeroDivisionError), console._log_aside():
        os.write(2, logged.encode())
        raise ZeroDivisionError
    kept = [path.read_text("utf-8") for path in tmp_path.glob("dwh-*/spark.log")]
    assert kept == ([logged] if logged else [])
    assert ("Spark's log: " in capfd.readouterr().err) is bool(logged)
    with pytest.raises(KeyboardInterrupt), console._log_aside():
        raise KeyboardInterrupt
    assert len([*tmp_path.iterdir()]) == len(kept)

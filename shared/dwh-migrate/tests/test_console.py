"""What a terminal is shown: styles where it takes them, and rows that can be read in any width."""

from __future__ import annotations

import io
import sys

import pytest

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

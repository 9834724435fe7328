"""What a maintainer's terminal is shown: styles only where it wants them."""

from __future__ import annotations

import io
import sys

from dwh.release.console import print_error, print_note, print_rows


def test_a_terminal_whose_user_wants_no_colours_gets_none(monkeypatch):
    """`NO_COLOR` holds for errors and notes."""
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    print_note("dimmed")
    monkeypatch.setenv("NO_COLOR", "1")
    print_note("as it is")
    print_error("as it is")
    assert terminal.getvalue() == "\x1b[2mdimmed\x1b[0m\nas it is\nerror: as it is\n"


def test_a_narrow_terminal_is_shown_whole_words(monkeypatch):
    """Cells are folded between words; where a word is too wide for that, the terminal wraps the line."""
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stdout", terminal)
    for name, value in {"TERM": "xterm", "COLUMNS": "40", "LINES": "20", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    said = "a record that says what was released before"
    print_rows(("package", "what"), [("dwh-core", said)])
    folded = [line.split("  ", 1)[-1].strip() for line in terminal.getvalue().splitlines()[3:]]
    assert " ".join(folded).split() == said.split()
    terminal.truncate(0)
    row = ("dwh-migrate", "shared/dwh-migrate/pyproject.toml", "patch")
    print_rows(("package", "path", "step"), [row])
    assert "  ".join(row) in terminal.getvalue()

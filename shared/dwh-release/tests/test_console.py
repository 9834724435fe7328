"""What a maintainer's terminal is shown: styles only where it wants them."""

from __future__ import annotations

import io
import sys

from dwh.release.console import print_error, print_note


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

"""On a terminal the report is coloured, in a pipe plain; a pass is short; no value steers the terminal."""

from __future__ import annotations

import dataclasses
import io
import re

import pytest
from rich.cells import cell_len
from rich.console import Console

from dwh.compare.model import Cell, Comparison
from dwh.compare.report.terminal import print_report

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def printed(comparison: Comparison, *, terminal: bool = False, width: int = 100) -> str:
    out = io.StringIO()
    colours = "standard" if terminal else None
    print_report(comparison, Console(file=out, force_terminal=terminal, color_system=colours, width=width))
    return out.getvalue()


@pytest.mark.parametrize("name", ["passing", "failing", "hostile"])
def test_it_opens_with_the_verdict(name: str, request: pytest.FixtureRequest) -> None:
    comparison = request.getfixturevalue(name)
    assert printed(comparison).startswith(comparison.verdict.upper())


def test_a_pass_fits_one_screen(passing: Comparison) -> None:
    assert len(printed(passing, width=80).splitlines()) <= 24


def test_a_pass_within_a_threshold_shows_what_it_let_through(failing: Comparison) -> None:
    text = printed(dataclasses.replace(failing, verdict="pass"))
    assert "Most frequent changes" in text
    assert "How it was measured" in text


def test_a_pass_still_says_how_it_was_measured(passing: Comparison) -> None:
    said = " ".join(printed(passing).split())
    assert "equality by 64-bit fingerprint" in said
    assert "ignored columns: none" in said


def test_a_terminal_gets_colours_and_a_pipe_gets_the_same_text_without(failing: Comparison) -> None:
    coloured = printed(failing, terminal=True)
    assert COLOUR.search(coloured)
    assert COLOUR.sub("", coloured) == printed(failing)
    assert "\x1b" not in printed(failing)


def test_unexpected_and_expected_differ_in_words_too(failing: Comparison) -> None:
    text = printed(failing)
    assert re.search(r"avg_delay +11.5 +⟨null⟩ +✗ unexpected +12", text)
    assert re.search(r"on_time +41 +40 +✓ expected +612", text)


def test_hostile_values_cannot_reach_the_terminal(hostile: Comparison) -> None:
    text = COLOUR.sub("", printed(hostile, terminal=True))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b]", text)
    assert "[red]markup[/red]" in text


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_no_line_is_wider_than_the_console(hostile: Comparison, failing: Comparison, width: int) -> None:
    for comparison in (hostile, failing):
        assert max(cell_len(line) for line in printed(comparison, width=width).splitlines()) <= width


@pytest.mark.parametrize("width", [80, 120])
def test_a_name_is_found_by_searching_the_text(failing: Comparison, width: int) -> None:
    """No name of a column is cut by the end of a line, nor what marks a difference."""
    (delay,), name = [c for c in failing.columns if c.name == "avg_delay"], "mean_departure_delay_min"
    old, new = Cell("-3.7142857142857144"), Cell("-1.6538461538461537")
    top = (dataclasses.replace(delay.top[0], old=old, new=new),)
    columns = [dataclasses.replace(delay, name=name, top=top)]
    text = printed(dataclasses.replace(failing, columns=columns), width=width)
    assert re.search(rf"{name} .*-3\.7.*✗ unexpected", text)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_console_without_unicode_gets_escapes_and_no_error(failing: Comparison, encoding: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    print_report(failing, Console(file=stream, width=100))
    stream.flush()
    assert b"carrier_delays@0.1 \\u2192 carrier_delays@0.2" in raw.getvalue()

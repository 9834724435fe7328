"""What is printed changes neither what a command does nor how it ends."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dwh.core.output import takes_styles

COMMAND = """
import sys
from dwh.core.output import steadily
def command():
    print("a \\u2192 b \\udcff")
    print("note \\u2192", file=sys.stderr)
    sys.stdout.flush()
    print("done", file=open("done", "w"))
    return {code}
sys.exit(steadily(command))
"""


def run(
    folder: Path, code: int | None, redirection: str = "", **variables: str
) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a shell of its own."""
    text = f'"{sys.executable}" -c "$COMMAND" {redirection}'
    environment = {**os.environ, **variables, "COMMAND": COMMAND.format(code=code)}
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", text], cwd=folder, env=environment, capture_output=True, timeout=60
    )


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1:strict"])
def test_characters_that_the_encoding_lacks_are_spelled(tmp_path: Path, encoding: str) -> None:
    """Rather than fail whoever prints them."""
    done = run(tmp_path, 0, PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stdout) == (0, b"a \\u2192 b \\udcff\n")
    assert done.stderr == b"note \\u2192\n"


@pytest.mark.parametrize(
    ("redirection", "code", "ends"),
    [
        ("| true", 0, 0),  # a reader who has gone, whatever the command says
        ("| true", 2, 2),
        ("| true", None, 0),
        (">/dev/full", 0, 0),  # a verdict stands
        (">/dev/full", 2, 2),
        (">/dev/full", None, 1),  # what was only to be shown was not
        (">&-", 0, 0),
        (">&- 2>&-", 0, 0),
        ("2>&-", 0, 0),
        ("2>/dev/full", 0, 0),
    ],
)
def test_output_that_is_lost(tmp_path: Path, redirection: str, code: int | None, ends: int) -> None:
    """The work goes on to its end, without a traceback."""
    done = run(tmp_path, code, redirection)
    assert done.returncode == ends
    assert (tmp_path / "done").exists()
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr
    if redirection == ">/dev/full":
        assert b"error: the output could not be written: No space left on device" in done.stderr


@pytest.mark.parametrize(
    ("at_terminal", "variables", "taken"),
    [
        (True, {"TERM": "xterm"}, True),
        (False, {"TERM": "xterm"}, False),
        (True, {"TERM": "dumb"}, False),
        (True, {"TERM": "xterm", "NO_COLOR": "1"}, False),
    ],
)
def test_styles_are_for_terminals_that_want_them(monkeypatch, at_terminal, variables, taken):
    """Neither a pipe, nor a terminal that knows none, nor one whose user wants none, gets any."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    stream = io.StringIO()
    stream.isatty = lambda: at_terminal
    assert takes_styles(stream) is taken

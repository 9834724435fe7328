"""Many commands in one process: what is run, what is shown, how it ends, and that one engine does."""

from __future__ import annotations

import builtins
import io
import os
import pty
import subprocess
import sys

import pytest

from dwh.migrate import cli, console
from dwh.migrate.console import engine_kept, working_spark
from dwh.migrate.shell import run_shell


@pytest.fixture
def shell(monkeypatch, capsys):
    """Give lines to the shell: the words that it ran, its exit code, and its notes."""

    def typed(*lines, codes=()):
        ran, left = [], iter(codes)

        def run(words):
            ran.append(list(words))
            return next(left, 0)

        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        code = run_shell(cli.dwh, run)
        return ran, code, capsys.readouterr().err

    return typed


def test_commands_are_typed_as_at_any_prompt(shell):
    """With or without `dwh`, quoted as a shell does; comments and empty lines are nothing."""
    lines = ("jobs", "", "# a comment", 'dwh pin it 0.1 --reason "as it was" # why', "dwh", "exit", "pins")
    ran, code, _ = shell(*lines)
    assert ran == [["jobs"], ["pin", "it", "0.1", "--reason", "as it was"], []]
    assert code == 0


def test_help_is_asked_for_in_plain_words(shell):
    """Of the commands, and of one."""
    assert shell("help", "? run", "help rollout plan")[0] == [
        ["--help"],
        ["run", "--help"],
        ["rollout", "plan", "--help"],
    ]


def test_a_command_that_fails_does_not_end_the_shell(shell):
    """Its exit code is shown, and from a pipe that of the last one that failed is the shell's."""
    ran, code, notes = shell("one", "two", "three", codes=(1, 2, 0))
    assert (len(ran), code) == (3, 2)
    assert notes.splitlines() == ["exit code 1", "exit code 2"]


@pytest.mark.parametrize(
    ("line", "said"), [('pin "it', "No closing quotation"), ("dwh shell", "this is the shell already")]
)
def test_a_line_that_is_no_command(shell, line, said):
    """What cannot be read, or would start a shell in the shell, is told; the next line runs."""
    ran, code, notes = shell(line, "jobs")
    assert (ran, code) == ([["jobs"]], 2)
    assert said in notes and "[DWH" in notes


def test_ctrl_c_drops_a_line_and_ctrl_d_ends_the_shell(monkeypatch, tmp_path):
    """At a terminal the shell ends with 0, whatever failed in it."""
    typed = iter([KeyboardInterrupt(), "jobs", EOFError()])

    def type_in(_prompt):
        found = next(typed)
        if isinstance(found, BaseException):
            raise found
        return found

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(builtins, "input", type_in)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    ran = []
    assert run_shell(cli.dwh, lambda words: ran.append(words) or 1) == 0
    assert ran == [["jobs"]]


def test_words_are_run_as_the_command_would(typed_dwh, capfd, tmp_path, monkeypatch):
    """Run in this process, a command has the exit code and the messages of one that is typed."""
    monkeypatch.chdir(tmp_path)
    assert cli.run_words(["jobs", "--nope"]) == 2
    said = capfd.readouterr().err
    assert said.startswith("Usage: dwh jobs")
    assert typed_dwh("jobs", "--nope") == (2, "", said)
    assert cli.run_words(["pins"]) == typed_dwh("pins")[0] != 0


def test_commands_share_one_engine(spark, config, monkeypatch):
    """The engine outlives a command, and ends with all of them, unless it ran before they did."""
    ended = []
    monkeypatch.setattr(type(spark), "stop", lambda session: ended.append(session))
    with engine_kept():
        pass
    assert not ended
    before = iter([None])
    monkeypatch.setattr(console, "_running", lambda: next(before, spark))
    with engine_kept():
        for _ in range(2):
            with working_spark(config) as session:
                assert session.range(1).count() == 1
        assert not ended
    assert len(ended) == 1


def test_a_terminal_completes_and_remembers(tmp_path):
    """In a real terminal, Tab completes what is typed, and a history is kept for the next time."""
    pytest.importorskip("readline")
    ours, theirs = pty.openpty()
    code = "from dwh.migrate.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "shell"],
        **dict.fromkeys(("stdin", "stdout", "stderr"), theirs),
        cwd=tmp_path,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path), "TERM": "dumb"},
    )
    os.close(theirs)
    os.write(ours, b"job\t--hel\t\nexit\n")
    said = b""
    try:
        while piece := os.read(ours, 4096):
            said += piece
    except OSError:  # it has ended
        pass
    assert process.wait(timeout=60) == 0
    assert b"jobs --help" in said and b"List each job in each installed line" in said
    assert (tmp_path / "dwh" / "history").read_text().splitlines() == ["jobs --help ", "exit"]

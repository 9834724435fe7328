"""The process that an operator leads: what is run, what it says, and how it is stopped."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.airflow


def command(program: str, log=lambda line: None):
    """Make a command that runs a program."""
    from dwh.airflow._command import Command

    return Command([sys.executable, "-c", program], {"SAID": "hello"}, log)


def test_what_it_says_is_logged_and_what_it_prints_is_the_result():
    """Each line of standard error goes to the log; standard output is JSON."""
    lines: list[str] = []
    done = command(
        "import os, sys; print('a\\nb', file=sys.stderr); print('[\"' + os.environ['SAID'] + '\"]')",
        lines.append,
    ).run()
    assert (lines, done.result(), done.exit_code) == (["a", "b"], ["hello"], 0)


def test_why_it_failed_is_what_it_said_last():
    """The error begins where the command says `error:`, and names the command and its exit code."""
    done = command("import sys; sys.exit('working\\nerror: no\\ntype: yes')").run()
    assert (done.exit_code, done.error().said) == (1, "no\ntype: yes")
    assert "exit code 1 of: python" in str(done.error())


def test_the_code_of_what_failed_is_the_code_of_the_task():
    """Whoever reads the task's log looks up what `dwh` said; without a reason there is a code, too."""
    said = command("import sys; sys.exit('error: [DWH104] line 0.3 is not installed')").run().error()
    assert str(said).startswith("[DWH104] line 0.3 is not installed (exit code 1")
    assert str(command("import sys; sys.exit(3)").run().error()).startswith("[DWH943] it gave no reason")


def test_no_password_is_shown():
    """How a command is shown hides what may be a password in the URL of a requirement."""
    from dwh.airflow._command import Command

    shown = str(Command(["dwh", "--with=a @ https://me:hidden@host/a.whl"], {}, print))
    assert "hidden" not in shown
    assert "https://***@host/a.whl" in shown


@pytest.mark.parametrize("ignores", [False, True], ids=["interrupted", "killed"])
def test_it_can_be_stopped(ignores, monkeypatch):
    """Stopped, a command is interrupted; one that goes on is killed soon."""
    monkeypatch.setattr("dwh.airflow._command._SECONDS_TO_STOP", 1)
    setting = "SIG_IGN" if ignores else "default_int_handler"
    ready = threading.Event()
    endless = command(
        f"import signal, sys, time; signal.signal(signal.SIGINT, signal.{setting})\n"
        "print('ready', file=sys.stderr, flush=True); time.sleep(60)",
        lambda line: ready.set(),
    )
    began = time.monotonic()
    thread = threading.Thread(target=endless.run)
    thread.start()
    assert ready.wait(30)
    endless.stop()
    thread.join(30)
    assert endless.exit_code < 0
    assert time.monotonic() - began < 50


def test_the_command_beside_this_python_is_taken(tmp_path):
    """By default it is the `dwh` of Airflow's own environment; another can be named, with words before it."""
    from dwh.airflow._command import find_command
    from dwh.airflow.errors import CommandMissingError

    assert find_command(None) == [str(Path(sys.executable).with_name("dwh"))]
    assert find_command([sys.executable, "-m", "x"]) == [sys.executable, "-m", "x"]
    with pytest.raises(CommandMissingError, match="pip install dwh-migrate"):
        find_command(str(tmp_path / "dwh"))

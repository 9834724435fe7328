"""Which process began a run: what tells it from others, and what cannot be known from here."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from dwh.core.process import has_ended, this_process

HERE = socket.gethostname()
MINE = this_process()


def test_this_process_lives():
    """A process says of itself that it has not ended."""
    assert set(MINE) == {"boot", "pid_namespace", "started"}
    assert has_ended(MINE, HERE, os.getpid()) is False


def test_a_process_that_has_ended():
    """A process that is gone, or that nobody has asked how it ended, has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    started = {**MINE, "started": "0"}
    assert has_ended(started, HERE, child.pid) is True
    child.wait()
    assert has_ended(started, HERE, child.pid) is True


def test_a_number_that_was_given_anew():
    """Another process with the number of one that has ended is not taken for it."""
    assert has_ended({**MINE, "started": "1"}, HERE, os.getpid()) is True


@pytest.mark.parametrize(
    ("process", "host", "pid"),
    [
        ({**MINE, "boot": "another"}, HERE, 2**22 + 1),
        ({**MINE, "pid_namespace": "pid:[1]"}, HERE, 2**22 + 1),
        (MINE, "another", 2**22 + 1),
        ({}, HERE, 2**22 + 1),
        (None, HERE, os.getpid()),
        (MINE, HERE, 0),
    ],
    ids=["started again", "another container", "another machine", "unknown", "older release", "no number"],
)
def test_what_cannot_be_seen_from_here(process, host, pid):
    """A process of another boot, container or machine is not known to have ended."""
    assert has_ended(process, host, pid) is None

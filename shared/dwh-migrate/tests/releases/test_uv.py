"""What uv's answers come to."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from dwh.core.config import Config
from dwh.core.errors import DwhError
from dwh.migrate.releases import uv as uv_module
from dwh.migrate.releases.errors import (
    IndexUnreachableError,
    ReleaseMissingError,
    ReleaseUnsolvableError,
    UnknownPythonError,
    UvMissingError,
    WheelHashError,
    WheelhouseError,
)
from dwh.migrate.releases.uv import Uv
from dwh.migrate.releases.wanted import Wanted

WANTED = Wanted.parse("dwh-v0_1==0.1.0", Config(warehouse="/w", ledger="sqlite:////w/ledger.db"))


def test_without_uv(monkeypatch):
    """Where uv is neither beside this Python nor on PATH, the error says what to install."""
    monkeypatch.setattr(uv_module, "_beside", lambda: None)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UvMissingError, match="pip install uv"):
        Uv.find(WANTED, None)


def test_a_wheelhouse_that_is_not_there(monkeypatch, tmp_path):
    """A wheelhouse whose folder is missing is told before uv is asked."""
    monkeypatch.setattr(uv_module, "_beside", lambda: "uv")
    with pytest.raises(WheelhouseError, match="there is no such folder"):
        Uv.find(WANTED, str(tmp_path / "missing"))


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("error: Hash mismatch for `dwh-v0-1==0.1.0`", WheelHashError),
        ("error: No interpreter found for Python 3.99", UnknownPythonError),
        ("error: Failed to fetch: `https://someone:secret@127.0.0.1/simple/`", IndexUnreachableError),
        ("Because there is no version of dwh-v0-1==0.1.0 and you require it", ReleaseMissingError),
        ("Because dwh-v0-1==0.1.0 depends on pyspark<4 and you require pyspark>4", ReleaseUnsolvableError),
    ],
)
def test_what_uv_refuses(tmp_path: Path, said: str, error: type[DwhError]):
    """Each kind of refusal has an error of its own, and none shows a password."""
    fails = tmp_path / "uv"
    fails.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{said}\nEND\nexit 2\n")
    fails.chmod(fails.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(error) as caught:
        Uv(str(fails), None).ask(WANTED, tmp_path, "pip", "compile")
    assert "secret" not in str(caught.value)

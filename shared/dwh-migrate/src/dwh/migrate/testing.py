"""What tests of commands need; for the tests of this package, and of others that add commands to `dwh`."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from dwh.migrate.cli import main
from dwh.migrate.console import engine_kept

__all__ = ["Typed", "typed_dwh"]

Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def typed_dwh(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Typed:
    """The command in this process, which is quicker: its exit code, what it printed, and what it said.

    Where it needs Spark, it takes the application of this process, and leaves it running.
    """

    def typed(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["dwh", *words])
        capfd.readouterr()
        try:
            with engine_kept():
                main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        return (code, *capfd.readouterr())

    return typed

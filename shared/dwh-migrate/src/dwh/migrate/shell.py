"""Many commands in one process, on one engine: what `dwh shell` does.

Lines come from a terminal, with history and completion where Python has readline, or from a pipe. They are
run as the demo runs its own: by `cli.run_words`, within `console.engine_kept`.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from dwh.core.errors import UsageError
from dwh.migrate.console import engine_kept, print_error, print_note

if TYPE_CHECKING:
    import click

__all__ = ["run_shell"]

Run = Callable[[Sequence[str]], int]

_PROMPT = "dwh> "
_END = ("exit", "quit")
_MOST_REMEMBERED = 1000


def run_shell(root: click.Group, run: Run) -> int:
    """Run one command after the other; return 0 at a terminal, else the code of the last one that failed.

    Parameters:
        root: the command, for completion.
        run: runs the words of a command and returns its exit code, whatever happens.
    """
    at_terminal, failed = sys.stdin.isatty(), 0
    if at_terminal:
        print_note("type a command, such as: jobs; `help` lists them, `exit` or Ctrl-D ends the shell")
    with engine_kept(), _line_editing(root, at_terminal):
        for line in _lines(at_terminal):
            code = _run_line(line, run)
            failed = code or failed
            if code:
                print_note(f"exit code {code}")
    return 0 if at_terminal else failed


def _lines(at_terminal: bool) -> Iterator[str]:
    """Yield the lines that are typed, until they end; Ctrl-C drops the one that is being typed."""
    while True:
        try:
            line = input(_PROMPT) if at_terminal else sys.stdin.readline()
        except KeyboardInterrupt:
            print()
            continue
        except EOFError:
            print()
            return
        if line.strip() in _END or not (line or at_terminal):
            return
        yield line


def _run_line(line: str, run: Run) -> int:
    """Run a line as it would be typed at a shell's prompt, with or without `dwh` before it."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError as error:
        problem = f"{line.strip()}: {error}; close the quotation, or put a backslash before the quote"
        print_error(str(UsageError(problem)))
        return UsageError.exit_code
    typed = words[1:] if words[:1] == ["dwh"] else words
    if typed[:1] in (["help"], ["?"]):
        typed = [*typed[1:], "--help"]
    if typed[:1] == ["shell"]:
        print_error(str(UsageError("this is the shell already; type a command, such as: jobs")))
        return UsageError.exit_code
    try:
        return run(typed) if words else 0
    finally:
        sys.stdout.flush()


@contextmanager
def _line_editing(root: click.Group, wanted: bool) -> Iterator[None]:
    """Keep what is typed for the next time, and complete it by Tab, meanwhile."""
    readline = _readline() if wanted else None
    if readline is None:
        yield
        return
    history = _history_file()
    with suppress(OSError):
        readline.read_history_file(history)
    readline.set_completer(_Completer(root, readline))
    readline.set_completer_delims(" \t\n")
    libedit = "libedit" in (readline.__doc__ or "")
    readline.parse_and_bind("bind ^I rl_complete" if libedit else "tab: complete")
    try:
        yield
    finally:
        readline.set_history_length(_MOST_REMEMBERED)
        with suppress(OSError):
            history.parent.mkdir(parents=True, exist_ok=True)
            readline.write_history_file(history)
            history.chmod(0o600)


def _readline() -> ModuleType | None:
    try:
        import readline
    except ImportError:  # as in some builds of Python
        return None
    return readline


def _history_file() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state, "dwh", "history")


class _Completer:
    """Gives readline one possible word after the other."""

    def __init__(self, root: click.Group, readline: ModuleType) -> None:
        self._root, self._readline = root, readline
        self._found: list[str] = []

    def __call__(self, _text: str, state: int) -> str | None:
        if state == 0:
            from dwh.migrate.completion import completed

            line = self._readline.get_line_buffer()[: self._readline.get_endidx()]
            self._found = completed(self._root, line)
            if len(self._found) == 1 and not self._found[0].endswith("/"):
                self._found = [f"{self._found[0]} "]
        return self._found[state] if state < len(self._found) else None

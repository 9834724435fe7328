"""The `dwh` command as a process of its own: found, led, its log followed, stopped."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from dwh.airflow.errors import CommandError, CommandMissingError
from dwh.core.errors import without_secrets

__all__ = ["Command", "find_command"]

_SECONDS_TO_STOP = 40  # Airflow itself kills a task that has not ended after 60 seconds
_LINES_KEPT = 20


def find_command(wanted: str | Sequence[str] | None) -> list[str]:
    """Return the words that start `dwh`: what was asked for, else the one beside this Python, else on PATH.

    Raises CommandMissingError when there is none.
    """
    words = [wanted] if isinstance(wanted, str) else list(wanted or ())
    beside = Path(sys.executable).with_name("dwh")
    name = words[0] if words else str(beside) if beside.exists() else "dwh"
    found = shutil.which(name)
    if found is None:
        raise CommandMissingError(name)
    return [found, *words[1:]]


class Command:
    """One run of a command.

    Parameters:
        words: the command and its arguments.
        variables: environment variables beside those of this process.
        log: takes each line of what the command says while it works.
    """

    def __init__(
        self, words: Sequence[str], variables: Mapping[str, str], log: Callable[[str], None]
    ) -> None:
        self._words, self._variables, self._log = list(words), dict(variables), log
        self._process: subprocess.Popen[bytes] | None = None
        self._said: deque[str] = deque(maxlen=_LINES_KEPT)
        self.exit_code = 0
        self.output = ""

    def __str__(self) -> str:
        return without_secrets(shlex.join([Path(self._words[0]).name, *self._words[1:]]))

    def run(self) -> Command:
        """Run it to its end. Whatever interrupts that stops the command, too."""
        with tempfile.TemporaryFile() as output:
            self._process = subprocess.Popen(
                self._words,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.PIPE,
                env={**os.environ, **self._variables},
                start_new_session=True,  # so that it and its children can be stopped together
            )
            try:
                self._follow(self._process)
            except BaseException:
                self.stop()
                raise
            finally:
                self.exit_code = self._process.wait()
            output.seek(0)
            self.output = output.read().decode("utf-8", "replace")
        return self

    def stop(self) -> None:
        """Interrupt it, so that the run is recorded as interrupted, and soon kill it if it goes on.

        Does not wait: Airflow calls it from a signal handler, in the middle of `run`.
        """
        process = self._process
        if process is None or process.poll() is not None:
            return
        _signal(process, signal.SIGINT)
        killer = threading.Timer(_SECONDS_TO_STOP, _signal, (process, signal.SIGKILL))
        killer.daemon = True
        killer.start()

    def result(self) -> Any:
        """Return the JSON that it printed; raises CommandError when it printed none."""
        try:
            return json.loads(self.output)
        except json.JSONDecodeError:
            raise self.error() from None

    def error(self) -> CommandError:
        """Return why it failed: what it said from `error:` on, else its last line."""
        said = list(self._said)
        starts = [number for number, line in enumerate(said) if line.startswith("error:")]
        why = said[starts[-1] :] if starts else said[-1:]
        return CommandError(str(self), self.exit_code, "\n".join(why).removeprefix("error:").strip())

    def _follow(self, process: subprocess.Popen[bytes]) -> None:
        if process.stderr is None:
            return
        with process.stderr as lines:
            for line in lines:
                text = line.decode("utf-8", "replace").rstrip()
                self._said.append(text)
                self._log(text)


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):  # it has just ended
            os.killpg(process.pid, number)

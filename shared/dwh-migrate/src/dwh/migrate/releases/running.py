"""Runs a job in a release environment, as a process that looks to the caller like a run of its own.

The process gets the caller's configuration in a file that only this user can read, and its receipt comes
back in another. What it prints goes to Spark's log, or to standard error.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import IO

from dwh.core.config import Config
from dwh.core.dates import DateRange
from dwh.core.errors import DwhError
from dwh.core.followers import tell_followers
from dwh.core.lines import Reference
from dwh.core.receipt import Receipt
from dwh.migrate.releases._settings import to_toml
from dwh.migrate.releases.errors import EnvironmentGoneError, IsolatedRunError
from dwh.migrate.releases.make import using_release
from dwh.migrate.releases.store import ReleaseEnvironment
from dwh.migrate.releases.uv import clean_variables
from dwh.migrate.releases.wanted import Wanted

__all__ = ["run_release"]

_PATIENCE_SECONDS = 10


def run_release(
    config: Config,
    reference: Reference,
    dates: DateRange,
    wanted: Wanted,
    *,
    note: Callable[[str], None],
    log: IO[str] | None = None,
) -> Receipt:
    """Run a job of exactly one release in an environment of that release, which is made where it is missing.

    Ctrl-C, and the signal TERM, reach the run, which is then recorded as interrupted.

    Parameters:
        note: called with what is worth knowing on the way.
        log: where Spark's log goes; by default to a file that is named when the run fails.

    Raises what `release_environment` raises, IsolatedRunError with what the run says of its failure, and
    EnvironmentGoneError.
    """
    with using_release(config, wanted, note) as (made, descriptor), _kept(log, note) as output:
        note(f"{reference} runs in release environment {made.id}: Python {made.python}, pyspark {made.spark}")
        with tempfile.TemporaryDirectory(prefix="dwh-") as folder:  # which nobody else may enter
            settings, receipt = Path(folder) / "dwh.toml", Path(folder) / "receipt.json"
            settings.write_text(to_toml(config), "utf-8")
            code, pid = _run(made, descriptor, reference, dates, settings, receipt, output)
            if code == 0:
                return _followed(config, json.loads(receipt.read_text("utf-8")))
        problem = output.error.replace(str(settings), config.origin) or _ending(code)
        if made.is_ready():
            _close(config, pid, problem)
            raise IsolatedRunError(str(reference), problem, code)
        _close(config, pid, f"its release environment was deleted: {problem}")
        raise EnvironmentGoneError(environment=made.id, reference=str(reference), problem=problem)


class _Output:
    """What a process prints: its error is kept, warnings are noted, the rest goes to the log."""

    def __init__(self, log: IO[str], note: Callable[[str], None]) -> None:
        self._log, self._note = log, note
        self.error = ""

    def read(self, stream: IO[str]) -> None:
        for line in stream:
            if line.startswith("error: "):
                self.error = line.removeprefix("error: ").strip()
            elif "EndedLineWarning: " in line:
                self._note("warning: " + line.partition("EndedLineWarning: ")[2].strip())
            else:
                with suppress(ValueError):  # the log is closed: only Spark's farewell comes so late
                    self._log.write(line)


@contextmanager
def _kept(log: IO[str] | None, note: Callable[[str], None]) -> Iterator[_Output]:
    """Give a place for what a process prints: a log, or a file that stays when something fails."""
    if log:
        yield _Output(log, note)
        return
    path = Path(tempfile.mkdtemp(prefix="dwh-")) / "spark.log"
    keep = False
    try:
        with path.open("w", encoding="utf-8") as file:
            yield _Output(file, note)
    except DwhError as error:
        keep = error.exit_code == 1
        raise
    finally:
        if keep:
            note(f"Spark's log: {path}")
        else:
            shutil.rmtree(path.parent)


def _run(
    made: ReleaseEnvironment,
    descriptor: int,
    reference: Reference,
    dates: DateRange,
    settings: Path,
    receipt: Path,
    output: _Output,
) -> tuple[int, int]:
    """Run the entry script to its end; return its exit code and its process id."""
    variables = {k: v for k, v in clean_variables(os.environ).items() if not k.startswith("DWH_")}
    words = ("--job", str(reference), "--from", str(dates.first), "--to", str(dates.last))
    try:
        process = subprocess.Popen(
            [made.interpreter, "-I", "-m", "dwh.core.entry", *words, "--receipt", receipt],
            env={**variables, "DWH_CONFIG": str(settings)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            pass_fds=(descriptor,),  # whoever kills this process does not free what the other one runs in
            start_new_session=True,  # a terminal's Ctrl-C comes once, from here
        )
    except FileNotFoundError as error:
        raise EnvironmentGoneError(
            environment=made.id, reference=str(reference), problem=str(error)
        ) from None
    reader = threading.Thread(target=output.read, args=(process.stdout,), daemon=True)
    reader.start()
    with _passing_on(process) as received:
        code = process.wait()
    reader.join(_PATIENCE_SECONDS)
    if received:
        raise KeyboardInterrupt
    return code, process.pid


@contextmanager
def _passing_on(process: subprocess.Popen[str]) -> Iterator[list[int]]:
    """Pass Ctrl-C and TERM on to a process, as Ctrl-C; the list that is given fills with them."""
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return

    def handle(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)


def _followed(config: Config, receipt: Receipt) -> Receipt:
    """Return a receipt once catalogs have what it is of: a release's environment lacks what follows."""
    if config.catalogs:
        tell_followers(config, [receipt["table"]])
    return receipt


def _close(config: Config, pid: int, problem: str) -> None:
    """Record as failed what the process started and could not end itself."""
    from dwh.core.ledger import Ledger
    from dwh.core.ledger.schema import runs

    with suppress(DwhError):  # the run's own error counts
        ledger = Ledger.open(config.ledger)
        mine = (runs.c.host == socket.gethostname()) & (runs.c.pid == pid) & (runs.c.status == "started")
        for run in ledger.find_runs(mine):
            ledger.fail_run(run.id, problem)


def _ending(code: int) -> str:
    if code < 0:
        return f"its process was ended by the signal {signal.Signals(-code).name}"
    return f"its process exited with code {code} and gave no reason"

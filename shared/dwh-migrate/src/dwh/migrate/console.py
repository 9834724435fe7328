"""What a person sees: tables, progress while Spark works, errors.

At a terminal there is colour; in a pipe plain text, aligned and never cut. What data holds is
shown with its control and invisible characters escaped, so that it cannot act on the terminal.
"""

from __future__ import annotations

import json
import logging
import math
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dwh.compare.safe_text import json_visible
from dwh.core.config import Config
from dwh.core.engine import is_remote
from dwh.core.errors import UsageError
from dwh.core.output import column_widths, is_unicode, steady, takes_styles

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from rich.progress import Progress

__all__ = [
    "counted",
    "engine_kept",
    "print_detail",
    "print_error",
    "print_json",
    "print_note",
    "print_rows",
    "printable",
    "utc_text",
    "verbosely",
    "working_spark",
]

_POLL_SECONDS = 0.2
_FEW = 3
_BESIDE_CELLS = 3  # spaces that a table takes for each column


def printable(value: object) -> str:
    """Return a value as text in which nothing is invisible and nothing acts on a terminal."""
    if value is None:
        return "null"
    if isinstance(value, bytes | bytearray):
        return value.hex()
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(value))


def utc_text(instant: datetime) -> str:
    """Return an instant to the second, in UTC, as every table shows it."""
    return f"{instant.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S}Z"


def print_json(value: object) -> None:
    """Print data as JSON that every reader takes: dates, decimals, NaN and Infinity as text.

    Characters that are not seen, or look like others, are escapes.
    """
    ascii_only = not is_unicode(sys.stdout)
    text = json.dumps(_finite(value), indent=2, default=str, ensure_ascii=ascii_only, allow_nan=False)
    print(json_visible(text))


def _finite(value: Any) -> Any:
    """Return data with text in place of the numbers that JSON does not have."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(float(value))]
    if isinstance(value, Mapping):
        return {key if isinstance(key, str) else str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def print_rows(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    right: Sequence[str] = (),
    *,
    whole: bool = False,
) -> None:
    """Print a table; the columns named in `right` are aligned to the right.

    Parameters:
        whole: whether no cell goes over several lines, however narrow the terminal, so that it can be copied.
    """
    texts = [[printable(value) for value in row] for row in rows]
    if sys.stdout.isatty():
        _print_rich(columns, texts, right, whole)
    else:
        _print_plain(columns, texts, right)


def print_note(text: str) -> None:
    """Print something beside the result: dimmed, on standard error."""
    print(_styled(text, "2"), file=sys.stderr)


def _styled(text: str, style: str) -> str:
    """Return a text in a style of ANSI, where standard error is a terminal that is to show any."""
    return f"\x1b[{style}m{text}\x1b[0m" if takes_styles(sys.stderr) else text


_VERBOSE: ContextVar[bool] = ContextVar("whether details are told", default=False)


@contextmanager
def verbosely() -> Iterator[None]:
    """Let `print_detail` print meanwhile."""
    token = _VERBOSE.set(True)
    try:
        yield
    finally:
        _VERBOSE.reset(token)


def print_detail(text: str) -> None:
    """Print a note that `--verbose` asks for."""
    if _VERBOSE.get():
        print_note(text)


def print_error(text: str) -> None:
    """Print why the command stops, on standard error."""
    shown = "\n".join(printable(line) for line in text.splitlines())
    print(_styled("error:", "1;31"), shown, file=sys.stderr)


_KEPT: ContextVar[bool] = ContextVar("whether the engine outlives a command", default=False)


@contextmanager
def working_spark(config: Config, spark_log: bool = False) -> Iterator[SparkSession]:
    """Start Spark, show progress while it works, and stop it.

    Spark's own log goes to a file, which is named when something fails, unless `spark_log` asks to
    see it. At a terminal a progress bar takes its place.
    """
    from dwh.core.session import spark_session

    print_detail(_engine_taken(config))
    if not spark_log:
        # Py4J logs an interrupted call with its traceback; what matters of it is reported anyway.
        logging.getLogger().addHandler(logging.NullHandler())
    starting = f"starting {config.engine.title()}"
    with nullcontext() if spark_log else _log_aside(), _progress(not spark_log, starting) as progress:
        spark = spark_session(config.spark, config.engine)
        # PySpark's handler talks to the JVM in the middle of another talk; a plain KeyboardInterrupt
        # ends the one that is waiting, and stopping Spark cancels its jobs.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            with _followed(spark, progress, "Sail" if config.engine == "sail" else "Spark Connect"):
                yield spark
        finally:
            if not _KEPT.get():
                spark.stop()


def _engine_taken(config: Config) -> str:
    if _KEPT.get() and _running():
        return f"engine: {config.engine}, which runs already"
    taken = f"engine: {config.engine}, because {config.engine_reason}"
    other = "sail" if config.engine == "spark" else "spark"
    return f'{taken}; engine = "{other}" in dwh.toml, or DWH_ENGINE={other}, takes the other'


def _running() -> SparkSession | None:
    """Return the session that a command before has left in this process."""
    if "pyspark" not in sys.modules:
        return None
    from pyspark.sql import SparkSession

    return SparkSession.getActiveSession()


@contextmanager
def engine_kept() -> Iterator[None]:
    """Let the commands within share one engine: the first that needs one starts it, the end stops it.

    One that runs already is shared, too, and left to whoever started it.
    """
    before, token = _running(), _KEPT.set(True)
    try:
        yield
    finally:
        _KEPT.reset(token)
        if before is None and (session := _running()):
            session.stop()


@contextmanager
def counted(what: str) -> Iterator[Callable[[int, int], None]]:
    """Give a function that is told how much of how much is done; at a terminal a progress bar shows it."""
    with _progress(sys.stderr.isatty(), what) as progress:

        def told(done: int, of: int) -> None:
            if progress is not None:
                progress.update(progress.task_ids[0], completed=done, total=of)

        yield told


@contextmanager
def _log_aside() -> Iterator[None]:
    """Send what Spark's JVM writes to standard error to a file, and what Python writes to where it was.

    The JVM inherits the file descriptor, so that is where it is told apart.
    """
    log = Path(tempfile.mkdtemp(prefix="dwh-")) / "spark.log"
    python_stderr, descriptor = sys.stderr, os.dup(2)
    with log.open("wb") as file:
        os.dup2(file.fileno(), 2)
    sys.stderr = steady(os.fdopen(os.dup(descriptor), "w", buffering=1, encoding=python_stderr.encoding))
    is_told = False
    try:
        yield
    except Exception as error:
        is_told = not isinstance(error, UsageError) and log.stat().st_size > 0  # Sail writes none
        if is_told:
            print_note(f"Spark's log: {log}")
        raise
    finally:
        os.dup2(descriptor, 2)
        os.close(descriptor)
        sys.stderr.close()
        sys.stderr = python_stderr
        if not is_told:
            shutil.rmtree(log.parent)


@contextmanager
def _progress(wanted: bool, what: str) -> Iterator[Progress | None]:
    if not wanted or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    parts = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*parts, console=Console(file=sys.stderr), transient=True) as progress:
        progress.add_task(what, total=None)
        yield progress


@contextmanager
def _followed(spark: SparkSession, progress: Progress | None, server: str) -> Iterator[None]:
    """Keep a progress bar at the state of Spark's running stages, until the work is done.

    A server does not tell of them, and its bar only says which one works.
    """
    if progress is None or is_remote(spark):
        if progress is not None:
            progress.update(progress.task_ids[0], description=f"waiting for {server}")
        yield
        return
    done = threading.Event()
    follower = threading.Thread(target=_follow, args=(spark, progress, done), daemon=True)
    follower.start()
    try:
        yield
    finally:
        done.set()
        follower.join()


def _follow(spark: SparkSession, progress: Progress, done: threading.Event) -> None:
    tracker = spark.sparkContext.statusTracker()
    while not done.wait(_POLL_SECONDS):
        stages = [info for stage in tracker.getActiveStageIds() if (info := tracker.getStageInfo(stage))]
        total, finished = sum(s.numTasks for s in stages), sum(s.numCompletedTasks for s in stages)
        what = f"Spark: {finished} of {total} tasks" if stages else "waiting for Spark"
        progress.update(progress.task_ids[0], description=what, completed=finished, total=total or None)


def _print_rich(
    columns: Sequence[str], texts: Sequence[Sequence[str]], right: Sequence[str], whole: bool
) -> None:
    """Print a table for a person.

    Where the terminal is too narrow, cells are folded between words, but no word is: then few rows, or rows
    more than twice as wide as the terminal, are records, and others lines that the terminal wraps.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    cells = list(zip(columns, *texts, strict=True))
    is_far_too_wide = sum(max(map(len, column)) for column in cells) > 2 * console.width
    widths = column_widths(cells, console.width - _BESIDE_CELLS * len(columns) - 1, whole)
    if len(columns) > 2 and (is_far_too_wide or (widths is None and len(texts) <= _FEW)):
        _print_records(columns, texts)
        return
    if widths is None:
        _print_plain(columns, texts, right)
        return
    table = Table(box=box.SIMPLE_HEAD, header_style="bold cyan")
    for column, width in zip(columns, widths, strict=True):
        justify: Literal["right", "left"] = "right" if column in right else "left"
        table.add_column(Text(column), justify=justify, overflow="fold", width=width)
    for row in texts:
        table.add_row(*(Text(text, style="dim" if text == "null" else "") for text in row))
    console.print(table)


def _print_records(columns: Sequence[str], texts: Sequence[Sequence[str]]) -> None:
    """Print each row by itself, a value a line."""
    width = max(map(len, columns))
    for row in texts:
        print()
        for name, text in zip(columns, row, strict=True):
            print(f"{name:{width}}  {text}".rstrip())


def _print_plain(columns: Sequence[str], texts: Sequence[Sequence[str]], right: Sequence[str]) -> None:
    widths = [max(map(len, column)) for column in zip(columns, *texts, strict=True)]
    for row in (columns, *texts):
        cells = (
            text.rjust(width) if name in right else text.ljust(width)
            for name, text, width in zip(columns, row, widths, strict=True)
        )
        print("  ".join(cells).rstrip())

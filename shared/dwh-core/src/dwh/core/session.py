"""Spark sessions: one application for the process, one session of its own for each run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any

from dwh.core.config import Engine, load_config
from dwh.core.engine import check_reachable, is_remote, remote_address, sail_session
from dwh.core.errors import PYSPARK_MISSING, SparkUnavailableError, one_line

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["interruptible", "line_session", "spark_session"]

_DEFAULTS = {
    "spark.app.name": "dwh",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    # The machine's zone must not decide what a timestamp means; a line's settings may.
    "spark.sql.session.timeZone": "UTC",
}
_LOCAL_DEFAULTS = {
    "spark.master": "local[*]",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.shuffle.partitions": "8",
    # On a local disk, listing a year of folders takes less time than starting a task for each.
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "10000",
}


def spark_session(settings: Mapping[str, str] | None = None, engine: Engine | None = None) -> SparkSession:
    """Return the application's session as it is, or start the engine with these settings.

    Parameters:
        settings, engine: by default those of the configuration that holds here.

    Without a master, neither in the settings nor from spark-submit, Spark runs in this process.
    Raises SparkUnavailableError when it cannot start, cannot be reached, or is not installed.
    """
    try:
        from pyspark.sql import SparkSession
    except ModuleNotFoundError as error:
        if error.name != "pyspark":
            raise
        raise SparkUnavailableError(*PYSPARK_MISSING) from None

    with suppress(Exception):  # its type differs between versions of Spark
        return SparkSession.active()
    if settings is None or engine is None:
        config = load_config()
        settings = config.spark if settings is None else settings
        engine = engine or config.engine
    if engine == "sail":
        return sail_session({**_DEFAULTS, **settings})
    check_reachable(settings)
    # Python workers would otherwise take the first python3 on PATH, which may lack the line's code.
    os.environ.setdefault("PYSPARK_PYTHON", settings.get("spark.pyspark.python", sys.executable))
    builder = SparkSession.builder
    for key, value in {**_defaults(settings), **settings}.items():
        builder = builder.config(key, value)
    try:
        return builder.getOrCreate()
    except Exception as error:
        if not remote_address(settings) and not _has_java():
            home = os.environ.get("JAVA_HOME")
            raise SparkUnavailableError(
                f"there is no Java in JAVA_HOME={home}" if home else "there is no Java on this machine",
                "install Java 17 or later, and put it on PATH or in JAVA_HOME",
            ) from None
        if "CONNECT_URL_NOT_SET" in str(error):
            raise SparkUnavailableError(
                "only PySpark's client is installed, and no server is named",
                "type: pip install 'dwh-core[spark]', or let Sail compute: engine = \"sail\" in dwh.toml",
            ) from None
        raise SparkUnavailableError(
            one_line(error), "check [spark] in dwh.toml, and Spark's own log"
        ) from error


@contextmanager
def line_session(spark: SparkSession, settings: Mapping[str, str]) -> Iterator[SparkSession]:
    """Give a new session in the same application, with SQL settings of its own, active meanwhile.

    Settings, temporary views and functions of one session are unknown to the others.
    """
    if is_remote(spark):
        with _remote_session(spark) as session:
            _configure(session, settings)
            yield session
        return
    before = spark.getActiveSession()
    session = spark.newSession()
    _configure(session, settings)
    _activate(session)
    try:
        yield session
    except Exception:  # after a hard interrupt, Spark may not answer any more
        _activate(before or spark)
        raise
    _activate(before or spark)


@contextmanager
def _remote_session(spark: Any) -> Iterator[SparkSession]:
    """Give a new session on the same Spark Connect server, which forgets it afterwards, whatever it does."""
    session = type(spark)(spark.client._builder)  # there is no newSession, and a clone would know the views
    if session._session_id == spark._session_id:
        raise SparkUnavailableError(
            "the server's address fixes session_id, and each run needs a session of its own",
            "remove session_id from it",
        )
    threads, before = type(spark)._active_session, spark.getActiveSession()
    threads.session = session
    try:
        yield session
    finally:
        threads.session = before
        with suppress(Exception):  # the server may be gone, or too old to forget a session at once
            session.interruptAll()
            session.client.release_session()
        session.client.close()


@contextmanager
def interruptible(spark: SparkSession) -> Iterator[None]:
    """Let Ctrl-C in the main thread cancel what Spark does, and then raise KeyboardInterrupt.

    PySpark's own handler speaks into the connection on which the main thread waits for an answer,
    and breaks it. Over Spark Connect, Python's own handler raises at once, but the interrupt is lost
    where gRPC happens to be in a callback. Here another thread cancels what runs until it has ended.
    A second Ctrl-C interrupts at once.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed, over = threading.Event(), threading.Event()

    def cancel(stop: Callable[[], object]) -> None:
        while not over.wait(0.2):
            with suppress(Exception):  # the server may be gone, or have nothing left to stop
                stop()

    def handle(_signal: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        remote = is_remote(spark)
        if remote or _waits_for_spark(frame):
            pressed.set()
            threading.Thread(target=cancel, args=(_stop(spark),), daemon=True).start()
        if remote or not pressed.is_set():
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    except Exception as error:
        if pressed.is_set():
            raise KeyboardInterrupt from error
        raise
    finally:
        over.set()
        signal.signal(signal.SIGINT, before or signal.default_int_handler)
    if pressed.is_set():
        raise KeyboardInterrupt


def _stop(spark: SparkSession) -> Callable[[], object]:
    """Return what stops all that Spark does for the session that is active in this thread."""
    if is_remote(spark):
        return (spark.getActiveSession() or spark).interruptAll
    return spark.sparkContext.cancelAllJobs


def _waits_for_spark(frame: FrameType | None) -> bool:
    while frame is not None and not frame.f_globals.get("__name__", "").startswith("py4j."):
        frame = frame.f_back
    return frame is not None


def _configure(session: SparkSession, settings: Mapping[str, str]) -> None:
    for key, value in settings.items():
        session.conf.set(key, value)


def _activate(session: SparkSession) -> None:
    """Make a session the one whose settings expressions take, which Spark 3.5 does as they are built."""
    session.createDataFrame([], "nothing int")  # has just that effect


def _defaults(settings: Mapping[str, str]) -> dict[str, str]:
    if remote_address(settings):  # a client sets nothing but SQL: its server warns of the rest
        return {key: value for key, value in _DEFAULTS.items() if key.startswith("spark.sql.")}
    submitted = any(name in os.environ for name in ("MASTER", "PYSPARK_GATEWAY_PORT"))
    here = not submitted and settings.get("spark.master", "local").startswith("local")
    return {**_DEFAULTS, **_LOCAL_DEFAULTS} if here else _DEFAULTS


def _has_java() -> bool:
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin" if home else None)
    return java is not None and subprocess.run([java, "-version"], capture_output=True).returncode == 0

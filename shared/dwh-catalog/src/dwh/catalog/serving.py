"""Serves a catalog until it is told to stop, and says how engines attach to it."""

from __future__ import annotations

import errno
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn

from dwh.catalog.errors import ServeError
from dwh.catalog.rest import catalog_app, is_loopback
from dwh.catalog.served import ServedTables

__all__ = ["TOKEN", "attaching", "listening", "serve"]

TOKEN = "DWH_CATALOG_TOKEN"  # noqa: S105
"""The variable with the token that readers have to send."""

_EVERY = ("0.0.0.0", "::")  # noqa: S104
"""Where all addresses of a machine are listened at, which is no address to call."""

_CLOSING = 5
"""Seconds that answers under way may still take when the server is stopped."""


@contextmanager
def listening(host: str, port: int, token: str | None) -> Iterator[tuple[socket.socket, str]]:
    """Give a socket that listens, and its address as readers write it.

    Raises ServeError when others than this machine would be let in without a token, and when the port or the
    host cannot be used.
    """
    if token is None and not is_loopback(host):
        hint = f"set a token that readers send, such as: export {TOKEN}=$(openssl rand -hex 24)"
        raise ServeError(host, port, "every machine that reaches this one could read all tables", hint)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        found = socket.create_server((host, port), family=family)
    except OSError as error:
        hint = "give --host a name or an address of this machine"
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            another = port + 1 if 1024 <= port < 65535 else 8182
            hint = f"type: dwh catalog serve --port {another}"
        problem = (error.strerror or str(error)).partition(" (")[0]
        raise ServeError(host, port, problem, hint) from None
    with found:
        name = socket.gethostname() if host in _EVERY else f"[{host}]" if ":" in host else host
        yield found, f"http://{name}:{found.getsockname()[1]}"


def serve(tables: ServedTables, token: str | None, at: socket.socket) -> None:
    """Answer until Ctrl-C or SIGTERM; what is being answered then is finished."""
    app = catalog_app(tables, token)
    config = uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=_CLOSING)
    # uvicorn has handlers of its own only while it runs, and then sends the signal again.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[at])
    finally:
        signal.signal(signal.SIGTERM, before)


def attaching(address: str, token: str | None) -> list[tuple[str, str]]:
    """Return what to type in each engine, without the token itself."""
    bearer, secret, spark = "", "AUTHORIZATION_TYPE 'none'", ""
    if token is not None:
        bearer, secret = f', token=os.environ["{TOKEN}"]', f"TOKEN '${TOKEN}'"
        spark = f' --conf spark.sql.catalog.dwh.token="${TOKEN}"'
    catalog = "spark.sql.catalog.dwh"
    return [
        ("pyiceberg", f'load_catalog("dwh", type="rest", uri="{address}"{bearer})'),
        ("DuckDB", f"ATTACH '' AS dwh (TYPE iceberg, ENDPOINT '{address}', {secret})"),
        (
            "Spark",
            f"--conf {catalog}=org.apache.iceberg.spark.SparkCatalog --conf {catalog}.type=rest "
            f"--conf {catalog}.uri={address} --conf {catalog}.cache-enabled=false{spark}",
        ),
    ]

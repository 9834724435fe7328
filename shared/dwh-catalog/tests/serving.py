"""A served catalog as engines reach it: by a real server, in a thread of the test."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
import uvicorn
from pyiceberg.catalog import Catalog, load_catalog

from dwh.catalog.rest import catalog_app
from dwh.catalog.served import ServedTables
from dwh.catalog.serving import listening
from dwh.core.config import Config


@dataclass
class Served:
    """A server, and what it is asked."""

    address: str
    token: str | None

    def ask(self, path: str, method: str = "GET", **headers: str) -> requests.Response:
        bearer = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return requests.request(method, f"{self.address}{path}", headers={**bearer, **headers}, timeout=30)

    def error(self, path: str, method: str = "GET", **headers: str) -> tuple[int, str, str]:
        """Return the status, and the kind and the message of the error."""
        answer = self.ask(path, method, **headers)
        error = answer.json()["error"]
        assert error["code"] == answer.status_code
        return answer.status_code, error["type"], error["message"]

    def catalog(self) -> Catalog:
        """Return the catalog as pyiceberg attaches it."""
        token = {"token": self.token} if self.token else {}
        return load_catalog("served", type="rest", uri=self.address, **token)

    def rows(self, name: str, **scan: Any) -> list[dict[str, Any]]:
        return self.catalog().load_table(name).scan(**scan).to_arrow().to_pylist()


@contextmanager
def served(config: Config, token: str | None = None) -> Iterator[Served]:
    """Serve a warehouse."""
    app = catalog_app(ServedTables(config), token)
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
    with listening("127.0.0.1", 0, token) as (at, address):
        thread = threading.Thread(target=server.run, kwargs={"sockets": [at]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.005)
        yield Served(address, token)
        server.should_exit = True
        thread.join()

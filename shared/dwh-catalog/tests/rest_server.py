"""A small Iceberg REST catalog on loopback, which keeps its tables by pyiceberg in SQLite."""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pyiceberg.catalog import load_catalog
from pyiceberg.catalog.rest import CommitTableRequest
from pyiceberg.exceptions import CommitFailedException, NoSuchNamespaceError, NoSuchTableError
from pyiceberg.table import StagedTable

TOKEN = "let-me-in"


@contextmanager
def rest_server(
    folder: Path, asked: list[str] | None = None, *, namespaces: Collection[str] | None = None
) -> Iterator[str]:
    """Give the address of a server; it wants TOKEN.

    Parameters:
        asked: to which each request is added, as `GET /v1/config`.
        namespaces: that are there, where nobody may make one.
    """
    catalog = load_catalog("behind", type="sql", uri=f"sqlite:///{folder}/behind.db")
    for name in namespaces or ():
        catalog.create_namespace_if_not_exists(name)
    own = {"catalog": catalog, "asked": [] if asked is None else asked, "is_open": namespaces is None}
    handler = type("Handler", (_Handler,), own)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    catalog: Any
    asked: list[str]
    is_open: bool

    def do_GET(self) -> None:
        self._answered("GET")

    def do_HEAD(self) -> None:
        self._answered("HEAD")

    def do_POST(self) -> None:
        self._answered("POST")

    def log_message(self, *_: Any) -> None:
        pass

    def _answered(self, method: str) -> None:
        self.asked.append(f"{method} {self.path}")
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or "{}")
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._send(401, _error("NotAuthorizedException", "the token has expired"))
        if (method, self.path) == ("POST", "/v1/namespaces") and not self.is_open:
            return self._send(403, _error("ForbiddenException", "you may not create namespaces"))
        words = [unquote(word) for word in urlsplit(self.path).path.strip("/").split("/")[1:]]
        try:
            self._send(200, self._found(method, words, body))
        except (NoSuchTableError, NoSuchNamespaceError) as error:
            self._send(404, _error(type(error).__name__.replace("Error", "Exception"), str(error)))
        except CommitFailedException as error:
            self._send(409, _error("CommitFailedException", str(error)))

    def _found(self, method: str, words: list[str], body: dict[str, Any]) -> dict[str, Any]:
        if words == ["config"]:
            return {"defaults": {}, "overrides": {}}
        if words == ["namespaces"]:
            self.catalog.create_namespace_if_not_exists(tuple(body["namespace"]))
            return {"namespace": body["namespace"], "properties": {}}
        if len(words) == 2:
            self.catalog.load_namespace_properties(words[1])
            return {"namespace": [words[1]], "properties": {}}
        identifier = (words[1], words[3])
        if method == "POST":
            self._commit(identifier, body)
        table = self.catalog.load_table(identifier)
        metadata = json.loads(table.metadata.model_dump_json())
        return {"metadata-location": table.metadata_location, "metadata": metadata, "config": {}}

    def _commit(self, identifier: tuple[str, str], body: dict[str, Any]) -> None:
        wanted = CommitTableRequest.model_validate(
            {**body, "identifier": {"namespace": [identifier[0]], "name": identifier[1]}}
        )
        named = StagedTable.__new__(StagedTable)
        named._identifier = identifier
        self.catalog.commit_table(named, tuple(wanted.requirements), tuple(wanted.updates))

    def _send(self, code: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _error(kind: str, message: str) -> dict[str, Any]:
    return {"error": {"type": kind, "message": message, "code": 0}}

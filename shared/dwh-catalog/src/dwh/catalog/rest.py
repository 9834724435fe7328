"""The tables of a warehouse by Iceberg's REST protocol, as far as readers speak it. Nothing is ever changed.

Whatever goes wrong is answered in the protocol's words: `{"error": {"message": …, "type": …, "code": …}}`.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from dwh.catalog.errors import CatalogError
from dwh.catalog.served import ServedTables
from dwh.core.errors import DwhError, LedgerError, one_line

__all__ = ["catalog_app", "is_loopback"]

_READING = ("GET", "HEAD")
_NAMESPACES, _TABLES = "/namespaces", "/namespaces/{namespace}/tables"
_ENDPOINTS = (
    f"GET {_NAMESPACES}",
    f"GET {_NAMESPACES}/{{namespace}}",
    f"HEAD {_NAMESPACES}/{{namespace}}",
    f"GET {_TABLES}",
    f"GET {_TABLES}/{{table}}",
    f"HEAD {_TABLES}/{{table}}",
)
"""What readers may ask for, as the protocol writes it."""

_TYPES = {
    400: "BadRequestException",
    401: "NotAuthorizedException",
    403: "ForbiddenException",
    404: "NotFoundException",
    405: "UnsupportedOperationException",
    422: "UnprocessableEntityException",
}
_THERE = Response(status_code=204)
_NOWHERE = "there is nothing at this path: the catalog's paths begin with /v1, and GET /v1/config names them"
_READ_ONLY = "this catalog only reads: what its tables hold is what dwh runs, publishes and rolls back"
_TOKEN = "this catalog wants the token that it was started with, as Authorization: Bearer TOKEN"  # noqa: S105
_STRANGER = (
    "this catalog answers to localhost and 127.0.0.1 alone; for another name start it with DWH_CATALOG_TOKEN"
)


def catalog_app(tables: ServedTables, token: str | None) -> Starlette:
    """Return the application that answers for tables.

    Parameters:
        token: which each request has to bear. With None, each is answered that calls this machine by one of
            its own names, so that no page in a browser reads tables by a name that leads here.
    """
    answers = _Answers(tables)
    paths: dict[str, Callable[[Request], Response]] = {
        "/config": answers.config,
        _NAMESPACES: answers.namespaces,
        f"{_NAMESPACES}/{{namespace}}": answers.namespace,
        _TABLES: answers.tables,
        f"{_TABLES}/{{name}}": answers.table,
        f"{_NAMESPACES}/{{namespace}}/views": answers.views,
    }
    handlers: dict[Any, Any] = {
        NoSuchNamespaceError: lambda _, error: _refusal(404, str(error), "NoSuchNamespaceException"),
        NoSuchTableError: lambda _, error: _refusal(404, str(error), "NoSuchTableException"),
        HTTPException: lambda _, error: _refusal(error.status_code, _NOWHERE),
        DwhError: lambda _, error: _refusal(422, str(error)),
        LedgerError: lambda _, error: _refusal(500, str(error)),
        CatalogError: lambda _, error: _refusal(500, str(error)),
        Exception: lambda _, error: _refusal(500, one_line(error)),
    }
    return Starlette(
        routes=[Route(f"/v1{path}", answer) for path, answer in paths.items()],
        middleware=[Middleware(_Gate, token=token)],
        exception_handlers=handlers,
    )


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine, as this machine alone sees it."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Answers:
    """What is answered at each path. Starlette calls these in threads."""

    def __init__(self, tables: ServedTables) -> None:
        self._served = tables

    def config(self, _: Request) -> Response:
        endpoints = [each.replace(" ", " /v1/{prefix}") for each in _ENDPOINTS]
        return JSONResponse({"defaults": {}, "overrides": {}, "endpoints": endpoints})

    def namespaces(self, request: Request) -> Response:
        parent = request.query_params.get("parent")
        if parent:
            self._served.tables(parent)  # or there is none
        return JSONResponse({"namespaces": [] if parent else [[each] for each in self._served.namespaces()]})

    def namespace(self, request: Request) -> Response:
        name = request.path_params["namespace"]
        self._served.tables(name)
        return _THERE if request.method == "HEAD" else JSONResponse({"namespace": [name], "properties": {}})

    def tables(self, request: Request) -> Response:
        namespace = request.path_params["namespace"]
        names = self._served.tables(namespace)
        return JSONResponse({"identifiers": [{"namespace": [namespace], "name": name} for name in names]})

    def table(self, request: Request) -> Response:
        if request.method == "HEAD":  # nothing has to be made to say that it is there
            self._served.subject(**request.path_params)
            return _THERE
        found = self._served.table(**request.path_params)
        location, metadata = json.dumps(found.metadata_location), found.metadata.model_dump_json()
        content = f'{{"metadata-location":{location},"metadata":{metadata},"config":{{}}}}'
        return Response(content, media_type="application/json")

    def views(self, request: Request) -> Response:
        self._served.tables(request.path_params["namespace"])
        return JSONResponse({"identifiers": []})


class _Gate:
    """Lets in those who may read, and nothing but reading."""

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app, self._token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = self._refused(Request(scope)) if scope["type"] == "http" else None
        await (refused or self._app)(scope, receive, send)

    def _refused(self, request: Request) -> Response | None:
        if self._token is None:
            if not is_loopback(request.url.hostname or ""):
                return _refusal(403, _STRANGER)
        elif not self._bears(request.headers.get("authorization", ""), self._token):
            return _refusal(401, _TOKEN)
        return None if request.method in _READING else _refusal(405, _READ_ONLY)

    @staticmethod
    def _bears(authorization: str, token: str) -> bool:
        kind, _, found = authorization.partition(" ")
        return hmac.compare_digest(found.encode(), token.encode()) and kind.lower() == "bearer"


def _refusal(status: int, message: str, kind: str | None = None) -> Response:
    error = {"message": message, "type": kind or _TYPES.get(status, "InternalServerError"), "code": status}
    headers = {"Allow": ", ".join(_READING)} if status == 405 else None
    return JSONResponse({"error": error}, status, headers)

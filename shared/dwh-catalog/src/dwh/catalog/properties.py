"""Properties of a catalog as pyiceberg takes them: most as text, whatever TOML has them as.

What pyiceberg reads as a number, as yes or no, or as one of a few words is checked here, because there a
wrong one is an error of Python's, or goes unnoticed. Values are never shown: any of them may be a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

from dwh.core.errors import ConfigError

__all__ = ["Refused", "checked_properties"]

Refused = Callable[[str, object, str], ConfigError]
"""Returns the error for a key below `[catalogs.NAME]`, from what was found and what is allowed."""

_WHOLE = {
    "glue.max-retries": 0,
    "rest.sigv4.max-retries": 0,
    "rest-page-size": 1,
    "buffer-size": 1,
    "gcs.oauth2.token-expires-at": 0,
    "hdfs.port": 1,
}
"""Whole numbers, each with the least that it can be."""

_SECONDS = ("s3.connect-timeout", "s3.request-timeout", "gcs.cache-timeout")
_SWITCHES = (
    *("echo", "pool_pre_ping", "init_catalog_tables"),
    *("rest.sigv4-enabled", "view-endpoints-supported", "glue.skip-archive"),
    *("s3.anonymous", "s3.force-virtual-addressing", "s3.resolve-region"),
    *("gcs.requester-pays", "gcs.version-aware", "adls.anon"),
)
_CHOICES = {
    "glue.retry-mode": ("standard", "adaptive", "legacy"),
    "schema_version": ("v0", "v1"),
    "snapshot-loading-mode": ("all", "refs"),
    "scan-planning-mode": ("client", "server"),
}
_YES, _NO = ("y", "yes", "t", "true", "on", "1"), ("n", "no", "f", "false", "off", "0")
_NEVER_TEXT = (
    "glue.max-retries",
    "gcs.cache-timeout",
    "adls.anon",
)  # which other libraries get without a conversion
_TABLES = ("auth", "ssl")  # of REST catalogs
_ELSEWHERE = {
    "type": "nothing of that name: it belongs above, as catalogs.NAME.type",
    "name": "nothing of that name: the name of a catalog is that of its table, [catalogs.NAME]",
    "py-catalog-impl": "nothing of that name: catalogs are of the types sql, rest and glue",
}
_PLAIN = 'text, a number or a boolean; a key with dots needs quotes: "s3.region" = "eu-central-1"'
_AUTH = '{ type = "basic", basic = { username = "…", password = "…" } }'
_SSL = '{ cabundle = "FILE" }'


def checked_properties(values: Mapping[str, Any], kind: str | None, refused: Refused) -> dict[str, Any]:
    """Return properties as pyiceberg needs them; raises what `refused` returns.

    Parameters:
        kind: the catalog's type.
    """
    return {key: _checked(key, value, kind, refused) for key, value in values.items()}


def _checked(key: str, value: Any, kind: str | None, refused: Refused) -> Any:
    where = f"properties.{key}"
    if key in _ELSEWHERE:
        raise refused(where, type(value).__name__, _ELSEWHERE[key])
    if key in _TABLES and kind == "rest":
        return _table(where, value, refused)
    if not isinstance(value, str | int | float):
        raise refused(where, type(value).__name__, _PLAIN)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if allowed := _allowed(key, value, text):
        raise refused(where, "other text" if isinstance(value, str) else value, allowed)
    return _converted(key, text) if key in _NEVER_TEXT else text


def _allowed(key: str, value: Any, text: str) -> str | None:
    """Return what a property may be, where it is something else; None where it is that."""
    if key in _WHOLE:
        least = _WHOLE[key]
        fits = not isinstance(value, bool) and _is_whole(text) and int(text) >= least
        return None if fits else f"a whole number, {least} or more"
    if key in _SECONDS:
        fits = not isinstance(value, bool) and _is_above_zero(text)
        return None if fits else "a number of seconds above 0"
    if key in _SWITCHES:
        debug = ("debug",) if key == "echo" else ()
        return None if text.lower() in (*_YES, *_NO, *debug) else "true or false"
    choices = _CHOICES.get(key, (text,))
    return None if text in choices else f"one of {', '.join(choices)}, in quotes"


def _converted(key: str, text: str) -> float | bool:
    if key in _SWITCHES:
        return text.lower() in _YES
    return int(text) if key in _WHOLE else float(text)


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _is_above_zero(text: str) -> bool:
    try:
        return isfinite(float(text)) and float(text) > 0
    except ValueError:
        return False


def _table(where: str, value: Any, refused: Refused) -> Mapping[str, Any]:
    """Return a table that pyiceberg takes as it is: how to log in, or whose certificates count."""
    if not isinstance(value, dict):
        example = _AUTH if where == "properties.auth" else _SSL
        raise refused(where, type(value).__name__, f"a table of pyiceberg's, such as {example}")
    if where == "properties.auth":
        _check_auth(value, refused)
    elif not isinstance(value.get("client", {}), dict):
        raise refused(
            f"{where}.client", type(value["client"]).__name__, 'a table: { cert = "FILE", key = "FILE" }'
        )
    return value


def _check_auth(value: Mapping[str, Any], refused: Refused) -> None:
    kind = value.get("type")
    if not isinstance(kind, str) or not kind:
        found = "nothing" if kind is None else type(kind).__name__
        raise refused("properties.auth.type", found, "text: noop, basic, oauth2, google, entra or custom")
    if not isinstance(value.get(kind, {}), dict):
        raise refused(f"properties.auth.{kind}", type(value[kind]).__name__, f"a table, such as in {_AUTH}")

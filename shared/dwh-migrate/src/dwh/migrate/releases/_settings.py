"""A configuration as the text of a `dwh.toml`, so that another process has the same one."""

from __future__ import annotations

import json
from collections.abc import Mapping

from dwh.core.config import Config, SourcePlace

__all__ = ["to_toml"]


def to_toml(config: Config) -> str:
    """Return a configuration as TOML, in which no path is relative. It may hold passwords."""
    names = ("warehouse", "ledger", "environment", "engine")
    plain = {name: str(getattr(config, name)) for name in names}
    parts = [_pairs(plain), "[spark]", _pairs(config.spark)]
    for name, place in config.sources.items():
        found = {"table": place.table} if place.table else _place(place)
        parts += [f"[sources.{_text(name)}]", _pairs({key: text for key, text in found.items() if text})]
        if place.options:
            parts += [f"[sources.{_text(name)}.options]", _pairs(place.options)]
    return "\n".join(parts) + "\n"


def _place(place: SourcePlace) -> dict[str, str | None]:
    return {"format": place.format, "path": place.path, "line": place.line}


def _pairs(values: Mapping[str, str]) -> str:
    return "\n".join(f"{_text(key)} = {_text(value)}" for key, value in values.items())


def _text(value: str) -> str:
    """Return a basic string of TOML: JSON's, but for a character that JSON leaves as it is."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")

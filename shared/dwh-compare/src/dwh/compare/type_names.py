"""Types of columns as text: whether two spellings mean the same."""

from __future__ import annotations

import re

__all__ = ["same_type"]

_ALIASES = {
    **{"long": "bigint", "integer": "int", "short": "smallint", "byte": "tinyint", "real": "float"},
    **{"dec": "decimal", "numeric": "decimal", "timestamp_ltz": "timestamp"},
}
_TOKEN = re.compile(r"`(?P<quoted>(?:[^`]|``)*)`|(?P<field>[^\s<>(),:`]+)(?=\s*:)|(?P<word>[^\s<>(),:`]+)")


def same_type(one: str, other: str) -> bool:
    """Return whether two texts mean the same type: upper case, spaces, aliases and backticks do not count."""
    return one == other or _spelled(one) == _spelled(other)


def _spelled(text: str) -> str:
    spelled = re.sub(r"\s+", "", _TOKEN.sub(_token, text))
    spelled = re.sub(r"\bdecimal\((\d+)\)", r"decimal(\1,0)", spelled)
    return re.sub(r"\bdecimal(?!\()", "decimal(10,0)", spelled)


def _token(match: re.Match[str]) -> str:
    """Return a word of a type as all spellings have it; the names of fields keep their case."""
    if match["quoted"] is not None:
        return match["quoted"].replace("``", "`")
    word = match["word"]
    return match["field"] if word is None else _ALIASES.get(word.lower(), word.lower())

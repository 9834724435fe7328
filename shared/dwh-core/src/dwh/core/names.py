"""Names that go into paths, SQL and HTML. Nothing else may be let into them.

All are ASCII, so that two names that look alike are alike.
"""

from __future__ import annotations

import re

from dwh.core.errors import InvalidNameError

__all__ = ["valid_column", "valid_environment", "valid_job", "valid_table"]

_WORD = re.compile(r"[a-z][a-z0-9_]{0,62}")
_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,126}")
_WORD_ALLOWED = "a lower-case letter, then lower-case letters, digits and underscores (at most 63)"


def valid_job(name: str) -> str:
    """Return a job's name; raises InvalidNameError."""
    return _word("job", name)


def valid_environment(name: str) -> str:
    """Return an environment's name; raises InvalidNameError."""
    return _word("environment", name)


def valid_table(name: str) -> str:
    """Return a table's name, one to three words joined by dots; raises InvalidNameError."""
    words = name.split(".") if isinstance(name, str) else []
    if not 1 <= len(words) <= 3 or not all(_WORD.fullmatch(word) for word in words):
        raise InvalidNameError("table", name, f"one to three words joined by dots, each {_WORD_ALLOWED}")
    return name


def valid_column(name: str) -> str:
    """Return a column's name; raises InvalidNameError."""
    if not isinstance(name, str) or not _COLUMN.fullmatch(name):
        raise InvalidNameError("column", name, "a letter or underscore, then letters, digits and underscores")
    return name


def _word(what: str, name: str) -> str:
    if not isinstance(name, str) or not _WORD.fullmatch(name):
        raise InvalidNameError(what, name, _WORD_ALLOWED)
    return name

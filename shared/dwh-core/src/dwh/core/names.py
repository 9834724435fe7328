"""Names that go into paths, SQL and HTML. Nothing else may be let into them.

All are ASCII, so that two names that look alike are alike.
"""

from __future__ import annotations

import re

from dwh.core.errors import InvalidNameError

__all__ = [
    "environment_aside",
    "environment_read",
    "valid_column",
    "valid_environment",
    "valid_job",
    "valid_table",
]

_WORD = re.compile(r"[a-z][a-z0-9_]{0,62}")
_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,126}")
_ASIDE = "comparisons_"
_WORD_ALLOWED = "a lower-case letter, then lower-case letters, digits and underscores (at most 63)"


def valid_job(name: str) -> str:
    """Return a job's name; raises InvalidNameError."""
    job = name.partition("@")[0] if isinstance(name, str) else ""
    if job != name and _WORD.fullmatch(job):  # a reference
        raise InvalidNameError("job", name, f"the job's name alone: {job}")
    return _word("job", name)


def valid_environment(name: str) -> str:
    """Return an environment's name; raises InvalidNameError."""
    return _word("environment", name)


def environment_aside(environment: str) -> str:
    """Return where runs that only compare releases leave their outputs, out of an environment's readers' way.

    Raises InvalidNameError for an environment whose name leaves no room for that.
    """
    return valid_environment(f"{_ASIDE}{environment}")


def environment_read(environment: str) -> str:
    """Return the environment whose tables a run reads: its own, or the one that it stands aside of."""
    return environment.removeprefix(_ASIDE)


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

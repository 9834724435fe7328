"""Words of a line's notes that are about another line: releases that it never had."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from dwh.release.fragments import Fragment
from dwh.release.repository import Package, Repository
from dwh.release.versions import series

__all__ = ["foreign_lines", "foreign_releases", "word_problems"]

_RELEASE = re.compile(r"(?<![\w.])v?(\d+\.\d+\.\d+)(?!\w|\.\d)", re.ASCII)
# A bare 0.2 may be a number; after these words, or before .x, it is a line.
_LINE = re.compile(
    r"\b(?:lines?|releases?|versions?|since|until|before) v?(\d+\.\d+)(?!\w|\.\d|\.[x*])"
    r"|(?<![\w.])v?(\d+\.\d+)\.[x*]",
    re.ASCII | re.IGNORECASE,
)
_ROLES = {"main": "main line", "maintenance": "maintenance line"}


def foreign_releases(repository: Repository, package: Package, text: str) -> list[str]:
    """Return the releases in a text that are another line's: `0.2.0` in the notes of line 0.1."""
    own = series(package.line or package.version)
    others = {series(line.line) for line in repository.lines if line.line} - {own}
    found = dict.fromkeys(_RELEASE.findall(text))
    return [release for release in found if series(release) in others]


def foreign_lines(repository: Repository, package: Package, text: str) -> list[str]:
    """Return the words in a text that name another line, by its number or as `the main line`."""
    others = {series(line.line) for line in repository.lines if line.line and line != package}
    numbers = (match[0] for match in _LINE.finditer(text) if series(match[1] or match[2]) in others)
    roles = (role for status, role in _ROLES.items() if status != package.status)
    return [*dict.fromkeys(numbers), *(role for role in roles if role in text.lower())]


def word_problems(repository: Repository, package: Package, fragments: Iterable[Fragment]) -> Iterator[str]:
    """Yield what a line's fix says to run again that the line never wrote."""
    if package.line is None:
        return
    for fragment in fragments:
        if fragment.kind not in ("fix", "security"):
            continue
        for release in foreign_releases(repository, package, fragment.rerun):
            yield (
                f"{fragment.path}: under Re-run it names {release}, which is not a release of "
                f"{package.name}; name the releases of {package.name} that wrote it wrong"
            )

"""Words of a line's notes that are about another line: releases that it never had."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from dwh.release.fragments import Fragment
from dwh.release.repository import Package, Repository
from dwh.release.versions import series

__all__ = ["foreign_releases", "word_problems"]

_RELEASE = re.compile(r"(?<![\w.])\d+\.\d+\.\d+(?!\w|\.\d)", re.ASCII)


def foreign_releases(repository: Repository, package: Package, text: str) -> list[str]:
    """Return the releases in a text that are another line's: `0.2.0` in the notes of line 0.1."""
    own = series(package.line or package.version)
    others = {series(line.line) for line in repository.lines if line.line} - {own}
    found = dict.fromkeys(_RELEASE.findall(text))
    return [release for release in found if series(release) in others]


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

"""README and docs that name a package's release follow it.

They say what to type today: `pip install dwh-v0_1==0.1.1`. So every place where they write the release that
was the newest gets the new one, unless it belongs to another package. An example that must keep its numbers
takes others than a package has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from dwh.release._text import text_of
from dwh.release.repository import Package, Repository

__all__ = ["following_pages"]

_PAGES = ("README.md", ":(glob)docs/**/*.md")


def following_pages(repository: Repository, package: Package, version: str) -> dict[str, str]:
    """Return the new text of each tracked page that names the release which `version` follows, by path."""
    if version == package.version:
        return {}
    others = [other.name for other in repository.packages if other != package]
    pattern = _release(package.version, others)
    texts = {path: text_of(repository.root / path) for path in repository.git.tracked(*_PAGES)}
    new = {path: pattern.sub(version, text) for path, text in texts.items()}
    return {path: text for path, text in new.items() if text != texts[path]}


def _release(version: str, others: Iterable[str]) -> re.Pattern[str]:
    """Return what matches a release where it stands alone, and not behind the name of another package."""
    spelled = (re.escape(name).replace(r"\-", "[-_]") for name in others)
    behind = "".join(rf"(?<!{name}{mark})" for name in spelled for mark in ("==", "@", "-", " "))
    return re.compile(rf"(?<![\w.]){behind}{re.escape(version)}(?!\w|\.\d|\.dev|\.post|-\d|\+)")

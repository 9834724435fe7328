"""Where a file of one line is in another one that has it under another name."""

from __future__ import annotations

from collections.abc import Collection
from difflib import SequenceMatcher
from pathlib import Path

from dwh.release._text import content_of_file, is_text
from dwh.release.repository import Package, Repository

__all__ = ["moved_to"]

_ALIKE = 0.6  # of the rows; git asks for half


def moved_to(
    repository: Repository, package: Package, path: str, content: bytes, taken: Collection[str]
) -> str | None:
    """Return the tracked file of a package that is most like one that is not at its path; None if none is.

    Parameters:
        content: what the file would hold at `path`.
        taken: paths that have a file of the other line already.
    """
    if not is_text(content):
        return None
    others = set(repository.git.tracked(package.path)) - set(taken)
    alike = {other: _likeness(repository.root / other, content) for other in others if _suits(other, path)}
    best = max(sorted(alike), key=lambda other: alike[other], default=None)
    return best if best and alike[best] >= _ALIKE else None


def _suits(other: str, path: str) -> bool:
    test = "/tests/" in path
    return (
        Path(other).suffix == Path(path).suffix and ("/tests/" in other) is test and "/changes/" not in path
    )


def _likeness(file: Path, content: bytes) -> float:
    if not file.is_file():
        return 0.0
    rows = (content_of_file(file).splitlines(), content.splitlines())
    return SequenceMatcher(None, *rows, autojunk=False).ratio()

"""Names of one line written as those of another: in paths, imports, references and metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.utils import canonicalize_name

from dwh.release.errors import LineError
from dwh.release.repository import Package

__all__ = ["Renaming", "renumbered"]


class Renaming:
    """How the names of line `old` read in line `new`: packages, folders, distributions, references."""

    def __init__(self, old: tuple[str, str, str], new: tuple[str, str, str]) -> None:
        """Take (distribution, import package, line) of both."""
        self._words = dict(_words(old, new))
        longest = sorted(self._words, key=len, reverse=True)
        names = "|".join(re.escape(word) for word in longest)
        # Names also stand inside names, as in test_dwh_v0_2.py. carrier_delays@0.2 is a reference, but a
        # bare 0.2 may be a number.
        whole = rf"(?<![^\W_])(?:{names})(?![^\W_]|_\d)"
        self._pattern = re.compile(rf"{whole}|(?<=@){re.escape(old[2])}(?!\.?\d)")
        self._words[old[2]] = new[2]

    @classmethod
    def between(cls, old: Package, new: Package) -> Renaming:
        """Return the renaming between two lines of a repository."""
        return cls(_names(old), _names(new))

    def text(self, text: str) -> str:
        """Return a text, or a path, with the names of the other line."""
        return self._pattern.sub(lambda match: self._words[match[0]], text)

    def content(self, content: bytes) -> bytes:
        """Return a file's content with the names of the other line; one that is no text as it is."""
        try:
            return self.text(content.decode("utf-8")).encode("utf-8")
        except UnicodeDecodeError:
            return content


def renumbered(name: str, old: str, new: str) -> str:
    """Return a name that contains a line with another line in its place: dwh-v0_2 → dwh-v0_3.

    Raises LineError when the name does not contain the line.
    """
    (major, minor), numbers = old.split("."), new.split(".")
    pattern = rf"(?<!\d){major}([._-]){minor}(?!\d)"
    changed, count = re.subn(pattern, lambda match: match[1].join(numbers), name)
    if not count:
        raise LineError(
            f"naming line {new} after line {old}", f"{name!r} does not contain {old}, {major}_{minor} or "
            f"{major}-{minor}",
            "rename the main line's package, so that the next one's name follows from it",
        )  # fmt: skip
    return changed


def _names(package: Package) -> tuple[str, str, str]:
    return package.name, package.module, package.line or ""


def _words(old: tuple[str, str, str], new: tuple[str, str, str]) -> Iterator[tuple[str, str]]:
    yield old[0], new[0]
    yield canonicalize_name(old[0]), canonicalize_name(new[0])
    yield re.sub(r"\W", "_", old[0]), re.sub(r"\W", "_", new[0])
    yield old[1], new[1]
    yield old[1].replace(".", "/"), new[1].replace(".", "/")
    parts = list(zip(old[1].split("."), new[1].split("."), strict=False))
    # The word of the import path that names the line stands alone in folders and aliases.
    yield from ((before, after) for before, after in parts if before != after and re.search(r"\d", before))

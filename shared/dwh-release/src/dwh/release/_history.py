"""What git knows of releases: tags, and the commits that first had, or took away, a released file."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dwh.release._git import Git

__all__ = ["History"]

# A row of the message of a commit that takes a release back; in a list where several commits were made one.
WITHDRAWAL = r"^(\* )?Withdraw {} {}\s*$"
_RECORDS = ":(top,glob)**/released/*.json"


class History:
    """The releases in a repository's history, read once."""

    def __init__(self, git: Git) -> None:
        self._git = git

    @cached_property
    def tags(self) -> frozenset[str]:
        """The names of all tags."""
        return frozenset(self._git.run("tag", "--list").split())

    @property
    def added(self) -> dict[str, str]:
        """For each released file that HEAD's history ever had, the newest commit that brought it."""
        return self._commits["A"]

    @property
    def removed(self) -> dict[str, str]:
        """For each released file that was ever taken away, the newest commit that did."""
        return self._commits["D"]

    @cached_property
    def withdrawals(self) -> dict[str, str]:
        """For each commit that took releases back, its message."""
        log = self._git.try_run(
            "log", "--format=%x00%H%n%B", "--extended-regexp", f"--grep={WITHDRAWAL.format('[^ ]+', '[^ ]+')}"
        )
        entries = [entry.partition("\n") for entry in (log or "").split("\0")[1:]]
        return {commit: message for commit, _, message in entries}

    def is_withdrawn(self, name: str, version: str, path: str) -> bool:
        """Return whether the file of a release is gone from HEAD because the release was taken back."""
        said = self.withdrawals.get(self.removed.get(path, ""), "")
        pattern = WITHDRAWAL.format(re.escape(name), re.escape(version))
        return bool(re.search(pattern, said, re.MULTILINE)) and self._git.blob("HEAD", path) is None

    def witness(self, tag: str, path: str) -> str | None:
        """Return what shows how a release was: its tag, else the commit that recorded it."""
        return f"refs/tags/{tag}" if tag in self.tags else self.added.get(path)

    @cached_property
    def _commits(self) -> dict[str, dict[str, str]]:
        """For each kind of change, added or deleted, the newest commit that made it, by path."""
        log = self._git.try_run(
            "log", "--no-renames", "--diff-filter=AD", "--format=%x00%H", "--name-status", "--", _RECORDS
        )
        found: dict[str, dict[str, str]] = {"A": {}, "D": {}}
        for entry in (log or "").split("\0")[1:]:
            commit, *changes = entry.strip().split("\n")
            for kind, _, path in (change.partition("\t") for change in filter(None, changes)):
                found[kind].setdefault(path, commit)
        return found

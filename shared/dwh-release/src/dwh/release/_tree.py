"""The files of a working tree, tracked or new, and what must not be among them."""

from __future__ import annotations

from functools import cached_property

from dwh.release._git import Git

__all__ = ["Tree"]

_MARKS = "^(<{7}|>{7}|[|]{7})( |$)"


class Tree:
    """The files that a commit of everything would hold, by their paths from the top."""

    def __init__(self, git: Git) -> None:
        self._git = git

    @cached_property
    def files(self) -> tuple[str, ...]:
        """All of them, sorted."""
        listed = self._git.run(
            "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"
        )
        return tuple(sorted(filter(None, listed.split("\0"))))

    @cached_property
    def links(self) -> tuple[str, ...]:
        """Symbolic links and submodules: what is in them is not in the package."""
        modes = self._git.run("ls-files", "-z", "--stage").split("\0")
        linked = {entry.partition("\t")[2] for entry in modes if entry.startswith(("120000", "160000"))}
        return tuple(path for path in self.files if path in linked or (self._git.root / path).is_symlink())

    @cached_property
    def conflicts(self) -> tuple[str, ...]:
        """Files with a row that a merge left, such as <<<<<<<."""
        found = self._git.try_run("grep", "-lzIE", "--untracked", _MARKS)
        return tuple(path for path in (found or "").split("\0") if path)

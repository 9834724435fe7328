"""The files of a working tree, tracked or new, and what must not be among them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from threading import Lock

from dwh.release._git import Git

__all__ = ["Tree"]

_MARKS = "^(<{7}|>{7}|[|]{7})( |$)"


class Tree:
    """The files that a commit of everything would hold, by their paths from the top."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._digests: dict[Path, str] = {}
        self._lock = Lock()

    def digest(self, folder: Path) -> str:
        """Return the digest of the files in a folder, bytecode aside, as they were when first asked for."""
        with self._lock:
            if folder not in self._digests:
                self._digests[folder] = _digest(folder)
            return self._digests[folder]

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


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(_files(str(folder))):
        name = path.removeprefix(str(folder))
        digest.update(f"{name}\0".encode("utf-8", "surrogateescape"))
        digest.update(hashlib.sha256(Path(path).read_bytes()).digest())
    return digest.hexdigest()


def _files(folder: str) -> Iterator[str]:
    for above, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        paths = (os.path.join(above, name) for name in names)  # noqa: PTH118  # a third of the time
        yield from filter(os.path.isfile, paths)

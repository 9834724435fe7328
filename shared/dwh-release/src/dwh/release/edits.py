"""Edits of the tree that are made wholly or not at all."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from dwh.release._git import Git
from dwh.release.errors import GitError

__all__ = ["Edits"]


class Edits:
    """A set of edits under a folder; leaving the `with` block by an exception takes them all back.

    with Edits(git) as edits:
        edits.write("VERSION", "0.2.1\\n")
        edits.commit("Release dwh-v0_2 0.2.1")
    """

    def __init__(self, git: Git) -> None:
        self._git = git
        self._before: dict[str, bytes | None] = {}
        self._folders: list[Path] = []

    def __enter__(self) -> Edits:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        if kind is not None:
            self._undo()

    @property
    def paths(self) -> list[str]:
        """The paths that were written or removed so far."""
        return list(self._before)

    def write(self, path: str, content: str | bytes) -> None:
        """Write a file, and the folders above it."""
        target = self._remember(path)
        self._make_folders(target.parent)
        data = content.encode() if isinstance(content, str) else content
        # A file is replaced in one step: a process that is killed leaves the old or the new one.
        beside = target.with_name(f".{target.name}.dwh-release")
        beside.write_bytes(data)
        if target.exists():
            beside.chmod(target.stat().st_mode & 0o777)
        beside.replace(target)

    def remove(self, path: str) -> None:
        """Remove a file."""
        self._remember(path).unlink()

    def commit(self, message: str) -> str:
        """Commit what was edited and nothing else; returns the commit."""
        return self._git.commit(message, self.paths)

    def _remember(self, path: str) -> Path:
        target = self._git.root / path
        if path not in self._before:
            self._before[path] = target.read_bytes() if target.exists() else None
        return target

    def _make_folders(self, folder: Path) -> None:
        missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        self._folders += missing

    def _undo(self) -> None:
        for path, content in self._before.items():
            target = self._git.root / path
            target.with_name(f".{target.name}.dwh-release").unlink(missing_ok=True)
            if content is None:
                target.unlink(missing_ok=True)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
        for folder in sorted(self._folders, key=lambda folder: -len(folder.parts)):
            if folder.exists() and not any(folder.iterdir()):
                folder.rmdir()
        self._unstage()

    def _unstage(self) -> None:
        try:
            if self._before:
                self._git.run("reset", "--quiet", "--", *self._before)
        except GitError:
            # Nothing was staged: a path that git has never seen cannot be reset.
            return

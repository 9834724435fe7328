"""The git commands that this tool runs, with argument lists and nothing else."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

from dwh.release._history import History
from dwh.release.errors import GitError, RepositoryError, TreeError

__all__ = ["Git"]


class Git:
    """A git work tree, named by its top folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def history(self) -> History:
        """The releases that git knows of, as they were when this was first asked for."""
        return History(self)

    @classmethod
    def at(cls, folder: Path) -> Git:
        """Return the work tree that holds a folder; raises RepositoryError."""
        try:
            top = cls(folder).run("rev-parse", "--show-toplevel")
        except GitError as error:
            raise RepositoryError(
                "looking for the repository",
                f"{folder} is not in a git work tree",
                "go to your clone, or name it with --repo",
            ) from error
        return cls(Path(top.strip()))

    def run(self, *arguments: str, stdin: bytes | None = None, extra: Mapping[str, str] | None = None) -> str:
        """Run a git command and return what it prints; raises GitError."""
        return self.read(*arguments, stdin=stdin, extra=extra).decode("utf-8", "replace")

    def read(
        self, *arguments: str, stdin: bytes | None = None, extra: Mapping[str, str] | None = None
    ) -> bytes:
        """Run a git command and return its output as bytes; raises GitError."""
        # Without a locale of its own git would translate; without this it could wait for a password.
        environment = {**os.environ, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", **(extra or {})}
        command = ["git", "-c", "core.quotepath=off", *arguments]
        try:
            done = subprocess.run(
                command, cwd=self.root, input=stdin, capture_output=True, check=False, env=environment
            )
        except OSError as error:
            raise GitError(f"running {' '.join(command)}", str(error), "install git and try again") from error
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip() or f"exit code {done.returncode}"
            raise GitError(f"git {' '.join(arguments[:3])}", said, "see `git status`")
        return done.stdout

    def try_run(self, *arguments: str) -> str | None:
        """Return what a git command prints, stripped, or None when it fails."""
        try:
            return self.run(*arguments).strip()
        except GitError:
            return None

    def private(self, name: str) -> Path:
        """Return a folder for what this tool keeps beside git's own files."""
        return self._common / "dwh-release" / name

    @cached_property
    def _common(self) -> Path:
        return self.root / self.run("rev-parse", "--git-common-dir").strip()

    def blob(self, revision: str, path: str) -> bytes | None:
        """Return a file's content at a revision, or None where it is not there."""
        try:
            return self.read("cat-file", "blob", f"{revision}:{path}")
        except GitError:
            return None

    def tracked(self, *folders: str) -> list[str]:
        """Return the paths of the tracked files under some folders, sorted."""
        return sorted(filter(None, self.run("ls-files", "-z", "--", *folders).split("\0")))

    def dirty(self, *paths: str) -> list[str]:
        """Return the paths that differ from the last commit, new files included."""
        found = self.run("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", *paths)
        return [entry[3:] for entry in found.split("\0") if entry]

    def require_clean(self, doing: str, *paths: str) -> None:
        """Raise TreeError when something is not committed."""
        dirty = self.dirty(*paths)
        if dirty:
            shown = ", ".join(dirty[:5]) + (f" and {len(dirty) - 5} more" if len(dirty) > 5 else "")
            raise TreeError(doing, f"not committed: {shown}", "commit or stash it first (git stash -u)")

    def branch(self) -> str | None:
        """Return the branch that is checked out, None on a detached head."""
        return self.try_run("symbolic-ref", "--quiet", "--short", "HEAD")

    def main_branch(self) -> str | None:
        """Return the main branch: what the remote says it is, else one of a usual name, else the only one.

        Branches for maintenance are none.
        """
        remote = self.try_run("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
        local = remote.removeprefix("origin/") if remote else None
        usual = (local, remote, "main", "trunk", "master")
        found = next((name for name in usual if name and self.commit_of(name)), None)
        if found:
            return found
        names = self.run("for-each-ref", "--format=%(refname:short)", "refs/heads").split()
        others = [name for name in names if not name.endswith("-maintenance")]
        return others[0] if len(others) == 1 else None

    def commit_of(self, revision: str) -> str | None:
        """Return the commit that a revision names, or None."""
        return self.try_run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")

    def count(self, revisions: str, path: str) -> int:
        """Return how many commits of a range touch a path."""
        return int(self.run("rev-list", "--count", revisions, "--", path))

    def require_whole(self, doing: str) -> None:
        """Raise TreeError in a shallow clone, which lacks the tags and commits that decide."""
        if self.run("rev-parse", "--is-shallow-repository").strip() == "true":
            raise TreeError(doing, "this clone is shallow", "type: git fetch --unshallow --tags")

    def require_branch(self, doing: str) -> str:
        """Return the branch that is checked out; raises TreeError on a detached head or before a commit."""
        branch = self.branch()
        if branch is None:
            known = (self.run("branch", "--format=%(refname:short)").splitlines() or ["BRANCH"])[-1]
            here = (self.main_branch() or known).removeprefix("origin/")
            raise TreeError(
                doing, "the head is detached, a commit here would be lost", f"type: git switch {here}"
            )
        if self.commit_of("HEAD") is None:
            raise TreeError(doing, f"branch {branch} has no commit yet", "commit what is there first")
        return branch

    def commit(self, message: str, paths: Iterable[str]) -> str:
        """Commit these paths as they are in the tree, and return the commit."""
        listed = list(paths)
        self.run("add", "--all", "--force", "--", *listed)
        self.run("commit", "--quiet", "-m", message, "--", *listed)
        return self.run("rev-parse", "HEAD").strip()

    def tags(self, pattern: str) -> list[str]:
        """Return the tags that match, newest version first."""
        return self.run("tag", "--list", "--sort=-v:refname", pattern).split()

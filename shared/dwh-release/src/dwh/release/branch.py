"""A branch of a maintenance line, for teams that work with branches.

`0.1.0-maintenance` holds the history of that line's package alone, with the package at its top. The
same history always gives the same commits, so that updating the branch only ever adds to it.
"""

from __future__ import annotations

from dwh.release._git import Git
from dwh.release.errors import LineError
from dwh.release.repository import Package, Repository
from dwh.release.versions import first_release

__all__ = ["branch_name", "update_branch"]


def branch_name(package: Package) -> str:
    """Return the name of a line's branch; raises LineError for what gets none."""
    doing = f"naming the branch of {package.name}"
    if package.line is None:
        raise LineError(
            doing, "it is a shared library, no line", "name a maintenance line, see: dwh-release status"
        )
    if package.status == "main":
        raise LineError(
            doing,
            "it is the main line, which lives on the main branch",
            "name a maintenance line, see: dwh-release status",
        )
    return f"{first_release(package.line)}-maintenance"


def update_branch(repository: Repository, package: Package, name: str | None = None) -> tuple[str, str, int]:
    """Create or update the branch of a line from the history of HEAD.

    Returns the branch, its commit and the number of commits that are new. Raises LineError for another
    name than the line's, and when the branch has commits of its own.
    """
    allowed, git = branch_name(package), repository.git
    doing = f"updating branch {name or allowed}"
    if name not in (None, allowed):
        raise LineError(
            doing,
            f"the branch of {package.name} is called {allowed}, and no other",
            f"type: dwh-release branch {package.name}",
        )
    _require_free(git, allowed, doing)
    commits = _split(git, package.path)
    if not commits:
        raise LineError(doing, f"{package.path} has no history yet", "commit it first")
    old = git.try_run("rev-parse", "--verify", "--quiet", f"refs/heads/{allowed}")
    new = commits[-1]
    if old and old not in commits:
        raise LineError(
            doing,
            "it has commits that the history of this branch has not",
            f"port them: git log {new[:10]}..{allowed}",
        )
    git.run("update-ref", f"refs/heads/{allowed}", new, old or "0" * 40)
    return allowed, new, len(commits) - (commits.index(old) + 1 if old else 0)


def _require_free(git: Git, name: str, doing: str) -> None:
    if f"branch refs/heads/{name}" in git.run("worktree", "list", "--porcelain").splitlines():
        raise LineError(doing, "it is checked out", "git switch main, and try again")


def _split(git: Git, path: str) -> list[str]:
    """Return the commits of a folder's own history, oldest first; they are made where they are missing."""
    made: dict[str, str] = {}
    order = []
    listed = git.run("rev-list", "--reverse", "--topo-order", "--parents", "HEAD", "--", path)
    for commit, *parents in (row.split() for row in listed.splitlines()):
        tree = git.try_run("rev-parse", "--verify", "--quiet", f"{commit}:{path}")
        if tree is None:  # the folder was gone for a while
            continue
        made[commit] = _commit(git, commit, tree, [made[parent] for parent in parents if parent in made])
        order.append(made[commit])
    return order


def _commit(git: Git, commit: str, tree: str, parents: list[str]) -> str:
    """Make a commit like another one: the same author, dates and message."""
    raw = git.run("show", "--no-patch", "--format=%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B", commit)
    author, email, when, committer, committer_email, committed, message = raw.rstrip("\n").split("\0")
    extra = {
        "GIT_AUTHOR_NAME": author, "GIT_AUTHOR_EMAIL": email, "GIT_AUTHOR_DATE": when,
        "GIT_COMMITTER_NAME": committer, "GIT_COMMITTER_EMAIL": committer_email,
        "GIT_COMMITTER_DATE": committed,
    }  # fmt: skip
    arguments = [word for parent in parents for word in ("-p", parent)]
    return git.run("commit-tree", tree, *arguments, stdin=f"{message}\n".encode(), extra=extra).strip()

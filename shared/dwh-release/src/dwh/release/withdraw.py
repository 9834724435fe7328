"""Take back a release that was prepared and that nobody can have: no tag names it."""

from __future__ import annotations

from dwh.release.errors import GitError, RecordError, TreeError
from dwh.release.index import has_release
from dwh.release.record import Records
from dwh.release.repository import Package, Repository

__all__ = ["withdraw"]


def withdraw(repository: Repository, package: Package) -> str:
    """Undo the commit that prepared a package's newest release, in one commit; returns that commit.

    Version, VERSION, notes and record are as they were before, and the fragments are open again.

    Raises RecordError for a release that a tag or the index knows, or where the index does not answer, and
    TreeError where the tree has moved on since.
    """
    git, doing = repository.git, f"withdrawing {package.name} {package.version}"
    git.require_branch(doing)
    git.require_clean(doing)
    last = Records(git, package).last
    if last is None or last.version != package.version:
        raise RecordError(doing, "it has not been prepared", "see: dwh-release status")
    yank = f"type: dwh-release yank {package.name} {package.version} --reason …"
    if git.tags(package.tag):
        raise RecordError(doing, f"tag {package.tag} exists, so somebody may have it", yank)
    if has_release(package.name, package.version):
        raise RecordError(doing, "the package index has it, so somebody may have it", yank)
    record = package.relative("released", f"{package.version}.json")
    prepared = git.run("log", "-1", "--diff-filter=A", "--format=%H", "--", record).strip()
    since = git.run("log", "--format=%h", f"{prepared}..HEAD", "--", package.path).split()
    if since:
        said = f"{package.path} has changed since: {', '.join(since)}"
        raise TreeError(doing, said, f"revert that first: git revert {' '.join(since)}")
    try:
        git.run("revert", "--no-commit", prepared)
    except GitError:
        git.run("revert", "--abort")
        raise TreeError(
            doing, "other files of that commit have changed since", f"see: git show {prepared[:10]}"
        ) from None
    git.run(
        "commit", "--quiet", "--message", f"Withdraw {package.name} {package.version}\n\nNo tag named it."
    )
    return git.run("rev-parse", "HEAD").strip()

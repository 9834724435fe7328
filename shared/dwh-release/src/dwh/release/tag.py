"""Tag a release: `dwh-v0_1@0.1.2`, at a commit whose tree is exactly what was recorded."""

from __future__ import annotations

from datetime import date

from dwh.release._git import Git
from dwh.release.branch import require_one_code
from dwh.release.errors import GitError, TreeError, VersionError
from dwh.release.gate import check
from dwh.release.notes import section_of
from dwh.release.record import Record
from dwh.release.repository import Package, Repository

__all__ = ["make_tag", "require_released", "tag_release"]


def require_released(repository: Repository, package: Package, today: date, doing: str) -> Record:
    """Return the record of the version in the tree.

    Raises TreeError when the tree is something else, LineError where another branch has that version, too.
    A version names one code for ever: what differs from the record needs a version of its own.
    """
    prepare = f"type: dwh-release prepare {package.name}"
    repository.git.require_clean(doing, package.path)
    require_one_code(repository, package, doing)
    report = check(repository, package, today)
    if report.last is None:
        raise TreeError(doing, f"{package.version} was never prepared", prepare)
    report.require_passed()
    if report.findings or report.last.version != package.version:
        what = report.findings[0] if report.findings else None
        said = f"{what.place}: {what.message}" if what else f"pyproject.toml says {package.version}"
        raise TreeError(
            doing,
            f"the tree is not the release {report.last.version} ({said}): the bump was forgotten",
            prepare,
        )
    return report.last


def tag_release(repository: Repository, package: Package, today: date) -> tuple[str, bool]:
    """Tag the release in the tree; returns the tag, and whether it is new.

    Raises TreeError, LineError, GateError, or VersionError when the tag names another commit, or has no
    message.
    """
    git, doing = repository.git, f"tagging {package.tag}"
    require_released(repository, package, today, doing)
    head = git.run("rev-parse", "HEAD").strip()
    there = git.commit_of(f"refs/tags/{package.tag}")
    if there == head:
        _require_message(git, package.tag, doing)
        return package.tag, False
    if there:
        raise VersionError(
            doing,
            f"the tag exists, at {there[:10]}",
            f"a release never changes; type: dwh-release prepare {package.name}",
        )
    make_tag(git, package, section_of(package, package.version), doing)
    return package.tag, True


def _require_message(git: Git, tag: str, doing: str) -> None:
    if git.run("cat-file", "-t", f"refs/tags/{tag}").strip() != "tag":
        said = "a lightweight tag is there, which says neither who made it nor when, and is not published"
        raise VersionError(doing, said, f"type: git tag --delete {tag}, and this again")


def make_tag(git: Git, package: Package, notes: str, doing: str) -> None:
    """Tag HEAD with a package's version and these notes, signed where git has a key; raises GitError."""
    signs = _signs(git)
    kind, message = "--sign" if signs else "--annotate", f"{package.name} {package.version}\n\n{notes}"
    git.run("tag", kind, "--cleanup=verbatim", "-m", message, package.tag)
    if signs and "-----BEGIN " not in git.run("cat-file", "tag", package.tag):
        git.run("tag", "--delete", package.tag)  # git says so, and exits with 0
        raise GitError(
            doing, "git could not sign it", "check user.signingkey: git config --get user.signingkey"
        )


def _signs(git: Git) -> bool:
    """Tell whether git is set up to sign: it has a key, or signs every tag."""
    return bool(
        git.try_run("config", "user.signingkey")
        or git.try_run("config", "--type=bool", "tag.gpgsign") == "true"
    )

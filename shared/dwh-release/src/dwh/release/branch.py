"""The branch of a maintenance line, for teams that fix and release where they branch.

`0.1.0-maintenance` is an ordinary branch of the whole repository on which one package moves: that line's.
The line can be released from there or from the main branch; whichever falls behind takes the other's
commits by `git merge` or by `dwh-release port`, and releases nothing before it has.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from dwh.release.errors import LineError
from dwh.release.repository import Package, Repository
from dwh.release.versions import first_release

__all__ = [
    "Branch",
    "branch_name",
    "branch_problems",
    "line_of_branch",
    "make_branch",
    "other_refs",
    "require_home",
    "require_one_code",
]

_SUFFIX = "-maintenance"
_PAGES = ("README.md", "docs/")  # they name the newest release, and follow it


@dataclass(frozen=True)
class Branch:
    """A line's branch beside the one that is checked out.

    Attributes:
        name: such as `0.1.0-maintenance`.
        commit: where it is.
        new: whether it was made just now.
        ahead: how many commits of the line's package it has that HEAD lacks.
        behind: how many of them HEAD has that it lacks.
    """

    name: str
    commit: str
    new: bool
    ahead: int
    behind: int


def branch_name(package: Package) -> str:
    """Return the name of a line's branch; raises LineError for what gets none."""
    doing, see = f"naming the branch of {package.name}", "name a maintenance line, see: dwh-release status"
    if package.line is None:
        raise LineError(doing, "it is a shared library, not a line", see)
    if package.status == "main":
        raise LineError(doing, "it is the main line, which lives on the main branch", see)
    return f"{first_release(package.line)}{_SUFFIX}"


def make_branch(
    repository: Repository, package: Package, today: date, name: str | None = None, start: str | None = None
) -> Branch:
    """Make the branch of a maintenance line, or say where it stands.

    Parameters:
        name: to be sure; a line's branch has one name.
        start: the commit to begin at, such as a release's tag; by default HEAD.

    Raises LineError for another name, for a start without the package or for a branch that is there, and for
    a line that has ended and has no branch.
    """
    allowed, git = branch_name(package), repository.git
    doing = f"making branch {name or allowed}"
    git.require_whole(doing)
    if name not in (None, allowed):
        said = f"the branch of {package.name} is called {allowed}, and no other"
        raise LineError(doing, said, f"type: dwh-release branch {package.name}")
    there = git.commit_of(f"refs/heads/{allowed}")
    elsewhere = git.commit_of(f"refs/remotes/origin/{allowed}")
    if elsewhere and start and not there:
        raise LineError(
            doing, f"origin has it, at {elsewhere[:10]}", f"type: dwh-release branch {package.name}"
        )
    if there and start:
        raise LineError(doing, f"it is there, at {there[:10]}", f"type: git switch {allowed}")
    if not (there or elsewhere or package.supported(today)):
        said = f"line {package.line} has ended and gets no more fixes"
        raise LineError(doing, said, "fix a supported line, see: dwh-release status")
    commit = there or elsewhere or git.commit_of(start or "HEAD")
    if commit is None or git.blob(commit, package.relative("pyproject.toml")) is None:
        said = f"{start or 'HEAD'} has no {package.path}"
        raise LineError(doing, said, f"name a release of it, see: git tag --list '{package.name}@*'")
    if not there:
        git.run("update-ref", f"refs/heads/{allowed}", commit, "0" * 40)
    ahead, behind = (git.count(range_, package.path) for range_ in (f"HEAD..{commit}", f"{commit}..HEAD"))
    return Branch(allowed, commit, not there, ahead, behind)


def other_refs(repository: Repository) -> dict[str, str]:
    """Return where else fixes of lines are kept: branch by ref.

    On a maintenance branch that is the main branch, elsewhere each line's branch. What only the remote has
    counts, too.
    """
    here = repository.git.branch()
    if here and here.endswith(_SUFFIX):
        main = repository.git.main_branch()
        ahead = [ref for ref in _refs(repository, here) if ref != f"heads/{here}"]
        return dict.fromkeys(ahead, here) | ({main: main.removeprefix("origin/")} if main else {})
    names = [branch_name(line) for line in repository.lines if line.status != "main"]
    return {ref: name for name in names for ref in _refs(repository, name)}


def _refs(repository: Repository, name: str) -> list[str]:
    """Return where a branch is, here and at the remote, without the one that the other is ahead of.

    A ref is named so that no tag of the branch's name is taken for it: `heads/0.1.0-maintenance`.
    """
    git, ours, theirs = repository.git, f"heads/{name}", f"remotes/origin/{name}"
    found = [ref for ref in (ours, theirs) if git.commit_of(f"refs/{ref}")]
    if len(found) == 2 and git.try_run("merge-base", "--is-ancestor", theirs, ours) is not None:
        return [ours]
    if len(found) == 2 and git.try_run("merge-base", "--is-ancestor", ours, theirs) is not None:
        return [theirs]
    return found


def require_home(repository: Repository, package: Package, doing: str) -> None:
    """Raise LineError unless a package may be released from the branch that is checked out.

    A maintenance branch releases its own line, and nobody releases without the commits that the line has
    elsewhere: one version would name two codes.
    """
    _require_own_line(repository, package, doing)
    for ref in _other_homes(repository, package):
        if repository.git.count(f"HEAD..{ref}", package.relative("released")):
            shown = _shown(ref)
            raise LineError(
                doing, f"{shown} has a release of {package.name} that is not here", f"type: git merge {shown}"
            )


def require_one_code(repository: Repository, package: Package, doing: str) -> None:
    """Raise LineError unless the release in the tree is the only one of its version.

    A maintenance branch releases its own line. Where the line was prepared elsewhere, too, the version is
    whose a tag holds, and without a tag nobody's.
    """
    _require_own_line(repository, package, doing)
    git, path = repository.git, package.relative("released", f"{package.version}.json")
    ours = git.blob("HEAD", path)
    if ours == git.blob(f"refs/tags/{package.tag}", path):
        return
    for ref in _other_homes(repository, package):
        if git.blob(ref, path) not in (None, ours):
            raise LineError(
                doing,
                f"{_shown(ref)} has another release {package.version} of {package.name}",
                f"take one back: dwh-release withdraw {package.name}; then merge the other",
            )


def _require_own_line(repository: Repository, package: Package, doing: str) -> None:
    line = line_of_branch(repository)
    if line and line != package:
        main = (repository.git.main_branch() or "main").removeprefix("origin/")
        here = branch_name(line)
        raise LineError(doing, f"{here} releases {line.name} alone", f"type: git switch {main}")


def _other_homes(repository: Repository, package: Package) -> list[str]:
    """Return where else a maintenance line is released, as refs."""
    if package.line is None or package.status == "main":
        return []
    here, name = line_of_branch(repository), branch_name(package)
    return [ref for ref, branch in other_refs(repository).items() if here or branch == name]


def _shown(ref: str) -> str:
    return ref.removeprefix("heads/").removeprefix("remotes/")


def branch_problems(repository: Repository, package: Package) -> list[str]:
    """Say what a maintenance branch has changed that is not its line's."""
    line, main = line_of_branch(repository), repository.git.main_branch()
    if line is None or line != package or main is None:
        return []
    changed = repository.git.run("diff", "--name-only", "-z", "--no-renames", f"{main}...HEAD").split("\0")
    strays = [path for path in changed if path and not path.startswith((f"{line.path}/", *_PAGES))]
    if not strays:
        return []
    shown = ", ".join(strays[:3]) + (f" and {len(strays) - 3} more" if len(strays) > 3 else "")
    return [
        f"{branch_name(line)} holds fixes of {line.name} alone, but it changed {shown}; make that change on "
        f"{main.removeprefix('origin/')}, and take it back here: git checkout {main}... -- {strays[0]}"
    ]


def line_of_branch(repository: Repository) -> Package | None:
    """Return the line whose maintenance branch is checked out."""
    here = repository.git.branch()
    lines = (line for line in repository.lines if line.status != "main")
    return next((line for line in lines if branch_name(line) == here), None)

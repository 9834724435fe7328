"""Pre-releases: what the next release would be, for those who ask for it by name.

A pre-release is a tag, such as `dwh-v0_2@0.2.1rc1`, and nothing in the tree: the version there, VERSION, the
notes and the records stay those of the newest release, and the fragments stay open. So a range never takes
one, nothing calls it released, and the release itself is prepared as if there had been none.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date

from dwh.release.errors import LineError, TreeError, VersionError
from dwh.release.fragments import read_fragments
from dwh.release.gate import Report, check
from dwh.release.prepare import next_version
from dwh.release.repository import Package, Repository
from dwh.release.tag import make_tag
from dwh.release.versions import Step, split_prerelease

__all__ = [
    "STAGES",
    "Prerelease",
    "find_prerelease",
    "make_prerelease",
    "notes_of_prerelease",
    "require_possible",
    "tree_package",
]

STAGES = {"dev": ".dev", "alpha": "a", "beta": "b", "rc": "rc"}


@dataclass(frozen=True)
class Prerelease:
    """A pre-release whose tag is at HEAD.

    Attributes:
        package: the package as it is built: with the pre-release's version.
        tree: the package as the tree has it.
    """

    package: Package
    tree: Package


def make_prerelease(
    repository: Repository, package: Package, kind: str, step: Step | None, today: date
) -> tuple[str, str]:
    """Pass the gate, and tag HEAD as the next pre-release of a kind; returns the tag and its notes.

    Parameters:
        kind: one of `STAGES`.
        step: what the release may change; by default the smallest step that what changed allows.

    Raises TreeError, GateError, VersionError or LineError, as preparing the release would.
    """
    doing = f"making a pre-release of {package.name}"
    repository.git.require_branch(doing)
    repository.git.require_clean(doing)
    report = check(repository, package, today)
    report.require_passed()
    version = f"{next_version(report, step, doing)}{STAGES[kind]}"
    taken = [tag.rpartition(version)[2] for tag in repository.git.tags(f"{package.name}@{version}*")]
    number = max((int(text) for text in taken if text.isdecimal()), default=0) + 1
    chosen = replace(package, version=f"{version}{number}")
    notes = notes_of_prerelease(chosen)
    make_tag(repository.git, chosen, notes, doing)
    return chosen.tag, notes


def find_prerelease(repository: Repository, name: str) -> Prerelease | None:
    """Return the pre-release that a text such as `dwh-v0_2@0.2.1rc1` names; None for anything else.

    Raises TreeError unless its tag is at HEAD and the tree is clean.
    """
    wanted, _, version = name.partition("@")
    if split_prerelease(version) is None:
        return None
    tree = repository.package(wanted)
    doing, tag = f"looking for {name}", f"{tree.name}@{version}"
    repository.git.require_clean(doing, tree.path)
    at_head = repository.git.commit_of(f"refs/tags/{tag}") == repository.git.commit_of("HEAD")
    if wanted != tree.name or not at_head:
        raise TreeError(doing, f"the tree is not {wanted}@{version}", f"type: git switch --detach {tag}")
    return Prerelease(replace(tree, version=version), tree)


def require_possible(report: Report, version: str, doing: str) -> None:
    """Raise VersionError unless a pre-release comes before a release that may be next."""
    possible = [next_version(report, None, doing)]
    for step in (Step.minor, Step.major):
        with suppress(VersionError, LineError):
            possible.append(next_version(report, step, doing))
    found = split_prerelease(version)
    if found is None or found[0] not in possible:
        allowed = " or ".join(dict.fromkeys(possible))
        hint = f"type: dwh-release prerelease {report.package.name}"
        raise VersionError(doing, f"{version} does not come before {allowed}, which may be next", hint)


def tree_package(repository: Repository, name: str) -> Package:
    """Return the package that a text names, also by its pre-release at HEAD, as the tree has it."""
    found = find_prerelease(repository, name)
    return found.tree if found else repository.package(name)


def notes_of_prerelease(package: Package) -> str:
    """Return what a pre-release brings: the open fragments of its package.

    Raises VersionError where the version is not a pre-release's.
    """
    found = split_prerelease(package.version)
    if found is None:
        raise VersionError(
            "writing notes", f"{package.version} is not a pre-release", "see: dwh-release notes"
        )
    lines = [f"- {fragment.text}" for fragment in read_fragments(package)]
    head = f"## {package.version}\n\nA pre-release of {found[0]}: no range includes it, so name it exactly."
    return "\n".join([head, "", *lines, ""])

"""The fixes that one line has and another lacks, and what was decided about them.

A fix is known by the name of its fragment, open or released. A line that has no fragment of that name
lacks it, until `unported.toml` of its package says why that is right:

    [[fix]]
    name = "late-flights"
    decision = "not affected"
    reason = "this line counts arrivals"
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import tomlkit
import tomllib
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from dwh.core.errors import DwhError
from dwh.release._git import Git
from dwh.release.branch import other_refs
from dwh.release.errors import FragmentError, UnknownPackageError
from dwh.release.fragments import read_fragments
from dwh.release.record import Records
from dwh.release.repository import Package, Repository

__all__ = [
    "DECISIONS",
    "Decision",
    "Unported",
    "content_of",
    "decided",
    "fixes_elsewhere",
    "fixes_of",
    "read_decisions",
    "unported",
]

FILE = "unported.toml"
DECISIONS = ("ported", "not affected", "won't port")


@dataclass(frozen=True)
class Decision:
    """What was decided about a fix of another line."""

    name: str
    decision: str
    reason: str


@dataclass(frozen=True)
class Unported:
    """A fix that a line lacks.

    Attributes:
        name, kind: the fix; kind is `fix` or `security`.
        origins: the packages of the lines that have it.
        lacks: the package of the line that does not.
    """

    name: str
    kind: str
    origins: tuple[str, ...]
    lacks: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-able data."""
        return {"fix": self.name, "kind": self.kind, "in": list(self.origins), "lacks": self.lacks}


def fixes_of(repository: Repository, package: Package) -> dict[str, str]:
    """Return the fixes that a package has, open and released, with their kinds."""
    fragments = (f for f in read_fragments(package) if f.kind in ("fix", "security"))
    return Records(repository.git, package).fixes | {fragment.name: fragment.kind for fragment in fragments}


def fixes_elsewhere(repository: Repository) -> dict[str, dict[str, str]]:
    """Return the fixes of each line on another branch, such as `dwh-v0_1 on 0.1.0-maintenance`."""
    return {
        f"{package.name} on {branch}": _fixes_at(repository.git, ref, package)
        for ref, branch in other_refs(repository).items()
        for package in repository.lines
    }


def _fixes_at(git: Git, ref: str, package: Package) -> dict[str, str]:
    """Return the fixes that a package has at a ref, open and released; what is released here is left out."""
    folders = [package.relative(name) for name in ("changes", "released")]
    found: dict[str, str] = {}
    for path in git.run("ls-tree", "-r", "-z", "--name-only", ref, "--", *folders).split("\0"):
        name, _, kind = path.rpartition("/")[2].removesuffix(".md").rpartition(".")
        if path.endswith(".md") and kind in ("fix", "security"):
            found[name] = kind
        elif path.endswith(".json") and not (git.root / path).exists():
            found |= json.loads(git.blob(ref, path) or b"{}").get("fixes", {})
    return found


def unported(repository: Repository, today: date, only: Package | None = None) -> list[Unported]:
    """Return the fixes that a supported line lacks and nobody decided about.

    What lines have on other branches counts, too: see `dwh.release.branch`.
    """
    have = dict(_fixes(repository, only))
    have |= fixes_elsewhere(repository)
    shared = [_shared_fixes(repository, library) for library in repository.packages if not library.line]
    found = []
    for package in repository.lines:
        if (only and package != only) or not package.supported(today):
            continue
        known = have[package.name].keys() | {decision.name for decision in read_decisions(package)}
        for name in sorted({name for fixes in have.values() for name in fixes} - known):
            origins = tuple(origin for origin, fixes in have.items() if name in fixes)
            kind = "security" if any(have[o][name] == "security" for o in origins) else "fix"
            found.append(Unported(name, kind, origins, package.name))
        found += [fix for fixes in shared for fix in _out_of_reach(package, fixes) if fix.name not in known]
    return found


def _shared_fixes(repository: Repository, library: Package) -> list[tuple[str, str, str, list[str]]]:
    """Return each released fix of a shared library: its name and kind, the library, the releases with it."""
    records = Records(repository.git, library).all
    versions = [record.version for record in records]
    return [
        (name, kind, library.name, versions[place:])
        for place, record in enumerate(records)
        for name, kind in record.fixes.items()
    ]


def _out_of_reach(package: Package, fixes: Iterable[tuple[str, str, str, list[str]]]) -> Iterator[Unported]:
    """Yield the fixes of shared libraries that are in no release which a line allows."""
    allowed = {
        canonicalize_name(r.name): r.specifier
        for r in map(Requirement, package.project.get("dependencies", []))
    }
    for name, kind, library, versions in fixes:
        wanted = allowed.get(canonicalize_name(library))
        if wanted is not None and not any(map(wanted.contains, versions)):
            yield Unported(name, kind, (library,), package.name)


def _fixes(repository: Repository, only: Package | None) -> Iterator[tuple[str, dict[str, str]]]:
    for package in repository.lines:
        try:
            yield package.name, fixes_of(repository, package)
        except DwhError:
            # What is wrong with one line is told where that line is looked at.
            if only in (None, package):
                raise


def read_decisions(package: Package) -> list[Decision]:
    """Return what was decided for a line; raises FragmentError."""
    path = package.folder / FILE
    if not path.is_file():
        return []
    doing = f"reading {package.relative(FILE)}"
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("fix", [])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FragmentError(doing, str(error), "fix the file") from error
    return [_decision(doing, entry) for entry in entries]


def decided(repository: Repository, package: Package, new: Iterable[Decision]) -> str:
    """Return the content of a line's `unported.toml` with decisions added or replaced.

    Raises FragmentError for a fix that no line has, or a decision without a reason.
    """
    doing = f"deciding for {package.name}"
    if package.line is None:
        raise UnknownPackageError(package.name, [line.name for line in repository.lines])
    everywhere = {name for line in repository.lines for name in fixes_of(repository, line)}
    libraries = (library for library in repository.packages if not library.line)
    everywhere |= {name for library in libraries for name, *_ in _shared_fixes(repository, library)}
    everywhere |= {name for fixes in fixes_elsewhere(repository).values() for name in fixes}
    entries = {decision.name: decision for decision in read_decisions(package)}
    for decision in new:
        if decision.name not in everywhere:
            raise FragmentError(doing, f"no line has a fix {decision.name!r}", "type: dwh-release unported")
        entries[decision.name] = _decision(doing, vars(decision))
    return content_of(entries.values())


def content_of(decisions: Iterable[Decision]) -> str:
    """Return the content of an `unported.toml`."""
    document = tomlkit.document()
    document.add(
        tomlkit.comment("Fixes of other lines that this line does not take, or took in another way.")
    )
    tables = tomlkit.aot()
    for decision in decisions:
        table = tomlkit.table()
        table.update({"name": decision.name, "decision": decision.decision, "reason": decision.reason})
        tables.append(table)
    document.append("fix", tables)
    return tomlkit.dumps(document)


def _decision(doing: str, entry: Any) -> Decision:
    if not isinstance(entry, dict) or not {"name", "decision", "reason"} <= entry.keys():
        raise FragmentError(doing, f"{entry!r} is not a decision", "write name, decision and reason")
    if entry["decision"] not in DECISIONS:
        raise FragmentError(doing, f"decision {entry['decision']!r}", f"write one of: {', '.join(DECISIONS)}")
    if len(str(entry["reason"]).split()) < 2:
        raise FragmentError(doing, f"{entry['name']} has no reason", "say why, for whoever asks next year")
    return Decision(str(entry["name"]), entry["decision"], str(entry["reason"]))

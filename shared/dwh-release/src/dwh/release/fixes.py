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
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import tomlkit

from dwh.core.errors import DwhError
from dwh.release._git import Git
from dwh.release.branch import other_refs
from dwh.release.errors import FragmentError, UnknownPackageError
from dwh.release.fragments import read_fragments, toml_tables
from dwh.release.ranges import names, range_of
from dwh.release.record import Records
from dwh.release.repository import Package, Repository

__all__ = [
    "DECISIONS",
    "Decision",
    "Fixes",
    "SharedFix",
    "Unported",
    "content_of",
    "decided",
    "fixes_elsewhere",
    "fixes_of",
    "read_decisions",
    "read_fixes",
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
        release: the first release with it, where it is a fix of a shared library.
    """

    name: str
    kind: str
    origins: tuple[str, ...]
    lacks: str
    release: str | None = None

    @property
    def way(self) -> str:
        """What the line can do to have it."""
        if self.release:
            return f"let {self.lacks} require {self.origins[0]}>={self.release} in its pyproject.toml"
        return f"port it: dwh-release port COMMIT --to {self.lacks}"

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


@dataclass(frozen=True)
class SharedFix:
    """A released fix of a shared library, with the releases that have it, oldest first."""

    name: str
    kind: str
    library: str
    releases: tuple[str, ...]


@dataclass(frozen=True)
class Fixes:
    """Who has which fixes.

    Attributes:
        lines: the fixes of each line with their kinds, or why they cannot be read.
        elsewhere: the same for other branches: see `dwh.release.branch`.
        shared: the released fixes of shared libraries.
    """

    lines: Mapping[str, Mapping[str, str] | DwhError]
    elsewhere: Mapping[str, Mapping[str, str]]
    shared: tuple[SharedFix, ...]

    @property
    def readable(self) -> dict[str, Mapping[str, str]]:
        """The fixes of lines and branches, without the lines that cannot be read."""
        lines = {name: found for name, found in self.lines.items() if not isinstance(found, DwhError)}
        return {**lines, **self.elsewhere}


def read_fixes(repository: Repository) -> Fixes:
    """Read the fixes of all packages, here and on other branches."""
    libraries = [package for package in repository.packages if package.line is None]
    shared = tuple(fix for library in libraries for fix in _shared_fixes(repository, library))
    lines = {line.name: _fixes_or_error(repository, line) for line in repository.lines}
    return Fixes(lines, fixes_elsewhere(repository), shared)


def _fixes_or_error(repository: Repository, line: Package) -> dict[str, str] | DwhError:
    try:
        return fixes_of(repository, line)
    except DwhError as error:  # it is told where that line is looked at
        return error


def _shared_fixes(repository: Repository, library: Package) -> Iterator[SharedFix]:
    records = Records(repository.git, library).all
    versions = tuple(record.version for record in records)
    for place, record in enumerate(records):
        for name, kind in record.fixes.items():
            yield SharedFix(name, kind, library.name, versions[place:])


def unported(
    repository: Repository, today: date, only: Package | None = None, fixes: Fixes | None = None
) -> list[Unported]:
    """Return the fixes that a supported line lacks and nobody decided about.

    Parameters:
        only: the one line to look at.
        fixes: what was read already; by default it is read.

    Raises what was wrong with a line that is looked at.
    """
    known = fixes or read_fixes(repository)
    for name, found in known.lines.items():
        if isinstance(found, DwhError) and (only is None or only.name == name):
            raise found
    lines = [line for line in repository.lines if line.supported(today) and only in (None, line)]
    return [fix for line in lines for fix in _lacking(line, known)]


def _lacking(line: Package, fixes: Fixes) -> Iterator[Unported]:
    have = fixes.readable
    known = have[line.name].keys() | {decision.name for decision in read_decisions(line)}
    for name in sorted({name for found in have.values() for name in found} - known):
        origins = tuple(origin for origin, found in have.items() if name in found)
        kind = "security" if any(have[origin][name] == "security" for origin in origins) else "fix"
        yield Unported(name, kind, origins, line.name)
    for fix in fixes.shared:
        if fix.name not in known and _out_of_reach(line, fix):
            yield Unported(fix.name, fix.kind, (fix.library,), line.name, fix.releases[0])


def _out_of_reach(line: Package, fix: SharedFix) -> bool:
    """Tell whether a line requires the library, and allows no release that has the fix."""
    asked = line.project.get("dependencies", [])
    wanted = range_of(asked, fix.library)
    return names(asked, fix.library) and not any(map(wanted.contains, fix.releases))


def read_decisions(package: Package) -> list[Decision]:
    """Return what was decided for a line; raises FragmentError."""
    path = package.folder / FILE
    if not path.is_file():
        return []
    doing = f"reading {package.relative(FILE)}"
    return [_decision(doing, entry) for entry in toml_tables(path, "fix", doing)]


def decided(repository: Repository, package: Package, new: Iterable[Decision]) -> str:
    """Return the content of a line's `unported.toml` with decisions added or replaced.

    Raises FragmentError for a fix that no line has, or a decision without a reason.
    """
    doing = f"deciding for {package.name}"
    if package.line is None:
        raise UnknownPackageError(package.name, [line.name for line in repository.lines])
    fixes = read_fixes(repository)
    everywhere = {name for found in fixes.readable.values() for name in found}
    everywhere |= {fix.name for fix in fixes.shared}
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

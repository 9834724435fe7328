"""Prepare a release: version, VERSION, notes and recorded surface, in one commit or not at all."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import tomlkit

from dwh.release import waivers
from dwh.release._text import text_of
from dwh.release.branch import require_home
from dwh.release.edits import Edits
from dwh.release.errors import GateError, LineError, TreeError, VersionError
from dwh.release.following import following_pages
from dwh.release.gate import Report, check
from dwh.release.notes import changelog_with, declared_notes, section
from dwh.release.record import Records, make_record
from dwh.release.repository import Package, Repository
from dwh.release.versions import Step, next_release, parse

__all__ = ["Plan", "carry_out", "next_version", "plan_release"]


@dataclass(frozen=True)
class Plan:
    """What a release would do to the tree.

    Attributes:
        package, version: what is released.
        notes: the section of the changelog.
        edits: the new content of each file by path; None where it is removed.
    """

    package: Package
    version: str
    notes: str
    edits: Mapping[str, str | None]

    @property
    def message(self) -> str:
        """The commit's message."""
        return f"Release {self.package.name} {self.version}\n\n{self.notes}"

    def diff(self, repository: Repository) -> str:
        """Return what would change, as a unified diff; of a released surface only its name."""
        parts = []
        for path, content in self.edits.items():
            file = repository.root / path
            before = text_of(file) if file.is_file() else ""
            if path.endswith(".json"):
                parts.append(f"new file {path} ({len(content or '')} bytes)\n")
                continue
            lines = difflib.unified_diff(
                before.splitlines(keepends=True),
                (content or "").splitlines(keepends=True),
                f"a/{path}",
                f"b/{path}",
            )
            parts.append("".join(lines))
        return "".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON-able data."""
        return {
            "package": self.package.name,
            "released": self.package.version,
            "version": self.version,
            "notes": self.notes,
            "files": list(self.edits),
        }


def plan_release(repository: Repository, package: Package, step: Step | None, today: date) -> Plan:
    """Pass the gate and return what a release would do.

    Parameters:
        step: the step to take; by default the smallest that what changed allows.

    Raises TreeError, GateError, VersionError, LineError and whatever `check` raises.
    """
    doing = f"preparing a release of {package.name}"
    repository.git.require_branch(doing)
    repository.git.require_clean(doing)
    require_home(repository, package, doing)
    report = check(repository, package, today)
    report.require_passed()
    version = next_version(report, step, doing)
    _require_new(repository, report, version, doing)
    return _plan(repository, report, version, today)


def carry_out(repository: Repository, plan: Plan, today: date) -> str:
    """Make the edits and commit them; returns the commit. A failure leaves the tree as it was."""
    with Edits(repository.git) as edits:
        for path, content in plan.edits.items():
            if content is None:
                edits.remove(path)
            else:
                edits.write(path, content)
        _require_settled(repository, plan, today)
        return edits.commit(plan.message)


def next_version(report: Report, step: Step | None, doing: str) -> str:
    """Return the release that a step leads to; raises VersionError or LineError where it may not be taken."""
    package, last = report.package, report.last
    if not report.fragments:
        hint = f"write what is in it: dwh-release change {package.name}"
        since = f"since {last.version}" if last else "that a fragment tells of"
        raise VersionError(doing, f"nothing has changed {since}", hint)
    if last is None:
        if step is not None:
            hint = f"type: dwh-release prepare {package.name}"
            raise VersionError(
                doing,
                f"its first release is {package.version}, as pyproject.toml says, and takes no step",
                hint,
            )
        return package.version
    wanted = report.step if step is None else step
    _require_allowed(report, last.version, wanted, doing)
    bumped = parse(package.version) > parse(last.version)
    return package.version if bumped else next_release(last.version, wanted)


def _require_allowed(report: Report, released: str, wanted: Step, doing: str) -> None:
    package = report.package
    if wanted < report.step:
        said = report.reason()
        smallest = f"{report.step} ({next_release(released, report.step)})"
        raise VersionError(
            doing,
            f"a {wanted} step is for {wanted.meaning}, but {said} is {report.step.meaning}",
            f"the smallest step is {smallest}; type: dwh-release prepare {package.name} {report.step}",
        )
    if package.line and wanted is Step.major:
        following = next_release(released, Step.major).rpartition(".")[0]
        raise LineError(
            doing, f"a major step leaves line {package.line}", f"type: dwh-release line {following}"
        )
    if package.line and package.status != "main" and wanted > Step.patch:
        raise VersionError(
            doing,
            f"a {package.status} line takes fixes only, so no {wanted} step",
            f"type: dwh-release prepare {package.name} patch",
        )


def _require_new(repository: Repository, report: Report, version: str, doing: str) -> None:
    tag = f"{report.package.name}@{version}"
    path = Records(repository.git, report.package).path(version)
    if repository.git.tags(tag) or (repository.root / path).exists():
        raise VersionError(
            doing,
            f"{version} exists already (tag {tag} or {path}), and the releases of a line follow each other",
            f"take it first: git merge {tag}; to leave one of its changes out, revert that on top",
        )


def _plan(repository: Repository, report: Report, version: str, today: date) -> Plan:
    package = report.package
    before = repository.before(package)
    older = before.line if before else None
    jobs = declared_notes(report.surface.jobs, report.last.jobs if report.last else {}, older)
    waived = {finding.id: finding for finding in report.findings if finding.waived}
    answered, address = list(waived.values()), repository.address
    notes = section(package, version, today, report.fragments, jobs, older, answered, address)
    fixes = {f.name: f.kind for f in report.fragments if f.kind in ("fix", "security")}
    reasons = {name: str(finding.waived) for name, finding in waived.items()}
    record = make_record(package, version, report.surface, fixes, report.last, today, reasons)
    edits: dict[str, str | None] = {}
    if version != package.version:
        edits[package.relative("pyproject.toml")] = _pyproject(package, version)
    if package.status == "main":
        edits["VERSION"] = f"{version}\n"
    log = package.folder / "CHANGELOG.md"
    text = text_of(log) if log.is_file() else ""
    edits[package.relative("CHANGELOG.md")] = changelog_with(package.name, text, notes)
    edits[package.relative("released", f"{version}.json")] = record.text()
    edits.update({fragment.path: None for fragment in report.fragments})
    edits.update(following_pages(repository, package, version))
    if (package.folder / waivers.FILE).is_file():
        edits[package.relative(waivers.FILE)] = None
    return Plan(package, version, notes, edits)


def _pyproject(package: Package, version: str) -> str:
    document: Any = tomlkit.parse((package.folder / "pyproject.toml").read_text(encoding="utf-8"))
    document["project"]["version"] = version
    return tomlkit.dumps(document)


def _require_settled(repository: Repository, plan: Plan, today: date) -> None:
    """Check the edited tree: it must be exactly the release that was just recorded."""
    after = Repository(repository.root)
    report = check(after, after.package(plan.package.name), today)
    if report.problems:
        raise GateError(plan.package.name, report.problems)
    if report.step or report.package.version != plan.version:
        raise TreeError(
            f"checking {plan.package.name} {plan.version}",
            "the tree is not what was recorded",
            "was a file edited meanwhile?",
        )

"""The gate: what a package changed since its last release, the step that allows it, and what is wrong."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from threading import Event
from typing import Any

from dwh.core.errors import DwhError
from dwh.release._facts import Facts
from dwh.release._rules import problems
from dwh.release.branch import branch_problems
from dwh.release.differences import differences
from dwh.release.errors import GateError, RecordError
from dwh.release.findings import Finding
from dwh.release.fixes import Fixes, Unported, read_fixes, unported
from dwh.release.foreign_words import word_problems
from dwh.release.fragments import Fragment, read_fragments
from dwh.release.looking import look, look_at_libraries
from dwh.release.record import Record, Records
from dwh.release.repository import Package, Repository
from dwh.release.surface import Surface, promised_paths, read_surface
from dwh.release.versions import Step, next_release, parse
from dwh.release.waivers import read_waivers, waive

__all__ = ["Report", "check", "check_each"]


@dataclass(frozen=True)
class Report:
    """What the gate found in one package.

    Attributes:
        package: the package.
        last: its newest release; None before the first.
        baseline: what the tree was compared with: `last`, or before a line's first release the newest
            release of the line before. None when there is neither.
        surface: the tree's.
        findings: the differences, gravest first.
        fragments: the open fragments.
        step: the smallest step that allows findings and fragments.
        following: the release that would come next; None when nothing changed.
        unported: the fixes of other lines that this line lacks.
        problems: why it cannot be released as it is, each with what to do.
    """

    package: Package
    last: Record | None
    baseline: Record | None
    surface: Surface
    findings: tuple[Finding, ...]
    fragments: tuple[Fragment, ...]
    step: Step
    following: str | None
    unported: tuple[Unported, ...]
    problems: tuple[str, ...]

    def reason(self) -> str:
        """Return the gravest difference, with its place, or the fragment that says so."""
        told = [f"{f.place}: {f.message}" for f in self.findings if f.step == self.step]
        return [*told, *(fragment.path for fragment in self.fragments if fragment.step == self.step)][0]

    def require_passed(self) -> None:
        """Raise GateError when there is a problem."""
        if self.problems:
            raise GateError(self.package.name, self.problems)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-able data."""
        return {
            "package": self.package.name,
            "status": self.package.status,
            "version": self.package.version,
            "released": self.last.version if self.last else None,
            "compared with": f"{self.baseline.data['package']} {self.baseline.version}"
            if self.baseline
            else None,
            "step": str(self.step),
            "next": self.following,
            "passed": not self.problems,
            "problems": list(self.problems),
            "findings": [finding.to_dict() for finding in self.findings],
            "fragments": [fragment.path for fragment in self.fragments],
            "unported": [fix.to_dict() for fix in self.unported],
        }


def check(repository: Repository, package: Package, today: date, fixes: Fixes | None = None) -> Report:
    """Compare a package of the tree with what was last released.

    Parameters:
        fixes: those of all packages, where they were read already.

    Raises ReadError, RecordError or FragmentError for what cannot be read; everything else that is
    wrong is in the report's `problems`.
    """
    repository.git.require_whole(f"checking {package.name}")
    records = Records(repository.git, package)
    older = _older(repository, package, records)
    baseline = records.last or older
    surface = read_surface(repository, package, baseline.data["api"] if baseline else ())
    found = differences(package, baseline, records.module(), surface) if baseline else []
    findings, waiver_problems = waive(found, read_waivers(package), today)
    fragments = read_fragments(package)
    steps = [*(finding.step for finding in findings), *(fragment.step for fragment in fragments)]
    step = max(steps, default=Step.none)
    lacking = unported(repository, today, package, fixes) if package.line else []
    facts = Facts(
        repository,
        package,
        records,
        older,
        surface,
        tuple(findings),
        tuple(fragments),
        tuple(lacking),
        step,
        today,
    )
    return Report(
        package,
        records.last,
        baseline,
        surface,
        tuple(sorted(findings, key=lambda finding: -finding.step)),
        tuple(fragments),
        step,
        _following(package, records.last, step),
        tuple(lacking),
        (
            *problems(facts),
            *branch_problems(repository, package),
            *word_problems(repository, package, fragments),
            *waiver_problems,
        ),
    )


def _older(repository: Repository, package: Package, records: Records) -> Record | None:
    """Return the newest release of the line before."""
    before = repository.before(package)
    try:
        return Records(repository.git, before).last if before else None
    except RecordError:
        if records.last is None:
            raise
        return None  # it is told where that line is looked at


def check_each(
    repository: Repository, packages: Iterable[Package], today: date
) -> list[tuple[Package, Report | DwhError]]:
    """Check packages; of one that cannot be read the error stands in place of its report."""
    chosen = list(packages)
    # Packages are imported in processes. Meanwhile the sources of those that have been are parsed here, one
    # after the other: Python 3.11 cannot parse in two threads at once.
    looked_at = {package.name: Event() for package in chosen}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        pool.submit(_look_at_libraries, repository, [one for one in chosen if not one.line], looked_at)
        for line in (one for one in chosen if one.line):
            pool.submit(_look_at_line, repository, line, looked_at[line.name])
        fixes = read_fixes(repository)
        return [
            (package, _checked(repository, package, today, fixes))
            for package in chosen
            if looked_at[package.name].wait()
        ]


def _checked(repository: Repository, package: Package, today: date, fixes: Fixes) -> Report | DwhError:
    try:
        return check(repository, package, today, fixes)
    except DwhError as error:
        return error


def _look_at_line(repository: Repository, line: Package, looked_at: Event) -> None:
    try:
        look(repository, line, _promised(repository, line))
    except DwhError:
        pass  # the check says it
    finally:
        looked_at.set()


def _look_at_libraries(
    repository: Repository, libraries: list[Package], looked_at: Mapping[str, Event]
) -> None:
    try:
        asked = ((library, _promised(repository, library)) for library in libraries)
        for library in look_at_libraries(repository, asked):
            looked_at[library.name].set()
    finally:
        for library in libraries:
            looked_at[library.name].set()


def _promised(repository: Repository, package: Package) -> list[str]:
    try:
        records = Records(repository.git, package)
        baseline = records.last or _older(repository, package, records)
    except DwhError:
        return []  # the check says it
    return promised_paths(baseline.data["api"] if baseline else ())


def _following(package: Package, last: Record | None, step: Step) -> str | None:
    if last is None or parse(package.version) > parse(last.version):
        return package.version
    return next_release(last.version, step) if step else None

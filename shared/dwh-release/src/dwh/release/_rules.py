"""What the gate refuses: each rule yields sentences that name the thing and say what to do."""

from __future__ import annotations

from collections.abc import Iterator

from dwh.release._ending_rules import ending_rules
from dwh.release._facts import Facts
from dwh.release._file_rules import file_rules
from dwh.release._fragment_rules import fragment_rules
from dwh.release._range_rules import range_rules
from dwh.release._record_rules import record_rules
from dwh.release.declared import false_declarations, undeclared
from dwh.release.repository import Package
from dwh.release.versions import Step, in_line, next_release, parse, step_between

__all__ = ["problems"]


def problems(facts: Facts) -> Iterator[str]:
    """Yield each reason why the package cannot be released as it is."""
    for rule in (
        _repository_version, _faults, file_rules, record_rules, _version, _line_status, ending_rules,
        fragment_rules, _declarations, range_rules, _security,
    ):  # fmt: skip
        yield from rule(facts)


def _repository_version(facts: Facts) -> Iterator[str]:
    problem = facts.repository.version_problem()
    if problem:
        yield problem


def _faults(facts: Facts) -> Iterator[str]:
    yield from facts.surface.faults


def _version(facts: Facts) -> Iterator[str]:
    package, last = facts.package, facts.records.last
    where = f"{package.path}/pyproject.toml"
    if package.line and not in_line(package.line, package.version):
        yield (
            f"{where}: version {package.version} is not in line {package.line}; type: dwh-release line "
            "NEW, for another line"
        )
    if last is None or package.version == last.version:
        return
    if parse(package.version) < parse(last.version):
        yield (
            f"{where}: version {package.version} goes backwards, {last.version} is released; set it to "
            f"{last.version}"
        )
        return
    if package.version not in {
        next_release(last.version, step) for step in (Step.patch, Step.minor, Step.major)
    }:
        yield (
            f"{where}: version {package.version} skips releases after {last.version}; set it back, "
            "prepare bumps it"
        )
    allowed = step_between(last.version, package.version)
    if allowed < facts.step <= facts.limit:
        smallest = next_release(last.version, facts.step)
        yield (
            f"{where}: {last.version} → {package.version} allows {allowed.meaning} at most, but what "
            "changed is "
            f"{facts.step.meaning}: the smallest step is {facts.step} ({smallest})"
        )


def _line_status(facts: Facts) -> Iterator[str]:
    """A released line takes no more than its limit. However much that is, it is one problem."""
    package = facts.package
    if package.line is None or facts.records.last is None:
        return
    above = [finding for finding in facts.findings if finding.step > facts.limit]
    if facts.gravest and above:
        more = f" (and {len(above) - 1} more, listed above)" if len(above) > 1 else ""
        gravest = facts.gravest
        yield (
            f"{gravest.place}: {gravest.message}{more}; "
            f"{_elsewhere(gravest.step, facts.limit, facts.repository.main, package)}"
        )
    for fragment in facts.fragments:
        if fragment.step > facts.limit and not above:
            yield (
                f"{fragment.path}: a {fragment.kind} change; "
                f"{_elsewhere(fragment.step, facts.limit, facts.repository.main, package)}"
            )


def _elsewhere(step: Step, limit: Step, main: Package, package: Package) -> str:
    if limit is Step.patch:
        return (
            f"{package.name} is a {package.status} line and takes fixes only: {step.meaning} goes to the "
            f"main line, {main.name}"
        )
    following = next_release(package.version, Step.major).rpartition(".")[0]
    return (
        f"{step.meaning} never enters a released line: open the next one, dwh-release line {following}, "
        "and make it there"
    )


def _declarations(facts: Facts) -> Iterator[str]:
    allowed = [finding for finding in facts.findings if finding.step <= facts.limit]
    for finding, entry in undeclared(allowed, facts.surface.jobs):
        yield (
            f"{finding.place}: {finding.message}, but the changes of {finding.job} do not declare it; add "
            f"{entry}"
        )
    if facts.older:
        line = facts.older.data["package"]
        for said in false_declarations(facts.older.jobs, facts.surface.jobs):
            job = said.split()[0]
            yield (
                f"{facts.surface.place(f'{job}.writes')}: {said} (compared with {line} {facts.older.version})"
            )


def _security(facts: Facts) -> Iterator[str]:
    for fix in facts.lacking:
        if fix.kind == "security":
            yield (
                f"nobody decided about the security fix {fix.name} of {', '.join(fix.origins)}; {fix.way}, "
                f"or say why not: dwh-release unported {fix.name} --in {fix.lacks} "
                '--decision "not affected" --reason …'
            )

"""What the gate refuses: each rule yields sentences that name the thing and say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from dwh.release.declared import false_declarations, undeclared
from dwh.release.findings import Finding
from dwh.release.fixes import Unported
from dwh.release.fragments import Fragment
from dwh.release.record import Record, Records
from dwh.release.repository import Package, Repository
from dwh.release.surface import Surface
from dwh.release.versions import Step, in_line, next_release, parse, step_between

__all__ = ["Facts", "problems"]


@dataclass(frozen=True)
class Facts:
    """What the rules look at. `older` is the newest release of the line before."""

    repository: Repository
    package: Package
    records: Records
    older: Record | None
    surface: Surface
    findings: tuple[Finding, ...]
    fragments: tuple[Fragment, ...]
    lacking: tuple[Unported, ...]
    step: Step
    today: date

    @property
    def change(self) -> str:
        """The command that writes a fragment."""
        return f"dwh-release change {self.package.name}"


def problems(facts: Facts) -> Iterator[str]:
    """Yield each reason why the package cannot be released as it is."""
    for rule in (
        _repository_version, _faults, _edited_releases, _version, _line_status, _ended, _fragments,
        _migration, _declarations, _security, _changelog,
    ):  # fmt: skip
        yield from rule(facts)


def _repository_version(facts: Facts) -> Iterator[str]:
    problem = facts.repository.version_problem()
    if problem:
        yield problem


def _faults(facts: Facts) -> Iterator[str]:
    yield from facts.surface.faults


def _edited_releases(facts: Facts) -> Iterator[str]:
    for path in facts.records.edited():
        version = path.rpartition("/")[2].removesuffix(".json")
        tag = f"{facts.package.name}@{version}"
        yield (
            f"{path} is not what tag {tag} holds; a release never changes; restore it: git checkout {tag} "
            f"-- {path}"
        )


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
    if allowed < facts.step:
        smallest = next_release(last.version, facts.step)
        yield (
            f"{where}: {last.version} → {package.version} allows {allowed.meaning} at most, but what "
            "changed is "
            f"{facts.step.meaning}: the smallest step is {facts.step} ({smallest})"
        )


def _line_status(facts: Facts) -> Iterator[str]:
    package = facts.package
    if package.line is None or facts.records.last is None:
        return
    main = facts.repository.main
    limit = Step.patch if package.status != "main" else Step.minor
    for finding in facts.findings:
        if finding.step > limit:
            yield f"{finding.place}: {finding.message}; {_elsewhere(finding.step, limit, main, package)}"
    for fragment in facts.fragments:
        if fragment.step > limit:
            yield (
                f"{fragment.path}: a {fragment.kind} change; "
                f"{_elsewhere(fragment.step, limit, main, package)}"
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


def _ended(facts: Facts) -> Iterator[str]:
    package = facts.package
    if facts.step and not package.supported(facts.today):
        day = f" on {package.source.ends}" if package.source and package.source.ends else ""
        yield (
            f"line {package.line} ended{day}: it gets no more releases; make the change in "
            f"{facts.repository.main.name}"
        )


def _fragments(facts: Facts) -> Iterator[str]:
    needed = max((finding.step for finding in facts.findings), default=Step.none)
    said = max((fragment.step for fragment in facts.fragments), default=Step.none)
    if needed <= said:
        return
    gravest = next(finding for finding in facts.findings if finding.step == needed)
    kind = {Step.patch: "fix", Step.minor: "feature", Step.major: "breaking"}[needed]
    name = facts.package.name
    if not said:
        yield (
            f"{name} changed ({gravest.place}: {gravest.message}), but no fragment says so; type: "
            f"{facts.change} --kind {kind}"
        )
    else:
        yield (
            f"the fragments of {name} say {said.meaning} at most, but {gravest.place}: {gravest.message} is "
            f"{needed.meaning}; type: {facts.change} --kind {kind}"
        )


def _migration(facts: Facts) -> Iterator[str]:
    texts = [f"{f.text}\n{f.migration}" for f in facts.fragments if f.kind == "breaking"]
    if not texts and not facts.fragments:
        return  # the missing fragment is told already
    broken = {f.job: f for f in reversed(facts.findings) if f.step is Step.major and f.job}
    for job, finding in sorted(broken.items()):
        if job and not any(job in text for text in texts):
            yield (
                f"{finding.place}: {finding.message}: a breaking change without migration text; no "
                "breaking fragment "
                f"names {job}; type: {facts.change} --kind breaking"
            )


def _declarations(facts: Facts) -> Iterator[str]:
    for finding, entry in undeclared(facts.findings, facts.surface.jobs):
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
                f"nobody decided about the security fix {fix.name} of {', '.join(fix.origins)}; port it: "
                f"dwh-release port COMMIT --to {fix.lacks}, or say why not: "
                f'dwh-release unported {fix.name} --in {fix.lacks} --decision "not affected" --reason …'
            )


def _changelog(facts: Facts) -> Iterator[str]:
    last = facts.records.last
    path = facts.package.folder / "CHANGELOG.md"
    if last and (not path.is_file() or f"\n## {last.version} " not in path.read_text(encoding="utf-8")):
        yield (
            f"{facts.package.path}/CHANGELOG.md has no section for release {last.version}; restore it: "
            f"git log -- {facts.package.path}/CHANGELOG.md"
        )

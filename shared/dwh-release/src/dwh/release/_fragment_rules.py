"""Rules of the gate about what is said of a change: the fragments fit the code, and each other."""

from __future__ import annotations

from collections.abc import Iterator

from dwh.release._facts import Facts
from dwh.release._quiet import same_behaviour
from dwh.release.findings import Finding
from dwh.release.versions import Step

__all__ = ["fragment_rules", "only_words"]

_KINDS = {Step.patch: "fix", Step.minor: "feature", Step.major: "breaking"}


def fragment_rules(facts: Facts) -> Iterator[str]:
    """Yield what is wrong with the fragments of a package."""
    yield from _names(facts)
    if facts.needed <= facts.limit:  # else the change has to go, and no fragment makes up for it
        yield from _enough(facts)
        yield from _notice(facts)
        yield from _migration(facts)
    yield from _empty_fix(facts)


def only_words(facts: Facts) -> bool:
    """Tell whether nothing that the package does has changed since its last release."""
    return all(_is_words(facts, finding) for finding in facts.findings)


def _is_words(facts: Facts, finding: Finding) -> bool:
    if finding.aspect == "document":
        return True
    return finding.aspect == "code" and finding.path.endswith(".py") and _is_quiet(facts, finding)


def _is_quiet(facts: Facts, finding: Finding) -> bool:
    last, path = facts.records.last, finding.place.path
    witness = facts.records.witness(last.version) if last else None
    if witness is None:
        return False
    file = facts.repository.root / path
    new = file.read_bytes() if file.is_file() else None
    return same_behaviour(facts.repository.git.blob(witness, path), new)


def _names(facts: Facts) -> Iterator[str]:
    seen: dict[str, str] = {}
    for fragment in facts.fragments:
        if fragment.kind not in ("fix", "security"):
            continue
        if fragment.name in facts.records.fixes:
            yield (
                f"{fragment.path}: a release of {facts.package.name} has a fix {fragment.name!r} already, "
                "and a name is a fix; rename the file"
            )
        if fragment.name in seen:
            yield f"{fragment.path}: {seen[fragment.name]} has that name too, and a name is a fix; rename one"
        seen[fragment.name] = fragment.path


def _enough(facts: Facts) -> Iterator[str]:
    gravest, name = facts.gravest, facts.package.name
    said = max((fragment.step for fragment in facts.fragments), default=Step.none)
    if gravest is None or gravest.step <= said:
        return
    kind = _KINDS[gravest.step]
    if not said:
        yield (
            f"{name} changed ({gravest.place}: {gravest.message}), but no fragment says so; type: "
            f"{facts.change} --kind {kind}"
        )
    else:
        yield (
            f"the fragments of {name} say {said.meaning} at most, but {gravest.place}: {gravest.message} is "
            f"{gravest.step.meaning}; type: {facts.change} --kind {kind}"
        )


def _notice(facts: Facts) -> Iterator[str]:
    """A notice is for what changes no behaviour."""
    if facts.records.last is None or any(fragment.kind != "notice" for fragment in facts.fragments):
        return
    loud = [finding for finding in facts.findings if not _is_words(facts, finding)]
    if facts.fragments and loud:
        yield (
            f"{loud[0].place}: {loud[0].message}, which no notice covers: a notice is for what changes "
            f"nothing that the package does; type: {facts.change} --kind fix"
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
                f"breaking fragment names {job}; type: {facts.change} --kind breaking"
            )


def _empty_fix(facts: Facts) -> Iterator[str]:
    last = facts.records.last
    if last is None or any(finding.aspect != "document" for finding in facts.findings):
        return
    for fragment in facts.fragments:
        if fragment.kind in ("fix", "security"):
            yield (
                f"{fragment.path}: a {fragment.kind} fragment, but no code of {facts.package.name} has "
                f"changed since {last.version}; make the fix, or remove the file"
            )

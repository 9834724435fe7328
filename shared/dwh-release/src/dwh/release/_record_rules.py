"""Rules of the gate about what was released: it never changes, and it came through the gate."""

from __future__ import annotations

from collections.abc import Iterator

from dwh.release._facts import Facts
from dwh.release._text import text_of
from dwh.release.differences import promised
from dwh.release.record import Record
from dwh.release.versions import Step, step_between

__all__ = ["record_rules"]


def record_rules(facts: Facts) -> Iterator[str]:
    """Yield what is wrong with the records and the notes of a package's releases."""
    yield from _edited(facts)
    yield from _tagged(facts)
    yield from _missing(facts)
    yield from _notes(facts)
    yield from _too_much(facts)


def _edited(facts: Facts) -> Iterator[str]:
    for path, witness in facts.records.edited():
        who = f"tag {witness}" if "@" in witness else f"commit {witness[:10]}"
        yield (
            f"{path} is not what {who} holds; a release never changes; restore it: git checkout "
            f"{witness[:40]} -- {path}"
        )


def _tagged(facts: Facts) -> Iterator[str]:
    for path, tag in facts.records.false_tags():
        yield (
            f"tag {tag} names a commit without {path}, so it is not that release; if it was not published, "
            f"type: git tag --delete {tag}, then: dwh-release tag {facts.package.name}"
        )


def _missing(facts: Facts) -> Iterator[str]:
    for version, witness in facts.records.missing():
        yield (
            f"{facts.records.path(version)} is missing, but {witness} says there was a release {version}; "
            f"restore it: {facts.records.restore(version)}"
        )


def _notes(facts: Facts) -> Iterator[str]:
    """Notes may be added to; what a release said stays."""
    last, path = facts.records.last, facts.package.relative("CHANGELOG.md")
    if last is None:
        return
    file = facts.repository.root / path
    text = text_of(file) if file.is_file() else ""
    if f"\n## {last.version} " not in text:
        yield (f"{path} has no section for release {last.version}; restore it: git log -- {path}")
        return
    witness = facts.records.witness(last.version)
    held = (facts.repository.git.blob(witness, path) or b"").decode("utf-8", "replace") if witness else ""
    gone = _first_gone(held.partition("\n## ")[2].splitlines(), text.splitlines())
    if gone and witness:
        yield (
            f"{path} no longer says {gone.strip()!r}: notes of a release may be added to, and what they said "
            f"stays; see: git diff {witness.removeprefix('refs/tags/')[:40]} -- {path}"
        )


def _first_gone(old: list[str], new: list[str]) -> str | None:
    """Return the first row that is not there any more, in the order of the old ones."""
    rest = iter([row.rstrip() for row in new])
    for row in old:
        if row.strip() and not any(row.rstrip() in there for there in rest):
            return row
    return None


def _too_much(facts: Facts) -> Iterator[str]:
    """The newest record against the one before: a release holds no more than its number allows."""
    if len(facts.records.all) < 2:
        return
    before, last = facts.records.all[-2:]
    allowed = step_between(before.version, last.version)
    if facts.package.line:
        allowed = min(allowed, Step.minor)
    for finding in promised(before, last.surface):
        if finding.step > allowed and finding.id not in last.waived:
            yield _unfit(facts, before, last, finding.message, finding.step, allowed)


def _unfit(facts: Facts, before: Record, last: Record, message: str, step: Step, allowed: Step) -> str:
    return (
        f"{facts.records.path(last.version)}: {before.version} → {last.version} allows {allowed.meaning} at "
        f"most, but it holds {step.meaning}: {message}; it did not come through the gate: undo its commit, "
        f"and type: dwh-release prepare {facts.package.name}"
    )

"""Rules of the gate about lines that end: only `dwh-release end` ends one, or its last day."""

from __future__ import annotations

import json
from collections.abc import Iterator

from dwh.release._facts import Facts
from dwh.release._fragment_rules import only_words
from dwh.release.ended import ENDED, read_ended

__all__ = ["ending_rules"]


def ending_rules(facts: Facts) -> Iterator[str]:
    """Yield what is wrong with the end of a package's line, and of lines whose folders are gone."""
    if facts.package.line:
        yield from _status(facts)
        yield from _moved(facts)
        yield from _late(facts)
    yield from _gone(facts)


def _status(facts: Facts) -> Iterator[str]:
    package, entry = facts.package, read_ended(facts.repository.root).get(facts.package.name)
    if package.status == "ended" and entry is None:
        yield (
            f"{facts.surface.home}: line {package.line} says that it has ended, but nobody ended it; take "
            f"that back, and type: dwh-release end {package.line} --reason …"
        )
    if package.status != "ended" and entry:
        yield (
            f"{facts.surface.home}: line {package.line} ended on {entry.on}, as {ENDED} says, and an end is "
            f'not taken back; write status="ended"'
        )
    if package.status == "main" and package.source and package.source.ends:
        yield f"{facts.surface.home}: line {package.line} is the main line, which has no end; remove ends="


def _moved(facts: Facts) -> Iterator[str]:
    """The last day of a line is a promise: it may come later, and sooner only where the line is ended."""
    package, last = facts.package, facts.records.last
    promised = last.data.get("ends") if last else None
    now = package.source.ends if package.source else None
    if promised and now and package.status != "ended" and str(now) < promised:
        yield (
            f"{facts.surface.home}: line {package.line} was promised fixes until {promised}, and now until "
            f"{now}; take that back, or type: dwh-release end {package.line} --reason …"
        )


def _late(facts: Facts) -> Iterator[str]:
    package = facts.package
    if not facts.step or package.supported(facts.today):
        return
    last_words = package.status == "ended" and only_words(facts)
    if last_words and all(fragment.kind == "notice" for fragment in facts.fragments):
        return
    ends = package.source.ends if package.source else None
    day = f" on {ends}" if ends and ends <= facts.today else ""
    yield (
        f"line {package.line} ended{day}: it gets no more releases; make the change in "
        f"{facts.repository.main.name}"
    )


def _gone(facts: Facts) -> Iterator[str]:
    """A package that had a release stays, or its line is ended first."""
    repository, git = facts.repository, facts.repository.git
    there = {package.path for package in repository.packages} | (repository.broken or {}).keys()
    known = {package.name for package in repository.packages} | read_ended(repository.root).keys()
    for path, commit in sorted(git.history.added.items()):
        folder = path.rpartition("/released/")[0]
        if folder in there:
            continue
        record = json.loads(git.blob(commit, path) or b"{}")
        name = record.get("package", folder)
        if name not in known:
            known.add(name)
            removed = git.history.removed.get(path)
            back = f"git checkout {f'{removed[:10]}^' if removed else 'HEAD'} -- {folder}"
            line = f"; then end its line: dwh-release end {name} --reason …" if record.get("jobs") else ""
            yield f"{folder} is gone, and {name} had releases; bring it back: {back}{line}"

"""What a line declares to differ from the line before, held against what does differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from dwh.release.findings import Finding
from dwh.release.jobs import JobData
from dwh.release.versions import Step

__all__ = ["false_declarations", "undeclared"]


def undeclared(findings: Iterable[Finding], jobs: dict[str, JobData]) -> Iterator[tuple[Finding, str]]:
    """Yield each breaking finding that the job's `changes` do not declare, with the entry to write."""
    for finding in findings:
        if finding.step < Step.major or finding.declaration is None or finding.job not in jobs:
            continue
        column = finding.path.rpartition(".")[2]
        if not any(_covers(change, finding.aspect, column) for change in jobs[finding.job]["changes"]):
            kind = ', kind="value"' if finding.declaration.startswith("Expected") else ""
            yield finding, f'{finding.declaration}{kind}, reason="…")'


def _covers(change: dict[str, Any], aspect: str, column: str) -> bool:
    """Tell whether a declared change is about this difference of a column."""
    kind = change["change"]
    if aspect == "renamed":
        return bool(kind == "Renamed" and change["new"] == column)
    if aspect == "removed":
        return bool(kind == "Removed" and change["column"] == column)
    if aspect == "added":
        return bool(kind == "Added" and change["column"] == column)
    if aspect == "type" and kind == "Retyped":
        return bool(change["column"] == column)
    return bool(kind == "Expected" and change["column"] == column)


def false_declarations(old: dict[str, JobData], new: dict[str, JobData]) -> Iterator[str]:
    """Yield a sentence for each declared change that contradicts the contracts of the two lines.

    Parameters:
        old: the jobs of the newest release of the line before.
        new: the jobs of the line.
    """
    for name, job in new.items():
        after = {column["name"] for column in job["writes"]["columns"]}
        before = {column["name"] for column in old[name]["writes"]["columns"]} if name in old else None
        for change in job["changes"]:
            problem = _contradiction(change, before, after)
            if problem:
                yield f"{name} declares {_shown(change)}, but {problem}"


def _contradiction(change: dict[str, Any], before: set[str] | None, after: set[str]) -> str | None:
    kind = change["change"]
    if before is None:
        return "the line before has no such job: remove the declaration"
    now, was = change.get("column", change.get("new")), change.get("column", change.get("old"))
    if kind in ("Renamed", "Retyped", "Added", "Expected") and now is not None and now not in after:
        return f"its table has no column {now}"
    if kind in ("Renamed", "Removed") and was not in before:
        return f"the line before has no column {was}"
    if kind == "Removed" and was in after:
        return f"its table still has {was}"
    if kind == "Added" and was in before:
        return f"the line before has {was} too"
    return None


def _shown(change: dict[str, Any]) -> str:
    words = [str(change[key]) for key in ("column", "old", "new", "kind") if change.get(key)]
    return f"{change['change']}({', '.join(words)})"

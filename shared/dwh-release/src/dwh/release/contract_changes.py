"""Differences between what jobs promised and what they promise: tables, inputs, Spark settings.

The rules, for a table that others read: a nullable column at the end is a feature; every other new,
removed, renamed, moved or retyped column, another key, grain or partitioning, a null where none was
allowed, and another meaning in the same schema are breaks. Inputs mirror it: asking for more breaks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dwh.core.sql_types import same_type
from dwh.release.findings import Finding, Kind
from dwh.release.jobs import ColumnData, JobData, TableData
from dwh.release.surface import Surface
from dwh.release.versions import Step

__all__ = ["contract_findings", "renames"]


def contract_findings(old: dict[str, JobData], new: Surface) -> Iterator[Finding]:
    """Yield the differences of a surface's jobs from recorded ones."""
    for name in sorted(old.keys() - new.jobs.keys()):
        yield _gone(name, old[name], new)
    for name, job in sorted(new.jobs.items()):
        if name not in old:
            message = f"job {name} is new: it writes {job['writes']['name']}"
            yield Finding(Step.minor, "contract", name, "added", message, new.place(f"{name}.writes"), name)
        else:
            yield from _job(name, old[name], job, new)


def renames(job: JobData) -> dict[str, str]:
    """Return the declared new name of each renamed column."""
    return {str(c["old"]): str(c["new"]) for c in job["changes"] if c["change"] == "Renamed"}


@dataclass(frozen=True)
class _Place:
    """Where the differences of one table are reported, and how."""

    new: Surface
    job: str
    kind: Kind
    path: str

    def finding(
        self, step: Step, below: str, aspect: str, message: str, declaration: str | None = None
    ) -> Finding:
        path = f"{self.path}.{below}" if below else self.path
        said = f"{path}: {message}"
        return Finding(step, self.kind, path, aspect, said, self.new.place(path), self.job, declaration)


def _gone(name: str, job: JobData, new: Surface) -> Finding:
    table = job["writes"]["name"]
    heirs = [other for other, data in new.jobs.items() if data["writes"]["name"] == table]
    hint = f"; {table} is now written by {heirs[0]}: a job's name is part of every reference" if heirs else ""
    return Finding(
        Step.major, "contract", name, "removed", f"job {name} is gone, it wrote {table}{hint}", new.home, name
    )


def _job(name: str, old: JobData, job: JobData, new: Surface) -> Iterator[Finding]:
    at = _Place(new, name, "contract", f"{name}.writes")
    yield from _output(old["writes"], job["writes"], renames(job), at)
    was, now = ({table["name"]: table for table in data["reads"]} for data in (old, job))
    for table in now.keys() - was.keys():
        place = _Place(new, name, "input", f"{name}.reads.{table}")
        yield place.finding(Step.major, "", "added", "the job needs this input, it did not before")
    for table in was.keys() - now.keys():
        place = _Place(new, name, "input", f"{name}.reads.{table}")
        yield place.finding(Step.patch, "", "removed", "the job no longer needs this input")
    for table in was.keys() & now.keys():
        yield from _input(was[table], now[table], _Place(new, name, "input", f"{name}.reads.{table}"))


def _output(old: TableData, new: TableData, renamed: dict[str, str], at: _Place) -> Iterator[Finding]:
    before = {column["name"]: column for column in old["columns"]}
    after = {column["name"]: column for column in new["columns"]}
    moved = {name: renamed[name] for name in before if name not in after and renamed.get(name) in after}
    yield from _table(old, new, moved, at)
    for name, column in before.items():
        if name in moved:
            said = f"column {name} is now called {moved[name]}"
            yield at.finding(Step.major, moved[name], "renamed", said, f'Renamed("{name}", "{moved[name]}"')
        elif name not in after:
            hint = f'Removed("{name}"'
            yield at.finding(Step.major, name, "removed", f"column {name} is gone", hint)
        current = after.get(moved.get(name, name))
        if current:
            yield from _column(column, current, at)
    yield from _new_columns(before, after, moved, at)
    yield from _order(before, after, moved, at)


def _table(old: TableData, new: TableData, moved: dict[str, str], at: _Place) -> Iterator[Finding]:
    key = [moved.get(name, name) for name in old["key"]]
    if old["name"] != new["name"]:
        yield at.finding(Step.major, "", "table", f"the table's name changed: {old['name']} → {new['name']}")
    if key != new["key"]:
        said = f"the key changed: {', '.join(old['key']) or 'none'} → {', '.join(new['key']) or 'none'}"
        yield at.finding(Step.major, "", "key", said)
    partition = moved.get(old["partition_by"] or "", old["partition_by"])
    if partition != new["partition_by"]:
        said = f"the partitioning changed: {old['partition_by']} → {new['partition_by']}"
        yield at.finding(Step.major, "", "partitioning", said)
    if new["may_be_empty"] != old["may_be_empty"]:
        step = Step.major if new["may_be_empty"] else Step.minor
        said = "a date without rows is now valid" if new["may_be_empty"] else "a date without rows now fails"
        yield at.finding(step, "", "emptiness", said)
    yield from _meaning("what one row is", old["doc"], new["doc"], "", at)


def _column(old: ColumnData, new: ColumnData, at: _Place) -> Iterator[Finding]:
    name = new["name"]
    declaration = f'Expected("{name}"' if at.kind == "contract" else None
    if not same_type(old["type"], new["type"]):
        said = f"the type of {name} changed: {old['type']} → {new['type']}"
        yield at.finding(Step.major, name, "type", said, declaration)
    if old["nullable"] != new["nullable"]:
        yield _nullability(new, at, declaration)
    yield from _meaning(f"the meaning of {name}", old["doc"], new["doc"], name, at, declaration)


def _nullability(new: ColumnData, at: _Place, declaration: str | None) -> Finding:
    name, nullable = new["name"], new["nullable"]
    if at.kind == "contract":
        if nullable:
            said = f"{name} may now be null, it was promised not to be"
            return at.finding(Step.major, name, "nullability", said, declaration)
        said = f"{name} is now promised not to be null: prove it on what is stored"
        return at.finding(Step.minor, name, "nullability", said)
    if nullable:
        return at.finding(Step.patch, name, "nullability", f"{name} may now be null")
    return at.finding(
        Step.major, name, "nullability", f"{name} must no longer be null: the job asks for more"
    )


def _meaning(
    what: str, old: str, new: str, below: str, at: _Place, declaration: str | None = None
) -> Iterator[Finding]:
    if _normal(old) == _normal(new):
        return
    if not old:
        yield at.finding(Step.patch, below, "meaning", f"{what} is now documented: {new!r}")
    else:
        said = f"{what} changed: {old!r} → {new!r}"
        yield at.finding(Step.major, below, "meaning", said, declaration)


def _normal(text: str) -> str:
    """Return a text without what changes no meaning: case, spacing, commas and full stops."""
    return " ".join(re.sub(r"[,.;:]+(?=\s|$)", " ", text.casefold()).split())


def _new_columns(
    before: dict[str, ColumnData], after: dict[str, ColumnData], moved: dict[str, str], at: _Place
) -> Iterator[Finding]:
    kept = [name for name in after if name in before or name in moved.values()]
    for position, (name, column) in enumerate(after.items()):
        if name in kept:
            continue
        declaration = f'Added("{name}"'
        if any(list(after).index(other) > position for other in kept):
            said = f"column {name} is new, but not at the end: insertInto goes by position"
            yield at.finding(Step.major, name, "added", said, declaration)
        elif not column["nullable"]:
            said = f"column {name} is new and never null: a feature only where all that is stored is filled"
            yield at.finding(Step.major, name, "added", said, declaration)
        else:
            yield at.finding(Step.minor, name, "added", f"column {name} is new, at the end, and may be null")


def _order(
    before: dict[str, ColumnData], after: dict[str, ColumnData], moved: dict[str, str], at: _Place
) -> Iterator[Finding]:
    was = [moved.get(name, name) for name in before if moved.get(name, name) in after]
    now = [name for name in after if name in was]
    if was != now:
        said = f"the columns are in another order: {', '.join(was)} → {', '.join(now)}"
        yield at.finding(Step.major, "", "order", said)


def _input(old: TableData, new: TableData, at: _Place) -> Iterator[Finding]:
    before = {column["name"]: column for column in old["columns"]}
    after = {column["name"]: column for column in new["columns"]}
    for name in [name for name in after if name not in before]:
        yield at.finding(Step.major, name, "added", f"the job needs column {name}, it did not before")
    for name in [name for name in before if name not in after]:
        yield at.finding(Step.patch, name, "removed", f"the job no longer needs column {name}")
    for name in [name for name in before if name in after]:
        yield from _column(before[name], after[name], at)
    for aspect in ("key", "partition_by"):
        if old[aspect] != new[aspect]:
            said = f"{aspect} changed: {old[aspect]} → {new[aspect]}"
            yield at.finding(Step.major, "", aspect, said)
    yield from _meaning("what one row is", old["doc"], new["doc"], "", at)

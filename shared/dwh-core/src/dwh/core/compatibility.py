"""What breaks a contract: the differences between two of them, and the smallest release that may bring each.

For a table that others read, a nullable column at the end is a feature; every other new, removed, renamed,
moved or retyped column, another key, grain or partitioning, a null where none was allowed, and another
meaning in the same schema are breaks. Inputs mirror it: asking for more breaks. The release gate, the plan of
a rollout and whoever reads what a job wrote go by these rules. Contracts are data here, as `Table.to_dict`
gives it and records keep it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from dwh.core.contract import Column
from dwh.core.grain import grain_of_contract
from dwh.core.sql_types import same_type

__all__ = ["Difference", "Step", "input_added", "input_differences", "output_differences", "unmet"]

Step = Literal["patch", "minor", "major"]
_Columns = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Difference:
    """One difference of a contract from an earlier one.

    Attributes:
        step: the smallest release that may bring it.
        column: its name in the later contract; empty where it is about the table.
        aspect: what differs, in a word or two: `type`, `key`, `removed`.
        message: that it differs, and how, for people.
        declaration: how the entry in a job's `changes` begins that declares it; None where none does.
    """

    step: Step
    column: str
    aspect: str
    message: str
    declaration: str | None = None

    @property
    def breaks(self) -> bool:
        """Whether readers of the earlier contract could not read what keeps the later one."""
        return self.step == "major"


def output_differences(
    old: Mapping[str, Any], new: Mapping[str, Any], renamed: Mapping[str, str]
) -> Iterator[Difference]:
    """Yield the differences of the contract of a table that others read.

    Parameters:
        renamed: the declared new name of each renamed column.
    """
    before, after = _by_name(old), _by_name(new)
    moved = {name: renamed[name] for name in before if name not in after and renamed.get(name) in after}
    yield from _table(old, new, moved)
    for name, column in before.items():
        if name in moved:
            said = f"column {name} is now called {moved[name]}"
            yield Difference("major", moved[name], "renamed", said, f'Renamed("{name}", "{moved[name]}"')
        elif name not in after:
            yield Difference("major", name, "removed", f"column {name} is gone", f'Removed("{name}"')
        if current := after.get(moved.get(name, name)):
            yield from _column(column, current, f'Expected("{current["name"]}"')
            yield from _nullability(column, current)
    yield from _new_columns(before, after, moved)
    yield from _order(before, after, moved)


def input_added(need: Mapping[str, Any]) -> Difference:
    """Return the difference that an input makes that a job did not have, as `Input.to_dict` gives it."""
    if need.get("own"):
        return Difference("minor", "", "added", "the job now builds on its own output before")
    return Difference("major", "", "added", "the job now needs this input; it did not before")


def input_differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield the differences of what a job needs of an input, each as `Input.to_dict` gives it.

    The columns of a job's own output before are those that it writes, and differ there.
    """
    if new.get("own"):
        yield from _extent(old, new)
        return
    before, after = _by_name(old), _by_name(new)
    for name in [name for name in after if name not in before]:
        yield Difference("major", name, "added", f"the job needs column {name}; it did not before")
    for name in [name for name in before if name not in after]:
        yield Difference("patch", name, "removed", f"the job no longer needs column {name}")
    for name in [name for name in before if name in after]:
        yield from _column(before[name], after[name], None)
        yield from _needed_nullability(before[name], after[name])
    for aspect in ("key", "partition_by"):
        if old[aspect] != new[aspect]:
            said = f"{aspect} changed: {old[aspect]} → {new[aspect]}"
            yield Difference("major", "", aspect, said)
    if old["partition_by"] == new["partition_by"] and (grains := _grains(old, new)):
        yield Difference("major", "", "grain", f"the grain changed: {grains}")
    yield from _extent(old, new)
    yield from _meaning("what one row is", old["doc"], new["doc"], "", None)


def unmet(needed: Iterable[Column], found: Mapping[str, str]) -> list[str]:
    """Return what is wrong with columns that were found, by name and type, for a job that needs some."""
    return [
        f"there is no column {column.name}"
        if column.name not in found
        else f"column {column.name} is {found[column.name]}, the job needs {column.type}"
        for column in needed
        if found.get(column.name) != column.type
    ]


def _extent(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield what a job needs around its logical dates, and of which line; records leave out what is usual."""
    for way in ("back", "ahead"):
        was, now = old.get(way, 0), new.get(way, 0)
        if was != now:
            said = f"the job looks {way} {now} logical dates now; it looked {way} {was}"
            yield Difference("major" if now > was else "patch", "", way, said)
    was, now = old.get("line"), new.get("line")
    if was != now:
        said = f"the job now reads {now or 'what is published'} instead of {was or 'what is published'}"
        yield Difference("major", "", "line", said)
    if old.get("may_lack", False) and not new.get("may_lack", False):
        yield Difference("major", "", "may_lack", "the input may no longer lack logical dates")


def _by_name(table: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {column["name"]: column for column in table["columns"]}


def _partitions(table: Mapping[str, Any]) -> list[str]:
    """Return the columns by which files are laid out; records leave out further ones where there are none."""
    return [name for name in (table["partition_by"], *table.get("further_partitions", ())) if name]


def _grains(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Return what two contracts' logical dates cover, for people; empty where that is the same."""
    was, now = grain_of_contract(old), grain_of_contract(new)
    return "" if was == now else f"{was.name} → {now.name}"


def _table(old: Mapping[str, Any], new: Mapping[str, Any], moved: Mapping[str, str]) -> Iterator[Difference]:
    key = [moved.get(name, name) for name in old["key"]]
    if old["name"] != new["name"]:
        yield Difference("major", "", "table", f"the table's name changed: {old['name']} → {new['name']}")
    if key != list(new["key"]):
        said = f"the key changed: {', '.join(old['key']) or 'none'} → {', '.join(new['key']) or 'none'}"
        yield Difference("major", "", "key", said)
    if old["partition_by"] and new["partition_by"] and (grains := _grains(old, new)):
        yield Difference("major", "", "grain", f"the grain changed: {grains}")
    was, now = _partitions(old), _partitions(new)
    if [moved.get(name, name) for name in was] != now:
        said = f"the partitioning changed: {', '.join(was) or 'none'} → {', '.join(now) or 'none'}"
        yield Difference("major", "", "partitioning", said)
    if new["may_be_empty"] and not old["may_be_empty"]:
        yield Difference("major", "", "emptiness", "a date without rows is now valid")
    elif old["may_be_empty"] and not new["may_be_empty"]:
        yield Difference("minor", "", "emptiness", "a date without rows now fails")
    yield from _meaning("what one row is", old["doc"], new["doc"], "", None)


def _column(old: Mapping[str, Any], new: Mapping[str, Any], declaration: str | None) -> Iterator[Difference]:
    name = new["name"]
    if not same_type(old["type"], new["type"]):
        said = f"the type of {name} changed: {old['type']} → {new['type']}"
        yield Difference("major", name, "type", said, declaration)
    yield from _meaning(f"the meaning of {name}", old["doc"], new["doc"], name, declaration)


def _nullability(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    name = new["name"]
    if new["nullable"] and not old["nullable"]:
        said = f"{name} may now be null, though it was promised not to be"
        yield Difference("major", name, "nullability", said, f'Expected("{name}"')
    elif old["nullable"] and not new["nullable"]:
        said = f"{name} is now promised not to be null: prove it on what is stored"
        yield Difference("minor", name, "nullability", said)


def _needed_nullability(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    name = new["name"]
    if new["nullable"] and not old["nullable"]:
        yield Difference("patch", name, "nullability", f"{name} may now be null")
    elif old["nullable"] and not new["nullable"]:
        said = f"{name} may no longer be null: the job asks for more"
        yield Difference("major", name, "nullability", said)


def _meaning(what: str, old: str, new: str, column: str, declaration: str | None) -> Iterator[Difference]:
    if _normal(old) == _normal(new):
        return
    if not old:
        yield Difference("patch", column, "meaning", f"{what} is now documented: {new!r}")
    else:
        yield Difference("major", column, "meaning", f"{what} changed: {old!r} → {new!r}", declaration)


def _normal(text: str) -> str:
    """Return a text without what changes no meaning: case, spacing, commas and full stops."""
    return " ".join(re.sub(r"[,.;:]+(?=\s|$)", " ", text.casefold()).split())


def _new_columns(before: _Columns, after: _Columns, moved: Mapping[str, str]) -> Iterator[Difference]:
    kept = [name for name in after if name in before or name in moved.values()]
    names = list(after)
    for position, (name, column) in enumerate(after.items()):
        if name in kept:
            continue
        declaration = f'Added("{name}"'
        if any(names.index(other) > position for other in kept):
            said = f"column {name} is new, but not at the end: insertInto goes by position"
            yield Difference("major", name, "added", said, declaration)
        elif not column["nullable"]:
            said = f"column {name} is new and never null: a feature only where all that is stored is filled"
            yield Difference("major", name, "added", said, declaration)
        else:
            yield Difference("minor", name, "added", f"column {name} is new, at the end, and may be null")


def _order(before: _Columns, after: _Columns, moved: Mapping[str, str]) -> Iterator[Difference]:
    was = [moved.get(name, name) for name in before if moved.get(name, name) in after]
    now = [name for name in after if name in was]
    if was != now:
        said = f"the columns are in another order: {', '.join(was)} → {', '.join(now)}"
        yield Difference("major", "", "order", said)

"""How two schemas differ: each column as both sides have it, what changed, and whether that was declared.

Order and the nullable flag are shown and never fail a comparison: files lose the flag, and readers by name
do not see the order. What a *contract* says about either is judged when a line is released.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher

from dwh.compare.changes import Added, Change, Contract, Removed, Renamed, Retyped
from dwh.compare.model import SchemaColumn, SchemaSide, Status
from dwh.compare.nested import Nested
from dwh.compare.options import Fields, Options
from dwh.compare.type_names import same_type
from dwh.compare.types import StructField

__all__ = ["is_declared", "section_of"]

_TYPE_TEXT = 1000  # characters of a type that a report shows


def section_of(
    lefts: Fields,
    rights: Fields,
    partners: Mapping[str, str],
    options: Options,
    nested: Mapping[str, Nested],
) -> tuple[SchemaColumn, ...]:
    """Return the columns of both schemas, in the order of the right one; what was removed comes last.

    Parameters:
        partners: the left name of each right name that has one.
        nested: what was declared inside these columns.
    """
    in_place = _in_place(lefts, partners)
    paired = {old: new for new, old in partners.items()}
    both = [
        _both(lefts[old], rights[new], new not in in_place, options, nested[new])
        for new, old in partners.items()
    ]
    added = [_alone(None, _side(rights[name]), options) for name in rights if name not in partners]
    removed = [_alone(_side(lefts[name]), None, options) for name in lefts if name not in paired]
    ordered = sorted([*both, *added], key=lambda column: column.right.position if column.right else 0)
    return (*ordered, *removed)


def _in_place(lefts: Fields, partners: Mapping[str, str]) -> set[str]:
    """Return the columns that need not move to turn one order into the other."""
    new_names = {old: new for new, old in partners.items()}
    before = [new_names[name] for name in lefts if name in new_names]
    after = list(partners)
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return {before[block.a + i] for block in blocks for i in range(block.size)}


def _side(at: tuple[int, StructField]) -> SchemaSide:
    position, column = at
    text = column.type.name
    return SchemaSide(
        column.name, text if len(text) <= _TYPE_TEXT else text[:_TYPE_TEXT] + "…", column.nullable, position
    )


def _both(
    left_at: tuple[int, StructField],
    right_at: tuple[int, StructField],
    moved: bool,
    options: Options,
    nested: Nested,
) -> SchemaColumn:
    left, right = _side(left_at), _side(right_at)
    changes: list[Status] = []
    reasons: list[str] = []
    undeclared: list[Status] = []
    if left.name != right.name:
        changes.append("renamed")
        meant = [c.reason for c in options.changes if isinstance(c, Renamed) and c.new == right.name]
        reasons += meant or ["paired, as asked"]
    if left_at[1].type.name != right_at[1].type.name:
        changes.append("type_changed")
        meant = _why_retyped(left_at[1], right_at[1], options, nested)
        reasons += meant
        undeclared += [] if meant else ["type_changed"]
    if left.nullable != right.nullable:
        changes.append("nullability_changed")
    if moved:
        changes.append("reordered")
    ignored = left.name in options.ignore or right.name in options.ignore
    status: Status = undeclared[0] if undeclared else changes[0] if changes else "same"
    if ignored and changes:
        reasons.append("ignored, as asked")
    declared = not undeclared and all(change in ("renamed", "type_changed") for change in changes)
    fails = bool(undeclared) and not ignored
    return SchemaColumn(left, right, status, tuple(changes), declared, fails, "; ".join(reasons))


def is_declared(left: StructField, right: StructField, options: Options) -> bool:
    """Return whether it was declared that this column, as a whole, has these two types."""
    return any(_is_retyped(change, left, right) for change in options.changes) or _in_contracts(
        left, right, options.contracts
    )


def _why_retyped(left: StructField, right: StructField, options: Options, nested: Nested) -> list[str]:
    """Return why a column may have two types, as declared; nothing where it may not."""
    if meant := [change.reason for change in options.changes if _is_retyped(change, left, right)]:
        return meant
    if _in_contracts(left, right, options.contracts):
        return ["the contracts of both sides say so"]
    if nested.explains(left.type, right.type):
        return [change.reason for change in nested.changes] or ["paired, as asked"]
    return []


def _is_retyped(change: Change, left: StructField, right: StructField) -> bool:
    """Return whether a declared change says that this column has these two types."""
    if not isinstance(change, Retyped) or change.column != right.name:
        return False
    old, new = (side.type.name for side in (left, right))
    return same_type(change.old, old) and same_type(change.new, new)


def _in_contracts(left: StructField, right: StructField, contracts: tuple[Contract, Contract] | None) -> bool:
    if not contracts:
        return False
    return all(
        column is not None and same_type(column.type, side.type.name)
        for contract, side in zip(contracts, (left, right), strict=True)
        for column in [{column.name: column for column in contract.columns}.get(side.name)]
    )


def _alone(left: SchemaSide | None, right: SchemaSide | None, options: Options) -> SchemaColumn:
    name = left.name if left else right.name if right else ""
    status: Status = "removed" if left else "added"
    kind = Removed if left else Added
    reasons = [c.reason for c in options.changes if isinstance(c, kind) and c.column == name]
    ignored = name in options.ignore
    reason = "; ".join([*reasons, *(["ignored, as asked"] if ignored else [])])
    return SchemaColumn(left, right, status, (status,), bool(reasons), not reasons and not ignored, reason)

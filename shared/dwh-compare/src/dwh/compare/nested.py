"""What was declared to change inside columns: fields of structs that are added, removed, renamed, retyped.

A change names such a field by its path, `address.city`; arrays are passed through. The fields that both
sides have are then compared, and the change of the column's type is a declared one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from dwh.compare.changes import Added, Change, Removed, Renamed, Retyped
from dwh.compare.structs import FieldNames, IncomparableError, Path, place_of
from dwh.compare.type_names import same_type
from dwh.compare.types import ArrayType, DataType, StructType

__all__ = ["Nested", "nested_changes"]

Both = tuple[DataType, DataType]


@dataclass(frozen=True)
class Nested:
    """What was declared, and is so, inside a column that both sides have.

    Attributes:
        names: how the fields of its structs belong together.
        changes: the changes that were found.
        types: of fields whose type has changed, the old and the new one, by path.
    """

    names: FieldNames
    changes: tuple[Change, ...] = ()
    types: Mapping[Path, tuple[str, str]] | None = None

    def explains(self, left: DataType, right: DataType, path: Path = ()) -> bool:
        """Return whether two types of the column differ in nothing else."""
        known = (self.types or {}).get(path)
        if known:
            return same_type(known[0], left.name) and same_type(known[1], right.name)
        if isinstance(left, ArrayType) and isinstance(right, ArrayType):
            return self.explains(left.element, right.element, path)
        if not (isinstance(left, StructType) and isinstance(right, StructType)):
            return left.name == right.name
        try:
            pairs = self.names.pairs(left, right, path)
        except IncomparableError:
            return False
        after = [new.name for _, new in pairs]
        in_order = after == [name for name in right.names if name in after]
        return in_order and all(self.explains(old.type, new.type, (*path, new.name)) for old, new in pairs)


def nested_changes(
    changes: tuple[Change, ...],
    types: Mapping[str, Both],
    left_names: Mapping[str, str],
    columns: frozenset[str],
    *,
    ignore_case: bool,
) -> dict[str, Nested]:
    """Return what changes inside each column that both sides have, by its name on the right.

    Parameters:
        types: of these columns.
        left_names: what each of them is called on the left.
        columns: all names of either side; a change that names one of them is about a whole column.
    """
    found = {name: Nested(FieldNames(ignore_case)) for name in types}
    by_old = {old: new for new, old in left_names.items()}
    inside = [change for change in changes if _name(change) not in columns]
    for change in sorted(inside, key=lambda change: not isinstance(change, Renamed)):  # paths depend on these
        place = place_of(_name(change), types) or place_of(_name(change), by_old)
        if place and place.path:
            column = by_old.get(place.column, place.column) if place.column not in types else place.column
            found[column] = _with(found[column], change, types[column], place.path)
    return found


def _name(change: Change) -> str:
    return change.new if isinstance(change, Renamed) else change.column or ""


def _with(known: Nested, change: Change, both: Both, path: Path) -> Nested:
    """Return what is known of a column with one more change, if it is so."""
    try:
        above, left, right = known.names.both_at(*both, path[:-1])
    except LookupError:
        return known
    here = (*above, path[-1])
    olds, news = (set(_fields(side)) for side in (left, right))
    names = known.names
    if isinstance(change, Renamed):
        old = change.old.replace("`", "").rpartition(".")[2]
        if old not in olds or here[-1] not in news:
            return known
        names = replace(names, renamed={**names.renamed, here: old})
    elif isinstance(change, Retyped):
        return _retyped(known, change, both, here)
    elif (here[-1] in olds, here[-1] in news) == (isinstance(change, Removed), isinstance(change, Added)):
        names = replace(names, alone=frozenset({*(names.alone or ()), here}))
    else:
        return known
    return replace(known, names=names, changes=(*known.changes, change))


def _retyped(known: Nested, change: Retyped, both: Both, path: Path) -> Nested:
    try:
        _, left, right = known.names.both_at(*both, path)
    except LookupError:
        return known
    if not (same_type(change.old, left.name) and same_type(change.new, right.name)):
        return known
    types = {**(known.types or {}), path: (change.old, change.new)}
    return replace(known, types=types, changes=(*known.changes, change))


def _fields(data_type: DataType) -> Iterator[str]:
    while isinstance(data_type, ArrayType):
        data_type = data_type.element
    if isinstance(data_type, StructType):
        yield from data_type.names

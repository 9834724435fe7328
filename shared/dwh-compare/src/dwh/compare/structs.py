"""Which field of a struct belongs to which of the other side, and how a path leads to one.

A path holds the names of fields, as the right side has them, that lead from a column to what is inside it;
it passes through arrays without a step of its own. As text it is `address.city`; backticks quote a name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from dwh.compare.forms import quoted
from dwh.compare.types import ArrayType, DataType, StructField, StructType

__all__ = ["FieldNames", "IncomparableError", "Path", "Place", "place_of", "with_first"]

Path = tuple[str, ...]

_STEP = re.compile(r"`((?:[^`]|``)+)`|([^`.]+)")


class IncomparableError(Exception):
    """Two types cannot be compared; the message says why."""


@dataclass(frozen=True)
class FieldNames:
    """How the fields of one column's structs belong together: by name, unless something else is said.

    Attributes:
        ignore_case: whether names belong together that differ in upper and lower case only.
        renamed: names on the left, by the path on the right.
        alone: the paths of fields that one side may lack; None where it may lack any.
    """

    ignore_case: bool = False
    renamed: Mapping[Path, str] = field(default_factory=dict)
    alone: Collection[Path] | None = ()

    def pairs(self, left: StructType, right: StructType, path: Path) -> list[tuple[StructField, StructField]]:
        """Return the fields that belong together, in the order of the left side.

        Raises IncomparableError when a field has no partner and needs one, or more than one.
        """
        olds, partners = left.names, {self._left_name(n, left, path): n for n in right.names}
        if len({name.lower() for name in olds}) < len(olds) or len(partners) < len(right.fields):
            raise IncomparableError("two fields of a struct have the same name (case does not count)")
        odd = {new for old, new in partners.items() if old not in olds} | (set(olds) - partners.keys())
        lone = sorted(name for name in odd if self.alone is not None and (*path, name) not in self.alone)
        if lone:
            raise IncomparableError(f"the structs have different fields ({', '.join(lone[:5])})")
        news = {field.name: field for field in right.fields}
        return [(old, news[partners[old.name]]) for old in left.fields if old.name in partners]

    def both_at(self, left: DataType, right: DataType, path: Path) -> tuple[Path, DataType, DataType]:
        """Return a path as the right side writes it, and both types there.

        Raises LookupError, which says which type lacks which field.
        """
        found: Path = ()
        for step in path:
            left, right = _inside_arrays(left), _inside_arrays(right)
            new = self._right_name(step, left, right, found)
            old = self._left_name(new, left, found) if isinstance(left, StructType) else step
            left, right = _field_of(left, old), _field_of(right, new)
            found = (*found, new)
        return found, left, right

    def _right_name(self, step: str, left: DataType, right: DataType, path: Path) -> str:
        """Return the name on the right of the field that either side calls so."""
        names = right.names if isinstance(right, StructType) else []
        if step in names or not isinstance(left, StructType):
            return step
        partners = {self._left_name(name, left, path): name for name in names}
        same = (name for name in names if self.ignore_case and name.casefold() == step.casefold())
        return partners.get(step) or next(same, step)

    def _left_name(self, name: str, left: StructType, path: Path) -> str:
        """Return what a field of the right side is called on the left; its own name if that is not there."""
        names = left.names
        if renamed := self.renamed.get((*path, name)):
            return renamed
        if name in names or not self.ignore_case:
            return name
        return next((old for old in names if old.casefold() == name.casefold()), name)


@dataclass(frozen=True)
class Place:
    """A column, or a place inside it, by the names on the right."""

    column: str
    path: Path = ()


def place_of(name: str, columns: Collection[str]) -> Place | None:
    """Return the column, or what is inside it, that a text names; None where there is no such column.

    A column whose whole name the text is comes first.
    """
    if name in columns:
        return Place(name)
    steps = [(written.replace("``", "`") or plain) for written, plain in _STEP.findall(name)]
    return Place(steps[0], tuple(steps[1:])) if steps and steps[0] in columns else None


def with_first(name: str, called: Callable[[str], str], columns: Collection[str]) -> str:
    """Return the name of a column, or of a place inside one, with the column called otherwise.

    Parameters:
        columns: names of whole columns, which come first, whatever is in them.
    """
    whole, first = called(name), _STEP.match(name)
    if name in columns or whole != name or first is None:
        return whole
    before = (first[1] or "").replace("``", "`") or first[2]
    after = called(before)
    return name if after == before else quoted(after) + name[first.end() :]


def _field_of(data_type: DataType, name: str) -> DataType:
    fields = data_type.fields if isinstance(data_type, StructType) else ()
    for field_ in fields:
        if field_.name == name:
            return field_.type
    raise LookupError(f"{data_type.name} has no field {name}")


def _inside_arrays(data_type: DataType) -> DataType:
    while isinstance(data_type, ArrayType):
        data_type = data_type.element
    return data_type

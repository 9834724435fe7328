"""What the caller of a comparison asked for, and which columns belong together by it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from dwh.compare.arguments import column_names
from dwh.compare.changes import Change, Contract, Renamed
from dwh.compare.errors import ColumnChoiceError
from dwh.compare.model import NotCompared, Side
from dwh.compare.rules import Rule
from dwh.compare.structs import with_first
from dwh.compare.tolerance import Tolerance
from dwh.compare.types import StructField

__all__ = ["EVERY", "Fields", "Key", "Options", "in_own_names", "key_columns", "key_names", "partners_of"]

Fields = Mapping[str, tuple[int, StructField]]
"""The columns of a side by name, each with its position."""

Key = str | Iterable[str] | Mapping[str, str]
"""The columns that identify a row; a mapping of names on the left to those on the right."""

EVERY = "*"
"""The name, among tolerances, that stands for every column of numbers without one of its own."""


@dataclass(frozen=True)
class Options:
    """What the caller asked for. See `compare`.

    Attributes:
        key_names: what a column of the key is called on the left, by its name on the right.
    """

    key: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    tolerances: Mapping[str, Tolerance] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    contracts: tuple[Contract, Contract] | None = None
    signed_zero: bool = False
    exact: bool = False
    max_changed: Decimal | None = None
    sides: tuple[Side, Side] = (Side("left"), Side("right"))
    gaps: tuple[NotCompared, ...] = ()
    rules: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    key_names: Mapping[str, str] = field(default_factory=dict)
    ignore_case: bool = False
    allow_empty: bool = False


def key_columns(key: Key | None) -> tuple[str, ...]:
    """Return a key's columns by their names on the right."""
    return column_names("key", list(key.values()) if isinstance(key, Mapping) else key)


def key_names(key: Key | None) -> dict[str, str]:
    """Return what a key's columns are called on the left, by their names on the right, if a caller says."""
    if not isinstance(key, Mapping):
        return {}
    return dict(zip(key_columns(key), column_names("key", list(key)), strict=True))


def partners_of(lefts: Fields, rights: Fields, options: Options) -> dict[str, str]:
    """Return the left name of each right name that has one: as declared, its own, or but for case."""
    renames = [c for c in options.changes if isinstance(c, Renamed) and c.old in lefts and c.new in rights]
    found = {change.new: change.old for change in renames}
    found |= {new: old for new, old in options.key_names.items() if old in lefts and new in rights}
    taken = set(found.values())
    found |= {name: name for name in rights if name in lefts and name not in taken and name not in found}
    if options.ignore_case:
        found |= _but_for_case(lefts, rights, found)
    return {name: found[name] for name in rights if name in found}


def _but_for_case(lefts: Fields, rights: Fields, found: Mapping[str, str]) -> dict[str, str]:
    """Return the columns without a partner that have one if upper and lower case are the same."""
    taken = set(found.values())
    open_lefts = _by_folded(name for name in lefts if name not in taken)
    open_rights = _by_folded(name for name in rights if name not in found)
    for folded in open_lefts.keys() & open_rights.keys():
        names = [*open_lefts[folded], *open_rights[folded]]
        if len(names) > 2:
            problem = "without regard to case, more than two columns have this name"
            raise ColumnChoiceError("column", names[-1], problem, names)
    return {open_rights[name][0]: open_lefts[name][0] for name in open_lefts.keys() & open_rights.keys()}


def _by_folded(names: Iterable[str]) -> dict[str, list[str]]:
    folded: dict[str, list[str]] = {}
    for name in names:
        folded.setdefault(name.casefold(), []).append(name)
    return folded


def in_own_names(options: Options, lefts: Fields, rights: Fields) -> Options:
    """Return the options with the columns' own names, where a caller wrote them in another case."""
    if not options.ignore_case:
        return options
    columns = {*lefts, *rights}
    own = {name.casefold(): name for name in (*lefts, *rights)}

    def called(name: str) -> str:
        return name if name in columns else own.get(name.casefold(), name)

    def inside(name: str) -> str:
        return with_first(name, called, columns)

    return replace(
        options,
        key=tuple(map(called, options.key)),
        key_names={called(new): called(old) for new, old in options.key_names.items()},
        ignore=tuple(map(called, options.ignore)),
        tolerances={inside(name): tolerance for name, tolerance in options.tolerances.items()},
        rules={inside(name): rules for name, rules in options.rules.items()},
    )

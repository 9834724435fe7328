"""A brute-force oracle in plain Python: what a comparison must find, from the rows themselves."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from pyspark.sql import Row

from dwh.compare.pairing import most_pairs
from dwh.compare.tolerance import Tolerance, near

__all__ = ["Found", "brute_force", "meaning"]


def meaning(value: Any) -> Any:
    """Return a hashable that is equal for values that mean the same, and for no others."""
    if value is None:
        return ("null",)
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, float):
        return ("floating", "NaN" if math.isnan(value) else value + 0.0)
    if isinstance(value, (int, Decimal)):
        return ("number", Decimal(value))
    if isinstance(value, (bytes, bytearray)):
        return ("binary", bytes(value))
    if isinstance(value, dict):
        return ("map", frozenset(Counter((meaning(k), meaning(v)) for k, v in value.items()).items()))
    if isinstance(value, Row):
        return ("struct", tuple(sorted((name, meaning(value[name])) for name in value.__fields__)))
    if isinstance(value, (list, tuple)):
        return ("array", tuple(meaning(item) for item in value))
    if isinstance(value, (str, date, datetime, timedelta)):
        return (type(value).__name__, value)
    raise TypeError(type(value))


@dataclass
class Found:
    """The counts that the oracle gives, by the names of the model."""

    matched: int = 0
    changed: int = 0
    left_only: int = 0
    right_only: int = 0
    duplicates: bool = False
    differing: dict[str, int] = field(default_factory=lambda: defaultdict(int))


Table = Sequence[Mapping[str, Any]]
Tolerances = Mapping[str, Tolerance]


def brute_force(
    left: Table,
    right: Table,
    key: Sequence[str],
    columns: Sequence[str],
    tolerances: Tolerances | None = None,
) -> Found:
    """Compare two lists of rows, with a key or (`key` empty) as multisets."""
    found, alike = Found(), Alike(tolerances or {})
    lefts, rights = _grouped(left, key), _grouped(right, key)
    for group in {*lefts, *rights}:
        old, new = lefts.get(group, []), rights.get(group, [])
        if key and len(old) == len(new) == 1:
            _pair(old[0], new[0], columns, alike, found)
            continue
        found.duplicates |= bool(key) and max(len(old), len(new)) > 1
        _multisets(old, new, columns, alike, found)
    return found


@dataclass(frozen=True)
class Alike:
    """Whether two values of a column count as equal."""

    tolerances: Tolerances

    def __call__(self, name: str, old: Any, new: Any) -> bool:
        if meaning(old) == meaning(new):
            return True
        tolerance = self.tolerances.get(name)
        return tolerance is not None and None not in (old, new) and near(old, new, tolerance)


def _grouped(rows: Table, key: Sequence[str]) -> dict[Any, list[Mapping[str, Any]]]:
    groups: dict[Any, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[tuple(meaning(row[name]) for name in key)].append(row)
    return groups


def _pair(
    old: Mapping[str, Any], new: Mapping[str, Any], columns: Sequence[str], alike: Alike, found: Found
) -> None:
    differing = [name for name in columns if not alike(name, old[name], new[name])]
    found.changed += bool(differing)
    found.matched += not differing
    for name in differing:
        found.differing[name] += 1


def _multisets(old: Table, new: Table, columns: Sequence[str], alike: Alike, found: Found) -> None:
    pairs = most_pairs(old, new, lambda a, b: all(alike(name, a[name], b[name]) for name in columns))
    found.matched += len(pairs)
    found.left_only += len(old) - len(pairs)
    found.right_only += len(new) - len(pairs)

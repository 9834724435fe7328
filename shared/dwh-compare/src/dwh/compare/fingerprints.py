"""Fingerprints: what one scan of a side, without shuffling rows, can prove.

The fingerprint of rows is their count and the sum of their hashes. A sum does not depend on the
order of rows and counts duplicates; XOR would lose pairs. Each 64-bit hash is added in 32-bit
halves, which cannot overflow a bigint below 2^31 rows a group, in ANSI mode or not; the halves are
put together in Python, where integers have no end.

Rows with a key have one 64-bit hash: a difference stays unseen with a chance of 2^-64. Rows without
a key have two, because among n rows any two may meet, with a chance of n^2 / 2^(bits + 1).

The hash of a row with a key is made of hashes of some of its columns and the key. Their sums, of 48 bits,
tell which columns the exact step must read. They cannot replace the sum of whole rows: where a key is not
unique, values swapped between two of its rows leave each of them as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dwh.compare.forms import SideName, hash_of
from dwh.compare.schema import Paired, Schemas, Tables

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

__all__ = [
    "BUCKETS",
    "Sums",
    "bucket_sums",
    "columns_that_differ",
    "compared",
    "halves",
    "hash_bits",
    "in_buckets",
    "on",
    "whole",
]

BUCKETS = 4096
"""Into how many groups rows fall, by the hash of their key; a power of two. A hundred scattered
differences then need 2.4 % of the rows to be read again, and the driver holds 4,096 small rows a side."""

_MOST_GROUPS = 8  # each costs every row a hash, and a column less to read again is worth it
_GROUP = 4  # columns


@dataclass(frozen=True)
class Sums:
    """The fingerprint of some rows.

    Attributes:
        hashes: sums of the 64-bit hashes of rows, exact integers.
        groups: sums of the first 48 bits of a hash, for each group of columns; None where the sum
            has overflowed, which only many rows with one key can bring about. Whether two fingerprints
            are equal does not depend on them.
    """

    rows: int
    null_keys: int
    hashes: tuple[int, ...]
    groups: tuple[int | None, ...] = field(default=(), compare=False)


def hash_bits(schemas: Schemas) -> int:
    """Return how many bits tell whether rows are equal."""
    return 64 if schemas.key else 128


def compared(schemas: Schemas) -> tuple[Paired, ...]:
    """Return the pairs whose values are compared, the key's first."""
    return (*schemas.key, *schemas.values)


def on(side: SideName, pair: Paired) -> str:
    """Return the name of a pair's column on one side."""
    return pair.left if side == "left" else pair.right


def _hash(side: SideName, pairs: Iterable[Paired], *first: str) -> str:
    return hash_of([pair.hashable(side) for pair in pairs], *first)


def _groups(schemas: Schemas) -> list[tuple[Paired, ...]]:
    """Return the columns outside the key in groups that have a hash each; none where there is no key."""
    values = schemas.values if schemas.key else ()
    size = max(_GROUP, -(-len(values) // _MOST_GROUPS))
    return [values[start : start + size] for start in range(0, len(values), size)]


def _bucket_hash(side: SideName, schemas: Tables) -> str:
    """Return the hash that a row's bucket depends on: of its key, or of the whole row without one."""
    return _hash(side, schemas.key) if schemas.key else _hash(side, compared(schemas), "1")


def _bucket(hashed: str) -> str:
    return f"CAST({hashed} & {BUCKETS - 1}L AS int)"


def in_buckets(side: SideName, schemas: Tables, buckets: Sequence[int]) -> DataFrame:
    """Return the rows of one side that fall into some of the buckets."""
    frame = schemas.left if side == "left" else schemas.right
    wanted = ", ".join(map(str, buckets))
    return frame.where(f"{_bucket(_bucket_hash(side, schemas))} IN ({wanted})")


def halves(name: str) -> list[str]:
    """Return the sums of both halves of a column of hashes, as aggregates."""
    return [
        f"sum({name} & {0xFFFFFFFF}L) AS {name}_low",
        f"sum(shiftrightunsigned({name}, 32)) AS {name}_high",
    ]


def whole(row: Any, name: str) -> int:
    """Return the sum of hashes that `halves` gave, as an exact integer."""
    return (row[f"{name}_low"] or 0) + ((row[f"{name}_high"] or 0) << 32)


def bucket_sums(schemas: Tables) -> tuple[dict[int, Sums], dict[int, Sums]]:
    """Return the fingerprint of each bucket for both sides, by one Spark job."""
    left, right = (_bucketed(side, schemas) for side in ("left", "right"))
    sides: tuple[dict[int, Sums], dict[int, Sums]] = {}, {}
    hashes, groups = _names(schemas)
    for row in left.unionAll(right).collect():
        sides[row["side"]][row["bucket"]] = Sums(
            row["rows"],
            row["null_keys"],
            tuple(whole(row, name) for name in hashes),
            tuple(row[name] for name in groups),
        )
    return sides


def _names(schemas: Schemas) -> tuple[list[str], list[str]]:
    """Return what the hashes of rows, and of groups of columns, are called."""
    groups = [f"g{i}" for i in range(len(_groups(schemas)))]
    return (["h1"] if schemas.key else ["h1", "h2"]), groups


def _bucketed(side: SideName, schemas: Tables) -> DataFrame:
    hashes, groups = _names(schemas)
    summed = [half for name in hashes for half in halves(name)]
    summed += [f"try_sum(shiftright({name}, 16)) AS {name}" for name in groups]
    return (
        _hashed(side, schemas)
        .groupBy("bucket")
        .agg(*_expressions(f"{0 if side == 'left' else 1} AS side", "count(1) AS rows",
                           "sum(null_key) AS null_keys", *summed))
    )  # fmt: skip


def _hashed(side: SideName, schemas: Tables) -> DataFrame:
    """Return `bucket`, `null_key` and the hashes of each row."""
    frame = schemas.left if side == "left" else schemas.right
    nulls = " OR ".join(f"isnull({on(side, pair)})" for pair in schemas.key) or "false"
    null_key = f"CAST({nulls} AS int) AS null_key"
    if not schemas.key:
        # Another number first makes another hash function.
        rows = frame.selectExpr(
            null_key, f"{_bucket_hash(side, schemas)} AS h1", f"{_hash(side, compared(schemas), '2')} AS h2"
        )
        return rows.selectExpr(f"{_bucket('h1')} AS bucket", "*")
    names = [on(side, pair) for pair in schemas.values]
    keyed = frame.selectExpr(f"{_bucket_hash(side, schemas)} AS k", null_key, *dict.fromkeys(names))
    by_group = [f"{_hash(side, group, 'k')} AS g{i}" for i, group in enumerate(_groups(schemas))]
    groups = [f"g{i}" for i in range(len(by_group))]
    return keyed.selectExpr("k", "null_key", *by_group).selectExpr(
        f"{_bucket('k')} AS bucket", "null_key", f"xxhash64({', '.join(['k', *groups])}) AS h1", *groups
    )


def _expressions(*texts: str) -> list[Column]:
    from pyspark.sql import functions as F

    return [F.expr(text) for text in texts]


def columns_that_differ(
    schemas: Schemas, left: Mapping[int, Sums], right: Mapping[int, Sums], buckets: Iterable[int]
) -> tuple[Paired, ...]:
    """Return columns outside the key, among them all whose values differ in some of the buckets.

    Only rows with the same columns around them are told apart by columns: where whole rows differ and no
    group does, the key is not unique, and all columns are returned.
    """
    groups = _groups(schemas)
    nothing = Sums(0, 0, (), (0,) * len(groups))
    found: set[int] = set()
    for bucket in buckets:
        old, new = left.get(bucket, nothing), right.get(bucket, nothing)
        sums = zip(old.groups, new.groups, strict=True)
        unequal = {i for i, (a, b) in enumerate(sums) if a is None or a != b}
        if not unequal:
            return schemas.values
        found |= unequal
    return tuple(pair for i in sorted(found) for pair in groups[i])

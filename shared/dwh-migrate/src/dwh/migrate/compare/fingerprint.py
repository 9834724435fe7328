"""Fingerprints: what one scan of a side, without shuffling rows, can prove.

The fingerprint of rows is their count and the sum of their hashes. A sum does not depend on the
order of rows and counts duplicates; XOR would lose pairs. Each 64-bit hash is added in 32-bit
halves, which cannot overflow a bigint below 2^31 rows a group, in ANSI mode or not; the halves are
put together in Python, where integers have no end.

Rows with a key have one 64-bit hash: a difference stays unseen with a chance of 2^-64. Rows without
a key have two, because among n rows any two may meet, with a chance of n^2 / 2^(bits + 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any, Literal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from dwh.migrate.compare.canonical import hash_of
from dwh.migrate.compare.schema import Paired, Schemas, Tables

__all__ = [
    "BUCKETS",
    "SideName",
    "Sums",
    "bucket_of",
    "bucket_sums",
    "column_sums",
    "compared",
    "halves",
    "hash_bits",
    "in_buckets",
    "on",
    "whole",
]

BUCKETS = 4096
"""Into how many groups rows fall, by the hash of their key. A hundred scattered differences then need
2.4 % of the rows to be read again, and the driver holds 4,096 small rows a side."""

SideName = Literal["left", "right"]


@dataclass(frozen=True)
class Sums:
    """The fingerprint of a group of rows: `hashes` are sums of 64-bit hashes, exact integers."""

    rows: int
    null_keys: int
    hashes: tuple[int, ...]


def hash_bits(schemas: Schemas) -> int:
    """Return how many bits stand for a row."""
    return 64 if schemas.key else 128


def compared(schemas: Schemas) -> tuple[Paired, ...]:
    """Return the pairs whose values are compared, the key's first."""
    return (*schemas.key, *schemas.values)


def on(side: SideName, pair: Paired) -> Column:
    """Return a pair's column on one side."""
    return F.col(pair.left if side == "left" else pair.right)


def _hash(side: SideName, pairs: Sequence[Paired], *first: Column) -> Column:
    parts = [part for pair in pairs for part in pair.how.hashable(on(side, pair))]
    return hash_of([*first, *parts])


def bucket_of(side: SideName, schemas: Tables) -> Column:
    """Return the bucket of a row: of its key, or of the whole row where there is none."""
    hashed = _hash(side, schemas.key) if schemas.key else _hash(side, compared(schemas), F.lit(1))
    return F.pmod(hashed, F.lit(BUCKETS)).cast("int")


def in_buckets(side: SideName, schemas: Tables, buckets: Sequence[int]) -> DataFrame:
    """Return the rows of one side that fall into some of the buckets."""
    frame = schemas.left if side == "left" else schemas.right
    return frame.where(bucket_of(side, schemas).isin(*buckets))


def _null_key(side: SideName, schemas: Tables) -> Column:
    nulls = [on(side, pair).isNull() for pair in schemas.key]
    return reduce(or_, nulls).cast("int") if nulls else F.lit(0)


def halves(name: str) -> list[Column]:
    """Return the sums of both halves of a column of hashes, as aggregates."""
    hashed = F.col(name)
    low = hashed.bitwiseAND(F.lit(0xFFFFFFFF))
    return [F.sum(low).alias(f"{name}_low"), F.sum(F.shiftrightunsigned(hashed, 32)).alias(f"{name}_high")]


def whole(row: Any, name: str) -> int:
    """Return the sum of hashes that `halves` gave, as an exact integer."""
    return (row[f"{name}_low"] or 0) + ((row[f"{name}_high"] or 0) << 32)


def bucket_sums(schemas: Tables) -> tuple[dict[int, Sums], dict[int, Sums]]:
    """Return the fingerprint of each bucket of whole rows, for both sides, by one Spark job."""
    left, right = (_bucketed(side, schemas) for side in ("left", "right"))
    sides: tuple[dict[int, Sums], dict[int, Sums]] = {}, {}
    names = _row_hashes(schemas)
    for row in left.unionAll(right).collect():
        sums = Sums(row["rows"], row["null_keys"], tuple(whole(row, name) for name in names))
        sides[row["side"]][row["bucket"]] = sums
    return sides


def _row_hashes(schemas: Tables) -> list[str]:
    return ["h1"] if schemas.key else ["h1", "h2"]


def _bucketed(side: SideName, schemas: Tables) -> DataFrame:
    frame = schemas.left if side == "left" else schemas.right
    names = _row_hashes(schemas)
    # Another first argument makes another hash function.
    hashes = [_hash(side, compared(schemas), F.lit(i + 1)).alias(name) for i, name in enumerate(names)]
    bucket = bucket_of(side, schemas).alias("bucket")
    rows = frame.select(bucket, _null_key(side, schemas).alias("null_key"), *hashes)
    return rows.groupBy("bucket").agg(
        F.lit(0 if side == "left" else 1).alias("side"),
        F.count(F.lit(1)).alias("rows"),
        F.sum("null_key").alias("null_keys"),
        *(half for name in names for half in halves(name)),
    )


def column_sums(schemas: Tables) -> tuple[list[int], list[int]]:
    """Return, for both sides, the sum of hash(key, value) of each column outside the key."""
    left, right = (_summed(side, schemas) for side in ("left", "right"))
    rows = {row["side"]: row for row in left.unionAll(right).collect()}
    names = [f"h{i}" for i in range(len(schemas.values))]
    return [whole(rows[0], name) for name in names], [whole(rows[1], name) for name in names]


def _summed(side: SideName, schemas: Tables) -> DataFrame:
    frame = schemas.left if side == "left" else schemas.right
    names = [f"h{i}" for i in range(len(schemas.values))]
    hashed = frame.select(_hash(side, schemas.key).alias("key"), *(on(side, pair) for pair in schemas.values))
    columns = [
        _hash(side, [pair], F.col("key")).alias(n) for n, pair in zip(names, schemas.values, strict=True)
    ]
    return hashed.select(*columns).agg(
        F.lit(0 if side == "left" else 1).alias("side"), *(half for name in names for half in halves(name))
    )

"""The ladder: the cheapest step that makes the answer certain, and what it found."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from dwh.compare.declared import Usable
from dwh.compare.errors import first_line
from dwh.compare.evidence import Evidence, Limits, known_equal, with_parts
from dwh.compare.findings import RowsFound, read_counts, read_details
from dwh.compare.fingerprints import Sums, bucket_sums, columns_that_differ, in_buckets
from dwh.compare.join import Differing, differing_rows, rows_of_duplicate_keys
from dwh.compare.model import NotCompared, Rows, Split, Step
from dwh.compare.multiset import Surplus, surplus_rows
from dwh.compare.nearby import looks_at_pairs
from dwh.compare.schema import Paired, Tables
from dwh.compare.stored import Parts

__all__ = ["climb", "climb_parts", "restricted", "without_broken"]

FEW = 0.25
"""The share of rows up to which only the buckets that differ are read again. Above it, leaving the other
buckets out costs more than it saves."""

MOVED = NotCompared(
    "The data",
    "the rows read by two steps do not agree: a side changed while it was read, or is not deterministic",
)

TOO_MANY = NotCompared(
    "What tolerances and rules that look at two values allow in rows whose key repeats",
    "pairing them would take too long; they count as different unless they are equal",
)

R = TypeVar("R")


def climb_parts(schemas: Tables, expectations: Sequence[Usable], limits: Limits, parts: Parts) -> Evidence:
    """Return what differs, reading only the parts that stored fingerprints leave open."""
    if not parts.differing:
        return known_equal(parts, len(expectations))
    evidence = climb(restricted(schemas, parts), expectations, limits, exact=False)
    if not parts.apart:
        return evidence
    rows = with_parts(evidence.rows, parts)
    return replace(evidence, rows=rows if parts.values is not None else _not_looked_at(rows))


def _not_looked_at(rows: Rows) -> Rows:
    """Return the counts without those of keys that repeat: some of the rows were not read."""
    return replace(
        rows,
        duplicate_keys_left=None,
        duplicate_keys_right=None,
        duplicate_rows_left=None,
        duplicate_rows_right=None,
    )


def restricted(schemas: Tables, parts: Parts) -> Tables:
    """Return the rows and columns that are not proven equal; all where equal parts say nothing of others."""
    if not parts.apart:
        return schemas
    if parts.values is not None:
        kept = (p for p in schemas.pairs if p.key or not p.form or p.name in parts.values)
        schemas = replace(schemas, pairs=tuple(kept), unique=True)
    by = next((pair for pair in schemas.pairs if pair.left_name == parts.by), None)
    if by is None:
        return schemas
    known = [value for value in parts.differing if value is not None]
    open_parts = [
        F.col(name).cast("string").isin(known) | (F.col(name).isNull() & F.lit(None in parts.differing))
        for name in (by.left, by.right)
    ]
    return replace(schemas, left=schemas.left.where(open_parts[0]), right=schemas.right.where(open_parts[1]))


def climb(schemas: Tables, expectations: Sequence[Usable], limits: Limits, *, exact: bool) -> Evidence:
    """Return what differs, by fingerprints first, and by a join of what they leave open.

    Parameters:
        exact: whether to join everything even where fingerprints are equal.
    """
    sums, spent = _timed(lambda: bucket_sums(schemas))
    rows = _counted(*sums)
    differing = [
        bucket for bucket in sorted({*sums[0], *sums[1]}) if sums[0].get(bucket) != sums[1].get(bucket)
    ]
    seconds = {"fingerprint": spent}
    if not exact and not differing:
        evidence = Evidence("fingerprint", replace(rows, matched=rows.left), seen=(0,) * len(expectations))
    elif not rows.left or not rows.right:
        evidence, seconds["join"] = _timed(
            lambda: _join(schemas, schemas.values, expectations, limits, rows, None)
        )
    else:
        values, buckets = _plan(schemas, differing, sums, exact)
        evidence, seconds["join"] = _timed(
            lambda: _join(schemas, values, expectations, limits, rows, buckets)
        )
        evidence = replace(evidence, rows_joined=sum(_rows_in(side, buckets) for side in sums))
    gaps = (*evidence.gaps, *_contradictions(evidence, schemas, bool(differing)))
    return replace(evidence, gaps=gaps, buckets_differing=len(differing), seconds=seconds)


def without_broken(schemas: Tables, expectations: Sequence[Usable]) -> tuple[Usable, ...]:
    """Return the expectations with those marked as broken whose condition fails on some row.

    A condition that divides by zero, say, stops the whole job; trying them one by one finds it.
    """
    return tuple(replace(item, problem=item.problem or _problem(schemas, item)) for item in expectations)


def _problem(schemas: Tables, item: Usable) -> str:
    try:
        if schemas.key:
            read_counts(differing_rows(schemas.left, schemas.right, schemas, schemas.values, [item]))
        surplus_rows(schemas.left, schemas.right, schemas, [item], 0)
    except Exception as error:  # engines raise errors of a row in their own ways
        return first_line(error)
    return ""


def _timed(work: Callable[[], R]) -> tuple[R, float]:
    started = time.monotonic()
    result = work()
    return result, round(time.monotonic() - started, 3)


def _rows_in(side: Mapping[int, Sums], buckets: Sequence[int] | None) -> int:
    wanted = side.keys() if buckets is None else side.keys() & set(buckets)
    return sum(side[bucket].rows for bucket in wanted)


def _counted(left: Mapping[int, Sums], right: Mapping[int, Sums]) -> Rows:
    return Rows(
        left=sum(sums.rows for sums in left.values()),
        right=sum(sums.rows for sums in right.values()),
        null_keys_left=sum(sums.null_keys for sums in left.values()),
        null_keys_right=sum(sums.null_keys for sums in right.values()),
    )


def _plan(
    schemas: Tables, differing: Sequence[int], sums: tuple[dict[int, Sums], dict[int, Sums]], exact: bool
) -> tuple[tuple[Paired, ...], Sequence[int] | None]:
    """Return the columns and the buckets to join; None for all buckets."""
    if exact:
        return schemas.values, None
    few = sum(_rows_in(side, differing) for side in sums) <= FEW * sum(_rows_in(side, None) for side in sums)
    values = columns_that_differ(schemas, *sums, differing) if schemas.key else schemas.values
    return values, (differing if few else None)


def _join(
    schemas: Tables,
    values: Sequence[Paired],
    expectations: Sequence[Usable],
    limits: Limits,
    rows: Rows,
    buckets: Sequence[int] | None,
) -> Evidence:
    left, right = schemas.left, schemas.right
    if buckets is not None:
        left, right = in_buckets("left", schemas, buckets), in_buckets("right", schemas, buckets)
    step: Step = "join" if buckets is None else "buckets"
    if not schemas.key:
        surplus = surplus_rows(left, right, schemas, expectations, limits.samples)
        return Evidence(step, _unpaired(rows, surplus), samples=surplus.samples, seen=surplus.seen)
    null_keys = bool(rows.null_keys_left or rows.null_keys_right)
    differing = differing_rows(left, right, schemas, values, expectations, null_keys=null_keys)
    differing = replace(differing, frame=differing.frame.persist())
    try:
        counted = read_counts(differing)
        details = read_details(differing, counted, limits.top, limits.samples)
        found = counted.rows
        columns = {
            values[i].name: replace(column, top=details.top.get(i, ()))
            for i, column in counted.columns.items()
        }
        evidence = Evidence(step, _paired(rows, found), columns, details.samples, found.seen)
        if found.duplicates:
            evidence = _with_duplicates(evidence, left, right, schemas, differing, found, limits)
        if buckets is None or schemas.unique:
            return evidence
        return replace(evidence, rows=_not_looked_at(evidence.rows))
    finally:
        differing.frame.unpersist()


def _unpaired(rows: Rows, surplus: Surplus) -> Rows:
    return replace(
        rows,
        matched=rows.left - surplus.left_only.count,
        left_only=surplus.left_only,
        right_only=surplus.right_only,
    )


def _paired(rows: Rows, found: RowsFound) -> Rows:
    return replace(
        rows,
        matched=rows.left - found.left_only.count - found.changed.count,
        changed=found.changed,
        left_only=found.left_only,
        right_only=found.right_only,
        duplicate_keys_left=found.duplicate_keys_left,
        duplicate_keys_right=found.duplicate_keys_right,
        duplicate_rows_left=0,
        duplicate_rows_right=0,
    )


def _with_duplicates(
    evidence: Evidence,
    left: DataFrame,
    right: DataFrame,
    schemas: Tables,
    differing: Differing,
    found: RowsFound,
    limits: Limits,
) -> Evidence:
    lefts = rows_of_duplicate_keys("left", left, schemas, differing)
    rights = rows_of_duplicate_keys("right", right, schemas, differing)
    surplus = surplus_rows(lefts, rights, schemas, differing.expectations, limits.samples)
    rows, repeated = evidence.rows, _how_many(lefts, rights)
    rows = replace(
        rows,
        matched=rows.matched - surplus.left_only.count,
        left_only=_sum(rows.left_only, surplus.left_only),
        right_only=_sum(rows.right_only, surplus.right_only),
        duplicate_rows_left=repeated[0],
        duplicate_rows_right=repeated[1],
    )
    gaps = () if surplus.near_paired else (TOO_MANY,)
    samples = tuple(sorted((*evidence.samples, *surplus.samples), key=lambda sample: sample.expected))
    seen = tuple(a + b for a, b in zip(evidence.seen, surplus.seen, strict=True))
    return replace(evidence, rows=rows, samples=samples, seen=seen, gaps=(*evidence.gaps, *gaps))


def _how_many(left: DataFrame, right: DataFrame) -> tuple[int, int]:
    """Return how many rows both sides have, by one Spark job."""
    sides = left.selectExpr("1 AS `left`", "0 AS `right`").unionAll(right.selectExpr("0", "1"))
    found = sides.agg(F.sum("left"), F.sum("right")).collect()[0]
    return found[0] or 0, found[1] or 0


def _sum(one: Split, other: Split) -> Split:
    return Split(one.count + other.count, one.expected + other.expected, one.unexpected + other.unexpected)


def _contradictions(evidence: Evidence, schemas: Tables, hashes_differ: bool) -> list[NotCompared]:
    rows = evidence.rows
    balanced = rows.left - rows.left_only.count == rows.right - rows.right_only.count
    found = bool(rows.changed.count or rows.left_only.count or rows.right_only.count)
    may_hide = looks_at_pairs(schemas)
    agree = found == hashes_differ or (hashes_differ and may_hide)
    return [] if balanced and rows.matched >= 0 and agree else [MOVED]

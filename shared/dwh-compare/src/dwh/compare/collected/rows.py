"""The rows of a small side, as what tells values apart and what a report shows of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from dwh.compare.fingerprints import compared, on
from dwh.compare.forms import SideName, hash_of
from dwh.compare.schema import Paired, Tables
from dwh.compare.text import text_of
from dwh.compare.types import type_of

__all__ = ["CollectedRow", "identity", "in_one_job", "read_identities", "read_rows"]

_AT_FIRST = "spark.sql.limit.initialNumPartitions"
_DEFAULT, _PARTITIONS = "1", "8"


@dataclass(frozen=True)
class CollectedRow:
    """One row of one side.

    Attributes:
        key: hashes that rows with the same key share, 128 bits; empty without a key.
        null_key: whether some column of the key is null.
        values: the hash of each column outside the key; without a key, 128 bits of hashes of all columns.
        numbers: by compared column, the key's first, the number where it is one.
        texts: by compared column, the value as text; None for null.
        forms: the same of the form in which values are compared, if anybody can read it: all equal values
            have one.
    """

    key: tuple[int, ...]
    null_key: bool
    values: tuple[int, ...]
    numbers: tuple[int | float | Decimal | None, ...]
    texts: tuple[str | None, ...]
    forms: tuple[str | None, ...]


def identity(side: SideName, tables: Tables) -> tuple[list[str], list[str]]:
    """Return, as SQL, the hashes that identify a row's key, and those that tell its values apart."""
    if not tables.key:
        return [], [_hash(side, compared(tables), first) for first in ("1", "2")]
    key = [_hash(side, tables.key), _hash(side, tables.key, "2")]
    return key, [_hash(side, [pair]) for pair in tables.values]


def _hash(side: SideName, pairs: Sequence[Paired], *first: str) -> str:
    return hash_of([pair.hashable(side) for pair in pairs], *first)


@contextmanager
def in_one_job(session: SparkSession) -> Iterator[None]:
    """Let limits look at several partitions at once, so that a small table takes one job, not two.

    By default, Spark looks at one partition first, and then at others. What the caller has set stays as it
    is, and so does a setting that the engine does not let us change.
    """
    changed = _more_at_first(session)
    try:
        yield
    finally:
        if changed:
            session.conf.unset(_AT_FIRST)


def _more_at_first(session: SparkSession) -> bool:
    """Change how many partitions are looked at first; return whether that was done."""
    try:
        if session.conf.get(_AT_FIRST, _DEFAULT) != _DEFAULT:
            return False
        session.conf.set(_AT_FIRST, _PARTITIONS)
    except PySparkException:
        return False
    return True


def read_identities(side: SideName, tables: Tables, most: int) -> list[CollectedRow] | None:
    """Return the rows of one side without numbers and texts, as `read_rows` does.

    They tell whether any row differs, for a fraction of what a report needs to show how.
    """
    key, values = identity(side, tables)
    frame = tables.left if side == "left" else tables.right
    return _read(frame, [key, [_null_key(side, tables)], values, [], [], []], most, ())


def read_rows(side: SideName, tables: Tables, most: int) -> list[CollectedRow] | None:
    """Return the rows of one side, in no order; None if there are more than `most`."""
    frame = tables.left if side == "left" else tables.right
    pairs = compared(tables)
    frame, forms = _with_forms(side, frame, pairs)
    key, values = identity(side, tables)
    numbers = [on(side, pair) if pair.numeric else "NULL" for pair in pairs]
    texts = [_text(side, pair) for pair in pairs]
    return _read(frame, [key, [_null_key(side, tables)], values, numbers, texts, forms], most, pairs)


def _null_key(side: SideName, tables: Tables) -> str:
    return " OR ".join(f"isnull({on(side, pair)})" for pair in tables.key) or "false"


def _read(
    frame: DataFrame, parts: Sequence[Sequence[str]], most: int, pairs: Sequence[Paired]
) -> list[CollectedRow] | None:
    named = [f"{text} AS c{i}" for i, text in enumerate(text for part in parts for text in part)]
    found = frame.selectExpr(*named).limit(most + 1).collect()
    sizes = [len(part) for part in parts]
    return None if len(found) > most else [_row(row, sizes, pairs) for row in found]


def _text(side: SideName, pair: Paired) -> str:
    """Return, as SQL, the text of a value; one outside the key is shown beside that of the other side."""
    types = (pair.left_type, pair.right_type) if side == "left" else (pair.right_type, pair.left_type)
    return text_of(on(side, pair), types[0], None if pair.key else types[1])


def _with_forms(side: SideName, frame: DataFrame, pairs: Sequence[Paired]) -> tuple[DataFrame, list[str]]:
    """Return the rows, with values in comparable form where that is another, and their texts, as SQL."""
    others = [pair.comparable(side) for pair in pairs if _has_form(pair)]
    if not others:
        return frame, []
    known = frame.selectExpr("*", *(f"{text} AS f{i}" for i, text in enumerate(others)))
    fields = known.schema.fields[-len(others) :]
    return known, [text_of(column.name, type_of(column.dataType)) for column in fields]


def _has_form(pair: Paired) -> bool:
    """Return whether the form in which values are compared has a text of its own that can be read."""
    return pair.how.readable and not pair.how.plain


def _row(row: Any, sizes: Sequence[int], pairs: Sequence[Paired]) -> CollectedRow:
    cells = iter(row)
    key, (null_key,), values, numbers, texts, others = (_next(cells, size) for size in sizes)
    changed = iter(others)
    forms = (next(changed) if _has_form(pair) else text for text, pair in zip(texts, pairs, strict=True))
    return CollectedRow(key, null_key, values, numbers, texts, tuple(forms))


def _next(cells: Iterator[Any], size: int) -> tuple[Any, ...]:
    return tuple(next(cells) for _ in range(size))

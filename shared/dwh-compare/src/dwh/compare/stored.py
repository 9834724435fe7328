"""Fingerprints of outputs, to be kept: what lets two outputs be compared later without reading them.

A stored fingerprint is JSON-able and has one part for each value of a partition column. Parts are
additive, so the fingerprints of several runs merge into that of all their rows. It is made of

* `format`, and `encoding`: how values become hashes. Only equal encodings may be compared;
* `schema`: the output's schema, as Spark's JSON; `columns`: the form under which each column was
  hashed (see `canonical`); `skipped`: the columns that cannot be;
* `key`, and `unique`: whether the key is known to be unique, because an audit has looked;
* `by` and `parts`: for each part its rows, the rows with a null in the key, and sums of hashes, in
  hex: `key` (of hash(key)), `row` (of the whole row) and, where there is a key, `columns` (of
  hash(key, value), in the order of `columns`).

Sums by column show that two outputs are equal in the columns that both have. That holds for unique
keys only: with others, values swapped between two rows of one key leave each column's sum as it was.
Then the sums of whole rows must agree, which need the same columns on both sides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dwh.compare.arguments import check_frame, column_names
from dwh.compare.canonical import common_form
from dwh.compare.errors import ColumnChoiceError, ComparisonError, KeyChoiceError
from dwh.compare.fingerprints import halves, whole
from dwh.compare.forms import Form, hash_of
from dwh.compare.schema import Paired, Schemas
from dwh.compare.structs import IncomparableError
from dwh.compare.types import StructType, schema_of_json

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["ENCODING", "Parts", "differing_parts", "fingerprint", "merge_fingerprints", "schema_of"]

FORMAT = 1
ENCODING = "xxhash64/2"
"""Changes whenever the same value would get another hash."""

Stored = Mapping[str, Any]


def fingerprint(
    frame: DataFrame,
    key: str | Iterable[str] | None = (),
    *,
    by: str | None = None,
    part: str = "{}",
    unique: bool = False,
) -> dict[str, Any]:
    """Return the fingerprint of an output, by one scan without a shuffle of rows.

    Parameters:
        key: the columns that identify a row; without it only whole rows are hashed, to 128 bits.
        by: a column to make one part for each of its values, such as the logical date.
        part: the SQL of what makes a part, with `{}` wherever that column stands: the hour of a timestamp.
        unique: whether the key is known to be unique.

    Raises KeyChoiceError or ColumnChoiceError when a column is not there or cannot be hashed.
    """
    from pyspark.sql import functions as F

    check_frame(frame)
    schema = frame.schema.jsonValue()
    key = column_names("key", key)
    forms = _forms(schema_of_json(schema))
    _check(frame, key, by, forms)
    values = [name for name in forms if name not in key]
    numbered = frame.toDF(*(f"c{i}" for i in range(len(frame.columns))))
    places = {name: f"c{i}" for i, name in enumerate(frame.columns)}
    hashes = _hashes({name: (forms[name], places[name]) for name in forms}, key, values)
    apart = f"CAST({part.replace('{}', places[by]) if by else 'NULL'} AS string) AS by"
    nulls = " OR ".join(f"isnull({places[name]})" for name in key) or "false"
    read = (apart, f"CAST({nulls} AS int) AS null_key", *dict.fromkeys(places.values()))
    rows = numbered.selectExpr(*read)
    for step in hashes:
        rows = rows.selectExpr("*", *(f"{hashed} AS {name}" for name, hashed in step.items()))
    names = [name for step in hashes for name in step]
    summed = ["count(1) AS rows", "sum(null_key) AS null_keys", *(half for n in names for half in halves(n))]
    sums = rows.groupBy("by").agg(*(F.expr(text) for text in summed))
    return {
        "format": FORMAT,
        "encoding": ENCODING,
        "schema": schema,
        "columns": {name: form.tag for name, form in forms.items() if name not in key},
        "skipped": [name for name in frame.columns if name not in forms],
        "key": {name: forms[name].tag for name in key},
        "unique": unique,
        "by": by,
        "parts": [_part(row, names) for row in sums.collect()],
    }


def _forms(schema: StructType) -> dict[str, Form]:
    forms: dict[str, Form] = {}
    for column in sorted(schema.fields, key=lambda column: column.name):
        try:
            forms[column.name] = common_form(column.type, column.type)
        except IncomparableError:
            continue  # named in `skipped`, which makes a comparison read the data
    return forms


def _check(frame: DataFrame, key: Sequence[str], by: str | None, forms: Mapping[str, Form]) -> None:
    if len(set(frame.columns)) < len(frame.columns):
        raise ColumnChoiceError(
            "column", ", ".join(frame.columns), "two columns have one name", frame.columns
        )
    bad = [name for name in key if name not in forms]
    if bad:
        raise KeyChoiceError(key, f"{', '.join(bad)} is missing or cannot be compared", forms)
    if len(set(key)) < len(key):
        raise KeyChoiceError(key, "a column is named twice", forms)
    if by is not None and by not in frame.columns:
        raise ColumnChoiceError("partition column", by, "the output does not have it", frame.columns)


def _hashes(
    columns: Mapping[str, tuple[Form, str]], key: Sequence[str], names: Sequence[str]
) -> list[dict[str, str]]:
    """Return the hashes of one row that are summed, by the name of their sum, in steps.

    Each step uses what the one before has made.
    """
    parts = {name: form.hashable(column) for name, (form, column) in columns.items()}
    if not key:
        row = [parts[name] for name in names]
        return [{"row": hash_of(row, "1"), "row2": hash_of(row, "2")}]
    values = {f"h{i}": hash_of([parts[name]], "key") for i, name in enumerate(names)}
    of_all = f"xxhash64({', '.join(['key', *values])})"
    return [{"key": hash_of([parts[name] for name in key])}, values, {"row": of_all}]


def _part(row: Any, names: Sequence[str]) -> dict[str, Any]:
    sums = {name: f"{whole(row, name):x}" for name in names}
    columns = [sums.pop(name) for name in names if name.startswith("h")]
    return {"by": row["by"], "rows": row["rows"], "null_keys": row["null_keys"], **sums, "columns": columns}


def merge_fingerprints(stored: Iterable[Stored]) -> dict[str, Any]:
    """Return the fingerprint of the rows of several outputs together, such as those of several runs.

    Raises ComparisonError when they were not made alike.
    """
    all_of_them = list(stored)
    alike = {str({**one, "parts": None}) for one in all_of_them}
    if len(alike) != 1:
        raise ComparisonError("these fingerprints were not made alike: their columns, key or encoding differ")
    parts: dict[str | None, dict[str, Any]] = {}
    for part in (part for one in all_of_them for part in one["parts"]):
        known = parts.get(part["by"])
        parts[part["by"]] = _added(known, part) if known else dict(part)
    # Keys that are unique in each output may still be on several of them.
    overlaps = len(parts) < sum(len(one["parts"]) for one in all_of_them)
    unique = all_of_them[0]["unique"] and not overlaps and _by_key(all_of_them[0])
    return {**all_of_them[0], "unique": unique or (len(all_of_them) == 1 and all_of_them[0]["unique"]),
            "parts": list(parts.values())}  # fmt: skip


def _by_key(stored: Stored) -> bool:
    return stored["by"] in stored["key"]


def _added(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    sums = {name: _hex(one[name], other[name]) for name in ("key", "row", "row2") if name in one}
    columns = [_hex(a, b) for a, b in zip(one["columns"], other["columns"], strict=True)]
    counts = {name: one[name] + other[name] for name in ("rows", "null_keys")}
    return {"by": one["by"], **counts, **sums, "columns": columns}


def _hex(one: str, other: str) -> str:
    return f"{int(one, 16) + int(other, 16):x}"


def schema_of(stored: Stored) -> StructType:
    """Return the schema of the output; raises ComparisonError for another format."""
    if stored.get("format") != FORMAT:
        raise ComparisonError(f"fingerprint format {stored.get('format')!r}: this version reads {FORMAT}")
    return schema_of_json(stored["schema"])


@dataclass(frozen=True)
class Parts:
    """What two stored fingerprints prove, by values of the column `by`.

    Attributes:
        by: the column's name on the left.
        differing: the parts that are not proven equal.
        rows, null_keys: how many rows the equal parts hold on each side, and with a null in the key.
        values: where the key is known to be unique on both sides, the columns outside it that may
            differ, by their name on the right; else None, as sums by column prove nothing then.
        apart: whether the parts can be compared one by one, as no key has rows in two of them.
    """

    by: str | None
    differing: tuple[str | None, ...]
    rows: int
    null_keys: int
    values: tuple[str, ...] | None = None
    apart: bool = True


def differing_parts(
    left: Stored, right: Stored, schemas: Schemas, *, signed_zero: bool = False
) -> Parts | None:
    """Return which parts of two outputs are proven equal, or None if the fingerprints cannot tell."""
    pick = _picked(left, right, schemas)
    if signed_zero or pick is None or any(pair.rules for pair in schemas.key):
        return None  # under a rule, keys that differ may be the same
    lefts, rights = ({part["by"]: part for part in stored["parts"]} for stored in (left, right))
    differing, rows, null_keys = [], 0, 0
    for value in sorted({*lefts, *rights}, key=str):
        old, new = lefts.get(value), rights.get(value)
        if old and new and _sums(old, pick[0]) == _sums(new, pick[1]):
            rows, null_keys = rows + old["rows"], null_keys + old["null_keys"]
        else:
            differing.append(value)
    may_differ, in_key = None, _in_key(left) and _in_key(right)
    if pick[0] is not None and pick[1] is not None and in_key:
        places = zip(schemas.values, pick[0], pick[1], strict=True)
        may_differ = tuple(
            pair.name
            for pair, old, new in places
            if any(_column(lefts, part, old) != _column(rights, part, new) for part in differing)
        )
    return Parts(left["by"], tuple(differing), rows, null_keys, may_differ, in_key or not schemas.key)


def _in_key(stored: Stored) -> bool:
    """Return whether a key has all its rows in one part."""
    return stored["by"] is None or _by_key(stored)


def _column(parts: Mapping[str | None, Mapping[str, Any]], value: str | None, place: int) -> str | None:
    return str(parts[value]["columns"][place]) if value in parts else None


def _sums(part: Mapping[str, Any], places: Sequence[int] | None) -> tuple[Any, ...]:
    counts = part["rows"], part["null_keys"], part.get("key")
    if places is None:
        return (*counts, part["row"], part.get("row2"))
    return (*counts, *(part["columns"][place] for place in places))


def _picked(
    left: Stored, right: Stored, schemas: Schemas
) -> tuple[Sequence[int] | None, Sequence[int] | None] | None:
    """Return the places of the columns to compare on each side, None for whole rows; None if unusable."""
    if any(stored.get("encoding") != ENCODING for stored in (left, right)) or not _by_matches(
        left, right, schemas
    ):
        return None
    if any(not pair.form and not pair.ignored for pair in schemas.pairs) or not _same_forms(
        left, right, schemas
    ):
        return None
    if schemas.key and left["unique"] and right["unique"]:
        olds, news = list(left["columns"]), list(right["columns"])
        values = schemas.values
        return [olds.index(p.left_name) for p in values], [news.index(p.name) for p in values]
    whole_rows = [p.name for p in schemas.pairs if p.form and p.name == p.left_name]
    everything = sorted(whole_rows) == sorted(schemas.left_names) == sorted(schemas.right_names)
    return (None, None) if everything else None


def _by_matches(left: Stored, right: Stored, schemas: Schemas) -> bool:
    by = {(pair.left_name, pair.name) for pair in schemas.pairs} | {(None, None)}
    return (left["by"], right["by"]) in by


def _same_forms(left: Stored, right: Stored, schemas: Schemas) -> bool:
    def tags(stored: Stored, name: str, pair: Paired) -> Any:
        return stored["key"].get(name) if pair.key else stored["columns"].get(name)

    keys = (
        tuple(p.left_name for p in schemas.key) == tuple(left["key"]),
        tuple(p.name for p in schemas.key) == tuple(right["key"]),
    )
    compared = [pair for pair in schemas.pairs if pair.form]
    alike = (tags(left, p.left_name, p) == tags(right, p.name, p) is not None for p in compared)
    return all(keys) and all(alike)

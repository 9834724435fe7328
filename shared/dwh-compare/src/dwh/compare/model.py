"""What a comparison found: the documented, versioned result that every report is rendered from.

The classes are plain data and need no Spark. `Comparison.to_dict()` is JSON-able and
`Comparison.from_dict()` is its inverse. Values of the data appear only as `Cell`: text that is
bounded in length, with None for null. Nothing here is escaped for any output; a renderer must do it.

Counting rules:

* `expected + unexpected` always equals the count it splits.
* A count of None means "not looked at", never zero: equal fingerprints prove that both sides hold
  the same rows without looking for duplicate keys, for example.
* In a keyless table rows are a multiset: nothing is `changed`, a row that differs is one row that is
  only left and one that is only right. The same holds for the rows of a key that repeats (see `pairing`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from dwh.compare import _codec
from dwh.compare.tolerance import Tolerance

__all__ = [
    "FORMAT",
    "Cell",
    "CellChange",
    "ColumnResult",
    "Comparison",
    "ExpectationResult",
    "Measurement",
    "NotCompared",
    "Numbers",
    "Pair",
    "Rows",
    "SampleRow",
    "SchemaColumn",
    "SchemaSide",
    "Side",
    "Split",
    "Threshold",
    "Verdict",
]

FORMAT = 2
"""The version of the JSON model. It grows when a reader of the older one would misread the newer.

2 has exact numbers, which are text: tolerances and `max_absolute` were floats in 1.
"""

_READABLE = (1, FORMAT)

Verdict = Literal["pass", "fail", "incomplete"]
Status = Literal["same", "renamed", "added", "removed", "type_changed", "nullability_changed", "reordered"]
Step = Literal["ledger", "collected", "fingerprint", "buckets", "join"]
RowKind = Literal["changed", "left_only", "right_only"]


@dataclass(frozen=True)
class Cell:
    """One value of the data as text.

    Attributes:
        text: the value as Spark prints it, binary as hex, nested values as JSON; None for null.
        truncated: whether the value goes on after `text`.
        skipped: how many characters of the value come before `text`: those in which two long values that
            are shown beside each other are the same.
    """

    text: str | None
    truncated: bool = False
    skipped: int = 0


@dataclass(frozen=True)
class Split:
    """A count and how much of it was declared."""

    count: int = 0
    expected: int = 0
    unexpected: int = 0


@dataclass(frozen=True)
class Side:
    """What was compared on one side.

    Attributes:
        label: how people call it, such as `carrier_delays@0.1`.
        provenance: whatever the caller knows: job, line, release, runs, partitions, inputs. JSON-able.
    """

    label: str
    provenance: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SchemaSide:
    """A column as one side has it.

    Attributes:
        type: Spark SQL's short form, such as `decimal(12,2)`.
        position: from 0.
    """

    name: str
    type: str
    nullable: bool
    position: int


@dataclass(frozen=True)
class SchemaColumn:
    """A column in the schemas of both sides.

    Attributes:
        left, right: None where the side has no such column.
        status: the most important difference; `changes` lists all of them.
        changes: every status that applies: a renamed column may also have changed its type.
        declared: whether `status` and all other failing changes were declared. True for `same`.
        fails: whether this column makes the verdict `fail`.
        reason: why, as declared; empty where nothing was declared.
    """

    left: SchemaSide | None
    right: SchemaSide | None
    status: Status
    changes: tuple[Status, ...] = ()
    declared: bool = True
    fails: bool = False
    reason: str = ""

    @property
    def name(self) -> str:
        """The name on the right, or the one on the left where the right has none."""
        side = self.right or self.left
        return side.name if side else ""


@dataclass(frozen=True)
class Rows:
    """How the rows of both sides relate.

    Attributes:
        left, right: rows on each side.
        matched: pairs of rows that are equal in every compared column.
        changed: pairs with the same key that differ; a pair is expected when all its cells are.
        left_only, right_only: rows without a partner.
        duplicate_keys_left, duplicate_keys_right: keys that more than one row has; None: not looked at.
        duplicate_rows_left, duplicate_rows_right: rows that were compared as multisets, because their
            key is not unique on one of the sides.
        null_keys_left, null_keys_right: rows with a null in the key.
    """

    left: int = 0
    right: int = 0
    matched: int = 0
    changed: Split = field(default_factory=Split)
    left_only: Split = field(default_factory=Split)
    right_only: Split = field(default_factory=Split)
    duplicate_keys_left: int | None = None
    duplicate_keys_right: int | None = None
    duplicate_rows_left: int | None = None
    duplicate_rows_right: int | None = None
    null_keys_left: int | None = None
    null_keys_right: int | None = None


@dataclass(frozen=True)
class Numbers:
    """How far numbers are apart, over the pairs that count as different and have two finite values.

    Attributes:
        compared: how many pairs that are.
        max_absolute: exact; of floating numbers to 15 digits. The others are rounded to double.
        max_relative, mean_relative: of |new - old| / max(|old|, |new|), from 0 to 2.
    """

    compared: int = 0
    max_absolute: Decimal | None = None
    mean_absolute: float | None = None
    max_relative: float | None = None
    mean_relative: float | None = None


@dataclass(frozen=True)
class Pair:
    """A change of value that occurs often, with the key of one row that has it."""

    old: Cell
    new: Cell
    count: int
    expected: int
    unexpected: int
    example: Mapping[str, Cell] = field(default_factory=dict)


@dataclass(frozen=True)
class ColumnResult:
    """The values of one column over the matched and changed rows.

    Attributes:
        name: the name on the right, or the one on the left where the right has none.
        left_name: the name on the left when it was renamed, else None.
        key: whether it is part of the key.
        compared: whether its values were compared; `why_not` says why not.
        ignored: whether the caller asked not to compare it.
        differing: pairs of rows in which the values differ, beyond the tolerance if there is one.
        to_null, from_null: those of them where a value became null, or null became a value.
        numbers: for numeric columns that differ.
        top: the most frequent changes, most frequent first.
        rules: what else counted as the same value, as text: `trim`, or `city: trim` for a field of a struct.
        proven_by: what `differing` rests on: `fingerprint`, or `join` (value by value). None for the
            key and for what was not compared.
    """

    name: str
    left_name: str | None = None
    key: bool = False
    compared: bool = True
    ignored: bool = False
    why_not: str = ""
    differing: Split = field(default_factory=Split)
    to_null: int = 0
    from_null: int = 0
    numbers: Numbers | None = None
    top: tuple[Pair, ...] = ()
    tolerance: Tolerance | None = None
    rules: tuple[str, ...] = ()
    proven_by: Literal["fingerprint", "join"] | None = None


@dataclass(frozen=True)
class CellChange:
    """One column of a sample row.

    Attributes:
        old, new: None where the row is not on that side.
        changed: whether the values count as different.
        expected: whether a declared change covers the difference.
    """

    column: str
    old: Cell | None
    new: Cell | None
    changed: bool = False
    expected: bool = False


@dataclass(frozen=True)
class SampleRow:
    """A row that differs: its key, and its cells.

    Attributes:
        cells: the columns that differ; of a one-sided row, all columns that the step has read.
    """

    kind: RowKind
    key: Mapping[str, Cell]
    cells: tuple[CellChange, ...]
    expected: bool = False


@dataclass(frozen=True)
class ExpectationResult:
    """A declared change and whether it was seen.

    Attributes:
        what: `renamed`, `added`, `removed`, or the kind of an expected difference.
        column: None for `row_added` and `row_removed`.
        where: the condition; empty for changes of the schema.
        seen: how many cells or rows it covers; 1 or 0 for a change of the schema. None if broken, or
            if rows were not looked at.
        problem: why it is broken.
    """

    what: str
    column: str | None
    where: str
    reason: str
    status: Literal["seen", "not seen", "broken"]
    seen: int | None = 0
    problem: str = ""


@dataclass(frozen=True)
class NotCompared:
    """Something that should have been compared and was not; it makes the verdict `incomplete`."""

    what: str
    why: str


@dataclass(frozen=True)
class Threshold:
    """A limit that the caller set, what was found, and whether it held.

    Attributes:
        name: `max_changed`: the share of rows that differ unexpectedly (see `share`).
        limit, found: shares from 0 to 1.
    """

    name: str
    limit: float
    found: float
    held: bool


@dataclass(frozen=True)
class Measurement:
    """How it was measured.

    Attributes:
        step: the last step of the ladder: `ledger` (stored fingerprints, no scan), `collected` (both
            sides are small and were brought here), `fingerprint`, `buckets` (a join of the differing
            buckets) or `join` (a join of everything).
        exact: whether every row was compared value by value. Otherwise what is called equal is so
            short of a collision of a hash of `hash_bits` bits.
        rows_joined: rows that the exact step read, both sides together.
        seconds: wall-clock time by step, and `total`.
    """

    step: Step
    exact: bool
    hash_bits: int | None = None
    key: tuple[str, ...] = ()
    signed_zero: bool = False
    tolerances: Mapping[str, Tolerance] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    rules: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
    rows_joined: int = 0
    buckets: int | None = None
    buckets_differing: int | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """The result of comparing two tables.

    Attributes:
        verdict: `pass`, `fail` or `incomplete`. `fail` wins over `incomplete`, which wins over `pass`.
        reasons: why, in plain sentences, the gravest first.
        samples: some of the rows that differ, unexpected ones first.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    left: Side
    right: Side
    schema: tuple[SchemaColumn, ...]
    rows: Rows
    columns: tuple[ColumnResult, ...]
    measurement: Measurement
    samples: tuple[SampleRow, ...] = ()
    expectations: tuple[ExpectationResult, ...] = ()
    not_compared: tuple[NotCompared, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    format: int = FORMAT

    @property
    def exit_code(self) -> int:
        """What a command exits with: 0 for `pass`, 1 for `fail`, 3 for `incomplete`; 2 is a mistake."""
        return {"pass": 0, "fail": 1, "incomplete": 3}[self.verdict]

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON-able data, with `format` first."""
        data = _codec.encode(self)
        return {"format": data.pop("format"), **data}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Comparison:
        """Return the result that `to_dict` wrote, in this format or 1; raises ValueError for another."""
        if data.get("format") not in _READABLE:
            formats = " and ".join(map(str, _READABLE))
            raise ValueError(f"comparison format {data.get('format')!r}: this version reads {formats}")
        return _codec.decode(cls, {**data, "format": FORMAT})

    def assert_pass(self) -> None:
        """Return if the verdict is `pass`; otherwise raise DifferenceError, whose text is the report."""
        if self.verdict != "pass":
            from dwh.compare.errors import DifferenceError
            from dwh.compare.report.markdown import to_markdown  # kept out of import time

            raise DifferenceError(self, to_markdown(self))

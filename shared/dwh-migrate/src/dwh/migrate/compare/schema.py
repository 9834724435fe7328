"""Which column of one side belongs to which of the other, and how the two schemas differ.

Columns belong together by their exact name, or by a declared `Renamed`. A column added, removed or
of another type fails the comparison unless it was declared. Order and the nullable flag are shown
and never fail it: files lose the flag, and readers by name do not see the order. What a *contract*
says about either is judged when a line is released.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from pyspark.sql import DataFrame
from pyspark.sql import types as T

from dwh.core.changes import Added, Change, Removed, Renamed, Retyped
from dwh.core.contract import Table
from dwh.core.sql_types import same_type
from dwh.migrate.compare.canonical import Form, IncomparableError, Rules, common_form, type_name
from dwh.migrate.compare.errors import ColumnChoiceError, KeyChoiceError, ToleranceError
from dwh.migrate.compare.meaning import by_meaning
from dwh.migrate.compare.mixed import mixed_form
from dwh.migrate.compare.model import SchemaColumn, SchemaSide, Status
from dwh.migrate.compare.options import EVERY, Fields, Options, in_own_names, partners_of
from dwh.migrate.compare.ruling import rule_texts, rules_of_columns
from dwh.migrate.compare.tolerance import Tolerance

__all__ = [
    "Paired",
    "Schemas",
    "Tables",
    "pair_columns",
    "with_rows",
]

_TYPE_TEXT = 1000  # characters of a type that a report shows
_NUMBERS = (T.ByteType, T.ShortType, T.IntegerType, T.LongType, T.FloatType, T.DoubleType, T.DecimalType)


@dataclass(frozen=True)
class Paired:
    """A column that both sides have.

    Attributes:
        name: its name on the right.
        left, right: its name inside the engine, `l3` or `r5`, by position.
        form: how its values compare; None when they cannot, or are ignored.
        why_not: why there is no form.
        rules: what else counts as the same, as text.
    """

    name: str
    left_name: str
    left: str
    right: str
    left_type: T.DataType
    right_type: T.DataType
    form: Form | None
    key: bool = False
    ignored: bool = False
    tolerance: Tolerance | None = None
    why_not: str = ""
    rules: tuple[str, ...] = ()

    @property
    def how(self) -> Form:
        """How values compare; raises LookupError for a column that is not compared."""
        if self.form is None:
            raise LookupError(f"column {self.name} is not compared: {self.why_not}")
        return self.form

    @property
    def numeric(self) -> bool:
        """Whether both sides hold numbers."""
        return isinstance(self.left_type, _NUMBERS) and isinstance(self.right_type, _NUMBERS)


@dataclass(frozen=True)
class Schemas:
    """The columns of both sides, brought together.

    Attributes:
        left_names, right_names: the real names, by position.
    """

    left_names: tuple[str, ...]
    right_names: tuple[str, ...]
    pairs: tuple[Paired, ...]
    section: tuple[SchemaColumn, ...]

    @property
    def key(self) -> tuple[Paired, ...]:
        """The key's columns, in the order the caller gave."""
        return tuple(pair for pair in self.pairs if pair.key)

    @property
    def values(self) -> tuple[Paired, ...]:
        """The columns outside the key whose values are compared."""
        return tuple(pair for pair in self.pairs if pair.form and not pair.key)


@dataclass(frozen=True)
class Tables(Schemas):
    """The columns of both sides, with their rows.

    Attributes:
        left, right: the sides, with columns called `l0`, `l1`, … and `r0`, `r1`, …, so that no name
            of a column means anything to the engine.
        unique: whether the key is known to be unique on both sides.
    """

    left: DataFrame
    right: DataFrame
    unique: bool = False


def with_rows(schemas: Schemas, left: DataFrame, right: DataFrame) -> Tables:
    """Return the paired columns with the DataFrames whose schemas were paired."""
    return Tables(
        schemas.left_names,
        schemas.right_names,
        schemas.pairs,
        schemas.section,
        left.toDF(*(f"l{i}" for i in range(len(schemas.left_names)))),
        right.toDF(*(f"r{i}" for i in range(len(schemas.right_names)))),
    )


def pair_columns(left: T.StructType, right: T.StructType, options: Options) -> Schemas:
    """Return the columns of two schemas, paired.

    Raises KeyChoiceError, ToleranceError or ColumnChoiceError when the options do not fit the columns.
    """
    lefts, rights = _fields("left", left), _fields("right", right)
    options = in_own_names(options, lefts, rights)
    partners = partners_of(lefts, rights, options)
    options = _by_new_names(options, partners)
    key = _resolve_key(options, partners)
    _check_names(options, lefts, rights, partners)
    names = _key_first(key, rights, partners)
    types = {name: (lefts[partners[name]][1].dataType, rights[name][1].dataType) for name in names}
    rules = rules_of_columns(options.rules, types, key, options.ignore)
    pairs = [_pair(name, partners[name], lefts, rights, key, options, rules.get(name, {})) for name in names]
    _check_pairs(pairs, key)
    return Schemas(tuple(lefts), tuple(rights), tuple(pairs), _section(lefts, rights, partners, options))


def _fields(side: str, schema: T.StructType) -> dict[str, tuple[int, T.StructField]]:
    fields: dict[str, tuple[int, T.StructField]] = {}
    for position, column in enumerate(schema.fields):
        if column.name in fields:
            raise ColumnChoiceError(f"{side} column", column.name, "two columns have this name", schema.names)
        fields[column.name] = position, column
    return fields


def _by_new_names(options: Options, partners: Mapping[str, str]) -> Options:
    """Return the options with tolerances by the names on the right; they may be given by the older ones."""
    by_old = {old: new for new, old in partners.items()}
    tolerances: dict[str, Tolerance] = {}
    for name, tolerance in options.tolerances.items():
        new = name if name in partners else by_old.get(name, name)
        if new in tolerances:
            raise ToleranceError(new, f"there are two, one of them by its name on the left ({partners[new]})")
        tolerances[new] = tolerance
    return replace(options, tolerances=tolerances)


def _resolve_key(options: Options, partners: Mapping[str, str]) -> tuple[str, ...]:
    by_old = {old: new for new, old in partners.items()}
    key = tuple(name if name in partners else by_old.get(name, name) for name in options.key)
    for new, old in options.key_names.items():
        if partners.get(new) != old:
            raise KeyChoiceError(
                [f"{old}={new}"], f"{old} is not on the left, or {new} not on the right", partners
            )
    missing = [name for name in key if name not in partners]
    if missing:
        raise KeyChoiceError(options.key, f"{', '.join(missing)} is not on both sides", partners)
    if len(set(key)) < len(key):
        raise KeyChoiceError(options.key, "a column is named twice", partners)
    if set(key) & {name if name in partners else by_old.get(name, name) for name in options.ignore}:
        raise KeyChoiceError(options.key, "a key column cannot be ignored", partners)
    if not key and not partners:
        raise KeyChoiceError((), "the two sides have no column in common", partners)
    return key


def _check_names(options: Options, lefts: Fields, rights: Fields, partners: Mapping[str, str]) -> None:
    for name in options.ignore:
        if name not in lefts and name not in rights:
            raise ColumnChoiceError("ignored column", name, "neither side has it", {**lefts, **rights})
    for name in options.tolerances:
        if name != EVERY and name not in partners:
            raise ToleranceError(name, f"it is not a column of both sides ({', '.join(partners)})")
        if not options.key:
            raise ToleranceError(name, "without a key rows cannot be paired; give key=")


def _key_first(key: tuple[str, ...], rights: Fields, partners: Mapping[str, str]) -> list[str]:
    return [*key, *(name for name in rights if name in partners and name not in key)]


def _pair(
    name: str,
    old: str,
    lefts: Fields,
    rights: Fields,
    key: tuple[str, ...],
    options: Options,
    rules: Rules,
) -> Paired:
    (left_at, left), (right_at, right) = lefts[old], rights[name]
    ignored = name in options.ignore or old in options.ignore
    tolerance = options.tolerances.get(name)
    if tolerance is None and not ignored and name not in key:
        tolerance = _of_every_number(left.dataType, right.dataType, options)
    form, why_not = None, "ignored, as asked" if ignored else ""
    if not ignored:
        form, why_not = _form(left.dataType, right.dataType, tolerance, options.signed_zero, rules)
    return Paired(
        name, old, f"l{left_at}", f"r{right_at}", left.dataType, right.dataType,
        form, name in key, ignored, tolerance, why_not, rule_texts(rules),
    )  # fmt: skip


def _of_every_number(left: T.DataType, right: T.DataType, options: Options) -> Tolerance | None:
    """Return the tolerance that is for all numbers, if both types are."""
    numbers = isinstance(left, _NUMBERS) and isinstance(right, _NUMBERS)
    return options.tolerances.get(EVERY) if numbers else None


def _form(
    left: T.DataType, right: T.DataType, tolerance: Tolerance | None, signed_zero: bool, rules: Rules
) -> tuple[Form | None, str]:
    try:
        return common_form(left, right, signed_zero=signed_zero, rules=rules), ""
    except IncomparableError:
        if tolerance and isinstance(left, _NUMBERS) and isinstance(right, _NUMBERS):
            return mixed_form(left, right), ""
    try:
        return common_form(left, right, signed_zero=signed_zero, otherwise=by_meaning, rules=rules), ""
    except IncomparableError as problem:
        return None, str(problem)


def _check_pairs(pairs: Sequence[Paired], key: tuple[str, ...]) -> None:
    for pair in pairs:
        if pair.key and not pair.form:
            raise KeyChoiceError(
                key, f"{pair.name} cannot be compared: {pair.why_not}", [p.name for p in pairs]
            )
        if pair.tolerance and (pair.key or pair.ignored):
            raise ToleranceError(pair.name, "a key column or an ignored column has none")
        if pair.tolerance and not pair.numeric:
            raise ToleranceError(
                pair.name,
                f"it is {type_name(pair.left_type)} and {type_name(pair.right_type)}; only numbers have one",
            )


def _section(
    lefts: Fields, rights: Fields, partners: Mapping[str, str], options: Options
) -> tuple[SchemaColumn, ...]:
    in_place = _in_place(lefts, partners)
    paired = {old: new for new, old in partners.items()}
    both = [_both(lefts[old], rights[new], new not in in_place, options) for new, old in partners.items()]
    added = [_alone(None, _side(rights[name]), options) for name in rights if name not in partners]
    removed = [_alone(_side(lefts[name]), None, options) for name in lefts if name not in paired]
    ordered = sorted([*both, *added], key=lambda column: column.right.position if column.right else 0)
    return (*ordered, *removed)


def _in_place(lefts: Fields, partners: Mapping[str, str]) -> set[str]:
    """Return the columns that need not move to turn one order into the other."""
    new_names = {old: new for new, old in partners.items()}
    before = [new_names[name] for name in lefts if name in new_names]
    after = list(partners)
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return {before[block.a + i] for block in blocks for i in range(block.size)}


def _side(at: tuple[int, T.StructField]) -> SchemaSide:
    position, column = at
    text = type_name(column.dataType)
    return SchemaSide(
        column.name, text if len(text) <= _TYPE_TEXT else text[:_TYPE_TEXT] + "…", column.nullable, position
    )


def _both(
    left_at: tuple[int, T.StructField], right_at: tuple[int, T.StructField], moved: bool, options: Options
) -> SchemaColumn:
    left, right = _side(left_at), _side(right_at)
    changes: list[Status] = []
    reasons: list[str] = []
    undeclared: list[Status] = []
    if left.name != right.name:
        changes.append("renamed")
        meant = [c.reason for c in options.changes if isinstance(c, Renamed) and c.new == right.name]
        reasons += meant or ["paired, as asked"]
    if type_name(left_at[1].dataType) != type_name(right_at[1].dataType):
        changes.append("type_changed")
        if meant := [c.reason for c in options.changes if _is_retyped(c, left, right)]:
            reasons += meant
        elif _in_contracts(left, right, options.contracts):
            reasons.append("the contracts of both sides say so")
        else:
            undeclared.append("type_changed")
    if left.nullable != right.nullable:
        changes.append("nullability_changed")
    if moved:
        changes.append("reordered")
    ignored = left.name in options.ignore or right.name in options.ignore
    status: Status = undeclared[0] if undeclared else changes[0] if changes else "same"
    if ignored and changes:
        reasons.append("ignored, as asked")
    declared = not undeclared and all(change in ("renamed", "type_changed") for change in changes)
    fails = bool(undeclared) and not ignored
    return SchemaColumn(left, right, status, tuple(changes), declared, fails, "; ".join(reasons))


def _is_retyped(change: Change, left: SchemaSide, right: SchemaSide) -> bool:
    """Return whether a declared change says that this column has these two types."""
    if not isinstance(change, Retyped) or change.column != right.name:
        return False
    return same_type(change.old, left.type) and same_type(change.new, right.type)


def _in_contracts(left: SchemaSide, right: SchemaSide, contracts: tuple[Table, Table] | None) -> bool:
    if not contracts:
        return False
    return all(
        column is not None and same_type(column.type, side.type)
        for contract, side in zip(contracts, (left, right), strict=True)
        for column in [{column.name: column for column in contract.columns}.get(side.name)]
    )


def _alone(left: SchemaSide | None, right: SchemaSide | None, options: Options) -> SchemaColumn:
    name = left.name if left else right.name if right else ""
    status: Status = "removed" if left else "added"
    kind = Removed if left else Added
    reasons = [c.reason for c in options.changes if isinstance(c, kind) and c.column == name]
    ignored = name in options.ignore
    reason = "; ".join([*reasons, *(["ignored, as asked"] if ignored else [])])
    return SchemaColumn(left, right, status, (status,), bool(reasons), not reasons and not ignored, reason)

"""Which column of one side belongs to which of the other, and how their values compare.

Columns belong together by their exact name, or by a declared `Renamed`. A column added, removed or
of another type fails the comparison unless it was declared: see `section`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dwh.compare.canonical import Rules, common_form
from dwh.compare.changes import Change
from dwh.compare.distance import TwoNumbers
from dwh.compare.errors import ColumnChoiceError, KeyChoiceError, RuleError, ToleranceError
from dwh.compare.forms import Form, Hashable, SideName
from dwh.compare.meaning import by_meaning
from dwh.compare.model import SchemaColumn
from dwh.compare.nested import Nested, nested_changes
from dwh.compare.options import EVERY, Fields, Options, in_own_names, partners_of
from dwh.compare.rules import Rule
from dwh.compare.ruling import rule_texts, rules_of_columns, with_tolerances
from dwh.compare.section import is_declared, section_of
from dwh.compare.structs import FieldNames, IncomparableError, place_of, with_first
from dwh.compare.tolerance import Tolerance
from dwh.compare.types import ArrayType, DataType, StructField, StructType, is_number

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = [
    "Paired",
    "Schemas",
    "Tables",
    "pair_columns",
    "with_rows",
]


@dataclass(frozen=True)
class Paired:
    """A column that both sides have.

    Attributes:
        name: its name on the right.
        left, right: its name inside the engine, `l3` or `r5`, by position.
        form: how its values compare; None when they cannot, or are ignored.
        plain: how they compare without rules.
        why_not: why there is no form.
        rules: what else counts as the same, as text.
    """

    name: str
    left_name: str
    left: str
    right: str
    left_type: DataType
    right_type: DataType
    form: Form | None
    plain: Form | None = None
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
    def grouped(self) -> Form:
        """How rows are brought together that have equal values, before anything looks at two of them."""
        return self.plain if self.pairwise and self.plain else self.how

    @property
    def pairwise(self) -> bool:
        """Whether something looks at two values to say whether they are the same."""
        return bool(self.tolerance) or self.how.near

    @property
    def numbers(self) -> TwoNumbers:
        """Both numbers of a pair of rows."""
        return TwoNumbers(self.left, self.right, self.left_type, self.right_type)

    def comparable(self, side: SideName) -> str:
        """Return the column of a side so that `<=>` means the same value."""
        return self.how.on(side).comparable(self.left if side == "left" else self.right)

    def hashable(self, side: SideName) -> Hashable:
        """Return what of the column of a side to hash."""
        return self.how.on(side).hashable(self.left if side == "left" else self.right)

    @property
    def numeric(self) -> bool:
        """Whether both sides hold numbers."""
        return is_number(self.left_type) and is_number(self.right_type)


@dataclass(frozen=True)
class Schemas:
    """The columns of both sides, brought together.

    Attributes:
        left_names, right_names: the real names, by position.
        nested: the changes inside columns that were declared, and found.
    """

    left_names: tuple[str, ...]
    right_names: tuple[str, ...]
    pairs: tuple[Paired, ...]
    section: tuple[SchemaColumn, ...]
    nested: tuple[Change, ...]

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
        schemas.nested,
        left.toDF(*(f"l{i}" for i in range(len(schemas.left_names)))),
        right.toDF(*(f"r{i}" for i in range(len(schemas.right_names)))),
    )


def pair_columns(left: StructType, right: StructType, options: Options) -> Schemas:
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
    types = {name: (lefts[partners[name]][1].type, rights[name][1].type) for name in names}
    every = frozenset((*lefts, *rights))
    nested = nested_changes(options.changes, types, partners, every, ignore_case=options.ignore_case)
    rules = _rules(options, key, types, nested)
    pairs = [
        _pair(name, partners[name], lefts, rights, key, options, rules.get(name, {}), nested[name].names)
        for name in names
    ]
    _check_pairs(pairs, key)
    section = section_of(lefts, rights, partners, options, nested)
    seen = tuple(change for known in nested.values() for change in known.changes)
    return Schemas(tuple(lefts), tuple(rights), tuple(pairs), section, seen)


def _rules(
    options: Options, key: tuple[str, ...], types: Mapping[str, Any], nested: Mapping[str, Nested]
) -> Mapping[str, Rules]:
    """Return the rules of each column by the path inside it, tolerances for what is inside among them."""
    names = {name: known.names for name, known in nested.items()}
    rules = rules_of_columns(options.rules, types, names, key)
    alone = (*key, *options.ignore)
    return with_tolerances(rules, options.tolerances, types, names, alone)


def _fields(side: str, schema: StructType) -> dict[str, tuple[int, StructField]]:
    fields: dict[str, tuple[int, StructField]] = {}
    for position, column in enumerate(schema.fields):
        if column.name in fields:
            raise ColumnChoiceError(f"{side} column", column.name, "two columns have this name", schema.names)
        fields[column.name] = position, column
    return fields


def _by_new_names(options: Options, partners: Mapping[str, str]) -> Options:
    """Return the options by the names on the right; what is for a column may be given by its older one."""
    by_old = {old: new for new, old in partners.items()}

    def called(name: str) -> str:
        return name if name in partners else by_old.get(name, name)

    tolerances: dict[str, Tolerance] = {}
    for name, tolerance in options.tolerances.items():
        new = with_first(name, called, partners)
        if new in tolerances:
            raise ToleranceError(
                new, f"there are two, one of them by its name on the left ({partners.get(new, new)})"
            )
        tolerances[new] = tolerance
    rules: dict[str, tuple[Rule, ...]] = {}
    for name, given in options.rules.items():
        new = with_first(name, called, partners)
        rules[new] = (*rules.get(new, ()), *given)
    ignore = tuple(dict.fromkeys((*options.ignore, *map(called, options.ignore))))
    return replace(options, tolerances=tolerances, rules=rules, ignore=ignore)


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
    for name in options.tolerances if not options.key else ():
        raise ToleranceError(name, "without a key rows cannot be paired; give key=")
    for name in options.rules:
        place = place_of(name, partners)
        if place and place.column in options.ignore:
            raise RuleError(", ".join(map(str, options.rules[name])), "the column is ignored", name)


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
    names: FieldNames,
) -> Paired:
    (left_at, left), (right_at, right) = lefts[old], rights[name]
    ignored = name in options.ignore
    tolerance = _tolerance(name, left.type, right.type, options, alone=ignored or name in key)
    form, plain, why_not = None, None, "ignored, as asked" if ignored else ""
    if is_declared(left, right, options):
        names = replace(names, alone=None)
    if not ignored:
        how = _How(left.type, right.type, options.signed_zero, names)
        form, why_not = how.under(rules)
        plain = how.under({})[0] if form and (tolerance or form.near) else form
    return Paired(
        name, old, f"l{left_at}", f"r{right_at}", left.type, right.type,
        form, plain, name in key, ignored, tolerance, why_not, rule_texts(rules),
    )  # fmt: skip


def _tolerance(
    name: str, left: DataType, right: DataType, options: Options, *, alone: bool
) -> Tolerance | None:
    """Return the tolerance of a column as a whole: its own, or the one that is for all numbers."""
    own = options.tolerances.get(name)
    if own or alone:
        return None if isinstance(left, ArrayType) and isinstance(right, ArrayType) else own
    return _of_every_number(left, right, options)


def _of_every_number(left: DataType, right: DataType, options: Options) -> Tolerance | None:
    """Return the tolerance that is for all numbers, if both types are."""
    numbers = is_number(left) and is_number(right)
    return options.tolerances.get(EVERY) if numbers else None


@dataclass(frozen=True)
class _How:
    """How values of two types compare."""

    left: DataType
    right: DataType
    signed_zero: bool
    names: FieldNames

    def under(self, rules: Rules) -> tuple[Form | None, str]:
        """Return the form under some rules, exact if there is one; or None, and why."""
        known: dict[str, Any] = {"signed_zero": self.signed_zero, "rules": rules, "names": self.names}
        try:
            return common_form(self.left, self.right, **known), ""
        except IncomparableError:
            pass
        try:
            return common_form(self.left, self.right, otherwise=by_meaning, **known), ""
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
                f"it is {pair.left_type.name} and {pair.right_type.name}; only numbers have one",
            )

"""How a value of any Spark type becomes comparable and hashable.

`common_form(left, right)` finds the form in which values of two types can be compared without loss.
A form turns a column into SQL whose `<=>` means "the same value" (`comparable`) and into what `hash_of`
turns into a hash that is different wherever the values are (`hashable`).

Why Spark's own `<=>` and `xxhash64` are not enough: maps can be neither compared nor hashed;
`xxhash64` skips nulls and array sizes, so that `(null, 1)` and `(1, null)`, or `[[1], [2]]` and
`[[1, 2]]`, meet; it hashes 1 as int and as bigint differently, and 1.50 and 15.0 as decimals of
different scale alike; and -0.0 and NaN have several bit patterns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Context
from typing import Any, ClassVar, Protocol

from pyspark.sql import types as T

__all__ = [
    "MAX_DEPTH",
    "MAX_FIELDS",
    "Floating",
    "Form",
    "Hashable",
    "IncomparableError",
    "Otherwise",
    "Rules",
    "Wrap",
    "common_form",
    "ddl",
    "hash_of",
    "is_for",
    "kind_of",
    "quoted",
    "type_name",
]

MAX_DEPTH = 12
"""How deep types may nest: each level is a lambda in Spark's plan, which grows with it."""

MAX_FIELDS = 500
"""How many atomic fields one column may have in all, for the same reason."""

_WIDE = Context(prec=80)
_WORD = 62  # marks in one number: a bigint has 63 bits beside its sign
_INTEGERS = {"tinyint": 3, "smallint": 5, "int": 10, "bigint": 20}
_IDENTICAL = frozenset(["boolean", "binary", "date", "timestamp", "timestamp_ntz"])
_DAY_TIME, _YEAR_MONTH = "interval day to second", "interval year to month"


class IncomparableError(Exception):
    """Two types cannot be compared; the message says why."""


@dataclass(frozen=True)
class Hashable:
    """What of a value goes into its hash, as SQL.

    Attributes:
        values: expressions, of which `xxhash64` skips those that are null.
        marks: conditions, never null, that say which are null. Each takes a bit.
    """

    values: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Form:
    """A form in which values can be compared: here, an atomic type that both sides are cast to.

    Columns come and go as SQL, because the plan of a wide table has thousands of expressions, and each
    `Column` object costs a round trip to the JVM. A column is a plain name or a lambda's variable.

    Attributes:
        tag: the form's name. Hashes may be compared only under the same tag.
        plain: whether the column is in this form already, on both sides.
    """

    tag: str
    plain: bool = True

    def comparable(self, column: str) -> str:
        """Return the column so that `<=>` means the same value."""
        return column if self.plain else f"CAST({column} AS {self.tag})"

    def number(self, value: Any) -> Any:
        """Return the number that a `comparable` value, collected, stands for."""
        return value

    def hashable(self, column: str) -> Hashable:
        """Return what to hash, different wherever the values are."""
        return Hashable((self.comparable(column),), (f"isnull({column})",))

    @property
    def near(self) -> bool:
        """Whether values may be the same whose comparable forms differ."""
        return False

    def same(self, left: str, right: str) -> str:
        """Return whether two columns hold the same value, as a condition that is never null."""
        return f"{self.comparable(left)} <=> {self.comparable(right)}"


@dataclass(frozen=True)
class Floating(Form):
    """float and double: one NaN, and one zero unless `signed_zero`."""

    signed_zero: bool = False

    def comparable(self, column: str) -> str:
        value = f"CAST({column} AS {self.tag})"
        if not self.signed_zero:
            nan, zero = f"CAST('NaN' AS {self.tag})", f"CAST(0 AS {self.tag})"
            return f"CASE WHEN isnan({value}) THEN {nan} WHEN {value} = {zero} THEN {zero} ELSE {value} END"
        # Text is the only form in which every engine keeps the sign, and Spark prints each bit of a
        # floating number (the shortest text that reads back as the same number).
        return f"CAST({value} AS string)"

    def number(self, value: Any) -> float:
        return float(value)


@dataclass(frozen=True)
class _WideDecimal(Form):
    """Decimals whose common type would need more than 38 digits: the whole part and the rest."""

    scale: int = 0

    def comparable(self, column: str) -> str:
        whole, rest = self._split(column)
        return f"CASE WHEN isnotnull({column}) THEN struct({whole} AS whole, {rest} AS rest) END"

    def hashable(self, column: str) -> Hashable:
        return Hashable(self._split(column), (f"isnull({column})",))

    def number(self, value: Any) -> Any:
        rounded_down = 1 if value["rest"] < 0 else 0
        return _WIDE.add(_WIDE.add(value["whole"], rounded_down), value["rest"])

    def _split(self, column: str) -> tuple[str, str]:
        rest = f"CAST({column} % CAST(1 AS decimal(1,0)) AS decimal({self.scale},{self.scale}))"
        return f"CAST(floor({column}) AS decimal(38,0))", rest


@dataclass(frozen=True)
class _Void(Form):
    """A side whose type is void, which holds nothing but nulls."""

    type: T.DataType = field(default_factory=T.StringType)
    inner: Form = Form("string")

    def comparable(self, column: str) -> str:
        return self.inner.comparable(self._typed(column))

    def hashable(self, column: str) -> Hashable:
        return self.inner.hashable(self._typed(column))

    def _typed(self, column: str) -> str:
        return f"CAST({column} AS {ddl(self.type)})"


@dataclass(frozen=True)
class _Array(Form):
    element: Form = Form("string")

    def comparable(self, column: str) -> str:
        return column if self.plain else f"transform({column}, x -> {self.element.comparable('x')})"

    def hashable(self, column: str) -> Hashable:
        return Hashable((_size(column), f"transform({column}, x -> {hash_of([self.element.hashable('x')])})"))


@dataclass(frozen=True)
class _Map(Form):
    key: Form = Form("string")
    value: Form = Form("string")

    def comparable(self, column: str) -> str:
        entry = f"struct({self.key.comparable('x.key')} AS key, {self.value.comparable('x.value')} AS value)"
        return f"sort_array(transform(map_entries({column}), x -> {entry}))"

    def hashable(self, column: str) -> Hashable:
        # The hash of an entry stands for it, so that sorting compares numbers only.
        entry = hash_of([self.key.hashable("x.key"), self.value.hashable("x.value")])
        return Hashable((_size(column), f"sort_array(transform(map_entries({column}), x -> {entry}))"))


@dataclass(frozen=True)
class _Struct(Form):
    fields: tuple[tuple[str, Form], ...] = ()

    def comparable(self, column: str) -> str:
        if self.plain:
            return column
        fields = [
            f"{form.comparable(f'{column}.{quoted(name)}')} AS f{i}"
            for i, (name, form) in enumerate(self.fields)
        ]
        return f"CASE WHEN isnotnull({column}) THEN struct({', '.join(fields)}) END"

    def hashable(self, column: str) -> Hashable:
        parts = [form.hashable(f"{column}.{quoted(name)}") for name, form in self.fields]
        marks = (f"isnull({column})", *(mark for part in parts for mark in part.marks))
        return Hashable(tuple(value for part in parts for value in part.values), marks)

    @property
    def near(self) -> bool:
        return any(form.near for _, form in self.fields)

    def same(self, left: str, right: str) -> str:
        if not self.near:
            return super().same(left, right)
        names = [(form, quoted(name)) for name, form in self.fields]
        both = " AND ".join(f"({form.same(f'{left}.{name}', f'{right}.{name}')})" for form, name in names)
        nulls = f"isnull({left}) AND isnull({right})"
        return f"({nulls}) OR (isnotnull({left}) AND isnotnull({right}) AND {both})"


def hash_of(parts: Iterable[Hashable], *first: str) -> str:
    """Return the 64-bit hash, never null, of `hashable` parts after some numbers.

    Where two rows have the same marks, the same values are skipped as null, and the others meet their
    like; otherwise the marks tell them apart.
    """
    known = tuple(parts)
    marks = [mark for part in known for mark in part.marks]
    words = [_word(marks[start : start + _WORD]) for start in range(0, len(marks), _WORD)]
    return f"xxhash64({', '.join([*first, *(value for part in known for value in part.values), *words])})"


def _word(marks: Sequence[str]) -> str:
    """Return a number with a bit for each mark."""
    return " | ".join(f"if({mark}, {1 << i}L, 0L)" for i, mark in enumerate(marks))


def _size(column: str) -> str:
    return f"if(isnull({column}), -1, size({column}))"


def quoted(name: str) -> str:
    """Return a name as SQL takes it, whatever is in it."""
    return "`" + name.replace("`", "``") + "`"


def ddl(data_type: T.DataType) -> str:
    """Return a type as SQL takes it, whatever its fields are called."""
    if isinstance(data_type, T.ArrayType):
        return f"array<{ddl(data_type.elementType)}>"
    if isinstance(data_type, T.MapType):
        return f"map<{ddl(data_type.keyType)},{ddl(data_type.valueType)}>"
    if isinstance(data_type, T.StructType):
        return f"struct<{','.join(f'{quoted(f.name)}:{ddl(f.dataType)}' for f in data_type.fields)}>"
    return type_name(data_type)


def type_name(data_type: T.DataType) -> str:
    """Return the short form of a type, as contracts write it."""
    return data_type.simpleString()


class Wrap(Protocol):
    """A rule by which more values are the same."""

    pairwise: ClassVar[bool]

    def takes(self, data_type: T.DataType) -> bool:
        """Return whether it is for values of a type."""

    def form(self, inner: Form, left: T.DataType, right: T.DataType) -> Form:
        """Return how values compare under it, given how they do without it."""


Otherwise = Callable[[T.DataType, T.DataType, bool], Form | None]
Rules = Mapping[tuple[str, ...], Sequence[Wrap]]
"""Rules by the names of the struct fields that lead to what they are for; () for the column itself."""


def is_for(rule: Wrap, data_type: T.DataType) -> bool:
    """Return whether a rule is for values of a type; a column of nulls may have any rule."""
    return isinstance(data_type, T.NullType) or rule.takes(data_type)


def common_form(
    left: T.DataType,
    right: T.DataType,
    *,
    signed_zero: bool = False,
    otherwise: Otherwise | None = None,
    rules: Rules | None = None,
) -> Form:
    """Return the form in which values of both types are compared.

    Parameters:
        left, right: the types; give the same one twice for a single table.
        signed_zero: whether -0.0 and 0.0 are different.
        otherwise: what to try where two types have no exact type in common.
        rules: what else counts as the same.

    Raises IncomparableError when there is none: the types have no common meaning, Spark cannot compare
    them, or they nest too deeply.
    """
    if _fields(left) + _fields(right) > 2 * MAX_FIELDS:
        raise IncomparableError(f"it has more than {MAX_FIELDS} nested fields")
    return _Forms(signed_zero, otherwise, rules or {}).of(left, right, 1)


def _fields(data_type: T.DataType) -> int:
    """Count atomic fields without recursion: a type may nest deeper than Python's stack."""
    count, open_types = 0, [data_type]
    while open_types and count <= 2 * MAX_FIELDS:
        current = open_types.pop()
        children = _children(current)
        open_types.extend(children)
        count += not children
    return count


def _children(data_type: T.DataType) -> list[T.DataType]:
    if isinstance(data_type, T.ArrayType):
        return [data_type.elementType]
    if isinstance(data_type, T.MapType):
        return [data_type.keyType, data_type.valueType]
    if isinstance(data_type, T.StructType):
        return [field.dataType for field in data_type.fields]
    return []


@dataclass(frozen=True)
class _Forms:
    signed_zero: bool
    otherwise: Otherwise | None
    rules: Rules

    def of(self, left: T.DataType, right: T.DataType, depth: int, path: tuple[str, ...] = ()) -> Form:
        form = self._plain(left, right, depth, path)
        for rule in self.rules.get(path, ()):
            if is_for(rule, left) and is_for(rule, right):
                form = rule.form(form, left, right)
        return form

    def _element(self, left: T.DataType, right: T.DataType, depth: int, path: tuple[str, ...]) -> Form:
        """Return the form of an array's elements, for which rules count that need no pairs."""
        rules = [rule for rule in self.rules.get(path, ()) if not rule.pairwise]
        return replace(self, rules={**self.rules, path: rules}).of(left, right, depth, path)

    def _plain(self, left: T.DataType, right: T.DataType, depth: int, path: tuple[str, ...]) -> Form:
        if depth > MAX_DEPTH:
            raise IncomparableError(f"it nests deeper than {MAX_DEPTH} levels")
        if isinstance(left, T.NullType) or isinstance(right, T.NullType):
            return self._with_void(left, right, depth)
        if isinstance(left, T.ArrayType) and isinstance(right, T.ArrayType):
            element = self._element(left.elementType, right.elementType, depth + 1, path)
            return _Array(f"array<{element.tag}>", element.plain, element)
        if isinstance(left, T.MapType) and isinstance(right, T.MapType):
            key = self.of(left.keyType, right.keyType, depth + 1, (*path, "key()"))
            value = self.of(left.valueType, right.valueType, depth + 1, (*path, "value()"))
            return _Map(f"map<{key.tag},{value.tag}>", False, key, value)
        if isinstance(left, T.StructType) and isinstance(right, T.StructType):
            return self._struct(left, right, depth, path)
        return self._atomic(left, right)

    def _with_void(self, left: T.DataType, right: T.DataType, depth: int) -> Form:
        known = right if isinstance(left, T.NullType) else left
        if isinstance(known, T.NullType):
            known = T.StringType()
        inner = self.of(known, known, depth)
        return _Void(inner.tag, False, known, inner)

    def _struct(self, left: T.StructType, right: T.StructType, depth: int, path: tuple[str, ...]) -> Form:
        names, others = left.fieldNames(), right.fieldNames()
        if len({name.lower() for name in names}) < len(names):
            raise IncomparableError("two fields of a struct have the same name (case does not count)")
        if set(names) != set(others):
            odd = ", ".join(sorted(set(names) ^ set(others))[:5])
            raise IncomparableError(f"the structs have different fields ({odd})")
        fields = tuple(
            (name, self.of(left[name].dataType, right[name].dataType, depth + 1, (*path, name)))
            for name in names
        )
        plain = names == others and all(form.plain for _, form in fields)
        return _Struct("struct<" + ",".join(f"{n}:{form.tag}" for n, form in fields) + ">", plain, fields)

    def _atomic(self, left: T.DataType, right: T.DataType) -> Form:
        kinds = {kind_of(left), kind_of(right)}
        same = type_name(left) == type_name(right)
        if kinds <= {"integer", "decimal"}:
            return _exact_number(left, right)
        if kinds == {"floating"}:
            tag = type_name(left) if same else "double"
            return Floating(tag, False, self.signed_zero)
        if "" not in kinds and self.otherwise and (form := self.otherwise(left, right, self.signed_zero)):
            return form
        if len(kinds) > 1 or "" in kinds:
            raise IncomparableError(
                f"{type_name(left)} and {type_name(right)} have no common exact type"
                if not same
                else f"values of type {type_name(left)} cannot be compared"
            )
        kind = kinds.pop()
        return Form(kind, same and kind == type_name(left))


def kind_of(data_type: T.DataType) -> str:
    """Return the family of a type within which values are comparable, or nothing."""
    name = type_name(data_type)
    if name in _INTEGERS:
        return "integer"
    if isinstance(data_type, T.DecimalType):
        return "decimal"
    if name in ("float", "double"):
        return "floating"
    if name.startswith(("string", "char(", "varchar(")):
        return "string"
    if isinstance(data_type, T.DayTimeIntervalType):
        return _DAY_TIME
    if name.startswith("interval") and ("year" in name or "month" in name):
        return _YEAR_MONTH
    return name if name in _IDENTICAL else ""


def _exact_number(left: T.DataType, right: T.DataType) -> Form:
    if kind_of(left) == kind_of(right) == "integer":
        return Form("bigint", type_name(left) == type_name(right) == "bigint")
    (whole, scale), (other_whole, other_scale) = _digits(left), _digits(right)
    whole, scale = max(whole, other_whole), max(scale, other_scale)
    if whole + scale > 38:
        return _WideDecimal(f"decimal({whole}+{scale})", False, scale)
    tag = f"decimal({whole + scale},{scale})"
    return Form(tag, type_name(left) == type_name(right) == tag)


def _digits(data_type: T.DataType) -> tuple[int, int]:
    """Return how many digits a number has before and after the point."""
    if isinstance(data_type, T.DecimalType):
        return data_type.precision - data_type.scale, max(data_type.scale, 0)
    return _INTEGERS[type_name(data_type)], 0

"""The forms in which values of any Spark type become comparable and hashable; `canonical` chooses them.

A form turns a column into SQL whose `<=>` means "the same value" (`comparable`) and into what `hash_of`
turns into a hash that is different wherever the values are (`hashable`).

Why Spark's own `<=>` and `xxhash64` are not enough: maps can be neither compared nor hashed;
`xxhash64` skips nulls and array sizes, so that `(null, 1)` and `(1, null)`, or `[[1], [2]]` and
`[[1, 2]]`, meet; it hashes 1 as int and as bigint differently, and 1.50 and 15.0 as decimals of
different scale alike; and -0.0 and NaN have several bit patterns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, TypeVar

from dwh.compare.types import STRING, ArrayType, DataType, MapType, StructType

__all__ = [
    "SIDES",
    "ArrayForm",
    "FieldForm",
    "Floating",
    "Form",
    "Hashable",
    "MapForm",
    "Pairwise",
    "SideName",
    "StructForm",
    "Void",
    "WideDecimal",
    "ddl",
    "hash_of",
    "quoted",
    "rest_of",
]

_WORD = 62  # marks in one number: a bigint has 63 bits beside its sign

SideName = Literal["left", "right"]
SIDES: tuple[SideName, SideName] = ("left", "right")
Self = TypeVar("Self", bound="Form")


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
    `Column` object costs a round trip to the JVM. A column is any SQL for a value, but for structs a plain
    name, a field of one, or a lambda's variable.

    Attributes:
        tag: the form's name. Hashes may be compared only under the same tag.
        plain: whether the column is in this form already, on both sides.
    """

    tag: str
    plain: bool = True

    def on(self: Self, side: SideName) -> Self:
        """Return the form as one side has it: a field may have another name there."""
        inner: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        changed: dict[str, Any] = {
            name: form.on(side) for name, form in inner.items() if isinstance(form, Form)
        }
        return replace(self, **changed) if changed else self

    def comparable(self, column: str) -> str:
        """Return the column so that `<=>` means the same value."""
        return column if self.plain else f"CAST({column} AS {self.tag})"

    def hashable(self, column: str) -> Hashable:
        """Return what to hash, different wherever the values are."""
        return Hashable((self.comparable(column),), (f"isnull({column})",))

    @property
    def near(self) -> bool:
        """Whether values may be the same whose comparable forms differ."""
        return False

    @property
    def readable(self) -> bool:
        """Whether a comparable value, as text, is what the value itself is."""
        return True

    def same(self, left: str, right: str) -> str:
        """Return whether two columns hold the same value, as a condition that is never null."""
        return f"{self.on('left').comparable(left)} <=> {self.on('right').comparable(right)}"


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


@dataclass(frozen=True)
class WideDecimal(Form):
    """Decimals whose common type would need more than 38 digits: the whole part and the rest."""

    scale: int = 0

    @property
    def readable(self) -> bool:
        return False

    def comparable(self, column: str) -> str:
        whole, rest = self._split(column)
        return f"CASE WHEN isnotnull({column}) THEN struct({whole} AS whole, {rest} AS rest) END"

    def hashable(self, column: str) -> Hashable:
        return Hashable(self._split(column), (f"isnull({column})",))

    def _split(self, column: str) -> tuple[str, str]:
        return f"CAST(floor({column}) AS decimal(38,0))", rest_of(column, self.scale)


@dataclass(frozen=True)
class Void(Form):
    """A side whose type is void, which holds nothing but nulls."""

    type: DataType = STRING
    inner: Form = Form("string")

    @property
    def readable(self) -> bool:
        return self.inner.readable

    def comparable(self, column: str) -> str:
        return self.inner.comparable(self._typed(column))

    def hashable(self, column: str) -> Hashable:
        return self.inner.hashable(self._typed(column))

    def _typed(self, column: str) -> str:
        return f"CAST({column} AS {ddl(self.type)})"


@dataclass(frozen=True)
class ArrayForm(Form):
    """Arrays: their elements belong together by position."""

    element: Form = Form("string")

    @property
    def near(self) -> bool:
        return self.element.near

    @property
    def readable(self) -> bool:
        return self.element.readable

    def comparable(self, column: str) -> str:
        return column if self.plain else f"transform({column}, x -> {self.element.comparable('x')})"

    def hashable(self, column: str) -> Hashable:
        return Hashable((_size(column), f"transform({column}, x -> {hash_of([self.element.hashable('x')])})"))

    def same(self, left: str, right: str) -> str:
        if not self.near:
            return super().same(left, right)
        # Sail has no zip_with; what is no plain column is called by its number on every engine.
        zipped = f"arrays_zip(transform({left}, x -> x), transform({right}, x -> x))"
        each = f"forall({zipped}, z -> {self.element.same('z.`0`', 'z.`1`')})"
        return _where_both(left, right, f"size({left}) = size({right}) AND {each}")


@dataclass(frozen=True)
class MapForm(Form):
    """Maps: entries without order."""

    key: Form = Form("string")
    value: Form = Form("string")

    @property
    def readable(self) -> bool:
        return self.key.readable and self.value.readable

    def comparable(self, column: str) -> str:
        entry = f"struct({self.key.comparable('x.key')} AS key, {self.value.comparable('x.value')} AS value)"
        return f"sort_array(transform(map_entries({column}), x -> {entry}))"

    def hashable(self, column: str) -> Hashable:
        # The hash of an entry stands for it, so that sorting compares numbers only.
        entry = hash_of([self.key.hashable("x.key"), self.value.hashable("x.value")])
        return Hashable((_size(column), f"sort_array(transform(map_entries({column}), x -> {entry}))"))


@dataclass(frozen=True)
class FieldForm:
    """A field of a struct: its name on either side, and how its values compare."""

    left: str
    right: str
    form: Form

    def on(self, side: SideName) -> FieldForm:
        name = self.left if side == "left" else self.right
        return FieldForm(name, name, self.form.on(side))


@dataclass(frozen=True)
class StructForm(Form):
    """Structs: the fields that are compared, in the order of the left side."""

    fields: tuple[FieldForm, ...] = ()

    def on(self, side: SideName) -> StructForm:
        return replace(self, fields=tuple(each.on(side) for each in self.fields))

    @property
    def near(self) -> bool:
        return any(each.form.near for each in self.fields)

    @property
    def readable(self) -> bool:
        return all(each.form.readable for each in self.fields)

    def comparable(self, column: str) -> str:
        if self.plain:
            return column
        named = enumerate(self._values(column))
        values = [f"{form.comparable(value)} AS f{i}" for i, (form, value) in named]
        return f"CASE WHEN isnotnull({column}) THEN struct({', '.join(values)}) END"

    def hashable(self, column: str) -> Hashable:
        parts = [form.hashable(value) for form, value in self._values(column)]
        marks = (f"isnull({column})", *(mark for part in parts for mark in part.marks))
        return Hashable(tuple(value for part in parts for value in part.values), marks)

    def same(self, left: str, right: str) -> str:
        if not self.near:
            return super().same(left, right)
        olds, news = self.on("left")._values(left), self.on("right")._values(right)
        each = zip(self.fields, olds, news, strict=True)
        both = (f"({known.form.same(old, new)})" for known, (_, old), (_, new) in each)
        return _where_both(left, right, " AND ".join(both))

    def _values(self, column: str) -> list[tuple[Form, str]]:
        """Return each field's form and its value, by the name that both sides or `on`'s side have."""
        return [(each.form, f"{column}.{quoted(each.right)}") for each in self.fields]


@dataclass(frozen=True)
class Pairwise(Form):
    """Values that are also the same where an SQL condition over `{left}` and `{right}` is true."""

    inner: Form = Form("string")
    condition: str = "false"

    @property
    def near(self) -> bool:
        return True

    @property
    def readable(self) -> bool:
        return self.inner.readable

    def comparable(self, column: str) -> str:
        return self.inner.comparable(column)

    def hashable(self, column: str) -> Hashable:
        return self.inner.hashable(column)

    def same(self, left: str, right: str) -> str:
        values = {"left": left, "right": right}
        condition = re.sub(r"\{(left|right)\}", lambda found: values[found[1]], self.condition)
        return f"({self.inner.same(left, right)} OR coalesce({condition}, false))"


def _where_both(left: str, right: str, same: str) -> str:
    nulls = f"isnull({left}) AND isnull({right})"
    return f"(({nulls}) OR (isnotnull({left}) AND isnotnull({right}) AND {same}))"


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


def rest_of(number: str, scale: int) -> str:
    """Return what of a decimal is behind the point, with its sign.

    `x % -1` is `x % 1`; but that Sail takes for 0 where x cannot be null, as if x were an integer.
    """
    return f"CAST({number} % CAST(-1 AS decimal(1,0)) AS decimal({scale},{scale}))"


def _size(column: str) -> str:
    return f"if(isnull({column}), -1, size({column}))"


def quoted(name: str) -> str:
    """Return a name as SQL takes it, whatever is in it."""
    return "`" + name.replace("`", "``") + "`"


def ddl(data_type: DataType) -> str:
    """Return a type as SQL takes it, whatever its fields are called."""
    if isinstance(data_type, ArrayType):
        return f"array<{ddl(data_type.element)}>"
    if isinstance(data_type, MapType):
        return f"map<{ddl(data_type.key)},{ddl(data_type.value)}>"
    if isinstance(data_type, StructType):
        return f"struct<{','.join(f'{quoted(f.name)}:{ddl(f.type)}' for f in data_type.fields)}>"
    return data_type.name

"""Which form fits values of two types: the one in which they can be compared without loss.

`common_form(left, right)` finds it; `forms` has what a form does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

from dwh.compare.forms import (
    ArrayForm,
    FieldForm,
    Floating,
    Form,
    MapForm,
    StructForm,
    Void,
    WideDecimal,
)
from dwh.compare.structs import FieldNames, IncomparableError, Path
from dwh.compare.types import STRING, VOID, ArrayType, DataType, DecimalType, MapType, StructType

__all__ = [
    "MAX_DEPTH",
    "MAX_FIELDS",
    "Otherwise",
    "Rules",
    "Wrap",
    "common_form",
    "is_for",
    "kind_of",
]

MAX_DEPTH = 12
"""How deep types may nest: each level is a lambda in Spark's plan, which grows with it."""

MAX_FIELDS = 500
"""How many atomic fields one column may have in all, for the same reason."""

_INTEGERS = {"tinyint": 3, "smallint": 5, "int": 10, "bigint": 20}
_IDENTICAL = frozenset(["boolean", "binary", "date", "timestamp", "timestamp_ntz"])
_TIME = "time(6)"  # the finest there is
_DAY_TIME, _YEAR_MONTH = "interval day to second", "interval year to month"


class Wrap(Protocol):
    """A rule by which more values are the same."""

    pairwise: ClassVar[bool]

    def takes(self, data_type: DataType) -> bool:
        """Return whether it is for values of a type."""

    def form(self, inner: Form, left: DataType, right: DataType) -> Form:
        """Return how values compare under it, given how they do without it."""


Otherwise = Callable[[DataType, DataType, bool], Form | None]
Rules = Mapping[Path, Sequence[Wrap]]
"""Rules by the path to what they are for; () for the column itself."""


def is_for(rule: Wrap, data_type: DataType) -> bool:
    """Return whether a rule is for values of a type; a column of nulls may have any rule."""
    return data_type == VOID or rule.takes(data_type)


def common_form(
    left: DataType,
    right: DataType,
    *,
    signed_zero: bool = False,
    otherwise: Otherwise | None = None,
    rules: Rules | None = None,
    names: FieldNames | None = None,
) -> Form:
    """Return the form in which values of both types are compared.

    Parameters:
        left, right: the types; give the same one twice for a single table.
        signed_zero: whether -0.0 and 0.0 are different.
        otherwise: what to try where two types have no exact type in common.
        rules: what else counts as the same.
        names: how fields of structs belong together.

    Raises IncomparableError when there is none: the types have no common meaning, Spark cannot compare
    them, or they nest too deeply.
    """
    if _fields(left) + _fields(right) > 2 * MAX_FIELDS:
        raise IncomparableError(f"it has more than {MAX_FIELDS} nested fields")
    return _Forms(signed_zero, otherwise, rules or {}, names or FieldNames()).of(left, right, 1)


def _fields(data_type: DataType) -> int:
    """Count atomic fields without recursion: a type may nest deeper than Python's stack."""
    count, open_types = 0, [data_type]
    while open_types and count <= 2 * MAX_FIELDS:
        current = open_types.pop()
        children = _children(current)
        open_types.extend(children)
        count += not children
    return count


def _children(data_type: DataType) -> list[DataType]:
    if isinstance(data_type, ArrayType):
        return [data_type.element]
    if isinstance(data_type, MapType):
        return [data_type.key, data_type.value]
    if isinstance(data_type, StructType):
        return [field.type for field in data_type.fields]
    return []


@dataclass(frozen=True)
class _Forms:
    signed_zero: bool
    otherwise: Otherwise | None
    rules: Rules
    names: FieldNames

    def of(self, left: DataType, right: DataType, depth: int, path: Path = ()) -> Form:
        form = self._plain(left, right, depth, path)
        for rule in self._rules_for(left, right, path):
            form = rule.form(form, left, right)
        return form

    def _rules_for(self, left: DataType, right: DataType, path: Path) -> list[Wrap]:
        return [rule for rule in self.rules.get(path, ()) if is_for(rule, left) and is_for(rule, right)]

    def _element(self, left: ArrayType, right: ArrayType, depth: int, path: Path) -> Form:
        """Return the form of arrays' elements, for which rules count that are not for arrays as a whole.

        Those for any order are for the arrays inside, too.
        """
        taken = [rule for rule in self._rules_for(left, right, path) if rule.pairwise]
        rules = [rule for rule in self.rules.get(path, ()) if rule not in taken]
        inside = replace(self, rules={**self.rules, path: rules})
        return inside.of(left.element, right.element, depth + 1, path)

    def _plain(self, left: DataType, right: DataType, depth: int, path: Path) -> Form:
        """Return the form without the rules for the place itself."""
        if depth > MAX_DEPTH:
            raise IncomparableError(f"it nests deeper than {MAX_DEPTH} levels")
        if left == VOID or right == VOID:
            return self._with_void(left, right, depth, path)
        if isinstance(left, ArrayType) and isinstance(right, ArrayType):
            element = self._element(left, right, depth, path)
            return ArrayForm(f"array<{element.tag}>", element.plain, element)
        if isinstance(left, MapType) and isinstance(right, MapType):
            key = self.of(left.key, right.key, depth + 1, (*path, "key()"))
            value = self.of(left.value, right.value, depth + 1, (*path, "value()"))
            return MapForm(f"map<{key.tag},{value.tag}>", False, key, value)
        if isinstance(left, StructType) and isinstance(right, StructType):
            return self._struct(left, right, depth, path)
        return self._atomic(left, right)

    def _with_void(self, left: DataType, right: DataType, depth: int, path: Path) -> Form:
        known = right if left == VOID else left
        if known == VOID:
            known = STRING
        inner = replace(self, names=FieldNames())._plain(known, known, depth, path)
        return Void(inner.tag, False, known, inner)

    def _struct(self, left: StructType, right: StructType, depth: int, path: Path) -> Form:
        pairs = self.names.pairs(left, right, path)
        if not pairs and (left.fields or right.fields):
            raise IncomparableError("the structs have no field in common")
        fields = tuple(
            FieldForm(old.name, new.name, self.of(old.type, new.type, depth + 1, (*path, new.name)))
            for old, new in pairs
        )
        plain = left.names == right.names and all(each.form.plain for each in fields)
        tag = ",".join(f"{each.right}:{each.form.tag}" for each in fields)
        return StructForm(f"struct<{tag}>", plain, fields)

    def _atomic(self, left: DataType, right: DataType) -> Form:
        kinds = {kind_of(left), kind_of(right)}
        same = left.name == right.name
        if kinds <= {"integer", "decimal"}:
            return _exact_number(left, right)
        if kinds == {"floating"}:
            tag = left.name if same else "double"
            return Floating(tag, False, self.signed_zero)
        if "" not in kinds and self.otherwise and (form := self.otherwise(left, right, self.signed_zero)):
            return form
        if len(kinds) > 1 or "" in kinds:
            raise IncomparableError(
                f"{left.name} and {right.name} have no common exact type"
                if not same
                else f"values of type {left.name} cannot be compared"
            )
        kind = kinds.pop()
        return Form(kind, same and kind == left.name)


def kind_of(data_type: DataType) -> str:
    """Return the family of a type within which values are comparable, or nothing."""
    name = data_type.name
    if name in _INTEGERS:
        return "integer"
    if isinstance(data_type, DecimalType):
        return "decimal"
    if name in ("float", "double"):
        return "floating"
    if name.startswith(("string", "char(", "varchar(")):
        return "string"
    if name.startswith("interval "):
        return _YEAR_MONTH if "year" in name or "month" in name else _DAY_TIME
    if name.startswith("time("):
        return _TIME
    return name if name in _IDENTICAL else ""


def _exact_number(left: DataType, right: DataType) -> Form:
    if kind_of(left) == kind_of(right) == "integer":
        return Form("bigint", left.name == right.name == "bigint")
    (whole, scale), (other_whole, other_scale) = _digits(left), _digits(right)
    whole, scale = max(whole, other_whole), max(scale, other_scale)
    if whole + scale > 38:
        return WideDecimal(f"decimal({whole}+{scale})", False, scale)
    tag = f"decimal({whole + scale},{scale})"
    return Form(tag, left.name == right.name == tag)


def _digits(data_type: DataType) -> tuple[int, int]:
    """Return how many digits a number has before and after the point."""
    if isinstance(data_type, DecimalType):
        return data_type.precision - data_type.scale, max(data_type.scale, 0)
    return _INTEGERS[data_type.name], 0

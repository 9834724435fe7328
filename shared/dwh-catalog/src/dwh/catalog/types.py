"""Spark's types as Iceberg's: the text of a contract becomes a type with field ids."""

from __future__ import annotations

from collections.abc import Callable

from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IcebergType,
    IntegerType,
    ListType,
    LongType,
    MapType,
    NestedField,
    PrimitiveType,
    StringType,
    StructType,
    TimestampType,
    TimestamptzType,
)

__all__ = ["UnknownType", "iceberg_type", "may_become"]

NewId = Callable[[], int]

_ATOMIC: dict[str, PrimitiveType] = {
    "boolean": BooleanType(),
    "tinyint": IntegerType(),  # Spark's files keep both in 32 bits
    "smallint": IntegerType(),
    "int": IntegerType(),
    "bigint": LongType(),
    "float": FloatType(),
    "double": DoubleType(),
    "string": StringType(),
    "binary": BinaryType(),
    "date": DateType(),
    "timestamp": TimestamptzType(),
    "timestamp_ntz": TimestampType(),
}


class UnknownType(Exception):  # noqa: N818 -- never leaves the package
    """Iceberg lacks a type; its text is the message."""


def iceberg_type(text: str, new_id: NewId, before: IcebergType | None = None) -> IcebergType:
    """Return the Iceberg type of a canonical Spark type.

    Parameters:
        new_id: gives ids to fields within it.
        before: what the column was: parts that are still there keep their ids.

    Raises UnknownType.
    """
    if text.startswith("decimal("):
        digits, scale = text[len("decimal(") : -1].split(",")
        return DecimalType(int(digits), int(scale))
    if text.startswith("array<"):
        return _list(text[len("array<") : -1], new_id, before)
    if text.startswith("map<"):
        return _map(text[len("map<") : -1], new_id, before)
    if text.startswith("struct<"):
        return _struct(text[len("struct<") : -1], new_id, before)
    if text not in _ATOMIC:
        raise UnknownType(text)
    return _ATOMIC[text]


def may_become(old: IcebergType, new: IcebergType) -> bool:
    """Tell whether files with the old type can be read as the new one: it is the same, or wider."""
    if isinstance(old, StructType) and isinstance(new, StructType):
        after = {field.field_id: field.field_type for field in new.fields}
        return all(
            may_become(field.field_type, after[field.field_id])
            for field in old.fields
            if field.field_id in after
        )
    if isinstance(old, ListType) and isinstance(new, ListType):
        return may_become(old.element_type, new.element_type)
    if isinstance(old, MapType) and isinstance(new, MapType):
        return old.key_type == new.key_type and may_become(old.value_type, new.value_type)
    if isinstance(old, DecimalType) and isinstance(new, DecimalType):
        return old.scale == new.scale and old.precision <= new.precision
    wider: dict[IcebergType, IcebergType] = {IntegerType(): LongType(), FloatType(): DoubleType()}
    return old == new or wider.get(old) == new


def _list(text: str, new_id: NewId, before: IcebergType | None) -> ListType:
    same = before if isinstance(before, ListType) else None
    return ListType(
        element_id=same.element_id if same else new_id(),
        element_type=iceberg_type(text, new_id, same.element_type if same else None),
        element_required=False,
    )


def _map(text: str, new_id: NewId, before: IcebergType | None) -> MapType:
    key, value = _split(text)
    same = before if isinstance(before, MapType) else None
    return MapType(
        key_id=same.key_id if same else new_id(),
        key_type=iceberg_type(key, new_id, same.key_type if same else None),
        value_id=same.value_id if same else new_id(),
        value_type=iceberg_type(value, new_id, same.value_type if same else None),
        value_required=False,
    )


def _struct(text: str, new_id: NewId, before: IcebergType | None) -> StructType:
    same = {field.name.lower(): field for field in before.fields} if isinstance(before, StructType) else {}
    fields = []
    for part in _split(text):
        name, type_text = _named(part)
        old = same.get(name.lower())
        field_id = old.field_id if old else new_id()
        field_type = iceberg_type(type_text, new_id, old.field_type if old else None)
        fields.append(NestedField(field_id, name, field_type, required=False))
    return StructType(*fields)


def _named(part: str) -> tuple[str, str]:
    """Return the name and the type of a struct's field."""
    if not part.startswith("`"):
        name, _, type_text = part.partition(":")
        return name, type_text
    end = 1
    while part[end] != "`" or part[end + 1] == "`":
        end += 2 if part[end] == "`" else 1
    return part[1:end].replace("``", "`"), part[end + 2 :]


def _split(text: str) -> list[str]:
    """Return the parts of a canonical type that commas part, outside of brackets and backticks."""
    parts, depth, is_quoted, start = [], 0, False, 0
    for position, character in enumerate(text):
        if character == "`":  # a doubled one closes, and opens again
            is_quoted = not is_quoted
        elif not is_quoted:
            depth += (character in "<(") - (character in ">)")
            if character == "," and depth == 0:
                parts.append(text[start:position])
                start = position + 1
    return [*parts, text[start:]]

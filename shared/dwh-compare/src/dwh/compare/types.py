"""The types of columns as a comparison sees them: those of Spark, without Spark.

A schema is read from the JSON that Spark writes of it, whether a DataFrame has it or a fingerprint was kept
with it. So both are paired and judged alike, and what the fingerprints answer needs no PySpark.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql import types as T

__all__ = [
    "STRING",
    "VOID",
    "ArrayType",
    "AtomicType",
    "DataType",
    "DecimalType",
    "MapType",
    "StructField",
    "StructType",
    "is_number",
    "schema_of_frame",
    "schema_of_json",
    "type_of",
]

_SHORT = {"byte": "tinyint", "short": "smallint", "integer": "int", "long": "bigint", "null": "void"}
_DECIMAL = re.compile(r"decimal\((\d+),\s*(-?\d+)\)")
_NUMBERS = frozenset(["tinyint", "smallint", "int", "bigint", "float", "double"])
_COLLATIONS = "__COLLATIONS"  # where Spark keeps them: in the metadata of a field, by the path inside it


@dataclass(frozen=True)
class AtomicType:
    """A type without parts, by its short form as contracts write it, such as bigint.

    What no contract can hold is called as Spark writes it: geometry(OGC:CRS84).
    """

    name: str


@dataclass(frozen=True)
class DecimalType:
    """Decimals with so many digits in all, and so many of them after the point."""

    precision: int
    scale: int

    @property
    def name(self) -> str:
        """The short form, as contracts write it."""
        return f"decimal({self.precision},{self.scale})"


@dataclass(frozen=True)
class ArrayType:
    """Arrays of one type of elements."""

    element: DataType

    @property
    def name(self) -> str:
        """The short form, as contracts write it."""
        return f"array<{self.element.name}>"


@dataclass(frozen=True)
class MapType:
    """Maps from one type to another."""

    key: DataType
    value: DataType

    @property
    def name(self) -> str:
        """The short form, as contracts write it."""
        return f"map<{self.key.name},{self.value.name}>"


@dataclass(frozen=True)
class StructField:
    """A field of a struct, or a column of a table."""

    name: str
    type: DataType
    nullable: bool = True


@dataclass(frozen=True)
class StructType:
    """Structs; a table's schema is one."""

    fields: tuple[StructField, ...]

    @property
    def name(self) -> str:
        """The short form, as contracts write it."""
        return f"struct<{','.join(f'{field.name}:{field.type.name}' for field in self.fields)}>"

    @property
    def names(self) -> list[str]:
        """What the fields are called, in their order."""
        return [field.name for field in self.fields]


DataType = AtomicType | DecimalType | ArrayType | MapType | StructType

STRING, VOID = AtomicType("string"), AtomicType("void")


def is_number(data_type: DataType) -> bool:
    """Return whether values of a type are numbers."""
    if isinstance(data_type, AtomicType):
        return data_type.name in _NUMBERS
    return isinstance(data_type, DecimalType)


def type_of(data_type: T.DataType) -> DataType:
    """Return a type of Spark."""
    return _read(data_type.jsonValue())


def schema_of_frame(frame: DataFrame) -> StructType:
    """Return the columns of a DataFrame."""
    return schema_of_json(frame.schema.jsonValue())


def schema_of_json(written: Mapping[str, Any]) -> StructType:
    """Return the schema that Spark has written as JSON."""
    return StructType(tuple(map(_field, written["fields"])))


def _read(
    written: str | Mapping[str, Any], collations: Mapping[str, str] | None = None, path: str = ""
) -> DataType:
    """Return the type that Spark has written as JSON.

    Parameters:
        collations: of the texts in a field, as its metadata has them, by their path.
        path: where in that field the type is.
    """
    if isinstance(written, str):
        collation = (collations or {}).get(path, "").rpartition(".")[2]
        return _named(f"{written} collate {collation}" if collation else written)
    kind = written["type"]
    if kind == "array":
        return ArrayType(_read(written["elementType"], collations, f"{path}.element"))
    if kind == "map":
        key = _read(written["keyType"], collations, f"{path}.key")
        return MapType(key, _read(written["valueType"], collations, f"{path}.value"))
    if kind == "struct":
        return schema_of_json(written)
    return _named(str(kind))  # such as a user-defined one, whose values only its program knows


def _field(written: Mapping[str, Any]) -> StructField:
    name, collations = written["name"], written.get("metadata", {}).get(_COLLATIONS)
    return StructField(name, _read(written["type"], collations, name), written.get("nullable", True))


def _named(name: str) -> DataType:
    if digits := _DECIMAL.fullmatch(name):
        return DecimalType(int(digits[1]), int(digits[2]))
    return AtomicType(_SHORT.get(name, name))

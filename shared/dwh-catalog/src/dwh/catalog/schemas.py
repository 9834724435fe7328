"""The schema of a table, and how it follows what is published: a field's id is what a column is.

A column that is still there keeps its id, and so does one whose rename a line declares. Then old snapshots
stay readable, and values in old and new files are one column. The files themselves have no ids, so the name
mapping lists every name that a field has ever had.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, NoReturn

from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.name_mapping import MappedField, NameMapping, parse_mapping_from_json
from pyiceberg.types import IcebergType, ListType, MapType, NestedField, StructType

from dwh.catalog.errors import UnpublishableError
from dwh.catalog.types import NewId, UnknownType, iceberg_type, may_become
from dwh.catalog.wanted import Wanted

__all__ = [
    "WantedColumn",
    "evolved_schema",
    "field_of",
    "name_mapping",
    "needs_renames",
    "parts_of",
    "wanted_columns",
]


_OWN = {"_file", "_pos", "_deleted", "_spec_id", "_partition", "_row_id", "_last_updated_sequence_number"}
"""What Iceberg calls its own columns: Spark reads no table that has one of them."""


@dataclass(frozen=True)
class WantedColumn:
    """A column that a table should have, by the newest contract that has it."""

    name: str
    type: str
    doc: str


def wanted_columns(wanted: Wanted) -> list[WantedColumn]:
    """Return the columns of a table, those of the newest output first, as `read_table` gives them.

    Raises UnpublishableError where two lines have one column in types that cannot stand in one table, and for
    one that is called as Iceberg calls its own.
    """
    found: dict[str, WantedColumn] = {}
    for line, contract in wanted.contracts.items():
        for column in contract["columns"]:
            if column["name"] in _OWN:
                _refuse_name(wanted.subject.table, column["name"])
            mine = WantedColumn(column["name"], column["type"], column.get("doc", ""))
            other = found.setdefault(mine.name.lower(), mine)
            found[mine.name.lower()] = _widest(wanted, line, other, mine)
    return list(found.values())


def needs_renames(columns: Sequence[WantedColumn], metadata: TableMetadata | None) -> bool:
    """Return whether a declared rename could say which column one is that the table does not have yet."""
    known = {field.name.lower() for field in metadata.schema().fields} if metadata else set()
    return bool(known) and any(column.name.lower() not in known for column in columns)


def evolved_schema(
    table: str,
    columns: Sequence[WantedColumn],
    metadata: TableMetadata | None,
    renames: Mapping[str, str],
    numbered: Mapping[str, NestedField],
) -> Schema:
    """Return the schema with these columns: one that the table has had, else a new one with the next id.

    Parameters:
        metadata: of the table as it is, None where there is none yet.
        renames: the new name of each renamed column, by its old name.
        numbered: the fields of adopted files, by lower-case name, whose numbers a new table takes.

    Raises UnpublishableError for a type that Iceberg lacks.
    """
    if metadata is None:
        first = max(_ids_within(StructType(*numbered.values())), default=0) + 1
        return Schema(*_fields(table, columns, numbered, count(first).__next__), schema_id=0)
    for before in (metadata.schema(), *reversed(metadata.schemas)):
        fields = _fields(table, columns, _by_name(before), lambda: -1)
        if tuple(fields) == tuple(before.fields):
            return before
    kept = _kept(table, columns, metadata, renames)
    next_id = count(metadata.last_column_id + 1).__next__
    schema_id = max(schema.schema_id for schema in metadata.schemas) + 1
    return Schema(*_fields(table, columns, kept, next_id), schema_id=schema_id)


def field_of(schema: Schema, column: str) -> NestedField:
    """Return a schema's field by its name, whatever its case."""
    return schema.find_field(column, case_sensitive=False)


def name_mapping(
    schema: Schema, others: Iterable[Schema], contracts: Iterable[Mapping[str, Any]], before: str | None
) -> NameMapping:
    """Return which names in files mean which field: those of a schema, and others that its fields have had.

    Parameters:
        others: the schemas that the table has had, oldest first.
        contracts: of the files; what they spell otherwise, by case alone, is a name of that field, too.
        before: the mapping that the table has, as its property has it.
    """
    spelled = [[_spelled(schema, column) for column in contract["columns"]] for contract in contracts]
    versions = [version.fields for version in reversed([*others]) if version.schema_id != schema.schema_id]
    mapped = _mapped([schema.fields, *spelled, *versions])
    _keep_names(mapped, _read_mapping(before))
    return NameMapping(mapped)


def parts_of(of: IcebergType) -> Iterable[NestedField]:
    """Return the fields right within a type; none where it is not nested."""
    if isinstance(of, StructType):
        return of.fields
    if isinstance(of, ListType):
        return [of.element_field]
    return [of.key_field, of.value_field] if isinstance(of, MapType) else ()


def _refuse_name(table: str, column: str) -> NoReturn:
    raise UnpublishableError(
        table,
        column,
        "has the name of one of Iceberg's own, so that Spark would read nothing of the table",
        "its outputs are as they were, and read_table reads them; for SQL engines call it otherwise in the "
        "next line",
    )


def _widest(wanted: Wanted, line: str, one: WantedColumn, other: WantedColumn) -> WantedColumn:
    """Return a column in the type of which values in either's are."""
    if one.type == other.type:
        return one
    new_id = count(1).__next__
    mine = _typed(wanted.subject.table, one, new_id, None)
    others = _typed(wanted.subject.table, other, new_id, mine)  # fields of one name have one id
    if _holds(mine, others):
        return one
    if _holds(others, mine):
        return WantedColumn(one.name, other.type, one.doc)
    raise UnpublishableError(
        wanted.subject.table,
        one.name,
        f"is {one.type} in some dates and {other.type} in those of line {line}, which no table can hold",
        f"publish one line alone: dwh rollout status, in environment {wanted.subject.environment}",
    )


def _holds(wider: IcebergType, other: IcebergType) -> bool:
    """Tell whether every value of a type is one of another, with all its fields."""
    return may_become(other, wider) and _ids_within(other) <= _ids_within(wider)


def _ids_within(of: IcebergType) -> set[int]:
    parts = parts_of(of)
    return {part.field_id for part in parts}.union(*(_ids_within(part.field_type) for part in parts))


def _typed(table: str, column: WantedColumn, new_id: NewId, before: IcebergType | None) -> IcebergType:
    try:
        return iceberg_type(column.type, new_id, before)
    except UnknownType as error:
        within = "" if str(error) == column.type else f" in {column.type}"
        raise UnpublishableError(
            table,
            column.name,
            f"is of type {error}{within}, which Iceberg does not have",
            "its outputs are as they were, and read_table reads them; for SQL engines write it as another "
            "type, such as string",
        ) from None


def _fields(
    table: str, columns: Sequence[WantedColumn], before: Mapping[str, NestedField], new_id: NewId
) -> list[NestedField]:
    """Return columns as fields. Those that are `before`, by lower-case name, keep their ids."""
    found = []
    for column in columns:
        old = before.get(column.name.lower())
        field_id = old.field_id if old else new_id()
        typed = _typed(table, column, new_id, old.field_type if old else None)
        found.append(NestedField(field_id, column.name, typed, required=False, doc=column.doc or None))
    return found


def _kept(
    table: str, columns: Sequence[WantedColumn], metadata: TableMetadata, renames: Mapping[str, str]
) -> dict[str, NestedField]:
    """Return which field each column was, by its lower-case name: by a declared rename, else by its name."""
    current = _by_name(metadata.schema())
    names = {column.name.lower() for column in columns}
    was = {new.lower(): old.lower() for old, new in renames.items() if old.lower() in current.keys() - names}
    kept: dict[str, NestedField] = {}
    for column in columns:
        name = column.name.lower()
        candidates = [current[was[name]]] if name in was else []
        candidates += [version[name] for version in _versions(metadata) if name in version]
        taken = {field.field_id for field in kept.values()}
        for field in candidates:
            typed = _typed(table, column, lambda: -1, field.field_type)
            if field.field_id not in taken and may_become(field.field_type, typed):
                kept[name] = field
                break
    return kept


def _versions(metadata: TableMetadata) -> Iterator[dict[str, NestedField]]:
    """Yield the fields of all schemas of a table by name, the current one first, then the newest."""
    yield _by_name(metadata.schema())
    yield from map(_by_name, reversed(metadata.schemas))


def _by_name(schema: Schema) -> dict[str, NestedField]:
    return {field.name.lower(): field for field in schema.fields}


def _spelled(schema: Schema, column: Mapping[str, Any]) -> NestedField:
    """Return the field of a column, with the names that a contract has for it and for what is within it."""
    field = field_of(schema, column["name"])
    typed = iceberg_type(column["type"], lambda: -1, field.field_type)
    return NestedField(field.field_id, column["name"], typed, required=False)


def _read_mapping(text: str | None) -> Iterable[MappedField]:
    try:
        return parse_mapping_from_json(text or "[]").root
    except ValueError:  # another has spoilt it
        return ()


def _keep_names(mapped: Iterable[MappedField], before: Iterable[MappedField]) -> None:
    """Give fields the names that they had before and that differ from others of theirs by case alone."""
    by_id = {field.field_id: field for field in mapped}
    for old in before:
        if (field := by_id.get(old.field_id)) is not None:  # a field without parts is false
            known = {name.lower() for name in field.names}
            field.names.extend([one for one in old.names if one not in field.names and one.lower() in known])
            _keep_names(field.fields, old.fields)


def _mapped(versions: Sequence[Iterable[NestedField]]) -> list[MappedField]:
    """Return the names of fields in versions of a struct, the one that counts first.

    A name is one field's, however it is spelled: DuckDB tells none by its case.
    """
    owner: dict[str, int] = {}
    types: dict[int, list[IcebergType]] = {}
    names: dict[int, dict[str, None]] = {}
    for fields in versions:
        for field in fields:
            types.setdefault(field.field_id, []).append(field.field_type)
            if owner.setdefault(field.name.lower(), field.field_id) == field.field_id:
                names.setdefault(field.field_id, {})[field.name] = None
    return [
        MappedField(
            field_id=field_id, names=[*found], fields=_mapped([parts_of(one) for one in types[field_id]])
        )
        for field_id, found in names.items()
    ]

"""Headers of Avro files: each file has a schema of its own, and all files of one table have the same.

Spark takes the schema of one file for all, and leaves out what others have more. A header is the map of the
Avro specification's object container files: blocks of names and bytes, lengths as zigzag varints.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from dwh.compare.errors import first_line
from dwh.migrate.compare.errors import FilesError
from dwh.migrate.compare.folder import DataFile, Folder

__all__ = ["check_avro_schemas"]

_MAGIC = b"Obj\x01"
_MOST = 64_000_000  # bytes of a schema: more means that the file is damaged


def check_avro_schemas(folder: Folder) -> None:
    """Look at the schema of each file.

    Raises ComparisonError when files have different schemas, or one is no Avro file.
    """
    schemas = [(file, _schema(folder, file)) for file in folder.files]
    for file, schema in schemas[1:]:
        if schema != schemas[0][1]:
            first = folder.place_of(schemas[0][0])
            raise FilesError(
                f"the Avro schema of {folder.place_of(file)} is not that of {first}"
                f"{_difference(schema, schemas[0][1])}; compare files of one schema at a time"
            )


def _schema(folder: Folder, file: DataFile) -> Any:
    try:
        with folder.system.open(file.name, "rb") as opened:
            return json.loads(_metadata(opened)["avro.schema"])
    except (OSError, EOFError, ValueError, KeyError) as error:
        place = folder.place_of(file)
        raise FilesError(
            f"{place} cannot be read as Avro: it is truncated, or is not an Avro file ({first_line(error)})"
        ) from None


def _metadata(opened: BinaryIO) -> dict[str, bytes]:
    """Return what the header of a file has by name; raises EOFError or ValueError."""
    if _exactly(opened, len(_MAGIC)) != _MAGIC:
        raise ValueError("it does not begin with Obj")
    return dict(_entries(opened))


def _entries(opened: BinaryIO) -> Iterator[tuple[str, bytes]]:
    while count := _long(opened):
        if count < 0:  # then the size of the block follows
            _long(opened)
        for _ in range(abs(count)):
            yield _bytes(opened).decode(), _bytes(opened)


def _bytes(opened: BinaryIO) -> bytes:
    length = _long(opened)
    if not 0 <= length <= _MOST:
        raise ValueError(f"a length of {length:,} in its header")
    return _exactly(opened, length)


def _long(opened: BinaryIO) -> int:
    """Read a zigzag varint of up to 64 bits."""
    value = 0
    for place in range(10):
        byte = _exactly(opened, 1)[0]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1)
    raise ValueError("a number in its header does not end")


def _exactly(opened: BinaryIO, length: int) -> bytes:
    found = opened.read(length)
    if len(found) < length:
        raise EOFError("it ends within its header")
    return found


def _difference(schema: Any, usual: Any) -> str:
    """Return which fields one of two records has alone, if that is what differs."""
    one, other = _names(schema), _names(usual)
    told = [f"{name} is in the first alone" for name in one if name not in other]
    told += [f"{name} is in the second alone" for name in other if name not in one]
    return f" ({', '.join(told)})" if told else ""


def _names(schema: Any) -> list[str]:
    fields = schema.get("fields", []) if isinstance(schema, dict) else []
    return [str(field.get("name")) for field in fields]

"""Avro files at a path, whose schemas are in their headers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from dwh.migrate.compare.errors import FilesError
from dwh.migrate.compare.sources import look_at_source, read_source, source_of


def record(*names: str) -> dict[str, Any]:
    """Return the schema of rows of integers."""
    return {"type": "record", "name": "row", "fields": [{"name": name, "type": "int"} for name in names]}


def write_avro(path: Path, schema: dict[str, Any], *, sized: bool = False) -> None:
    """Write an Avro file without rows; `sized` writes the size of its metadata, too, as some writers do."""
    entries = {"avro.codec": b"null", "avro.schema": json.dumps(schema).encode()}
    block = b"".join(counted(name.encode()) + counted(value) for name, value in entries.items())
    start = zigzag(-2) + zigzag(len(block)) if sized else zigzag(2)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"Obj\x01" + start + block + zigzag(0) + b"s" * 16)


def counted(text: bytes) -> bytes:
    return zigzag(len(text)) + text


def zigzag(number: int) -> bytes:
    rest, found = (number << 1) ^ (number >> 63), bytearray()
    while rest > 0x7F:
        found.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([*found, rest])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one file, which has the columns a and b."""
    write_avro(tmp_path / "avro" / "1.avro", record("a", "b"))
    return tmp_path / "avro"


def test_files_of_one_schema_are_taken(folder: Path) -> None:
    """However their writers lay out what is in the header."""
    write_avro(folder / "2.avro", record("a", "b"), sized=True)
    assert len(look_at_source(source_of(f"avro:{folder}", {})).files) == 2  # type: ignore[union-attr]


def test_a_file_with_one_more_column_is_refused(folder: Path) -> None:
    """Spark would take the schema of another file for it, and compare the rest."""
    write_avro(folder / "2.avro", record("a", "b", "c"))
    with pytest.raises(FilesError, match=r"2.avro is not that of .*1.avro \(c is in the first alone\)"):
        look_at_source(source_of(f"avro:{folder}", {}))


def test_a_file_whose_field_has_another_type_is_refused(folder: Path) -> None:
    """As deep as the type may be."""
    schema = record("a", "b")
    schema["fields"][1]["type"] = record("x")
    write_avro(folder / "2.avro", schema)
    with pytest.raises(FilesError, match=r"2.avro is not that of .*1.avro; compare files of one schema"):
        look_at_source(source_of(f"avro:{folder}", {}))


@pytest.mark.parametrize(
    "damage", [b"", b"Obj\x01\x04\x14", b"PAR1", b"Obj\x01\x02\x02x\xff\xff\xff\xff\xff\x7f"]
)
def test_a_damaged_file_is_named(folder: Path, damage: bytes) -> None:
    """Empty, cut short, of another format, or with a length that nothing has."""
    (folder / "1.avro").write_bytes(damage)
    with pytest.raises(FilesError, match=r"1.avro cannot be read as Avro: it is truncated, or is not"):
        look_at_source(source_of(f"avro:{folder}", {}))


def test_a_spark_without_a_reader_is_told_what_to_set(spark: SparkSession, folder: Path) -> None:
    """Spark brings its reader of Avro as a package of its own."""
    source = source_of(f"avro:{folder}", {})
    with pytest.raises(FilesError, match=r"set spark\.jars\.packages to org\.apache\.spark:spark-avro"):
        read_source(spark, source, look_at_source(source))

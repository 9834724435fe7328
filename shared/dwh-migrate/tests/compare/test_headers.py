"""Headers of CSV files, before an engine reads them."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import pytest

from dwh.compare import ComparisonError
from dwh.migrate.compare.folder import look_at
from dwh.migrate.compare.headers import check_encoding, check_headers, check_numbers


def check(folder: Path, *files: tuple[str, bytes]) -> None:
    """Write files, and check their headers."""
    for name, content in files:
        (folder / name).write_bytes(content)
    check_headers(look_at(str(folder)), ",")


def test_headers_of_one_meaning_are_one_header(tmp_path: Path) -> None:
    """Whatever the mark, the quotes, the line ends, the blank lines before it, and how a file is packed."""
    check(
        tmp_path,
        ("a.csv", b"id,v\n1,x\n"),
        ("b.csv", b'\xef\xbb\xbf"id","v"\r\n1,x\r\n'),
        ("c.csv", b"\n \nid,v\n1,x\n"),
        ("d.csv", b""),
        ("e.csv.gz", gzip.compress(b"id,v\n")),
        ("f.csv.deflate", zlib.compress(b"id,v\n")),
    )


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([("a.csv", b"id,v\n1,x\n"), ("b.csv", b"2,x\n")], "b.csv is not that of .*a.csv: '2,x', not 'id,v'"),
        ([("a.csv", b"id,v\n"), ("b.csv", b'"id,v"\n')], "b.csv is not that of"),
        ([("a.csv", b"id,v,ID\n")], "called id and ID, which Spark takes for one name"),
        ([("a.csv", b"v,v\n")], "called v$"),
        ([("a.csv", b""), ("b.csv", b"\n\n")], "no CSV file at .* has a header"),
    ],
)
def test_what_is_no_one_header_is_refused(tmp_path: Path, files: list[tuple[str, bytes]], said: str) -> None:
    """The sentence names the file."""
    with pytest.raises(ComparisonError, match=said):
        check(tmp_path, *files)


@pytest.mark.parametrize(
    ("name", "data", "encoding"),
    [
        ("a.csv", b"id,v\n1,caf\xe9\n", "UTF-8"),
        ("a.csv.gz", gzip.compress(b"id,v\n1,caf\xe9\n", mtime=0), "UTF-8"),  # the same in each process
        ("a.json", b'{"v": "caf\xc3', "UTF-8"),  # which ends within a letter
        ("a.csv", "id,v".encode("utf-16")[:-1], "UTF-16"),
    ],
)
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, name: str, data: bytes, encoding: str) -> None:
    """An engine would take all of them for one letter."""
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ComparisonError, match=rf"{name} is not {encoding}, at about byte \d+; say"):
        check_encoding(look_at(str(tmp_path)), encoding)
    check_encoding(look_at(str(tmp_path)), "ISO-8859-1")
    check_encoding(look_at(str(tmp_path)), "an engine's own")


def test_a_whole_number_among_fractions_is_refused(tmp_path: Path) -> None:
    """Sail reads all of a field as doubles then; beside fractions of other fields it is a bigint."""
    row, other = '{"id": 12345678901234567, "v": %s, "a": [1]}\n', '{"id": 2, "v": 0.5, "a": [1]}\n'
    (tmp_path / "a.json").write_text(row % 1 + other)
    check_numbers(look_at(str(tmp_path)))
    (tmp_path / "b.json").write_text(other.replace('"id": 2', '"id" : 2.5'))
    with pytest.raises(ComparisonError, match="has the number 12345678901234567, of which Sail"):
        check_numbers(look_at(str(tmp_path)))


@pytest.mark.parametrize(
    ("value", "held"),
    [
        ("9007199254740993", True),
        ("-9223372036854775807", True),
        ("9007199254740993, 0.5", False),
        ("1234567890123456789012345", False),
        ("0.12345678901234568", True),
        ("0.12345678901234567", False),
        ("0.123456789012345678", False),
        ("1.5e300", True),
        ("1e400", False),
        ('"1234567890123456789012345"', True),
    ],
)
def test_a_number_that_sail_would_cut_is_refused(tmp_path: Path, value: str, held: bool) -> None:
    """Two of them would be the same that are not."""
    (tmp_path / "a.json").write_text(f'{{"id": 1, "v": [{value}]}}\n')
    if held:
        check_numbers(look_at(str(tmp_path)))
        return
    with pytest.raises(ComparisonError, match=f"a.json has the number {value.split(',')[0]}, of which Sail"):
        check_numbers(look_at(str(tmp_path)))

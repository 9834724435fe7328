"""What files of text must be before an engine reads them.

They are of one encoding, CSV has one header, and JSON has, for Sail, no number that it would cut.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

import fsspec

from dwh.compare.errors import first_line
from dwh.migrate.compare.errors import FilesError
from dwh.migrate.compare.folder import DataFile, Folder

__all__ = ["check_encoding", "check_headers", "check_numbers"]

_MOST = 1_000_000  # bytes of a header, and of what is decoded at once
_LONG_NUMBER = re.compile(
    rb'(?:("[^"]*")\s*:|[:\[,])\s*'
    rb"(-?(?:[0-9][.0-9]{15,}(?:[eE][-+]?[0-9]+)?|[0-9][.0-9]*[eE][-+]?[0-9]+))(?=\s*[,\]}])"
)
_OTHERS = "Sail would read other digits; compare on Spark: DWH_ENGINE=spark"
_BOM = b"\xef\xbb\xbf"
_SPARKS_OWN = (".deflate", ".snappy", ".lz4", ".zst", ".zstd")  # it unpacks them, and compares their headers


def check_headers(folder: Folder, separator: str) -> None:
    """Look at the first line of each file.

    Raises ComparisonError when files have different headers, when two columns of one have the same name but
    for case, and when no file has a header.
    """
    files = [file for file in folder.files if not file.name.endswith(_SPARKS_OWN)]
    headers = [(file, line) for file in files if (line := _first_line(folder, file))]
    if not headers and len(files) == len(folder.files):
        raise FilesError(f"no CSV file at {folder.path} has a header, so its columns are not known")
    known = [_names(line, separator) or line for _, line in headers]
    for (file, line), names in zip(headers[1:], known[1:], strict=True):
        if names != known[0]:
            first = folder.place_of(headers[0][0])
            raise FilesError(
                f"the header of {folder.place_of(file)} is not that of {first}: {_shown(line)}, "
                f"not {_shown(headers[0][1])}; compare files of one header at a time"
            )
    if headers and (twice := _first_repeated(_names(headers[0][1], separator))):
        raise FilesError(f"two columns of {folder.place_of(headers[0][0])} are called {twice}")


def check_encoding(folder: Folder, encoding: str) -> None:
    """Raise ComparisonError when a file is not text of an encoding.

    Engines read what is none as U+FFFD, whatever it was, so that é and è of Latin-1 would be the same.
    """
    try:
        new_decoder = codecs.getincrementaldecoder(encoding)
    except LookupError:
        return  # the engine knows it, or says that it does not
    for file in folder.files:
        if file.name.endswith(_SPARKS_OWN):
            continue
        decoder, before = new_decoder(), 0
        try:
            with _opened(folder, file) as opened:
                while block := bytes(opened.read(_MOST)):
                    decoder.decode(block)
                    before += len(block)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            place = before + error.start
            raise FilesError(
                f"{folder.place_of(file)} is not {encoding}, at about byte {place:,}; say what it is, "
                "such as --option encoding=ISO-8859-1, or write it again"
            ) from None
        except (OSError, ValueError, EOFError) as error:
            raise FilesError(f"cannot read {folder.place_of(file)}: {first_line(error)}") from None


def check_numbers(folder: Folder) -> None:
    """Raise ComparisonError when a JSON file has a number that neither a bigint nor a double holds.

    Sail reads numbers as these, where Spark keeps what was written. A field is read as doubles if any of its
    numbers has a point, and so are long numbers in it that have none.
    """
    whole: dict[bytes, str] = {}
    for file, line in _lines(folder):
        for field, found in _LONG_NUMBER.findall(line):
            number = found.decode()
            if not _is_held(number):
                raise _cut(folder, file, number)
            if not _is_double(number):
                whole[field] = number
    before = {field: re.escape(field) + rb"\s*:" if field else rb"[\[,]" for field in whole}
    fractions = {field: re.compile(begin + rb"\s*-?[0-9]+[.eE]") for field, begin in before.items()}
    for file, line in _lines(folder) if whole else ():
        for field, fraction in fractions.items():
            if fraction.search(line):
                raise _cut(folder, file, whole[field])


def _lines(folder: Folder) -> Iterator[tuple[DataFile, bytes]]:
    for file in folder.files:
        try:
            with _opened(folder, file) as opened:
                yield from ((file, line) for line in iter(lambda: bytes(opened.readline(_MOST)), b""))
        except (OSError, ValueError, EOFError) as error:
            raise FilesError(f"cannot read {folder.place_of(file)}: {first_line(error)}") from None


def _cut(folder: Folder, file: DataFile, number: str) -> FilesError:
    return FilesError(f"{folder.place_of(file)} has the number {number}, of which {_OTHERS}")


def _is_held(number: str) -> bool:
    return (number.lstrip("-").isdigit() and abs(int(number)) < 2**63) or _is_double(number)


def _is_double(number: str) -> bool:
    return Decimal(repr(float(number))) == Decimal(number)


def _opened(folder: Folder, file: DataFile) -> fsspec.core.OpenFile:
    return fsspec.core.OpenFile(folder.system, file.name, compression=_compression(file))


def _first_line(folder: Folder, file: DataFile) -> bytes:
    try:
        with _opened(folder, file) as opened:
            lines = iter(lambda: bytes(opened.readline(_MOST)), b"")
            found = (line.removeprefix(_BOM).rstrip(b"\r\n") for line in lines)
            return next((line for line in found if line.strip()), b"")  # Spark skips blank lines, too
    except (OSError, ValueError, EOFError) as error:
        raise FilesError(f"cannot read the header of {folder.place_of(file)}: {first_line(error)}") from None


def _compression(file: DataFile) -> str | None:
    endings = {".gz": "gzip", ".bz2": "bz2"}
    return next((name for ending, name in endings.items() if file.name.endswith(ending)), None)


def _names(line: bytes, separator: str) -> list[str]:
    """Return the names in a header, if it is text that can be taken apart here."""
    try:
        return next(csv.reader([line.decode()], delimiter=separator, strict=True), [])
    except (UnicodeDecodeError, TypeError, csv.Error):
        return []


def _first_repeated(names: Sequence[str]) -> str:
    """Return a name that is there twice, or how it is spelled twice: case does not count in Spark."""
    first: dict[str, str] = {}
    for name in filter(None, names):
        before = first.get(name.lower())
        if before is not None:
            return name if name == before else f"{before} and {name}, which Spark takes for one name"
        first[name.lower()] = name
    return ""


def _shown(line: bytes) -> str:
    text = line.decode(errors="backslashreplace")
    return repr(text if len(text) <= 200 else text[:200] + "…")

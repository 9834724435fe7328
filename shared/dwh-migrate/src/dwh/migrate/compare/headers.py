"""Headers of CSV files: all files of one table have the same."""

from __future__ import annotations

import csv
from collections.abc import Sequence

import fsspec

from dwh.compare.errors import first_line
from dwh.migrate.compare.errors import FilesError
from dwh.migrate.compare.folder import DataFile, Folder

__all__ = ["check_headers"]

_MOST = 1_000_000  # bytes of a header
_BOM = b"\xef\xbb\xbf"


def check_headers(folder: Folder, separator: str) -> None:
    """Look at the first line of each file.

    Raises ComparisonError when files have different headers, or two columns of one have the same name.
    """
    headers = [(file, line) for file in folder.files if (line := _first_line(folder, file))]
    for file, line in headers[1:]:
        if line != headers[0][1]:
            first = folder.place_of(headers[0][0])
            raise FilesError(
                f"the header of {folder.place_of(file)} is not that of {first}: {_shown(line)}, "
                f"not {_shown(headers[0][1])}; compare files of one header at a time"
            )
    if headers and (twice := _twice(headers[0][1], separator)):
        raise FilesError(f"two columns of {folder.place_of(headers[0][0])} are called {twice}")


def _first_line(folder: Folder, file: DataFile) -> bytes:
    try:
        with fsspec.core.OpenFile(folder.system, file.name, compression=_compression(file)) as opened:
            return bytes(opened.readline(_MOST)).removeprefix(_BOM).rstrip(b"\r\n")
    except (OSError, ValueError, EOFError) as error:
        raise FilesError(f"cannot read the header of {folder.place_of(file)}: {first_line(error)}") from None


def _compression(file: DataFile) -> str | None:
    endings = {".gz": "gzip", ".bz2": "bz2"}
    return next((name for ending, name in endings.items() if file.name.endswith(ending)), None)


def _twice(line: bytes, separator: str) -> str:
    """Return a name that is there twice, if the header is text that can be taken apart here."""
    try:
        names = next(csv.reader([line.decode()], delimiter=separator), [])
    except (UnicodeDecodeError, TypeError, csv.Error):
        return ""
    return _first_repeated(names)


def _first_repeated(names: Sequence[str]) -> str:
    return next((name for place, name in enumerate(names) if name and name in names[:place]), "")


def _shown(line: bytes) -> str:
    text = line.decode(errors="backslashreplace")
    return repr(text if len(text) <= 200 else text[:200] + "…")

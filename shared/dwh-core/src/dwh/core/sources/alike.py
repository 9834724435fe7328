"""Which files of an input have the same schema, as footers say, so that the engine is asked for it once.

An engine starts a job for the schema of each file it is asked about, which for a year of small files takes
longer than to read them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable
from urllib.parse import unquote

from dwh.core.engine import is_remote
from dwh.core.sources.files import SourceFile
from dwh.core.sources.reader import SourceReader

__all__ = ["alike"]

_HERE = re.compile(r"file:(?://)?(?P<path>/.*)", re.DOTALL)


def alike(source: SourceReader, files: Iterable[SourceFile]) -> list[list[SourceFile]]:
    """Return files in groups whose schema is certainly the same. A file of which nothing is known is alone.

    Known are Parquet files on this machine, where the engine reads the same.
    """
    found: dict[Hashable, list[SourceFile]] = defaultdict(list)
    known = _is_known(source)
    for file in files:
        found[(_footer(source, file) if known else None) or file].append(file)
    return list(found.values())


def _is_known(source: SourceReader) -> bool:
    """Return whether footers say all: with a base path, the names of folders are columns, too."""
    is_here = source.on_sail or not is_remote(source.spark)
    return is_here and source.place.format.lower() == "parquet" and not source.option("basePath")


def _footer(source: SourceReader, file: SourceFile) -> Hashable:
    """Return what a file's schema follows from; None where Python cannot read it."""
    here = _HERE.fullmatch(file.path)
    if here is None:
        return None
    try:
        from pyarrow.parquet import read_metadata

        footer = read_metadata(unquote(here["path"]) if source.on_sail else here["path"])
    except Exception:  # of every kind, by library and disk: the engine says what is wrong
        return None
    columns = str(footer.schema).partition("\n")[2]  # after the address of the object
    return columns, frozenset((footer.metadata or {}).items())

"""Which files have one schema, as their footers say: every file is looked at, none is taken for all.

Parquet and ORC have footers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from dwh.compare.errors import first_line
from dwh.migrate.compare.errors import FilesError
from dwh.migrate.compare.folder import DataFile, Folder

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

__all__ = ["TITLES", "Footer", "Told", "by_schema", "damaged", "of_each", "opened_parquet", "read_footers"]

Found = TypeVar("Found")
Told = Callable[[int, int], None]
"""Is called with how many footers were read, and of how many."""

TITLES = {"parquet": "Parquet", "orc": "ORC"}
"""The formats whose files have footers, as messages call them."""

_NAMED = ("parquet", "orc", "csv", "json", "xml", "avro")  # which dwh compare takes, named before the path
_THREADS = 16  # an object store answers many at once
_SPARK_SCHEMA = b"org.apache.spark.sql.parquet.row.metadata"


@dataclass(frozen=True)
class Footer:
    """What the footer of a file says.

    Attributes:
        schema: what tells the schemas of two files apart, and nothing else.
        names: of its columns.
    """

    schema: object
    rows: int
    names: frozenset[str]


def read_footers(folder: Folder, told: Told = lambda done, of: None, kind: str = "parquet") -> list[Footer]:
    """Return the footer of each file.

    Parameters:
        kind: the format of the files, one of `TITLES`.

    Raises ComparisonError when a file is empty, cut short, gone, or has another format.
    """
    return of_each(folder, lambda file: _footer(folder, file, kind), told)


def of_each(
    folder: Folder, look: Callable[[DataFile], Found], told: Told = lambda done, of: None
) -> list[Found]:
    """Return what a function finds in each file, of which many are looked at at once."""
    pool = ThreadPoolExecutor(_THREADS)
    found = []
    try:
        for one in pool.map(look, folder.files):
            found.append(one)
            told(len(found), len(folder.files))
    finally:
        pool.shutdown(cancel_futures=True)
    return found


def by_schema(folder: Folder, footers: Sequence[Footer]) -> tuple[tuple[DataFile, ...], ...]:
    """Return the files in groups whose footers say the same schema, the largest group first."""
    groups: dict[object, list[DataFile]] = defaultdict(list)
    for file, footer in zip(folder.files, footers, strict=True):
        groups[footer.schema].append(file)
    return tuple(map(tuple, sorted(groups.values(), key=len, reverse=True)))


def damaged(folder: Folder, kind: str = "parquet") -> tuple[DataFile, str] | None:
    """Return the first file whose values cannot be read, and why; None if all can be. It reads everything."""
    from pyarrow import ArrowException

    for file in folder.files:
        try:
            with folder.system.open(file.name, "rb") as opened:
                _read_all(opened, kind)
        except (ArrowException, OSError, ValueError) as error:
            return file, first_line(error)
    return None


def _read_all(opened: Any, kind: str) -> None:
    from pyarrow.orc import ORCFile
    from pyarrow.parquet import ParquetFile

    if kind == "orc":
        file = ORCFile(opened)
        for stripe in range(file.nstripes):
            file.read_stripe(stripe)
        return
    for _ in ParquetFile(opened).iter_batches():
        pass


def _orc_footer(opened: Any) -> Footer:
    from pyarrow.orc import ORCFile

    file = ORCFile(opened)
    return Footer(str(file.schema), file.nrows, frozenset(file.schema.names))


def _parquet_footer(opened: Any) -> Footer:
    from pyarrow.parquet import ParquetFile

    metadata: Any = ParquetFile(opened).metadata
    written = (metadata.metadata or {}).get(_SPARK_SCHEMA)
    lines = str(metadata.schema).splitlines()[1:]  # the first has an address in memory
    names = frozenset(metadata.schema.to_arrow_schema().names)
    return Footer((tuple(lines), written), metadata.num_rows, names)


def _footer(folder: Folder, file: DataFile, kind: str) -> Footer:
    with _opened(folder, file, kind) as opened:
        return _orc_footer(opened) if kind == "orc" else _parquet_footer(opened)


@contextmanager
def opened_parquet(folder: Folder, file: DataFile) -> Iterator[ParquetFile]:
    """Open a Parquet file; raises FilesError when it is empty, cut short, gone, or has another format."""
    from pyarrow.parquet import ParquetFile

    with _opened(folder, file, "parquet") as opened:
        yield ParquetFile(opened)


@contextmanager
def _opened(folder: Folder, file: DataFile, kind: str) -> Iterator[Any]:
    from pyarrow import ArrowException

    try:
        with folder.system.open(file.name, "rb") as opened:
            yield opened
    except FileNotFoundError:
        raise FilesError(f"{folder.place_of(file)} is gone since its folder was listed") from None
    except (ArrowException, OSError, ValueError) as error:
        raise FilesError(_problem(folder, file, TITLES[kind], error)) from None


def _problem(folder: Folder, file: DataFile, title: str, error: Exception) -> str:
    size, file_of = folder.system.size(file.name), f"{'an' if title == 'ORC' else 'a'} {title} file"
    ending = file.name.rpartition(".")[2].lower()
    kind = ending if ending in _NAMED and TITLES.get(ending) != title else ""
    if not size:
        return f"{folder.place_of(file)} is empty, so it is not {file_of}; remove it or write it again"
    return (
        f"{folder.place_of(file)} ({size:,} bytes) cannot be read as {title}: it is truncated, or is "
        f"not {file_of} ({first_line(error)})"
        + (f"; dwh compare takes such files as {kind}:PATH" if kind else "")
    )

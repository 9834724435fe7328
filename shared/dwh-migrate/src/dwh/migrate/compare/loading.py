"""How an engine is told to read exactly the files that were found, with the values of their folders.

Left alone, engines differ from what a folder's listing says: formats other than Parquet leave out files in
plain folders, a column that both a file and a folder's name have is the folder's, what looks like a
pattern is one, and `%C3%BC` are two letters to Spark where pyarrow meant one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dwh.core.engine import is_sail
from dwh.migrate.compare.errors import FilesError
from dwh.migrate.compare.folder import DataFile, Folder

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, DataFrameReader, SparkSession
    from pyspark.sql import types as T

__all__ = ["check_partitions", "frames_of", "literal"]

_BEYOND_ASCII = re.compile("%[89A-Fa-f][0-9A-Fa-f]")


def literal(spark: SparkSession, place: str) -> str:
    """Return a path in which nothing is a pattern, and which means the same in another folder."""
    if is_sail(spark) and "://" not in place:
        return Path(place).expanduser().absolute().as_uri()
    if not is_sail(spark):
        return "".join(f"\\{char}" if char in "[]{}*?\\" else char for char in _absolute(place))
    return "".join(f"[{char}]" if char in "[]{}*?" else char for char in place)


def check_partitions(folder: Folder, schema: T.StructType, place: str) -> None:
    """Raise ComparisonError when a file has a column that the names of its folders give, too."""
    twice = {name.lower() for name in folder.partitioned_by} & {name.lower() for name in schema.names}
    if twice:
        name = min(twice)
        raise FilesError(
            f"column {name} is in the file {place} and in the names of its folders, and the two may say "
            f"different things; compare the folders of one {name} at a time, and the files' column is read"
        )


def frames_of(
    spark: SparkSession,
    reader: Callable[[], DataFrameReader],
    folder: Folder,
    files: Sequence[DataFile],
    schema: T.StructType,
) -> Iterator[DataFrame]:
    """Yield the rows of files of one schema: its columns, then those of partitions as text.

    Parameters:
        reader: gives one of the format, with its options.
    """
    from pyspark.sql import functions as F
    from pyspark.sql import types as T

    names = folder.partitioned_by
    if names and (is_sail(spark) or any(_is_beyond_ascii(folder, file) for file in files)):
        for values, parts in _by_partition(files).items():
            alone = reader().schema(schema).load([literal(spark, folder.place_of(file)) for file in parts])
            yield alone.select(
                "*", *(F.lit(v).cast("string").alias(n) for n, v in zip(names, values, strict=True))
            )
        return
    text = [T.StructField(name, T.StringType()) for name in names]
    typed = reader().schema(T.StructType([*schema.fields, *text]))
    if len(files) == len(folder.files) and (names or not folder.nested):  # Spark lists the same by itself
        yield typed.load(literal(spark, folder.path))
    else:
        places = [literal(spark, folder.place_of(file)) for file in files]
        yield (typed.option("basePath", _absolute(folder.path)) if names else typed).load(places)


def _absolute(place: str) -> str:
    """Return a path of this machine from its root on: the engine may be at work in another folder."""
    return place if ":/" in place else str(Path(place).expanduser().absolute())


def _is_beyond_ascii(folder: Folder, file: DataFile) -> bool:
    """Return whether the name of a folder escapes characters that Spark takes for one per byte."""
    return bool(_BEYOND_ASCII.search(file.name[len(folder.root) :].rpartition("/")[0]))


def _by_partition(files: Sequence[DataFile]) -> dict[tuple[str | None, ...], list[DataFile]]:
    found: dict[tuple[str | None, ...], list[DataFile]] = defaultdict(list)
    for file in files:
        found[tuple(value for _, value in file.partition)].append(file)
    return found

"""Which files outputs consist of: listed once when they are audited, and looked for whenever they are read.

A file that has vanished would be read over in silence, by Sail also a folder. Looking costs a listing of each
folder: by Python where it reaches the warehouse as the engine does, else by the engine.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from dwh.core.contract import Table
from dwh.core.dates import DateRange, parse_any_date
from dwh.core.engine import is_remote, is_sail
from dwh.core.errors import AuditError, LostFilesError, one_line
from dwh.core.layout import folder_of
from dwh.core.ledger.records import Output, WrittenFile
from dwh.core.storage.footers import read_footers
from dwh.core.storage.listing import file_states

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["Folder", "check_files", "check_known", "check_rows", "is_here", "place_of", "written_files"]

_FEW = 100
"""Outputs of older releases whose rows are counted: that opens each of their files."""

_THREADS = 16  # an object store answers many at once

_FILE = re.compile(r"(?P<run>[^/]+/[^/]+/_run=[^/]+)/(?P<below>.+)$")
Folder = tuple[str, date]
"""A run's location, and a logical date."""
Recorded = Mapping[tuple[str, date], tuple[WrittenFile, ...]]


def written_files(
    spark: SparkSession, table: Table, place: str, dates: DateRange
) -> dict[date, list[WrittenFile]]:
    """Return the files that a run for some dates has written, by logical date. Their footers tell the rows.

    All files of a whole table are of the last date. Where Python reads the footers itself, `columns` of the
    files says more. Raises AuditError for dates that no run can be asked for, such as of the year 10000.
    """
    found: dict[date, list[WrittenFile]] = defaultdict(list)
    folder = folder_of(table)
    sensitive = [column.name for column in table.columns if column.sensitive]
    listed = _read(spark, place, sensitive) or _counted_by_engine(spark, place)
    if folder is None:
        return {dates.last: listed}
    for file in listed:
        day = unquote(file.path.partition("/")[0].partition("=")[2])
        if not re.match(r"\d{4}-", day, re.ASCII):
            raise AuditError(table.name, [f"{table.date_column} holds dates that were not asked for: {day}"])
        found[parse_any_date(day)].append(file)
    return dict(found)


def check_files(
    spark: SparkSession, root: str, outputs: Sequence[Output], recorded: Recorded, folder: str | None
) -> dict[Folder, list[str]]:
    """Return, for folders that hold more files than their run wrote, the paths of those that it wrote.

    Parameters:
        outputs: of one table.
        recorded: `Ledger.files_of` their runs. Where an output's are not known, one file is enough.
        folder: what the folders of logical dates are called, None for whole tables.

    Raises LostFilesError that names runs and dates whose files are gone, or of another size.
    """
    filled = [output for output in outputs if output.row_count]
    found = _found(spark, root, [place_of(output, folder) for output in filled])
    _check_found(found, filled, recorded, folder)
    more: dict[Folder, list[str]] = {}
    for output in filled:
        files = recorded.get((output.run_id, output.partition_date))
        if files is not None and len(found.get(place_of(output, folder), {})) > len(files):
            paths = [f"{output.location}/{file.path}" for file in files]
            more[output.location, output.partition_date] = paths
    return more


def check_known(root: str, outputs: Sequence[Output], recorded: Recorded, folder: str | None) -> None:
    """Look without an engine for the files of outputs of one table; raises LostFilesError as `check_files`.

    What cannot be told is left to whoever reads: files that are not recorded, a place Python does not reach.
    """
    known = [one for one in outputs if one.row_count and recorded.get((one.run_id, one.partition_date))]
    found = _found_by_python(root, {place_of(output, folder): output.location for output in known})
    if found is not None:
        _check_found(found, known, recorded, folder)


def check_rows(frame: DataFrame, outputs: Sequence[Output], recorded: Recorded, folder: str | None) -> None:
    """Count the rows of outputs whose files are not known, where these are few; raises LostFilesError.

    Parameters:
        frame: the rows of the outputs, with the run in the column `_run`.
    """
    unlisted = {
        (output.run_id, output.partition_date): output
        for output in outputs
        if (output.run_id, output.partition_date) not in recorded
    }
    if not 0 < len(unlisted) <= _FEW:
        return
    if folder is None:  # every whole table was written with its files recorded
        return
    from pyspark.sql import functions as F

    try:
        counted = frame.groupBy("_run", F.col(folder).cast("string").alias("date")).count().collect()
    except Exception as error:
        first = next(iter(unlisted.values()))
        raise _lost([(first, f"it, or one beside it, cannot be read: {one_line(error)}")]) from error
    rows = {(row["_run"], parse_any_date(row["date"])): row["count"] for row in counted}
    problems = [
        (output, f"it has {rows.get(key, 0):,} rows, but was committed with {output.row_count:,}")
        for key, output in unlisted.items()
        if rows.get(key, 0) != output.row_count
    ]
    if problems:
        raise _lost(problems)


def place_of(output: Output, folder: str | None) -> str:
    """Return the folder of an output, from the root of the warehouse: that of its run for a whole table."""
    return output.location if folder is None else f"{output.location}/{folder}={output.partition_date}"


def _check_found(
    found: Mapping[str, Mapping[str, int]], outputs: Sequence[Output], recorded: Recorded, folder: str | None
) -> None:
    problems: list[tuple[Output, str]] = []
    for output in outputs:
        files = recorded.get((output.run_id, output.partition_date))
        there = found.get(place_of(output, folder), {})
        if problem := _problem(output, files, there, folder):
            problems.append((output, problem))
    if problems:
        raise _lost(problems)


def _problem(
    output: Output, files: Sequence[WrittenFile] | None, there: Mapping[str, int], folder: str | None
) -> str | None:
    if files is None:
        return None if there else f"all its files are gone, which held {output.row_count:,} rows"
    above = 0 if folder is None else 1  # the folder of the date
    sizes = {_plain(file.path.split("/", above)[-1]): file for file in files}
    if gone := [file for name, file in sizes.items() if name not in there]:
        rows = sum(file.rows for file in gone)
        names = ", ".join(file.path for file in gone[:3])
        held = f"which held {rows:,} of {output.row_count:,} rows"
        return f"{len(gone)} of {len(files)} files {'is' if len(gone) == 1 else 'are'} gone, {held} ({names})"
    changed = [(file, there[name]) for name, file in sizes.items() if there[name] != file.size]
    if changed:
        file, size = changed[0]
        return f"{file.path} has {size:,} bytes, but was written with {file.size:,}"
    return None


def _lost(problems: Sequence[tuple[Output, str]]) -> LostFilesError:
    first = problems[0][0]
    return LostFilesError(
        first.table_name,
        (f"run {output.run_id}, {output.partition_date}: {problem}" for output, problem in problems),
        f"restore the files, or run the dates again, such as: "
        f"dwh run {first.job}@{first.line} --date {first.partition_date} --env {first.environment}",
    )


def _found(spark: SparkSession, root: str, folders: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return, by folder, the path in it and the size of each of its files."""
    if is_here(spark, root):
        return {folder: dict(_here(Path(root, folder))) for folder in folders}
    return _there(spark, root, folders)


def _found_by_python(root: str, places: Mapping[str, str]) -> dict[str, dict[str, int]] | None:
    """Return the same as `_found`, or None where Python does not reach the root.

    Parameters:
        places: the folders, each with the location of its run, which is listed as a whole in an object store.
    """
    if "://" not in root:
        return {folder: dict(_here(Path(root, folder))) for folder in places} if Path(root).is_dir() else None
    try:
        with ThreadPoolExecutor(_THREADS) as pool:
            locations = sorted(set(places.values()))
            listed = pool.map(file_states, (f"{root.rstrip('/')}/{location}" for location in locations))
            there = dict(zip(locations, listed, strict=True))
    except Exception:  # of every kind, by library and store
        return None
    return {
        folder: {
            name: size
            for path, (size, _) in there[location].items()
            if (name := _under(f"{location}/{_plain(path)}", folder))
        }
        for folder, location in places.items()
    }


def _under(path: str, folder: str) -> str | None:
    return path.removeprefix(f"{folder}/") if path.startswith(f"{folder}/") else None


def is_here(spark: SparkSession, place: str) -> bool:
    """Return whether a place is in the file system of this machine, and the engine means the same."""
    if "://" in place:
        return False
    return not is_remote(spark) or (is_sail(spark) and Path(place).is_dir())


def _read(spark: SparkSession, place: str, sensitive: Sequence[str]) -> list[WrittenFile]:
    """Return the files below a place as Python finds them; none where the engine may see others."""
    if not is_here(spark, place) and ("://" not in place or place.startswith("file:")):
        return []
    try:
        return read_footers(place, hidden=sensitive)
    except Exception:  # of every kind, by library and store: what matters is that the engine can say
        return []


def _here(folder: Path, below: str = "") -> Iterator[tuple[str, int]]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir() and "=" in entry.name:  # of further partition columns
                    yield from _here(Path(entry.path), f"{below}{entry.name}/")
                elif entry.is_file() and not entry.name.startswith(("_", ".")):  # as Spark does
                    yield _plain(f"{below}{entry.name}"), entry.stat().st_size
    except OSError:
        return


def _there(spark: SparkSession, root: str, folders: Sequence[str]) -> dict[str, dict[str, int]]:
    """List by the engine. A folder that is gone makes it raise, which counts as a folder without files."""
    left = list(folders)
    found: dict[str, dict[str, int]] = defaultdict(dict)
    while left:
        try:
            rows = _sizes(spark, [f"{root.rstrip('/')}/{folder}" for folder in left]).collect()
        except Exception as error:
            said = one_line(error)
            gone = [folder for folder in left if folder in unquote(said)]
            if "PATH_NOT_FOUND" not in str(error) or not gone:
                raise
            left = [folder for folder in left if folder not in gone]
            continue
        for row in rows:
            if match := _FILE.search(_plain(row["path"])):
                folder, name = _placed(match["run"], match["below"], folders)
                found[folder][name] = row["length"]
        break
    return {folder: found.get(folder, {}) for folder in folders}


def _placed(run: str, below: str, folders: Sequence[str]) -> tuple[str, str]:
    """Return the folder of an output, and the path in it, of a file below a run's place."""
    day, _, name = below.partition("/")
    return (run, below) if run in folders else (f"{run}/{day}", name)


def _plain(path: str) -> str:
    """Return a path in one form, however engines escape paths, and values in the names of folders."""
    return unquote(unquote(path))


def _sizes(spark: SparkSession, paths: list[str]) -> DataFrame:
    # Without values from folders: those of further columns are no folders of one table to Spark.
    reader = spark.read.format("binaryFile").option("recursiveFileLookup", "true")
    return reader.load(paths).select("path", "length")


def _counted_by_engine(spark: SparkSession, place: str) -> list[WrittenFile]:
    counted = _counted_on_sail(spark, place) if is_sail(spark) else _counted(spark, place)
    return sorted((WrittenFile(*one) for one in counted), key=lambda file: file.path)


def _counted(spark: SparkSession, place: str) -> Iterator[tuple[str, int, int]]:
    from pyspark.sql import functions as F

    columns = (F.col("_metadata.file_path").alias("path"), F.col("_metadata.file_size").alias("size"))
    files = spark.read.schema("_run string").parquet(place).select(*columns)
    for row in files.groupBy("path", "size").agg(F.count("*").alias("rows")).collect():
        yield _below(row["path"], place), row["size"], row["rows"]


def _counted_on_sail(spark: SparkSession, place: str) -> Iterator[tuple[str, int, int]]:
    """Sail tells no file of a row, so that each file is counted apart."""
    sizes = {_plain(_below(row["path"], place)): row["length"] for row in _sizes(spark, [place]).collect()}
    for uri in spark.read.format("text").load(place).inputFiles():
        path = _below(uri, place)
        yield path, sizes[_plain(path)], spark.read.parquet(uri).count()


def _below(path: str, place: str) -> str:
    """Return the path of a file below its run's place, whose last name no other folder has."""
    return unquote(path).rpartition(f"/{place.rstrip('/').rpartition('/')[2]}/")[2]

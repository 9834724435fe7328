"""Adopted files: what something else wrote, read where it lies, never written and never removed.

Of each file the ledger keeps the size and when it was written, since its owner may write it again. Files are
in folders that name the logical date as a run's do (`flight_date=2013-01-15`), or hold that of their rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import reduce
from typing import TYPE_CHECKING, Any

from dwh.core.contract import ddl
from dwh.core.engine import is_sail
from dwh.core.errors import LostFilesError
from dwh.core.ledger import Ledger
from dwh.core.ledger.records import ADOPTED_STORAGE, Output, WrittenFile
from dwh.core.storage.listing import State, file_states, is_visible

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["AdoptedFiles", "check_adopted", "read_adopted"]

Files = Mapping[tuple[str, date], tuple[WrittenFile, ...]]


class AdoptedFiles:
    """The storage of adopted files. Its locations are absolute. See `dwh.core.storage.Storage`."""

    def __init__(self, root: str) -> None:
        self.root = root

    def place(self, location: str) -> str:
        """Return the location: it is wherever somebody has named it."""
        return location

    def read(
        self, spark: SparkSession, outputs: Sequence[Output], contract: Mapping[str, Any], files: Files
    ) -> DataFrame:
        """Return the rows of some outputs of one line."""
        _check(outputs, files)
        parts: dict[str, dict[date, list[str]]] = defaultdict(dict)
        for output in outputs:
            day, found = output.partition_date, files[output.run_id, output.partition_date]
            parts[output.location][day] = [file.path for file in found]
        frames = [read_adopted(spark, location, contract, found) for location, found in parts.items()]
        return reduce(lambda left, right: left.unionByName(right), frames)

    def exists(self, location: str) -> bool:
        """Return False: nothing there is a run's, or may be removed."""
        return False

    def remove(self, location: str) -> None:
        """Leave everything as it is."""


def read_adopted(
    spark: SparkSession, location: str, contract: Mapping[str, Any], paths: Mapping[date, Sequence[str]]
) -> DataFrame:
    """Return the rows of files below a location, with the columns of a contract in order.

    Parameters:
        paths: of the files of each logical date.
    """
    from pyspark.sql import functions as F

    wanted = [path for found in paths.values() for path in found]
    reader = spark.read.schema(ddl(contract["columns"])).option("basePath", location)
    if not is_sail(spark) or not any("/" in path for path in wanted):
        frame = reader.parquet(*(f"{location}/{path}" for path in wanted))
    else:  # which takes values from the names of folders only where it is given the folder above them
        _refuse_others(location, wanted)
        day = contract["partition_by"]
        frame = reader.parquet(location)
        frame = frame.where(F.col(day).isin(list(paths))) if day else frame
    return frame.select(*(column["name"] for column in contract["columns"]))


def check_adopted(ledger: Ledger, outputs: Iterable[Output]) -> None:
    """Raise LostFilesError where files of adopted outputs, among some, are not as they were adopted."""
    adopted = [output for output in outputs if output.storage == ADOPTED_STORAGE]
    if adopted:
        _check(adopted, ledger.files_of(output.run_id for output in adopted))


def _refuse_others(location: str, wanted: Sequence[str]) -> None:
    """Raise LostFilesError where folders of some files hold others, too."""
    folders = {path.rpartition("/")[0] for path in wanted}
    there = {path for path in file_states(location) if path.rpartition("/")[0] in folders}
    if others := sorted(filter(is_visible, there.difference(wanted))):
        raise LostFilesError(
            location, [f"{others[0]} was not adopted"], "Sail reads whole folders: adopt them as they are now"
        )


def _check(outputs: Sequence[Output], files: Files) -> None:
    """Raise LostFilesError naming runs and dates whose files are gone, or were written again."""
    states = {location: file_states(location) for location in {output.location for output in outputs}}
    problems = [
        f"run {output.run_id}, {output.partition_date}: {problem}"
        for output in outputs
        for problem in _problems(files[output.run_id, output.partition_date], states[output.location])
    ]
    if problems:
        first = outputs[0]
        hint = (
            f"restore the files, or adopt them as they are now: dwh adopt {first.table_name} --line "
            f"{first.line} --from {first.location} --env {first.environment}"
        )
        raise LostFilesError(first.table_name, problems, hint)


def _problems(files: Iterable[WrittenFile], states: Mapping[str, State]) -> Iterator[str]:
    for file in files:
        if file.path not in states:
            yield f"{file.path} is gone, which was adopted"
        elif states[file.path] != (file.size, file.modified):
            size, written = states[file.path]
            yield (
                f"{file.path} has {size:,} bytes of {written}, and was adopted with {file.size:,} of "
                f"{file.modified}"
            )

"""Adopted files: what something else wrote, read where it lies, never written and never removed.

Of each file the ledger keeps the size and when it was written, since its owner may write it again. Files are
in folders that name the column of the logical date (`flight_date=2013-01-15`, `month=2013-01`, or in UTC
`event_hour=2013-01-15 07%3A00%3A00`), or hold that of their rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import reduce
from shlex import quote
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from dwh.core.contract import ddl
from dwh.core.engine import is_sail
from dwh.core.errors import LostFilesError
from dwh.core.grain import HOUR, MONTH
from dwh.core.ledger import Ledger
from dwh.core.ledger.records import ADOPTED_STORAGE, Output, WrittenFile
from dwh.core.ledger.schema import runs
from dwh.core.storage.listing import State, file_states, is_visible

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["AdoptedFiles", "check_adopted", "read_adopted", "value_in_folders"]

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
        """Return the rows of some outputs of one line, which `check_adopted` has let pass."""
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
    wanted = [path for found in paths.values() for path in found]
    column, in_folders = contract["partition_by"], _laid_out(wanted)
    values = (value_in_folders(path, column) for path in wanted if in_folders)
    said = list(dict.fromkeys(value for value in values if value is not None))
    text = {"type": "string"} if said else {}
    columns = ({**one, **text} if one["name"] == column else one for one in contract["columns"])
    reader = spark.read.schema(ddl(columns))
    if not in_folders:
        frame = reader.parquet(*(f"{location}/{path}" for path in wanted))
    elif not is_sail(spark):
        frame = reader.option("basePath", location).parquet(*(f"{location}/{path}" for path in wanted))
    else:  # which takes values from the names of folders only where it is given the folder above them
        _refuse_others(location, wanted)
        frame = reader.parquet(location)
        frame = frame.where(frame[column].isin(said)) if said else frame
    return frame.select(*(_column(one, column if said else None) for one in contract["columns"]))


def value_in_folders(path: str, column: str | None) -> str | None:
    """Return what the folders of a file say of a column, as text; None where they say nothing of it."""
    folders = dict(part.split("=", 1) for part in path.split("/")[:-1] if "=" in part)
    return unquote(folders[column]) if column in folders else None


def _laid_out(paths: Iterable[str]) -> bool:
    """Tell whether folders give columns: each is `name=value`."""
    return all("/" in path and all("=" in part for part in path.split("/")[:-1]) for path in paths)


def _column(column: Mapping[str, Any], in_folders: str | None) -> Any:
    """Return a column of a contract; in folders it is text, which no zone of a session moves."""
    from pyspark.sql import functions as F

    name = column["name"]
    if name != in_folders:
        return F.col(name)
    if column["type"] == "date":  # of a month it may be `2013-01`
        day = F.when(F.length(name) == len(MONTH.example), F.concat(F.col(name), F.lit("-01")))
        return day.otherwise(F.col(name)).cast("date").alias(name)
    text = F.regexp_replace(F.translate(F.col(name), "T", " "), r"(Z|\+00:00)$", "")
    whole = F.when(F.length(text) == len(HOUR.example), F.concat(text, F.lit(":00:00"))).otherwise(text)
    return F.concat(whole, F.lit("Z")).cast(column["type"]).alias(name)


def check_adopted(ledger: Ledger, outputs: Iterable[Output], files: Files | None = None) -> None:
    """Raise LostFilesError where files of adopted outputs, among some, are not as they were adopted.

    Parameters:
        files: of these outputs, where they have been asked for already.
    """
    adopted = [output for output in outputs if output.storage == ADOPTED_STORAGE]
    if not adopted:
        return
    lost = _lost(adopted, files or ledger.files_of(output.run_id for output in adopted))
    if lost:
        problems = [f"run {output.run_id}, {output.partition_date}: {problem}" for output, problem in lost]
        raise LostFilesError(adopted[0].table_name, problems, _hint(ledger, lost[0][0]))


def _refuse_others(location: str, wanted: Sequence[str]) -> None:
    """Raise LostFilesError where folders of some files hold others, too."""
    folders = {path.rpartition("/")[0] for path in wanted}
    there = {path for path in file_states(location) if path.rpartition("/")[0] in folders}
    if others := sorted(filter(is_visible, there.difference(wanted))):
        raise LostFilesError(
            location, [f"{others[0]} was not adopted"], "Sail reads whole folders: adopt them as they are now"
        )


def _lost(outputs: Sequence[Output], files: Files) -> list[tuple[Output, str]]:
    """Return what is wrong with files that are gone, or were written again, with their output."""
    states = {location: file_states(location) for location in {output.location for output in outputs}}
    return [
        (output, problem)
        for output in outputs
        for problem in _problems(files[output.run_id, output.partition_date], states[output.location])
    ]


def _hint(ledger: Ledger, output: Output) -> str:
    """Return what to type: the place that was named then, as a table's files may be in a folder below it."""
    (run,) = ledger.find_runs(runs.c.id == output.run_id)
    place = next((origin["from"] for origin in run.inputs if "from" in origin), output.location)
    return (
        f"restore the files, or adopt them as they are now: dwh adopt {output.table_name} --line "
        f"{output.line} --from {quote(place)} --env {output.environment}"
    )


def _problems(files: Iterable[WrittenFile], states: Mapping[str, State]) -> Iterator[str]:
    for file in files:
        if file.path not in states:
            yield f"{file.path}, which was adopted, is gone"
        elif states[file.path] != (file.size, file.modified):
            size, written = states[file.path]
            yield (
                f"{file.path} has {size:,} bytes of {written}, but was adopted with {file.size:,} of "
                f"{file.modified}"
            )

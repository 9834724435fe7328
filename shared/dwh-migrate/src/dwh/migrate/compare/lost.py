"""Outputs that go while a comparison reads them, such as by `dwh gc`: it is told, and there is no verdict.

Spark says that a file is gone, in words of its own; Sail reads over it in silence, so rows are counted, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

from dwh.core.errors import DwhError, LostFilesError
from dwh.core.ledger import Output
from dwh.core.ledger.schema import runs
from dwh.core.warehouse import Warehouse
from dwh.migrate.compare.errors import FilesError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["check_counted", "check_kept", "check_total", "keeping"]

_HINT = "compare what is there by now: the same command again"


@contextmanager
def keeping(spark: SparkSession, warehouse: Warehouse, outputs: Iterable[Output]) -> Iterator[None]:
    """Raise LostFilesError if outputs are removed meanwhile, or lost files are why reading them fails."""
    read = list(outputs)
    try:
        yield
    except Exception as error:
        check_kept(warehouse, read)
        if not isinstance(error, DwhError) or isinstance(error, (FilesError, LostFilesError)):
            for output in read:
                warehouse.read(spark, [output])  # which looks for its files
        raise
    check_kept(warehouse, read)


def check_kept(warehouse: Warehouse, outputs: Sequence[Output]) -> None:
    """Raise LostFilesError if the ledger has withdrawn outputs, as `dwh gc` does before it removes files."""
    gone = runs.c.id.in_({output.run_id for output in outputs}) & (runs.c.status != "committed")
    removed = {run.id for run in warehouse.ledger.find_runs(gone)}
    lost = [output for output in outputs if output.run_id in removed]
    if lost:
        raise _lost((output, "dwh gc removed it while it was read") for output in lost)


def check_counted(outputs: Mapping[date, Output], rows: Mapping[date, int]) -> None:
    """Raise LostFilesError unless as many rows of each output were read as it was committed with."""
    wrong = [
        (output, f"{rows.get(day, 0):,} rows were read, but it was committed with {output.row_count:,}")
        for day, output in outputs.items()
        if rows.get(day, 0) != output.row_count
    ]
    if wrong:
        raise _lost(wrong)


def check_total(outputs: Sequence[Output], rows: int) -> None:
    """Raise LostFilesError unless as many rows were read as outputs were committed with, all together."""
    committed = sum(output.row_count for output in outputs)
    if rows != committed:
        told = f"{rows:,} rows were read, and {_these(outputs)} committed with {committed:,}"
        raise LostFilesError(outputs[0].table_name, [told], _HINT)


def _these(outputs: Sequence[Output]) -> str:
    runs_of = ", ".join(dict.fromkeys(output.run_id for output in outputs[:3]))
    return f"run {runs_of} was" if len(outputs) == 1 else f"{len(outputs)} outputs ({runs_of}, …) were"


def _lost(problems: Iterable[tuple[Output, str]]) -> LostFilesError:
    found = list(problems)
    told = (f"run {output.run_id}, {output.partition_date}: {why}" for output, why in found)
    return LostFilesError(found[0][0].table_name, told, _HINT)

"""Compare what is at a path with outputs in the warehouse: an old script with the job that follows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from dwh.compare.comparing import compare
from dwh.compare.errors import ComparisonError
from dwh.compare.forms import quoted
from dwh.compare.model import Comparison, NotCompared, Side
from dwh.core.changes import Retyped
from dwh.core.contract import Table
from dwh.core.errors import DwhError
from dwh.core.layout import date_sql
from dwh.core.storage.listing import State
from dwh.core.warehouse import Warehouse
from dwh.migrate.compare.errors import FilesError, innermost
from dwh.migrate.compare.files import moved, unreadable, with_gaps
from dwh.migrate.compare.folder import Folder
from dwh.migrate.compare.lost import check_kept, check_total, keeping
from dwh.migrate.compare.paths import Looked, PathSide
from dwh.migrate.compare.retyped import Texts, retyped
from dwh.migrate.compare.saved_rows import save_rows
from dwh.migrate.compare.sources import Source, read_source
from dwh.migrate.compare.subjects import Subject, sensitive_in

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from dwh.migrate.compare.outputs import OutputOptions

__all__ = ["Against", "compare_with_source"]


@dataclass(frozen=True)
class Against:
    """A path and a version.

    Attributes:
        is_left: whether the path is the left side.
        key: names of the key on both sides, where the contract's are not those of both.
    """

    source: Source
    looked: Looked | Folder
    subject: Subject
    is_left: bool
    key: Mapping[str, str]

    @property
    def folder(self) -> Folder:
        """The files at the path."""
        return self.looked.folder if isinstance(self.looked, Looked) else self.looked


def compare_with_source(
    spark: SparkSession, warehouse: Warehouse, both: Against, options: OutputOptions
) -> Comparison:
    """Compare a path with a version, for the dates of which the version has outputs.

    The path's rows are limited to these dates. What is text there by its nature, in CSV, in JSON and in the
    names of folders, compares with the contract's types by what it means.

    Raises ComparisonError when the path cannot be read or limited to dates that were asked for, or the
    version has no output; and RowsError.
    """
    days = _days(both.subject)
    if not days:
        raise ComparisonError(f"{both.subject.label} has no output for these dates; run it first: dwh run …")
    with keeping(spark, warehouse, [both.subject.outputs[day] for day in days]):
        return _compared(spark, warehouse, both, days, options)


def _compared(
    spark: SparkSession, warehouse: Warehouse, both: Against, days: Sequence[date], options: OutputOptions
) -> Comparison:
    before = {both.folder.path: both.folder.states}
    output = warehouse.read(spark, [both.subject.outputs[day] for day in days])
    try:
        side = read_source(spark, both.source, both.looked)
        limited = _limited(side, both, days, options)
        frames = (limited, output) if both.is_left else (output, limited)
        chosen = _chosen(both, frames, options)
        mask = tuple(dict.fromkeys((*options.mask, *sensitive_in(both.subject))))
        result = compare(
            *frames,
            **chosen,
            exact=options.exact,
            max_changed=options.max_changed,
            mask=mask,
            allow_empty=options.allow_empty or bool(both.subject.contract.get("may_be_empty")),
            sides=_sides(both, side),
            gaps=(*side.gaps, *_gaps(side, both, days, options)),
        )
    except DwhError:
        raise
    except Exception as error:  # engines raise errors of a file in their own ways
        raise FilesError(_unreadable(both, before, error)) from error
    check_total(
        [both.subject.outputs[day] for day in days], (result.rows.right if both.is_left else result.rows.left)
    )
    changed = [NotCompared(path, "its files changed while they were read") for path in moved(before)]
    result = with_gaps(result, changed)
    if options.rows:
        kept = partial(check_kept, warehouse, [both.subject.outputs[day] for day in days])
        save_rows(result, frames[0], frames[1], options.rows, {**chosen, "mask": mask}, kept)
    return result


def _days(subject: Subject) -> list[date]:
    """Return the dates whose outputs a path is compared with: of whole tables the newest."""
    days = sorted(subject.outputs)
    return days[-1:] if subject.contract["partition_by"] is None else days


def _unreadable(both: Against, before: Mapping[str, Mapping[str, State]], error: Exception) -> str:
    if changed := moved(before):
        return f"the files at {', '.join(changed)} changed while they were read; try again"
    if isinstance(both.looked, Looked):
        return unreadable((both.looked,), error)
    return f"cannot read {both.source.path} as {both.source.format}: {innermost(error)}"


def _limited(side: PathSide, both: Against, days: Sequence[date], options: OutputOptions) -> DataFrame:
    """Return the path's rows of some dates, and those whose date cannot be read."""
    partition = both.subject.contract["partition_by"]
    if partition is None:
        return side.frame
    if _has(side, partition, options):
        return side.frame.where(f"coalesce({_is_one_of(both, days)}, true)")
    if options.dates is None:
        return side.frame
    raise FilesError(
        f"{both.source.path} has no column {partition}, so its rows cannot be limited to dates; "
        "leave the dates out to compare all of them"
    )


def _has(side: PathSide, column: str, options: OutputOptions) -> bool:
    """Return whether a path has a column, by its name or, if asked, by another spelling of it."""
    names = side.frame.columns
    return column in names or (options.ignore_case and column.lower() in map(str.lower, names))


def _is_one_of(both: Against, days: Sequence[date]) -> str:
    table = Table.from_dict(both.subject.contract)
    column = table.column(str(table.date_column))
    found = date_sql(table, f"try_cast({quoted(column.name)} AS {column.type})")
    return f"{found} IN ({', '.join(repr(str(day)) for day in days)})"


def _gaps(
    side: PathSide, both: Against, days: Sequence[date], options: OutputOptions
) -> Iterator[NotCompared]:
    label, partition = both.subject.label, both.subject.contract["partition_by"]
    for day in sorted(set(options.dates or ()) - set(days)):
        yield NotCompared(f"Partition {day}", f"{label} lacks an output for it")
    if options.dates is None and partition is not None and _has(side, partition, options):
        others = side.frame.where(f"NOT coalesce({_is_one_of(both, days)}, true)")
        if others.limit(1).collect():
            yield NotCompared(both.source.path, f"it has rows of dates for which {label} has no output")


def _chosen(both: Against, frames: tuple[DataFrame, DataFrame], options: OutputOptions) -> dict[str, Any]:
    return {
        "key": both.key or tuple(both.subject.contract["key"]),
        "changes": tuple(_retyped(both, *frames, options)),
        "tolerances": options.tolerances,
        "ignore": options.ignore,
        "rules": options.rules,
        "ignore_case": options.ignore_case,
    }


def _retyped(both: Against, left: DataFrame, right: DataFrame, options: OutputOptions) -> Iterator[Retyped]:
    """Yield a change of type for each column that is text only because of where the path keeps it."""
    path = Texts(both.source, both.folder)
    sides = (path, Texts()) if both.is_left else (Texts(), path)
    return retyped((left.schema, right.schema), sides, both.key, ignore_case=options.ignore_case)


def _sides(both: Against, side: PathSide) -> tuple[Side, Side]:
    path = Side(both.source.path, side.provenance)
    version = Side(both.subject.label, both.subject.provenance())
    return (path, version) if both.is_left else (version, path)

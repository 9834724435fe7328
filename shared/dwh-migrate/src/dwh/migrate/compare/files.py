"""Compare Parquet files at two paths, which nobody promises to leave alone meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dwh.core.errors import DwhError
from dwh.migrate.compare.compare import compare
from dwh.migrate.compare.errors import FilesError
from dwh.migrate.compare.folder import State, found_at
from dwh.migrate.compare.footers import damaged, first_line
from dwh.migrate.compare.model import Comparison, NotCompared, Side, Verdict
from dwh.migrate.compare.paths import Looked, look, read
from dwh.migrate.compare.saved_rows import save_rows

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from dwh.migrate.compare.outputs import OutputOptions

__all__ = ["compare_files", "compare_looked", "moved", "unreadable", "with_gaps"]

Key = Sequence[str] | Mapping[str, str]

_CHANGED = "changed while they were read"


def compare_files(spark: SparkSession, left: str, right: str, key: Key, options: OutputOptions) -> Comparison:
    """Compare all Parquet files below two paths.

    Where files of a side differ in schema, or a file came, went or changed while they were read, the
    verdict is never `pass`. Raises ComparisonError when a path cannot be read; see `read_path`.
    """
    return compare_looked(spark, look(left), look(right), key, options)


def compare_looked(
    spark: SparkSession, left: Looked, right: Looked, key: Key, options: OutputOptions
) -> Comparison:
    """Compare two paths whose files were looked at, as `compare_files`.

    Raises RowsError, too, when the rows that differ cannot be written where `options` says.
    """
    both = (left, right)
    before = {looked.folder.path: looked.folder.states for looked in both}
    chosen: dict[str, Any] = {
        "key": key,
        "tolerances": options.tolerances,
        "ignore": options.ignore,
        "rules": options.rules,
        "ignore_case": options.ignore_case,
    }
    try:
        lefts, rights = read(spark, left), read(spark, right)
        result = compare(
            lefts.frame,
            rights.frame,
            **chosen,
            exact=options.exact,
            allow_empty=options.allow_empty,
            max_changed=options.max_changed,
            mask=options.mask,
            sides=(Side(left.folder.path, lefts.provenance), Side(right.folder.path, rights.provenance)),
            gaps=(*lefts.gaps, *rights.gaps),
        )
    except DwhError:
        raise
    except Exception as error:  # engines raise errors of a file in their own ways
        if changed := moved(before):
            raise FilesError(f"the files at {', '.join(changed)} {_CHANGED}; try again") from error
        raise FilesError(unreadable(both, error)) from error
    gaps = [*_unread(left, result.rows.left), *_unread(right, result.rows.right)]
    gaps += [NotCompared(path, f"its files {_CHANGED}") for path in moved(before)]
    result = with_gaps(result, gaps)
    if options.rows:
        save_rows(result, lefts.frame, rights.frame, options.rows, chosen)
    return result


def _unread(looked: Looked, rows: int) -> list[NotCompared]:
    """Return a gap where an engine has read other rows than the files have, such as by leaving one out."""
    if rows == looked.rows:
        return []
    return [NotCompared(looked.folder.path, f"{rows:,} rows were read, its files have {looked.rows:,}")]


def unreadable(both: Sequence[Looked], error: Exception) -> str:
    """Return which file an engine could not read, and why: as its error says, or as another look shows."""
    said = str(error).strip()
    for folder in (looked.folder for looked in both):
        for file in folder.files:
            if file.name.rpartition("/")[2] in said:
                return f"cannot read {folder.place_of(file)} as Parquet: {_cause(said)}"
    for folder in (looked.folder for looked in both):
        if found := damaged(folder):
            return f"cannot read {folder.place_of(found[0])} as Parquet: {found[1]}"
    return (
        f"cannot read {' and '.join(looked.folder.path for looked in both)} as Parquet: {first_line(error)}"
    )


def _cause(said: str) -> str:
    """Return the innermost cause in the text of an error that came from a JVM."""
    causes = [line.partition("Caused by: ")[2] for line in said.splitlines() if "Caused by: " in line]
    return (causes[-1] if causes else said.splitlines()[0])[:300]


def moved(before: Mapping[str, Mapping[str, State]]) -> list[str]:
    """Return the paths below which the files are not what they were; a path that is gone is one of them."""
    return [path for path, files in before.items() if found_at(path) != files]


def with_gaps(result: Comparison, gaps: list[NotCompared]) -> Comparison:
    if not gaps:
        return result
    reasons = (*(f"{gap.what} was not compared: {gap.why}" for gap in gaps), *result.reasons)
    verdict: Verdict = "fail" if result.verdict == "fail" else "incomplete"
    return replace(result, verdict=verdict, reasons=reasons, not_compared=(*gaps, *result.not_compared))

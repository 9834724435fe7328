"""Compare Parquet files at two paths, which nobody promises to leave alone meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import fsspec

from dwh.core.errors import DwhError
from dwh.migrate.compare.compare import compare
from dwh.migrate.compare.errors import ComparisonError
from dwh.migrate.compare.expectations import first_line
from dwh.migrate.compare.model import Comparison, NotCompared, Side, Verdict

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from dwh.migrate.compare.outputs import OutputOptions

__all__ = ["compare_files"]

_CHANGED = "changed while they were read"


def compare_files(
    spark: SparkSession, left: str, right: str, key: tuple[str, ...], options: OutputOptions
) -> Comparison:
    """Compare all Parquet files below two paths.

    Where a file came, went or changed while they were read, the verdict is never `pass`.
    Raises ComparisonError when nothing can be read at a path.
    """
    before = {path: _listing(path) for path in (left, right)}
    try:
        result = compare(
            spark.read.parquet(left),
            spark.read.parquet(right),
            key=key,
            tolerances=options.tolerances,
            ignore=options.ignore,
            exact=options.exact,
            max_changed=options.max_changed,
            sides=(Side(left, {"path": left}), Side(right, {"path": right})),
        )
    except DwhError:
        raise
    except Exception as error:  # engines raise errors of a file in their own ways
        if moved := _moved(before):
            raise ComparisonError(f"the files at {', '.join(moved)} {_CHANGED}; try again") from error
        raise ComparisonError(f"cannot read {left} and {right} as Parquet: {first_line(error)}") from error
    return _with_gaps(result, [NotCompared(path, f"its files {_CHANGED}") for path in _moved(before)])


def _moved(before: Mapping[str, Mapping[str, object]]) -> list[str]:
    """Return the paths below which the files are not what they were; a path that is gone is one of them."""
    return [path for path, files in before.items() if _found(path) != files]


def _with_gaps(result: Comparison, gaps: list[NotCompared]) -> Comparison:
    if not gaps:
        return result
    reasons = (*(f"{gap.what} was not compared: {gap.why}" for gap in gaps), *result.reasons)
    verdict: Verdict = "fail" if result.verdict == "fail" else "incomplete"
    return replace(result, verdict=verdict, reasons=reasons, not_compared=(*gaps, *result.not_compared))


def _listing(path: str) -> dict[str, object]:
    """Return size and time of every file below a path; raises ComparisonError if there are none."""
    try:
        found = _found(path)
    except (OSError, ValueError, ImportError) as error:
        raise ComparisonError(f"cannot list the files at {path}: {error}") from None
    if not found:
        raise ComparisonError(f"there are no files at {path}")
    return found


def _found(path: str) -> dict[str, object]:
    files, root = fsspec.core.url_to_fs(path)
    files.invalidate_cache()  # of a listing that an object store's client keeps
    return {
        name: (info.get("size"), str(info.get("mtime") or info.get("LastModified") or info.get("ETag")))
        for name, info in files.find(root, detail=True).items()
    }

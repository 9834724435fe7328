"""Compare Parquet files at two paths, which nobody promises to leave alone meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import fsspec

from dwh.migrate.compare.compare import compare
from dwh.migrate.compare.errors import ComparisonError
from dwh.migrate.compare.model import Comparison, NotCompared, Side, Verdict

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from dwh.migrate.compare.outputs import OutputOptions

__all__ = ["compare_files"]


def compare_files(
    spark: SparkSession, left: str, right: str, key: tuple[str, ...], options: OutputOptions
) -> Comparison:
    """Compare all Parquet files below two paths.

    Where a file came, went or changed while they were read, the verdict is never `pass`.
    Raises ComparisonError when nothing can be read at a path.
    """
    before = [_listing(path) for path in (left, right)]
    frames = [spark.read.parquet(path) for path in (left, right)]
    result = compare(
        *frames,
        key=key,
        tolerances=options.tolerances,
        ignore=options.ignore,
        exact=options.exact,
        max_changed=options.max_changed,
        sides=(Side(left, {"path": left}), Side(right, {"path": right})),
    )
    moved = [path for path, files in zip((left, right), before, strict=True) if _listing(path) != files]
    return _with_gaps(result, [NotCompared(path, "its files changed while they were read") for path in moved])


def _with_gaps(result: Comparison, gaps: list[NotCompared]) -> Comparison:
    if not gaps:
        return result
    reasons = (*(f"{gap.what} was not compared: {gap.why}" for gap in gaps), *result.reasons)
    verdict: Verdict = "fail" if result.verdict == "fail" else "incomplete"
    return replace(result, verdict=verdict, reasons=reasons, not_compared=(*gaps, *result.not_compared))


def _listing(path: str) -> dict[str, tuple[object, str]]:
    """Return size and time of every file below a path."""
    try:
        files, root = fsspec.core.url_to_fs(path)
        found = files.find(root, detail=True)
    except (OSError, ValueError, ImportError) as error:
        raise ComparisonError(f"cannot list the files at {path}: {error}") from None
    if not found:
        raise ComparisonError(f"there are no files at {path}")
    return {
        name: (info.get("size"), str(info.get("mtime") or info.get("LastModified") or info.get("ETag")))
        for name, info in found.items()
    }

"""Compare the files at two paths, which nobody promises to leave alone meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from dwh.compare.comparing import compare
from dwh.compare.errors import first_line
from dwh.compare.model import Comparison, NotCompared, Side, Verdict
from dwh.core.errors import DwhError
from dwh.core.storage.listing import State
from dwh.migrate.compare.errors import FilesError, innermost
from dwh.migrate.compare.folder import Folder, found_at
from dwh.migrate.compare.footers import TITLES, damaged
from dwh.migrate.compare.paths import Looked, look
from dwh.migrate.compare.retyped import Texts, retyped
from dwh.migrate.compare.saved_rows import save_rows
from dwh.migrate.compare.sources import Source, read_source

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from dwh.migrate.compare.outputs import OutputOptions

__all__ = ["Opened", "compare_files", "compare_opened", "moved", "unreadable", "with_gaps"]

Key = Sequence[str] | Mapping[str, str]

_CHANGED = "changed while they were read"


def compare_files(spark: SparkSession, left: str, right: str, key: Key, options: OutputOptions) -> Comparison:
    """Compare all Parquet files below two paths.

    Where files of a side differ in schema, or a file came, went or changed while they were read, the
    verdict is never `pass`. Raises ComparisonError when a path cannot be read; see `read_path`.
    """
    one, other = (Opened(Source(path), look(path)) for path in (left, right))
    return compare_opened(spark, one, other, key, options)


@dataclass(frozen=True)
class Opened:
    """A path, and what was found at it before Spark started."""

    source: Source
    looked: Looked | Folder

    @property
    def folder(self) -> Folder:
        """The files at the path."""
        return self.looked.folder if isinstance(self.looked, Looked) else self.looked


def compare_opened(
    spark: SparkSession, left: Opened, right: Opened, key: Key, options: OutputOptions
) -> Comparison:
    """Compare two paths, in whatever formats, whose files were looked at, as `compare_files`.

    What is text by the nature of its format compares with the other side's types by what it means.
    Raises RowsError, too, when the rows that differ cannot be written where `options` says.
    """
    both = (left, right)
    before = {opened.folder.path: opened.folder.states for opened in both}
    chosen: dict[str, Any] = {
        "key": key,
        "tolerances": options.tolerances,
        "ignore": options.ignore,
        "rules": options.rules,
        "ignore_case": options.ignore_case,
    }
    try:
        lefts, rights = (read_source(spark, opened.source, opened.looked) for opened in both)
        schemas = lefts.frame.schema, rights.frame.schema
        texts = Texts(left.source, left.folder), Texts(right.source, right.folder)
        chosen["changes"] = tuple(retyped(schemas, texts, key, ignore_case=options.ignore_case))
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
        raise FilesError(_unreadable(both, error)) from error
    gaps = [*_unread(left, result.rows.left), *_unread(right, result.rows.right)]
    gaps += [NotCompared(path, f"its files {_CHANGED}") for path in moved(before)]
    result = with_gaps(result, gaps)
    if options.rows:
        save_rows(result, lefts.frame, rights.frame, options.rows, {**chosen, "mask": options.mask})
    return result


def _unread(opened: Opened, rows: int) -> list[NotCompared]:
    """Return a gap where an engine has read other rows than the files have, such as by leaving one out."""
    looked = opened.looked
    if not isinstance(looked, Looked) or rows == looked.rows:
        return []
    return [NotCompared(looked.folder.path, f"{rows:,} rows were read, but its files have {looked.rows:,}")]


def _unreadable(both: Sequence[Opened], error: Exception) -> str:
    if all(isinstance(opened.looked, Looked) for opened in both):
        return unreadable([opened.looked for opened in both if isinstance(opened.looked, Looked)], error)
    for opened in both:
        if place := _named(opened.folder, error):
            return f"cannot read {place} as {opened.source.format}: {innermost(error)}"
    return f"cannot read {' and '.join(opened.source.path for opened in both)}: {innermost(error)}"


def unreadable(both: Sequence[Looked], error: Exception) -> str:
    """Return which file an engine could not read, and why: as its error says, or as another look shows."""
    for looked in both:
        if place := _named(looked.folder, error):
            return f"cannot read {place} as {TITLES[looked.kind]}: {innermost(error)}{_stale(place, error)}"
    for looked in both:
        if found := damaged(looked.folder, looked.kind):
            return f"cannot read {looked.folder.place_of(found[0])} as {TITLES[looked.kind]}: {found[1]}"
    paths, titles = (
        [*dict.fromkeys(each)] for each in zip(*((k.folder.path, TITLES[k.kind]) for k in both), strict=True)
    )
    return f"cannot read {' and '.join(paths)} as {' and '.join(titles)}: {first_line(error)}"


def _stale(place: str, error: Exception) -> str:
    """Say what to do about the checksum of a file that something else than Spark has written again."""
    said = f"; if the file is right, remove the checksum beside it: .{place.rpartition('/')[2]}.crc"
    return said if "Checksum error" in str(error) else ""


def _named(folder: Folder, error: Exception) -> str:
    """Return which file of a folder an error names, if it does: two sides may have files of one name."""
    said = unquote(str(error))
    return next((folder.place_of(file) for file in folder.files if unquote(file.name) in said), "")


def moved(before: Mapping[str, Mapping[str, State]]) -> list[str]:
    """Return the paths below which the files are not what they were; a path that is gone is one of them."""
    return [path for path, files in before.items() if found_at(path) != files]


def with_gaps(result: Comparison, gaps: list[NotCompared]) -> Comparison:
    if not gaps:
        return result
    reasons = (*(f"{gap.what} was not compared: {gap.why}" for gap in gaps), *result.reasons)
    verdict: Verdict = "fail" if result.verdict == "fail" else "incomplete"
    return replace(result, verdict=verdict, reasons=reasons, not_compared=(*gaps, *result.not_compared))

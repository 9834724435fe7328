"""Columns that are text only because of where they are kept: a text format, or the names of folders.

That is no change of type: their values compare with the other side's by what they mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dwh.core.changes import Retyped
from dwh.migrate.compare.folder import Folder
from dwh.migrate.compare.sources import Source

if TYPE_CHECKING:
    from pyspark.sql import types as T

__all__ = ["Texts", "retyped"]


@dataclass(frozen=True)
class Texts:
    """Which columns of a side are text by where they are kept; of a version none is."""

    source: Source | None = None
    folder: Folder | None = None

    def why(self, column: str) -> str:
        """Return why a column is text, or nothing if it need not be."""
        if self.source and self.source.is_text:
            return f"{self.source.format.upper()} has text only"
        return "names of folders are text" if self.folder and column in self.folder.partitioned_by else ""


def retyped(
    schemas: tuple[T.StructType, T.StructType],
    sides: tuple[Texts, Texts],
    key: Sequence[str] | Mapping[str, str],
    *,
    ignore_case: bool = False,
) -> Iterator[Retyped]:
    """Yield a change of type for each column whose types differ only because one of them is text.

    Parameters:
        key: as for `compare`: a mapping has names of the left side, and those of the right.
        ignore_case: whether columns belong together whose names differ in case only.
    """
    old_names = {new: old for old, new in key.items()} if isinstance(key, Mapping) else {}
    lefts = {field.name: field for field in schemas[0].fields}
    folded = {field.name.lower(): field for field in schemas[0].fields} if ignore_case else {}
    for new in schemas[1].fields:
        name = old_names.get(new.name, new.name)
        old = lefts.get(name) or folded.get(name.lower())
        if old is None or old.dataType.simpleString() == new.dataType.simpleString():
            continue
        if reasons := dict.fromkeys(filter(None, (sides[0].why(old.name), sides[1].why(new.name)))):
            types = old.dataType.simpleString(), new.dataType.simpleString()
            yield Retyped(new.name, *types, " and ".join(reasons))

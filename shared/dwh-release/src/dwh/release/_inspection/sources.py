"""Import the tree's modules from their sources: bytecode may be older, and none is left in the tree."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, SourceFileLoader
from types import CodeType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.abc import PathEntryFinder

__all__ = ["read_sources"]


class _SourceLoader(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def read_sources(folders: Iterable[str]) -> None:
    """Put folders first on the import path; what is below them is compiled each time."""
    above = tuple(folders)
    find = FileFinder.path_hook((_SourceLoader, SOURCE_SUFFIXES))

    def hook(path: str) -> PathEntryFinder:
        if not path.startswith(above):
            raise ImportError(f"{path} is not one of the tree's folders")
        return find(path)

    sys.path_hooks.insert(0, hook)
    sys.path[:0] = above

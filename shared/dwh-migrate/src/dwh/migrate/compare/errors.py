"""What can go wrong with files and folders that are compared, or written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dwh.compare.errors import ComparisonError

if TYPE_CHECKING:
    from dwh.compare.model import Comparison

__all__ = ["FilesError", "RowsError"]


class RowsError(ComparisonError):
    """The comparison was made, and its rows cannot be written."""

    code = "DWH606"

    def __init__(self, result: Comparison, place: str, problem: str) -> None:
        self.result, self.place, self.problem = result, place, problem
        super().__init__(f"the rows that differ cannot be written to {place}: {problem}")


class FilesError(ComparisonError):
    """Files cannot be read or compared as they lie there."""

    code = "DWH607"

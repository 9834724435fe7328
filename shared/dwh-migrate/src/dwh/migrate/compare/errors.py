"""What can go wrong with files and folders that are compared, or written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dwh.compare.errors import ComparisonError

if TYPE_CHECKING:
    from dwh.compare.model import Comparison

__all__ = ["FilesError", "RowsError", "innermost"]


class RowsError(ComparisonError):
    """The comparison was made, and its rows cannot be written."""

    code = "DWH606"

    def __init__(self, result: Comparison, place: str, problem: str) -> None:
        self.result, self.place, self.problem = result, place, problem
        super().__init__(f"the rows that differ cannot be written to {place}: {problem}")


class FilesError(ComparisonError):
    """Files cannot be read or compared as they lie there."""

    code = "DWH607"


def innermost(error: Exception) -> str:
    """Return the innermost cause in the text of an error that came from a JVM, without its class."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    causes = [line.partition("Caused by: ")[2] for line in lines if "Caused by: " in line]
    if not causes and lines[0].startswith("An error occurred while calling"):
        causes = [line.removeprefix(": ") for line in lines[1:2]]
    return re.sub(r"^[\w.$]+(Exception|Error): ", "", (causes or lines)[-1 if causes else 0])[:300]

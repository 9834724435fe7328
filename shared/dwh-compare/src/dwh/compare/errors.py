"""What a caller of `compare` can get wrong. All are `UsageError`s."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

try:
    from dwh.core.errors import UsageError  # one root for all errors, where the rest of dwh is there
except ModuleNotFoundError:

    class UsageError(Exception):  # type: ignore[no-redef]
        """What a caller asked for is not allowed."""

        code: ClassVar[str] = ""
        exit_code = 2

        def __str__(self) -> str:
            return f"[{self.code}] {super().__str__()}"


if TYPE_CHECKING:
    from dwh.compare.model import Comparison

__all__ = [
    "ColumnChoiceError",
    "ComparisonError",
    "DifferenceError",
    "EngineError",
    "KeyChoiceError",
    "RuleError",
    "ToleranceError",
    "first_line",
    "listed",
    "without_values",
]


def first_line(error: Exception) -> str:
    """Return the first line of an error's message, which holds what an engine says went wrong."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def without_values(error: Exception) -> str:
    """Return what kind of error an engine has, and in which file: the rest of its words may quote a value."""
    kinds = re.findall(r"\[[A-Z][A-Z_.]+\]", str(error))
    file = re.search(r"while reading file (\S+?)\.?(\s|$)", str(error))
    where = f" while reading file {file[1]}" if file else ""
    kind = (kinds or [type(error).__name__])[-1]
    return f"{kind}{where}; the rest is left out, as it may hold masked values"


def listed(values: Iterable[object]) -> str:
    """Join values for a message, `none` when there are none."""
    return ", ".join(str(value) for value in values) or "none"


class ComparisonError(UsageError):
    """The comparison that was asked for cannot be made."""

    code = "DWH601"


class KeyChoiceError(ComparisonError):
    """The key cannot match rows."""

    code = "DWH602"

    def __init__(self, key: Iterable[str], problem: str, columns: Iterable[str]) -> None:
        self.key, self.problem, self.columns = tuple(key), problem, tuple(columns)
        super().__init__(
            f"key ({', '.join(self.key)}): {problem}; choose among the columns that both sides have: "
            f"{listed(self.columns)}; or give no key to compare rows as a multiset"
        )


class ToleranceError(ComparisonError):
    """A tolerance is set where it means nothing."""

    code = "DWH603"

    def __init__(self, column: str, problem: str) -> None:
        self.column, self.problem = column, problem
        super().__init__(f"tolerance for column {column!r}: {problem}")


class RuleError(ComparisonError):
    """A rule cannot be read, or is set where it means nothing."""

    code = "DWH604"

    def __init__(self, rule: str, problem: str, column: str = "") -> None:
        self.rule, self.column, self.problem = rule, column, problem
        super().__init__(f"rule {rule!r}{f' for {column}' if column else ''}: {problem}")


class ColumnChoiceError(ComparisonError):
    """Columns cannot be named, or a name is not there."""

    code = "DWH605"

    def __init__(self, what: str, name: str, problem: str, columns: Iterable[str] = ()) -> None:
        self.what, self.name, self.problem, self.columns = what, name, problem, tuple(columns)
        super().__init__(f"{what} {name!r}: {problem} (columns: {listed(self.columns)})")


class EngineError(Exception):
    """The engine has failed, and what it says is left out, as it may hold values that are to be masked."""


class DifferenceError(AssertionError):
    """Two tables are not the same; the text is the report in Markdown.

    Attributes:
        comparison: what was found.
    """

    def __init__(self, comparison: Comparison, report: str) -> None:
        self.comparison = comparison
        super().__init__(report)

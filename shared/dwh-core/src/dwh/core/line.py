"""What a line says of itself, and the warning of one that has ended."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from typing import Literal

__all__ = ["EndedLineWarning", "Line", "Status", "warn_if_ended"]


class EndedLineWarning(FutureWarning):
    """A job of a line that gets no more fixes was imported or run."""


Status = Literal["main", "maintenance", "ended"]


@dataclass(frozen=True)
class Line:
    """What a line says of itself, in the `__init__.py` of its package.

    Parameters:
        status: `main`, `maintenance` or `ended`.
        ends: the last UTC date on which the line gets fixes; None while that is open.
        settings: Spark SQL settings that its jobs are written for. They hold in every run of the
            line, whatever the session or the configuration says.
    """

    status: Status
    ends: date | None = None
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether the line gets no more fixes: it says so, or its last day has passed (UTC)."""
        past = self.ends is not None and self.ends < datetime.now(timezone.utc).date()
        return self.status == "ended" or past


def warn_if_ended(package: str, line: Line) -> None:
    """Warn whoever imports or runs a job of a line that has ended, and say what to do."""
    if line.ended:
        when = f" on {line.ends} (UTC)" if line.ends else ""
        warnings.warn(
            f"{package}: this line ended{when} and gets no more fixes; `dwh jobs` lists the supported lines, "
            "`dwh rollout plan JOB OLD NEW` shows how to move to one",
            EndedLineWarning,
            stacklevel=3,
        )

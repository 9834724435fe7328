"""What the rules of the gate look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from dwh.release.findings import Finding
from dwh.release.fixes import Unported
from dwh.release.fragments import Fragment
from dwh.release.record import Record, Records
from dwh.release.repository import Package, Repository
from dwh.release.surface import Surface
from dwh.release.versions import Step

__all__ = ["Facts"]


@dataclass(frozen=True)
class Facts:
    """What the rules look at. `older` is the newest release of the line before."""

    repository: Repository
    package: Package
    records: Records
    older: Record | None
    surface: Surface
    findings: tuple[Finding, ...]
    fragments: tuple[Fragment, ...]
    lacking: tuple[Unported, ...]
    step: Step
    today: date

    @property
    def limit(self) -> Step:
        """The largest change that may ever be released here: a released line never breaks."""
        if self.package.line is None or self.records.last is None:
            return Step.major
        return Step.minor if self.package.status == "main" else Step.patch

    @cached_property
    def gravest(self) -> Finding | None:
        """The first of the gravest differences."""
        return max(self.findings, key=lambda finding: finding.step, default=None)

    @property
    def needed(self) -> Step:
        """The smallest step that allows every difference."""
        return self.gravest.step if self.gravest else Step.none

    @property
    def change(self) -> str:
        """The command that writes a fragment."""
        return f"dwh-release change {self.package.name}"

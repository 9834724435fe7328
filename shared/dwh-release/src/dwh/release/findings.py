"""A finding: one difference between what was promised and the tree, and the step that allows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from dwh.release.jobs import Place
from dwh.release.versions import Step

__all__ = ["Finding", "Kind"]

Kind = Literal["api", "contract", "input", "setting", "entry point", "code"]


@dataclass(frozen=True)
class Finding:
    """One difference.

    Attributes:
        step: the smallest step that allows it.
        kind: which promise it is about.
        path: what differs, below the import package: `carrier_delays.writes.on_time`.
        aspect: how, in two words at most: `removed`, `type`, `meaning`. `path:aspect` is its id.
        message: the difference in a sentence.
        place: where in the tree, or where it was expected.
        job: the job whose contract it is about.
        declaration: the entry in the job's `changes` that must declare it, as one would write it;
            None where no entry can.
        waived: the reason of the waiver that lowers it to a fix.
    """

    step: Step
    kind: Kind
    path: str
    aspect: str
    message: str
    place: Place
    job: str | None = None
    declaration: str | None = None
    waived: str | None = None

    @property
    def id(self) -> str:
        """What a waiver names."""
        return f"{self.path}:{self.aspect}"

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON-able data."""
        return {
            "step": str(self.step),
            "kind": self.kind,
            "id": self.id,
            "message": self.message,
            "file": self.place.path,
            "line": self.place.row,
            "waived": self.waived,
        }

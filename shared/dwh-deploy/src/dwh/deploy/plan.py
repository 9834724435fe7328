"""What a deployment would change, as one model for the terminal, a pipe and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dwh.deploy.platforms import Platform
from dwh.deploy.store import Layout, Part, State

__all__ = ["Change", "Plan", "changes"]


@dataclass(frozen=True)
class Change:
    """A setting of the job, with its value before and after; None where it is not there."""

    setting: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Plan:
    """What would be uploaded, and how the job would change.

    Attributes:
        new: whether the job is not there yet.
        parts: the objects that the job is made of, each with whether it is there.
        update: the job as it would be sent.
    """

    reference: str
    job: str
    platform: Platform
    layout: Layout
    new: bool
    parts: Mapping[Part, State]
    changes: tuple[Change, ...]
    update: Mapping[str, Any]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.changes and "new" not in self.parts.values()

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-able data."""
        return {
            "reference": self.reference,
            "job": self.job,
            "new": self.new,
            "platform": self.platform.name,
            "spark": self.platform.spark,
            "python": self.platform.python,
            "objects": [
                {"uri": self.layout.uri(part.key), "sha256": part.sha256, "state": state}
                for part, state in self.parts.items()
            ],
            "changes": [vars(change) for change in self.changes],
        }

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield the lines of a diff: `+`, `-` or a space, and the text."""
        there = list(self.parts.values()).count("there")
        if there:
            yield " ", f"{there} of {len(self.parts)} objects are in {self.layout.uri(self.layout.prefix)}"
        for part, state in self.parts.items():
            if state == "new":
                size = f"{len(part.content):,} bytes, sha256 {part.sha256[:16]}…"
                yield "+", f"{self.layout.uri(part.key)} ({size})"
        yield "+" if self.new else " ", f"Glue job {self.job}"
        for change in self.changes:
            before, after = _items(change.before), _items(change.after)
            yield from (("-", f"  {change.setting}: {item}") for item in before if item not in after)
            yield from (("+", f"  {change.setting}: {item}") for item in after if item not in before)


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return the settings in which two jobs differ, in the order of the second."""
    old, new = dict(_flat(before)), dict(_flat(after))
    names = [*new, *(name for name in old if name not in new)]
    return tuple(
        Change(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)
    )


def _flat(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each setting and its value; an argument of the job by its own name."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from (
                (key if key.startswith("--") else f"{name} {key}", text) for key, text in _flat(value)
            )
        else:
            yield name, str(value)


def _items(value: str | None) -> list[str]:
    """Return the items of a list with commas, each of which has a line of its own."""
    return [] if value is None else value.split(",")

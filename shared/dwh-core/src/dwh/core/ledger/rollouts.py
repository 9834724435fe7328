"""Rollouts and their steps, as decisions keep them. What moves them is `dwh.migrate.rollout`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from fractions import Fraction
from typing import Any, Literal

from dwh.core.grain import grain_of

__all__ = ["OnFail", "Rollout", "State", "Step", "Way", "share_of"]

Way = Literal["ramp", "cutover"]
OnFail = Literal["hold", "rollback"]
State = Literal["running", "held", "finished", "rolled back"]


@dataclass(frozen=True)
class Step:
    """One step of a rollout.

    Attributes:
        name: `shadow`, `25%`, `from 2013-07-01` or `cutover`.
        gate: for how many logical dates a comparison must pass before the next step.
        share: the share of logical dates that the new line serves, from 0 to 1, as decimal text.
        first_date: the new line serves this logical date and all later ones.
        proven: of a cutover, how many of the dates that it moves must be proven; None for every one.
    """

    name: str
    gate: int
    share: str = "0"
    first_date: str | None = None
    proven: int | None = None

    def serves(self, *, environment: str, job: str, day: date) -> bool:
        """Tell whether the new line serves a logical date at this step: by its first date or its share."""
        if self.first_date is not None:
            return day >= grain_of(day).parse(self.first_date)
        return share_of(environment=environment, job=job, day=day) < Fraction(self.share)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Step:
        """Return the step of which `asdict`, of this or an older release, made data."""
        known = {field.name: data[field.name] for field in fields(cls) if field.name in data}
        return cls(**{**known, "share": known.get("share") or "0"})


@dataclass(frozen=True)
class Rollout:
    """The way from one line to the next in an environment, and how far it has come.

    Attributes:
        way: `ramp` where logical dates of both lines may be in one table, else `cutover`.
        on_fail: what a failed comparison or a crashed candidate does.
        window_days: for how many days after its end it can be rolled back.
        started: the sequence of the decision that began it, by which it is known.
        position: the place of the step that has been reached, from 0.
        unproven: the logical dates that its cutover moved unproven, as ranges.
    """

    old_line: str
    new_line: str
    way: Way
    steps: tuple[Step, ...]
    on_fail: OnFail
    window_days: int
    started: int
    position: int = 0
    state: State = "running"
    finished_at: datetime | None = None
    unproven: tuple[str, ...] = ()

    @property
    def step(self) -> Step:
        """The step that has been reached."""
        return self.steps[self.position]

    @property
    def next_step(self) -> Step | None:
        """The step after that, None at the last one."""
        return None if self.is_at_its_last_step else self.steps[self.position + 1]

    @property
    def is_at_its_last_step(self) -> bool:
        """Whether only its end is left."""
        return self.position + 1 == len(self.steps)

    @property
    def is_active(self) -> bool:
        """Whether it has not ended."""
        return self.state in ("running", "held")

    @property
    def lines(self) -> tuple[str, str]:
        """The old line and the new one."""
        return self.old_line, self.new_line

    def serves(self, *, environment: str, job: str, day: date) -> bool:
        """Tell whether the new line serves a logical date at one of the steps that have been reached."""
        reached = self.steps[: self.position + 1]
        return any(step.serves(environment=environment, job=job, day=day) for step in reached)

    def to_dict(self) -> dict[str, Any]:
        """Return the rollout as JSON-able data, under the names that ledgers have."""
        return {
            "from": self.old_line,
            "to": self.new_line,
            "way": self.way,
            "steps": [asdict(step) for step in self.steps],
            "step": self.position,
            "state": self.state,
            "on_fail": self.on_fail,
            "window_days": self.window_days,
            "finished_at": self.finished_at.isoformat() if self.finished_at else None,
            "started": self.started,
            "unproven": list(self.unproven),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Rollout:
        """Return the rollout of which `to_dict` of this or an older release made data."""
        finished = data.get("finished_at")
        return cls(
            old_line=data["from"],
            new_line=data["to"],
            way=data["way"],
            steps=tuple(map(Step.from_dict, data["steps"])),
            on_fail=data["on_fail"],
            window_days=data["window_days"],
            started=data["started"],
            position=data["step"],
            state=data["state"],
            finished_at=datetime.fromisoformat(finished) if finished else None,
            unproven=tuple(data.get("unproven", ())),
        )


def share_of(*, environment: str, job: str, day: date) -> Fraction:
    """Return the place of a logical date between 0 and 1: below a rollout's share the new line serves it.

    SHA-256 of `environment|job|` and the logical date as text (`2013-01-15T07`, `2013-01-15`, `2013-01`); its
    first 8 bytes as an unsigned big-endian integer, over 2^64. It depends on nothing else, and a growing
    share only adds dates.
    """
    digest = hashlib.sha256(f"{environment}|{job}|{day.isoformat()}".encode()).digest()
    return Fraction(int.from_bytes(digest[:8], "big"), 1 << 64)

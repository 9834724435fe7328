"""What the board shows: plain data, JSON-able through `asdict`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

__all__ = [
    "Board",
    "Compared",
    "Decided",
    "JobInEnvironment",
    "JobInLine",
    "JobOnBoard",
    "LineStatus",
    "Pinned",
    "Published",
    "RollingOut",
    "StepOnWay",
    "StepPlace",
    "Written",
]

LineStatus = Literal["main", "maintenance", "ended", "not installed"]
StepPlace = Literal["reached", "current", "next", "not taken"]


@dataclass(frozen=True)
class JobInLine:
    """A job in a line.

    Attributes:
        release: the installed one; of a line that is not installed here the last that has run, None
            if none has.
        ends: the last UTC date on which the line gets fixes; None while that is open.
        ends_soon: whether that is near, and not past.
    """

    line: str
    release: str | None
    status: LineStatus
    ends: date | None
    ends_soon: bool

    @property
    def stays(self) -> bool:
        """Whether the line is here and gets fixes for a while."""
        return self.status in ("main", "maintenance") and not self.ends_soon


@dataclass(frozen=True)
class Pinned:
    """The decision that made a line the pin, and how that line stands now."""

    line: str
    status: LineStatus
    decided_by: str
    decided_at: datetime
    reason: str


@dataclass(frozen=True)
class StepOnWay:
    """A step of a rollout.

    Attributes:
        gate: for how many logical dates a comparison must pass before the next step.
        place: `reached` and left behind, `current`, also where it was rolled back, `next` or `not taken`.
    """

    name: str
    gate: int
    place: StepPlace


@dataclass(frozen=True)
class RollingOut:
    """The newest rollout of a job in an environment, under way or over.

    Attributes:
        state: `running`, `held`, `finished` or `rolled back`.
        gate: what the current step's gate has seen, as a person reads it; None when it is over.
        on_fail: what a failed gate does: `hold` or `rollback`.
        decided_by, decided_at, reason: of the newest decision, which made it stand like this.
        rollback_until: None while it is under way, when it can be rolled back at any time, and after
            it was.
        can_be_rolled_back: now.
    """

    old_line: str
    new_line: str
    way: str
    state: str
    steps: tuple[StepOnWay, ...]
    gate: str | None
    gate_is_open: bool
    on_fail: str
    decided_by: str
    decided_at: datetime
    reason: str
    rollback_until: datetime | None
    can_be_rolled_back: bool

    @property
    def under_way(self) -> bool:
        """Whether it has not ended."""
        return self.state in ("running", "held")

    @property
    def current(self) -> str:
        """The step at which it is, or was when it ended."""
        been = [step.name for step in self.steps if step.place in ("reached", "current")]
        return been[-1] if been else ""


@dataclass(frozen=True)
class Published:
    """What an environment publishes of a table: how many logical dates, in all and by line."""

    dates: int
    first_date: date
    last_date: date
    by_line: Mapping[str, int]


@dataclass(frozen=True)
class Decided:
    """A decision; see `dwh.core.ledger.Decision`. `step` is the rollout's, if there is one."""

    action: str
    line: str
    step: str | None
    decided_by: str
    decided_at: datetime
    reason: str


@dataclass(frozen=True)
class JobInEnvironment:
    """How a job stands in an environment that has pinned it; its last decisions, newest first."""

    environment: str
    table: str
    pin: Pinned
    rollout: RollingOut | None
    published: Published | None
    decisions: tuple[Decided, ...]


@dataclass(frozen=True)
class Compared:
    """A comparison that the ledger keeps; no dates where there was nothing to compare."""

    id: str
    left: str
    right: str
    environment: str
    first_date: date | None
    last_date: date | None
    verdict: str
    compared_at: datetime
    compared_by: str


@dataclass(frozen=True)
class Written:
    """Who wrote a line's newest output of a logical date in an environment.

    Attributes:
        committed_at: also of the promotion that brought it there.
        promoted_from: the environment that it was promoted from, if it was.
        published: whether the environment publishes it.
    """

    table: str
    environment: str
    partition_date: date
    line: str
    release: str
    run: str
    started_by: str
    committed_at: datetime
    rows: int
    promoted_from: str | None
    published: bool


@dataclass(frozen=True)
class JobOnBoard:
    """A job: its lines, oldest first, and how it stands. Comparisons and outputs are the last ones."""

    name: str
    doc: str
    tables: tuple[str, ...]
    lines: tuple[JobInLine, ...]
    environments: tuple[JobInEnvironment, ...]
    comparisons: tuple[Compared, ...]
    written: tuple[Written, ...]

    def in_environment(self, name: str) -> JobInEnvironment | None:
        """Return how the job stands in an environment, None where it is not pinned."""
        return next((found for found in self.environments if found.environment == name), None)


@dataclass(frozen=True)
class Board:
    """Every job in every environment, as the ledger had it at an instant.

    Attributes:
        warehouse, ledger: where they are, without secrets.
        environments: those that have a pin.
    """

    warehouse: str
    ledger: str
    made_at: datetime
    environments: tuple[str, ...]
    jobs: tuple[JobOnBoard, ...]

    @property
    def rollouts(self) -> tuple[RollingOut, ...]:
        """Those that are under way."""
        found = (place.rollout for job in self.jobs for place in job.environments)
        return tuple(rollout for rollout in found if rollout and rollout.under_way)

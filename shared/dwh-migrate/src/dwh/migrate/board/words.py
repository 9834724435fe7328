"""What the board says in words: the same on the page and at a terminal."""

from __future__ import annotations

from datetime import date, datetime

from dwh.compare.safe_text import count, plural
from dwh.core.dates import DateRange
from dwh.migrate.board.model import JobInLine, Published, RollingOut, StepOnWay, Written

__all__ = ["dates", "future", "outlook", "rollback", "shares", "shown", "step_state", "utc", "whose"]


def utc(instant: datetime) -> str:
    """An instant to the minute."""
    return f"{instant:%Y-%m-%d %H:%M}Z"


def dates(first: date | None, last: date | None) -> str:
    """The logical dates from the first to the last."""
    return str(DateRange(first, last)) if first and last else "none"


def outlook(line: JobInLine) -> str:
    """Until when a line gets fixes."""
    if line.status == "not installed":
        return "not installed here"
    if line.status == "ended":
        return f"ended {line.ends}" if line.ends else "ended"
    if line.ends is None:
        return "no end set"
    return f"ends soon: {line.ends}" if line.ends_soon else f"until {line.ends}"


def shown(published: Published | None) -> str:
    """How many logical dates are published, and which."""
    if published is None:
        return "nothing yet"
    return f"{plural(published.dates, 'date')}, {dates(published.first_date, published.last_date)}"


def shares(published: Published) -> str:
    """How many of the dates each line has."""
    return ", ".join(f"{line}: {count(number)}" for line, number in published.by_line.items())


def step_state(rollout: RollingOut, step: StepOnWay) -> str:
    """Where a rollout is with a step, and what it waits for."""
    if step.place != "current":
        gate = f", gate: {plural(step.gate, 'date')}" if step.gate else ""
        return f"next{gate}" if step.place == "next" else step.place
    if rollout.state != "running":
        return f"{rollout.state} here"
    return f"now: {rollout.gate}{', gate open' if rollout.gate_is_open else ''}"


def rollback(rollout: RollingOut) -> str:
    """Until when a rollout can be rolled back; empty when it was."""
    if rollout.rollback_until is None:
        return "can be rolled back at any time" if rollout.can_be_rolled_back else ""
    can = "can" if rollout.can_be_rolled_back else "could"
    return f"{can} be rolled back until {utc(rollout.rollback_until)}"


def future(rollout: RollingOut) -> str:
    """What comes next, by itself or by someone's hand; empty when it is over."""
    if rollout.state == "held":
        return "stays until someone resumes it or rolls it back; the gate then counts from zero"
    if rollout.gate_is_open:
        last = rollout.steps[-1].place == "current"
        return f"waits for someone to {'finish it' if last else 'take the next step'}"
    if not rollout.under_way:
        return ""
    return f"a failed comparison {'rolls it back' if rollout.on_fail == 'rollback' else 'holds it'}"


def whose(output: Written) -> str:
    """Which environment an output belongs to, where that got it from, and whether it publishes it."""
    came = f", from {output.promoted_from}" if output.promoted_from else ""
    return f"{output.environment}{came}{', published' if output.published else ''}"

"""What one is likely to type next, the likeliest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timezone
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from dwh.core.errors import DwhError
from dwh.core.grain import date_after, grain_of
from dwh.core.lines import InstalledLine, example_requirement
from dwh.migrate.rollout.remedies import between, opening

if TYPE_CHECKING:
    from dwh.migrate.rollout.state import Progress, Shadow
    from dwh.migrate.whereabouts.gather import Run, Situation

__all__ = ["Hint", "following"]


class Hint(NamedTuple):
    """A command to type, and what for."""

    command: str
    purpose: str


def following(now: Situation) -> Iterator[Hint]:
    """Yield commands that make sense here, one for each purpose: the likeliest."""
    seen: set[str] = set()
    for hint in _all(now):
        if hint.purpose not in seen:
            seen.add(hint.purpose)
            yield hint


def _all(now: Situation) -> Iterator[Hint]:
    if now.ledger == "old":
        yield Hint("dwh ledger upgrade", "bring the ledger to the installed dwh-core")
    if not now.lines:
        yield Hint(f"pip install {example_requirement()}", "install a line")
    yield from _after_failures(now)
    for rollout in now.rollouts:
        yield from _of_rollout(now, rollout)
    if now.committed:
        yield from _before_pins(now)
        yield from _of_pins(now)
        yield from _looking(now)
    yield from _first_steps(now)
    yield Hint("dwh shell", "type many commands on one engine")
    yield Hint("dwh --help", "see every command")


def _after_failures(now: Situation) -> Iterator[Hint]:
    for run in _of_installed(now, now.failed)[:1]:
        yield Hint(f"dwh history {run.table} --all", f"see why {run.reference} failed")
        yield Hint(f"dwh run {run.reference} {_dates(run)}", "run it again")


def _of_installed(now: Situation, runs: Iterable[Run]) -> list[Run]:
    installed = {line.name for line in now.lines}
    return [run for run in runs if run.line in installed]


def _of_rollout(now: Situation, found: Progress) -> Iterator[Hint]:
    job, last = found.decision.job, found.rollout.is_at_its_last_step
    there = _there(now, found.decision.environment)
    if failed := _failed(found):
        yield _after(failed, found, there)
    if found.rollout.state == "held":
        yield Hint(f'dwh rollout resume {job}{there} --reason "…"', "go on after the hold")
    elif found.gate_is_open and last:
        yield Hint(f"dwh rollout finish {job}{there}", f"end the rollout, on line {found.rollout.new_line}")
    elif found.gate_is_open:
        yield Hint(f"dwh rollout advance {job}{there}", "take the next step, as the gate is open")
    elif failed:
        pass  # another date would not open the gate
    elif way := opening(found):
        command = way.command if there else way.command.replace(f" --env {now.environment}", "")
        yield Hint(command, way.purpose)
    else:
        yield Hint(f"dwh run {job}{there} --date {_next_date(now, found)}", "add a date to the gate")
    yield Hint(f"dwh rollout status {job}{there}", "see where it stands")
    if found.not_passed:
        yield Hint(f'dwh rollout rollback {job}{there} --reason "…"', "go back")


def _failed(found: Progress) -> Shadow | None:
    """Return the last shadow run that did not pass, if the gate waits for it or the rollout is held."""
    bad = [shadow for shadow in found.shadows if shadow.outcome != "pass"]
    is_held_for_it = found.rollout.state == "held" and bad[-1:] == [*found.shadows[-1:]]
    return bad[-1] if bad and (found.not_passed or is_held_for_it) else None


def _after(failed: Shadow, found: Progress, there: str) -> Hint:
    """Return what comes after a shadow run that did not pass: to compare, or, if it crashed, to try again."""
    job, (old, new) = found.decision.job, found.rollout.lines
    days = between(sorted({failed.first_date, failed.last_date}))
    if failed.candidate_run is None:
        return Hint(f"dwh run {job}{there} {days}", "run again what failed")
    return Hint(f"dwh compare {job}@{old} {job}@{new}{there} {days}", "see what differs")


def _next_date(now: Situation, found: Progress) -> str:
    """Return the logical date after the last one that was compared, or run, unless it is still to come."""
    days = [shadow.last_date for shadow in found.shadows]
    if not days and found.decision.environment == now.environment:
        days = [run.last_date for run in now.committed if run.job == found.decision.job]
    if not days:
        return "DATE"
    last = max(days)
    after = date_after(last)
    return str(after) if last < after <= grain_of(last).holding(datetime.now(timezone.utc)) else "DATE"


def _before_pins(now: Situation) -> Iterator[Hint]:
    """Yield what comes before an environment has chosen a line: compare two, or choose one."""
    pinned = {decision.job for decision in now.decisions if decision.environment == now.environment}
    latest: dict[str, dict[str, Run]] = {}
    for run in _of_installed(now, now.committed):
        if run.job not in pinned:
            latest.setdefault(run.job, {}).setdefault(run.line, run)
    for job, by_line in latest.items():
        runs = sorted(by_line.values(), key=lambda run: _age(run.line))
        for old, new in pairwise(runs):
            if grain_of(old.first_date) != grain_of(new.first_date):
                continue
            if old.first_date <= new.last_date and new.first_date <= old.last_date:
                yield Hint(
                    f"dwh compare {old.reference} {new.reference} {_dates(old, new)}", "see what differs"
                )
        pin = f'dwh pin {job} {runs[0].line} --publish --reason "…"'
        yield Hint(pin, f"let {now.environment} publish what is there")


def _of_pins(now: Situation) -> Iterator[Hint]:
    """Yield the way to a newer line for what the environment has pinned."""
    for decision in now.decisions:
        if decision.environment != now.environment or decision.active_rollout:
            continue
        newer = [
            line.name
            for line in now.lines
            if _age(line.name) > _age(decision.line)
            and not line.line.ended
            and _writes(line, decision.job) == decision.table_name
        ]
        if newer and (decision.environment, decision.job) in now.planned:
            yield Hint(f'dwh rollout start {decision.job} --reason "…"', "start what was planned")
        if newer:
            plan = f"dwh rollout plan {decision.job} {decision.line} {newer[-1]}"
            yield Hint(plan, f"see what moving to {newer[-1]} would do")


def _writes(line: InstalledLine, job: str) -> str | None:
    """Return the table that a job of a line writes; None where the line has no such job."""
    with suppress(DwhError):
        return line.job(job).writes.name
    return None


def _looking(now: Situation) -> Iterator[Hint]:
    run = now.committed[0]
    pinned = any(
        decision.environment == now.environment and decision.job == run.job for decision in now.decisions
    )
    yield Hint(f"dwh show {run.table}" + ("" if pinned else f" --line {run.line}"), "look at its rows")
    yield Hint("dwh board", "see where every job stands")


def _first_steps(now: Situation) -> Iterator[Hint]:
    yield Hint("dwh jobs", "list the jobs of each line")
    if now.ledger in ("ready", "none") and now.lines and not now.committed:
        jobs = [f"{job}@{now.lines[-1].name}" for job in now.lines[-1].job_names()]
        if now.landed or jobs:
            job, day = now.landed or (jobs[0], "DATE")
            yield Hint(f"dwh run {job} --date {day}", "run a job for a logical date")


def _there(now: Situation, environment: str) -> str:
    return "" if environment == now.environment else f" --env {environment}"


def _dates(*runs: Run) -> str:
    """Return the options for the dates that runs have in common."""
    first, last = max(run.first_date for run in runs), min(run.last_date for run in runs)
    return f"--date {first}" if first == last else f"--from {first} --to {last}"


def _age(line: str) -> tuple[int, ...]:
    return tuple(map(int, line.split(".")))

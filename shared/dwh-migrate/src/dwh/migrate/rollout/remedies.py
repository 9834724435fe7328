"""What to type next: what opens a gate, and what gets an output published that a rollout keeps back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from dwh.core.warehouse import Warehouse
from dwh.migrate.rollout.proof import shown_dates
from dwh.migrate.rollout.state import Progress, progress_of

__all__ = ["Opening", "between", "opening", "remedy", "withheld_now", "withheld_remedy"]


class Opening(NamedTuple):
    """What opens a gate.

    Attributes:
        command: what to type.
        why: what the gate waits for, with what leads to the command; empty where one more date is all.
        purpose: what the command is for, in few words.
        otherwise: another command that may do.
    """

    command: str
    why: str
    purpose: str
    otherwise: str = ""


def opening(now: Progress) -> Opening | None:
    """Return what opens a gate that waits for proof; None where it waits for further dates."""
    job, environment, proof = now.decision.job, now.decision.environment, now.proof
    old, new = (f"{job}@{line}" for line in now.rollout.lines)
    if now.not_passed or now.passed < now.step.gate or proof is None:
        return None
    backfill = f"dwh backfill {new} {{}} --env {environment}".format
    compare = f"dwh compare {old} {new} --env {environment}"
    if proof.lacking:
        return Opening(
            backfill(between(proof.lacking)),
            f"a cutover moves the whole table, and line {now.rollout.new_line} has no output for "
            f"{shown_dates(proof.lacking)}; ",
            f"run what line {now.rollout.new_line} lacks",
        )
    if alone := sorted({*proof.failed} - proof.together):
        command = f"{compare} --date {alone[0]}"
        return Opening(command, f"failed: {shown_dates(alone)}; ", "see why a date failed")
    if together := sorted(proof.together):
        return Opening(
            backfill(between(together)),
            f"compared together, and one of them failed: {shown_dates(together)}; to compare each, ",
            "find the date that failed",
        )
    why, purpose = f"not proven: {shown_dates(proof.open)}; ", "prove the dates that are not"
    return Opening(backfill(between(proof.open)), why, purpose, otherwise=compare)


def remedy(now: Progress) -> str:
    """Return what opens a gate, as a sentence: what to run, to fill or to compare."""
    found = opening(now)
    if found is None:
        return f"type: dwh run {now.decision.job} --env {now.decision.environment} --date DATE"
    return f"{found.why}type: {found.command}" + (f", or {found.otherwise}" if found.otherwise else "")


def withheld_remedy(now: Progress) -> str | None:
    """Return which dates do not show what the new line has written, why, and what to type; None for none."""
    arrived = now.arrived
    if arrived is None or not arrived.withheld:
        return None
    job, environment, proof = now.decision.job, now.decision.environment, arrived.proof
    old, new = (f"{job}@{line}" for line in now.rollout.lines)
    withheld = set(arrived.withheld)
    what = f"line {now.rollout.new_line}'s output is withheld"
    if failed := sorted(withheld & {*proof.failed} - proof.together):
        compare = f"dwh compare {old} {new} --env {environment} --date {failed[0]}"
        return (
            f"{what} for {shown_dates(failed)}, as comparing it failed; type: {compare}; "
            f"{_accept(new, environment, failed[0])}"
        )
    if settled := sorted(withheld & {*proof.proven, *proof.comparable}):
        backfill = f"dwh backfill {new} {between(settled)} --env {environment}"
        return f"{what} for {shown_dates(settled)} until it is proven; type: {backfill}"
    run = f"dwh run {job} --env {environment} {between(arrived.withheld)}"
    return (
        f"{what} for {shown_dates(withheld)}, as line {now.rollout.old_line} has nothing to compare it with; "
        f"type: {run}; {_accept(new, environment, arrived.withheld[0])}"
    )


def _accept(reference: str, environment: str, day: date) -> str:
    """Return how a date is published that cannot be proven."""
    return (
        f'or, if it is right as it is: dwh publish {reference} --env {environment} --date {day} --reason "…"'
    )


def withheld_now(warehouse: Warehouse, *, job: str, environment: str) -> str | None:
    """Return what `withheld_remedy` says of a job in an environment; None where no rollout is under way."""
    decision = warehouse.ledger.decision(environment=environment, job=job)
    rollout = decision.active_rollout if decision else None
    return withheld_remedy(progress_of(warehouse, decision, rollout)) if decision and rollout else None


def between(days: Sequence[date]) -> str:
    """Return the options that name these dates, from the first to the last."""
    return f"--date {days[0]}" if len(days) == 1 else f"--from {days[0]} --to {days[-1]}"

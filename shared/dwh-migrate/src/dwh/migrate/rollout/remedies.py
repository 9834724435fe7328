"""What to type next: what opens a gate, and what gets an output published that a rollout keeps back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from dwh.core.warehouse import Warehouse
from dwh.migrate.rollout.proof import shown_dates
from dwh.migrate.rollout.state import Progress, progress_of

__all__ = ["between", "remedy", "withheld_now", "withheld_remedy"]


def remedy(now: Progress) -> str:
    """Return what opens a gate: what to run, to fill or to compare."""
    job, environment, proof = now.decision.job, now.decision.environment, now.proof
    old, new = (f"{job}@{line}" for line in now.rollout.lines)
    if now.not_passed or now.passed < now.step.gate or proof is None:
        return f"type: dwh run {job} --env {environment} --date DATE"
    if proof.lacking:
        return (
            f"a cutover moves the whole table, and line {now.rollout.new_line} has no output for "
            f"{shown_dates(proof.lacking)}; type: dwh backfill {new} --from {proof.lacking[0]} "
            f"--to {proof.lacking[-1]} --env {environment}"
        )
    compare = f"dwh compare {old} {new} --env {environment}"
    if alone := sorted({*proof.failed} - proof.together):
        return f"failed: {shown_dates(alone)}; type: {compare} --date {alone[0]}"
    if together := sorted(proof.together):
        return (
            f"compared together, and one of them failed: {shown_dates(together)}; to compare each, "
            f"type: dwh backfill {new} {between(together)} --env {environment}"
        )
    return (
        f"not proven: {shown_dates(proof.open)}; type: dwh backfill {new} --from {proof.open[0]} "
        f"--to {proof.open[-1]} --env {environment}, or {compare}"
    )


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

"""How plans and rollouts are shown in a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, cast

from dwh.compare.safe_text import plural
from dwh.core.dates import date_spans
from dwh.core.ledger.rollouts import Rollout, Step
from dwh.core.warehouse import Warehouse
from dwh.migrate.console import print_json, print_note, print_rows, utc_text
from dwh.migrate.rollout.plan import Plan
from dwh.migrate.rollout.proof import Proof, shown_dates
from dwh.migrate.rollout.relation import AT_ONCE
from dwh.migrate.rollout.remedies import remedy, withheld_now, withheld_remedy
from dwh.migrate.rollout.state import Progress, rolled_back_until
from dwh.migrate.rollout.steps import Moved

__all__ = ["show_moved", "show_plan", "show_status", "show_withheld", "status_of"]


def show_plan(made: Plan) -> None:
    """Print what a plan says, and what to type next."""
    relation = "breaking" if set(made.breaks).difference(AT_ONCE) else "compatible"
    lacking = ", ".join(made.lacking) or "none"
    facts = [
        ("job", f"{made.job}, which writes {made.table}"),
        ("environment", f"{made.environment}, publishes {plural(made.published, 'partition')}"),
        ("from", f"line {made.old_line}, release {made.old_release}"),
        ("to", f"line {made.new_line}, release {made.new_release}"),
        ("contracts", relation),
        *(("", reason) for reason in made.breaks),
        ("way", f"{made.way}: {_way(made)}"),
        ("steps", ", ".join(map(_step, made.steps))),
        *(_proof(made) if made.published else ()),
        ("when it fails", made.on_fail),
        ("rollback", f"until {plural(made.window_days, 'day')} after its end"),
        ("missing in " + made.new_line, lacking),
        *(("would read" if not i else "", text) for i, text in enumerate(made.reads)),
        *(("readers" if not i else "", text) for i, text in enumerate(made.readers)),
        *(("named by" if not i else "", text) for i, text in enumerate(made.uses)),
    ]
    print_rows(("what", "plan"), facts)
    if made.lacking:
        first, last = made.lacking[0].split(" to ")[0], made.lacking[-1].split(" to ")[-1]
        print_note(
            f"to run what is missing: dwh backfill {made.job}@{made.new_line} --from {first} --to {last} "
            f"--env {made.environment}"
        )
    print_note(f'to start exactly this: dwh rollout start {made.job} --env {made.environment} --reason "…"')


def _step(step: Step) -> str:
    if step.name != "cutover":
        return f"{step.name} (gate: {step.gate})"
    proven = "every date" if step.proven is None else plural(step.proven, "date")
    return f"{step.name} (proven: {proven}, gate: {step.gate})"


def _proof(made: Plan) -> Iterator[tuple[str, str]]:
    if made.breaks:
        yield "dates", f"{made.proven:,} proven, {made.unproven:,} unproven, {made.failed:,} failed"


def _way(made: Plan) -> str:
    if set(made.breaks).intersection(AT_ONCE):
        return "the whole table moves at once"
    if made.breaks:
        return "partitions of both lines cannot be in one table, so it moves as a whole"
    return "partitions of both lines can be in one table, so dates move gradually"


def status_of(now: Progress) -> dict[str, Any]:
    """Return how a rollout stands, as JSON-able data."""
    return {
        "job": now.decision.job,
        "environment": now.decision.environment,
        "from": now.rollout.old_line,
        "to": now.rollout.new_line,
        "state": now.rollout.state,
        "step": now.step.name,
        "steps": [step.name for step in now.rollout.steps],
        "gate": now.gate,
        "gate_is_open": now.gate_is_open,
        "proof": _counts(now.proof),
        "served": _counts(now.arrived.proof if now.arrived else None),
        "withheld": [str(span) for span in date_spans(now.arrived.withheld)] if now.arrived else [],
        "rollback_until": rolled_back_until(now.rollout),
        "decided": f"{utc_text(now.decision.decided_at)} by {now.decision.decided_by}: {now.decision.reason}",
        "shadows": [asdict(shadow) for shadow in now.shadows],
    }


def _counts(proof: Proof | None) -> dict[str, int] | None:
    """Return how many dates are proven, unproven and failed."""
    if proof is None:
        return None
    return {kind: len(getattr(proof, kind)) for kind in ("proven", "unproven", "failed")}


def show_status(now: Progress) -> None:
    """Print how a rollout stands, its last shadow runs, and what to type next."""
    facts = status_of(now)
    shadows = facts.pop("shadows")
    facts.pop("proof")  # which the gate says
    facts |= _arrived(now)
    steps = [f"[{name}]" if name == facts["step"] else name for name in facts.pop("steps")]
    facts["step"] = " → ".join(steps)
    facts["gate"] += ", open" if facts.pop("gate_is_open") else ""
    if not now.rollout.is_active:
        facts["gate"] = None  # there is nothing left to open
    if until := facts["rollback_until"]:
        facts["rollback_until"] = utc_text(until)
    facts = {name: value for name, value in facts.items() if value is not None}
    print_rows(("rollout", ""), [(name.replace("_", " "), value) for name, value in facts.items()])
    if shadows:
        print()
        print_rows(
            ("dates", "served", "candidate", "outcome", "when", "error"),
            [
                (
                    str(shadow.first_date)
                    if shadow.first_date == shadow.last_date
                    else f"{shadow.first_date} to {shadow.last_date}",
                    shadow.served_run,
                    shadow.candidate_run or "",
                    shadow.outcome,
                    utc_text(shadow.shadowed_at),
                    shadow.error or "",
                )
                for shadow in now.shadows[-20:]
            ],
        )
    _suggest(now)


def _arrived(now: Progress) -> dict[str, str | None]:
    """Return how far the dates that the new line serves are proven, as a person reads it."""
    if now.arrived is None or not now.arrived.proof.pairs:
        return {"served": None, "withheld": None}
    withheld = shown_dates(now.arrived.withheld) if now.arrived.withheld else None
    return {"served": f"by {now.rollout.new_line}: {now.arrived.proof}", "withheld": withheld}


def _suggest(now: Progress) -> None:
    if withheld := withheld_remedy(now):
        print_note(withheld)
    job, environment, state = now.decision.job, now.decision.environment, now.rollout.state
    last = now.rollout.is_at_its_last_step
    if state == "held":
        print_note(f'next: dwh rollout resume {job} --env {environment} --reason "…", or rollback')
    elif state == "running" and not now.gate_is_open:
        print_note(f"next: {remedy(now).removeprefix('type: ')}")
    elif state == "running":
        print_note(f"next: dwh rollout {'finish' if last else 'advance'} {job} --env {environment}")


def show_withheld(warehouse: Warehouse, *, job: str, environment: str) -> None:
    """Say which dates do not show what a rollout's new line has written, and what to type."""
    if withheld := withheld_now(warehouse, job=job, environment=environment):
        print_note(withheld)


def show_moved(moved: Moved, as_json: bool) -> None:
    """Print what a decision about a rollout has moved."""
    now = moved.decision
    rollout = cast(Rollout, now.rollout)  # which every move has
    step = rollout.step.name
    withdrawn = ", ".join(map(str, moved.withdrawn))
    if as_json:
        print_json(
            {
                "job": now.job,
                "environment": now.environment,
                "action": now.action,
                "line": now.line,
                "step": step,
                "state": rollout.state,
                "published": moved.published,
                "withdrawn": [str(span) for span in moved.withdrawn],
                "unproven": list(rollout.unproven) if now.action == "cutover" else [],
                "left": [str(span) for span in moved.left],
                "reason": now.reason,
            }
        )
        return
    print_rows(
        ("job", "environment", "action", "line", "step", "state", "partitions moved"),
        [(now.job, now.environment, now.action, now.line, step, rollout.state, moved.published)],
        right=("partitions moved",),
    )
    if now.action == "cutover" and rollout.unproven:
        print_note(f"moved unproven: {', '.join(rollout.unproven)}")
    if moved.left:
        print_note(f"not proven, so left to line {rollout.old_line}: {', '.join(map(str, moved.left))}")
    if withdrawn:
        print_note(
            f"line {rollout.old_line} has no output for {withdrawn}: nothing is published for these now; "
            f"type: dwh backfill {now.job}@{rollout.old_line} --from … --to … --env {now.environment}"
        )

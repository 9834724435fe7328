"""`dwh rollout`: move an environment from one line to the next, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dwh.core.config import load_config
from dwh.migrate.cli.options import as_json, environment_of, in_environment
from dwh.migrate.console import print_json, print_note, print_rows

if TYPE_CHECKING:
    from dwh.core.warehouse import Warehouse
    from dwh.migrate.rollout import Moved, Plan, Progress

__all__ = ["COMMANDS"]

job = click.argument("job", metavar="JOB")
why = click.option("--reason", required=True, help="Why; it stands in the history.")
why_if_wanted = click.option(
    "--reason", default="", help="Why, if there is more to say than what the gate saw."
)


@click.group()
def rollout() -> None:
    """Move an environment from one line of a job to the next, step by step, and back in a second.

    \b
    In this order:
      dwh rollout plan carrier_delays 0.1 0.2 --env prod
      dwh rollout start carrier_delays --env prod --reason "…"
      dwh run carrier_delays --env prod --date 2013-01-15
      dwh rollout advance carrier_delays --env prod
      dwh rollout finish carrier_delays --env prod
    """


@rollout.command()
@job
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@in_environment
@click.option(
    "--steps",
    metavar="STEPS",
    default="",
    help="With commas: shadow, 25%, from 2013-07-01, 100%; or shadow, cutover. A gate of its own: 25%:10.",
)
@click.option(
    "--gate", type=click.IntRange(0), default=3, show_default=True, help="Dates whose comparison must pass."
)
@click.option(
    "--on-fail",
    type=click.Choice(["hold", "rollback"]),
    default="hold",
    show_default=True,
    help="What a failed comparison or a crashed candidate does.",
)
@click.option(
    "--window",
    type=click.IntRange(0, 3650),
    default=14,
    show_default=True,
    metavar="DAYS",
    help="How long after its end it can be rolled back.",
)
@click.option(
    "--dags",
    type=click.Path(exists=True, path_type=Path),
    multiple=True,
    help="Where DAGs are; those that name the job or its table are shown.",
)
@as_json
def plan(
    job: str,
    old: str,
    new: str,
    env: str | None,
    steps: str,
    gate: int,
    on_fail: Any,
    window: int,
    dags: Sequence[Path],
    as_json: bool,
) -> None:
    """Show what moving JOB from line OLD to line NEW would do. Computes nothing.

    `dwh rollout start` begins exactly what was shown last.

    \b
    Examples:
      dwh rollout plan airport_traffic 0.1 0.2 --env prod --steps "shadow, 25%, 100%" --gate 5
      dwh rollout plan carrier_delays 0.1 0.2 --env prod --dags dags/ --on-fail rollback
    """
    from dwh.migrate import rollout

    made = rollout.plan(
        _warehouse(),
        job,
        old,
        new,
        environment_of(env),
        steps=[step for step in steps.split(",") if step.strip()],
        gate=gate,
        on_fail=on_fail,
        window_days=window,
        uses=_uses(dags, job),
    )
    if as_json:
        print_json(asdict(made))
    else:
        _show_plan(made)


@rollout.command()
@job
@in_environment
@why
@as_json
def start(job: str, env: str | None, reason: str, as_json: bool) -> None:
    """Begin what the last plan showed, or say what has changed since."""
    from dwh.migrate import rollout

    environment = environment_of(env)
    _moved(rollout.start(_warehouse(), job, environment, reason), as_json)


@rollout.command()
@click.argument("job", metavar="[JOB]", required=False)
@in_environment
@as_json
def status(job: str | None, env: str | None, as_json: bool) -> None:
    """Show how a rollout stands; without JOB, each one that has not ended.

    \b
    Example:
      dwh rollout status carrier_delays --env prod
    """
    from dwh.core.names import valid_environment
    from dwh.migrate.rollout.state import progress, progress_of, standing

    warehouse = _warehouse()
    if job:
        found = [progress(warehouse, job, environment_of(env))]
    else:
        found = [
            progress_of(warehouse, now, now.active_rollout)
            for now in standing(warehouse, valid_environment(env) if env else None)
            if now.active_rollout
        ]
    if as_json:
        print_json([_status(now) for now in found])
    elif not found:
        print_note("no rollout is under way; type: dwh rollout plan JOB OLD NEW --env NAME")
    for now in () if as_json else found:
        _show_status(now)


@rollout.command()
@job
@in_environment
@why_if_wanted
@as_json
def advance(job: str, env: str | None, reason: str, as_json: bool) -> None:
    """Take the next step, if the gate is open. A cutover moves the whole table at once."""
    from dwh.migrate import rollout

    _moved(rollout.advance(_warehouse(), job, environment_of(env), reason), as_json)


@rollout.command()
@job
@in_environment
@why
@as_json
def hold(job: str, env: str | None, reason: str, as_json: bool) -> None:
    """Stay at this step until it is resumed. What is served does not change."""
    from dwh.migrate import rollout

    _moved(rollout.hold(_warehouse(), job, environment_of(env), reason), as_json)


@rollout.command()
@job
@in_environment
@why
@as_json
def resume(job: str, env: str | None, reason: str, as_json: bool) -> None:
    """Go on after a hold. The gate counts from here."""
    from dwh.migrate import rollout

    _moved(rollout.resume(_warehouse(), job, environment_of(env), reason), as_json)


@rollout.command()
@job
@in_environment
@why
@as_json
def rollback(job: str, env: str | None, reason: str, as_json: bool) -> None:
    """Show again what was shown before the new line. Computes nothing.

    It works at every step, and after `finish` until the rollout's window has passed.

    \b
    Example:
      dwh rollout rollback carrier_delays --env prod --reason "delays are an hour off"
    """
    from dwh.migrate import rollout

    _moved(rollout.roll_back(_warehouse(), job, environment_of(env), reason), as_json)


@rollout.command()
@job
@in_environment
@why_if_wanted
@as_json
def finish(job: str, env: str | None, reason: str, as_json: bool) -> None:
    """End a rollout at its last step: the new line is the pin, the old one runs no more."""
    from dwh.migrate import rollout

    _moved(rollout.finish(_warehouse(), job, environment_of(env), reason), as_json)


@rollout.command()
@job
@in_environment
@as_json
def history(job: str, env: str | None, as_json: bool) -> None:
    """List every decision about a job: what, when, who and why.

    \b
    Example:
      dwh rollout history carrier_delays --env prod
    """
    from dwh.core.ledger.schema import decisions
    from dwh.core.names import valid_environment, valid_job
    from dwh.migrate.rollout.errors import RolloutError

    conditions = [decisions.c.job == valid_job(job)]
    if env:
        conditions.append(decisions.c.environment == valid_environment(env))
    found = [
        {
            "environment": made.environment,
            "decided": _utc(made.decided_at),
            "by": made.decided_by,
            "action": made.action,
            "line": made.line,
            "step": made.rollout["steps"][made.rollout["step"]]["name"] if made.rollout else "",
            "state": made.rollout["state"] if made.rollout else "",
            "reason": made.reason,
        }
        for made in _warehouse().ledger.decisions(*conditions)
    ]
    if not found:
        raise RolloutError(
            f"nothing was ever decided about {job}{f' in {env}' if env else ''}; type: dwh pins"
        )
    if as_json:
        print_json(found)
    else:
        print_rows(list(found[0]), [list(row.values()) for row in found])


def _warehouse() -> Warehouse:
    from dwh.core.warehouse import Warehouse

    return Warehouse.open(load_config())


def _uses(dags: Sequence[Path], job: str) -> list[str]:
    if not dags:
        return []
    from dwh.core.lines import installed_lines
    from dwh.migrate.usage import find_uses

    tables = {line.job(job).writes.name for line in installed_lines().values() if job in line.job_names()}
    return [
        f"{use.path}:{use.line_number} {use.dag}: {use.written}"
        for use in find_uses(dags)
        if use.job == job or use.table in tables
    ]


def _show_plan(made: Plan) -> None:
    relation = "breaking" if made.breaks else "compatible"
    lacking = ", ".join(made.lacking) or "none"
    facts = [
        ("job", f"{made.job}, which writes {made.table}"),
        ("environment", f"{made.environment}, shows {made.published:,} partitions"),
        ("from", f"line {made.old_line}, release {made.old_release}"),
        ("to", f"line {made.new_line}, release {made.new_release}"),
        ("contracts", relation),
        *(("", reason) for reason in made.breaks),
        ("way", f"{made.way}: {_way(made)}"),
        ("steps", ", ".join(f"{step.name} (gate: {step.gate})" for step in made.steps)),
        ("when it fails", made.on_fail),
        ("rollback", f"until {made.window_days} days after its end"),
        ("lacking in " + made.new_line, lacking),
        *(("would read" if not i else "", text) for i, text in enumerate(made.reads)),
        *(("readers" if not i else "", text) for i, text in enumerate(made.readers)),
        *(("named by" if not i else "", text) for i, text in enumerate(made.uses)),
    ]
    print_rows(("what", "plan"), facts)
    if made.lacking:
        first, last = made.lacking[0].split(" to ")[0], made.lacking[-1].split(" to ")[-1]
        print_note(
            f"to fill what is lacking: dwh backfill {made.job}@{made.new_line} --from {first} --to {last}"
        )
    print_note(f'to begin exactly this: dwh rollout start {made.job} --env {made.environment} --reason "…"')


def _way(made: Plan) -> str:
    if made.breaks:
        return "partitions of both lines cannot stand in one table, so it moves as a whole"
    return "partitions of both lines can stand in one table, so dates move by and by"


def _status(now: Progress) -> dict[str, Any]:
    from dwh.migrate.rollout.state import rolled_back_until

    return {
        "job": now.decision.job,
        "environment": now.decision.environment,
        "from": now.rollout["from"],
        "to": now.rollout["to"],
        "state": now.rollout["state"],
        "step": now.step["name"],
        "steps": [step["name"] for step in now.rollout["steps"]],
        "gate": now.gate,
        "gate_is_open": now.gate_is_open,
        "rollback_until": rolled_back_until(now.rollout),
        "decided": f"{_utc(now.decision.decided_at)} by {now.decision.decided_by}: {now.decision.reason}",
        "shadows": [asdict(shadow) for shadow in now.shadows],
    }


def _show_status(now: Progress) -> None:
    facts = _status(now)
    shadows = facts.pop("shadows")
    steps = [f"[{name}]" if name == facts["step"] else name for name in facts.pop("steps")]
    facts["step"] = " → ".join(steps)
    facts["gate"] += ", open" if facts.pop("gate_is_open") else ""
    if facts["rollback_until"] is None:
        del facts["rollback_until"]
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
                    _utc(shadow.shadowed_at),
                    shadow.error or "",
                )
                for shadow in now.shadows[-20:]
            ],
        )
    _suggest(now)


def _suggest(now: Progress) -> None:
    job, environment, state = now.decision.job, now.decision.environment, now.rollout["state"]
    last = now.rollout["step"] + 1 == len(now.rollout["steps"])
    if state == "held":
        print_note(f'next: dwh rollout resume {job} --env {environment} --reason "…", or rollback')
    elif state == "running" and not now.gate_is_open:
        print_note(f"next: dwh run {job} --env {environment} --date DATE")
    elif state == "running":
        print_note(f"next: dwh rollout {'finish' if last else 'advance'} {job} --env {environment}")


def _moved(moved: Moved, as_json: bool) -> None:
    now = moved.decision
    rollout: Any = now.rollout
    step = rollout["steps"][rollout["step"]]["name"]
    withdrawn = ", ".join(map(str, moved.withdrawn))
    if as_json:
        print_json(
            {
                "job": now.job,
                "environment": now.environment,
                "action": now.action,
                "line": now.line,
                "step": step,
                "state": rollout["state"],
                "published": moved.published,
                "withdrawn": [str(span) for span in moved.withdrawn],
                "reason": now.reason,
            }
        )
        return
    print_rows(
        ("job", "environment", "action", "line", "step", "state", "partitions moved"),
        [(now.job, now.environment, now.action, now.line, step, rollout["state"], moved.published)],
        right=("partitions moved",),
    )
    if withdrawn:
        print_note(
            f"line {rollout['from']} has no output for {withdrawn}: these show nothing now; "
            f"type: dwh backfill {now.job}@{rollout['from']} --from … --to … --env {now.environment}"
        )


def _utc(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S}Z"


COMMANDS: tuple[click.Command, ...] = (rollout,)

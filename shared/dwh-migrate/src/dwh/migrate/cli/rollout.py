"""`dwh rollout`: move an environment from one line to the next, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dwh.core.config import load_config
from dwh.core.errors import NotPinnedError
from dwh.core.names import valid_environment, valid_job
from dwh.migrate import completion
from dwh.migrate.cli.options import as_json, environment_of, in_environment
from dwh.migrate.console import print_json, print_note, print_rows, utc_text

if TYPE_CHECKING:
    from dwh.core.warehouse import Warehouse
    from dwh.migrate.rollout import Moved

__all__ = ["COMMANDS"]

job = click.argument("job", metavar="JOB", shell_complete=completion.jobs)
why = click.option("--reason", required=True, help="Why; it is kept in the history.")
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
@click.argument("old", metavar="OLD", shell_complete=completion.lines)
@click.argument("new", metavar="NEW", shell_complete=completion.lines)
@in_environment
@click.option(
    "--steps",
    metavar="STEPS",
    default="",
    help="With commas: shadow, 25%, from 2013-07-01, 100%; or shadow, cutover. With a gate of its own: "
    "25%:10; for a cutover, how many dates must be proven instead of all of them: cutover:30.",
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
    help="A folder of DAGs; those that name the job or its table are listed.",
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

    `dwh rollout start` begins exactly what the last plan showed.

    \b
    Examples:
      dwh rollout plan airport_traffic 0.1 0.2 --env prod --steps "shadow, 25%, 100%" --gate 5
      dwh rollout plan carrier_delays 0.1 0.2 --env prod --dags dags/ --on-fail rollback
    """
    from dwh.migrate import rollout
    from dwh.migrate.rollout.terminal import show_plan

    made = rollout.plan(
        _pinned(job, env),
        job=job,
        old=old,
        new=new,
        environment=environment_of(env),
        steps=[step for step in steps.split(",") if step.strip()],
        gate=gate,
        on_fail=on_fail,
        window_days=window,
        uses=_uses(dags, job),
    )
    if as_json:
        print_json(asdict(made))
    else:
        show_plan(made)


@rollout.command()
@job
@in_environment
@why
@as_json
def start(job: str, env: str | None, reason: str, as_json: bool) -> None:
    """Begin what the last plan showed, or say what has changed since.

    \b
    Example:
      dwh rollout start carrier_delays --env prod --reason "on_time counts arrivals"
    """
    from dwh.migrate import rollout

    environment = environment_of(env)
    _show_moved(rollout.start(_pinned(job, env), job=job, environment=environment, reason=reason), as_json)


@rollout.command()
@click.argument("job", metavar="[JOB]", required=False, shell_complete=completion.jobs)
@in_environment
@as_json
def status(job: str | None, env: str | None, as_json: bool) -> None:
    """Show how a rollout stands; without JOB, each one that has not ended.

    \b
    Example:
      dwh rollout status carrier_delays --env prod
    """
    from dwh.migrate.rollout.state import progress, progress_of, standing
    from dwh.migrate.rollout.terminal import show_status, status_of

    warehouse = _warehouse()
    if job:
        found = [progress(warehouse, job=job, environment=environment_of(env))]
    else:
        found = [
            progress_of(warehouse, now, now.active_rollout)
            for now in standing(warehouse, valid_environment(env) if env else None)
            if now.active_rollout
        ]
    if as_json:
        print_json([status_of(now) for now in found])
    elif not found:
        print_note("no rollout is under way; type: dwh rollout plan JOB OLD NEW --env NAME")
    for now in () if as_json else found:
        show_status(now)


@rollout.command()
@job
@in_environment
@why_if_wanted
@as_json
def advance(job: str, env: str | None, reason: str, as_json: bool) -> None:
    """Take the next step, if the gate is open. A cutover moves the whole table at once.

    \b
    Example:
      dwh rollout advance carrier_delays --env prod
    """
    from dwh.migrate import rollout

    _show_moved(
        rollout.advance(_pinned(job, env), job=job, environment=environment_of(env), reason=reason), as_json
    )


@rollout.command()
@job
@in_environment
@why
@as_json
def hold(job: str, env: str | None, reason: str, as_json: bool) -> None:
    """Stay at this step until it is resumed. Which line serves a date does not change.

    \b
    Example:
      dwh rollout hold carrier_delays --env prod --reason "the input is being repaired"
    """
    from dwh.migrate import rollout

    _show_moved(
        rollout.hold(_pinned(job, env), job=job, environment=environment_of(env), reason=reason), as_json
    )


@rollout.command()
@job
@in_environment
@why
@as_json
def resume(job: str, env: str | None, reason: str, as_json: bool) -> None:
    """Go on after a hold. The gate counts from here.

    \b
    Example:
      dwh rollout resume carrier_delays --env prod --reason "the input is repaired"
    """
    from dwh.migrate import rollout

    _show_moved(
        rollout.resume(_pinned(job, env), job=job, environment=environment_of(env), reason=reason), as_json
    )


@rollout.command()
@job
@in_environment
@why
@as_json
def rollback(job: str, env: str | None, reason: str, as_json: bool) -> None:
    """Publish again what was published before the new line. Computes nothing.

    It works at every step, and after `finish` until the rollout's window has passed.

    \b
    Example:
      dwh rollout rollback carrier_delays --env prod --reason "delays are an hour off"
    """
    from dwh.migrate import rollout

    _show_moved(
        rollout.roll_back(_pinned(job, env), job=job, environment=environment_of(env), reason=reason), as_json
    )


@rollout.command()
@job
@in_environment
@why_if_wanted
@as_json
def finish(job: str, env: str | None, reason: str, as_json: bool) -> None:
    """End a rollout at its last step: the new line becomes the pin, and the old one no longer runs.

    \b
    Example:
      dwh rollout finish carrier_delays --env prod
    """
    from dwh.migrate import rollout

    _show_moved(
        rollout.finish(_pinned(job, env), job=job, environment=environment_of(env), reason=reason), as_json
    )


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
    from dwh.migrate.rollout.errors import NoRolloutError

    conditions = [decisions.c.job == valid_job(job)]
    if env:
        conditions.append(decisions.c.environment == valid_environment(env))
    found = [
        {
            "environment": made.environment,
            "decided": utc_text(made.decided_at),
            "by": made.decided_by,
            "action": made.action,
            "line": made.line,
            "step": made.rollout.step.name if made.rollout else "",
            "state": made.rollout.state if made.rollout else "",
            "reason": made.reason,
            "unproven": list(made.rollout.unproven) if made.rollout and made.action == "cutover" else [],
        }
        for made in _warehouse().ledger.decisions(*conditions)
    ]
    if not found:
        raise NoRolloutError(
            f"nothing was ever decided about {job}{f' in {env}' if env else ''}; type: dwh pins"
        )
    if as_json:
        print_json(found)
    else:
        columns = [name for name in found[0] if name != "unproven"]  # which the reason says
        print_rows(columns, [[row[name] for name in columns] for row in found])


def _warehouse() -> Warehouse:
    from dwh.core.warehouse import Warehouse

    return Warehouse.open(load_config())


def _pinned(job: str, env: str | None) -> Warehouse:
    """Open the warehouse; without a ledger nothing was ever pinned, and a pin comes before a rollout."""
    from dwh.core.ledger import Ledger

    if Ledger(load_config().ledger).version() is None:
        raise NotPinnedError(environment=environment_of(env), job=valid_job(job), known=())
    return _warehouse()


def _uses(dags: Sequence[Path], job: str) -> list[str]:
    if not dags:
        return []
    from dwh.core.lines import installed_lines
    from dwh.migrate.usage import find_uses

    found = (line.usable_job(job) for line in installed_lines().values())
    tables = {each.writes.name for each in found if each}
    return [
        f"{use.path}:{use.line_number} {use.dag}: {use.written}"
        for use in find_uses(dags)
        if use.job == job or use.table in tables
    ]


def _show_moved(moved: Moved, as_json: bool) -> None:
    from dwh.migrate.rollout.terminal import show_moved

    show_moved(moved, as_json)


COMMANDS: tuple[click.Command, ...] = (rollout,)

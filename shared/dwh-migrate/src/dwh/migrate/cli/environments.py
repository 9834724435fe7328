"""What an environment uses and gets: `dwh pin`, `dwh pins`, `dwh promote`, `dwh publish`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from dwh.compare.safe_text import plural
from dwh.core.config import load_config
from dwh.core.errors import UsageError
from dwh.migrate import completion
from dwh.migrate.cli.options import as_json, environment_of, in_environment, telling_of_dates
from dwh.migrate.console import print_json, print_note, print_rows, utc_text

if TYPE_CHECKING:
    from dwh.core.ledger import Decision

__all__ = ["COMMANDS"]


@click.command()
@click.argument("job", metavar="JOB", shell_complete=completion.jobs)
@click.argument("line", metavar="LINE", shell_complete=completion.lines)
@in_environment
@click.option("--reason", required=True, help="Why; it is kept in the history.")
@click.option(
    "--publish", is_flag=True, help="Also publish the line's outputs of dates that have none published."
)
@as_json
def pin(job: str, line: str, env: str | None, reason: str, publish: bool, as_json: bool) -> None:
    """Say which line an environment uses for a job.

    Dates that were resolved before keep their line. To move an environment that publishes data from one line
    to the next, use `dwh rollout`.

    \b
    Examples:
      dwh pin carrier_delays 0.1 --env prod --reason "where we start"
      dwh pin carrier_delays 0.1 --env prod --publish --reason "publish what is there"
    """
    from dwh.core.warehouse import Warehouse
    from dwh.migrate import rollout
    from dwh.migrate.rollout.pins import pinnable

    environment = environment_of(env)
    pinnable(
        job=job, line=line, environment=environment, reason=reason
    )  # what is mistyped is told before a ledger is made
    warehouse = Warehouse.create(load_config())
    decision = rollout.pin(
        warehouse, job=job, line=line, environment=environment, reason=reason, publish=publish
    )
    shown = len(warehouse.ledger.published_outputs(environment=environment, table=decision.table_name))
    if as_json:
        print_json({**_told(decision), "line": line, "publishes": shown})
        return
    print_note(f"{job} is pinned to {line} in {environment}, which publishes {shown:,} of its partitions")
    others = warehouse.ledger.table_environments(decision.table_name)
    if publish and not shown and (found := next((name for name in others if name != environment), None)):
        print_note(
            f"there is no output of it in {environment}; to share those of {found}, type: dwh promote "
            f"{job}@{line} --from {found} --to {environment} --from-date DATE --to-date DATE"
        )


@click.command()
@in_environment
@as_json
def pins(env: str | None, as_json: bool) -> None:
    """List the line of each job in each environment, with who decided it and why.

    \b
    Examples:
      dwh pins
      dwh pins --env prod --json
    """
    from dwh.core.names import valid_environment
    from dwh.core.warehouse import Warehouse
    from dwh.migrate.rollout.state import standing

    found = [
        {
            "environment": now.environment,
            "job": now.job,
            "line": now.line,
            "rollout": f"to {now.rollout.new_line}, {now.rollout.state}" if now.rollout else "",
            "decided": utc_text(now.decided_at),
            "by": now.decided_by,
            "reason": now.reason,
        }
        for now in standing(Warehouse.open(), valid_environment(env) if env else None)
    ]
    if as_json:
        print_json(found)
    elif found:
        print_rows(list(found[0]), [list(row.values()) for row in found])
    else:
        print_note('nothing is pinned; type: dwh pin JOB LINE --env NAME --reason "…"')


@click.command()
@click.argument("reference", metavar="JOB@LINE", shell_complete=completion.references)
@click.option(
    "--from",
    "source",
    required=True,
    metavar="ENV",
    shell_complete=completion.environments,
    help="The environment that has the outputs.",
)
@click.option(
    "--to",
    "target",
    required=True,
    metavar="ENV",
    shell_complete=completion.environments,
    help="The environment that gets them.",
)
@click.option("--date", metavar="DATE", help="One logical date, such as 2013-01-15.")
@click.option("--from-date", "start", metavar="DATE", help="The first logical date.")
@click.option("--to-date", "end", metavar="DATE", help="The last logical date, included.")
@click.option("--reason", default="", help="Why; it is kept in the history.")
@as_json
def promote(
    reference: str,
    source: str,
    target: str,
    date: str | None,
    start: str | None,
    end: str | None,
    reason: str,
    as_json: bool,
) -> None:
    """Give outputs of one environment to another, too. Their files are shared; nothing is copied.

    They are published where the environment has chosen the line for the date, as if it had just run them.

    \b
    Example:
      dwh promote carrier_delays@0.2 --from staging --to prod --from-date 2013-01-01 --to-date 2013-01-31
    """
    from dwh.core.dates import logical_dates
    from dwh.core.warehouse import Warehouse
    from dwh.migrate.promotion import promote
    from dwh.migrate.rollout.terminal import show_withheld

    with telling_of_dates("--from-date", "--to-date"):
        dates = logical_dates(date, start, end, {})
        warehouse = Warehouse.open()
        done = promote(warehouse, reference, source=source, target=target, dates=dates, reason=reason)
    show_withheld(warehouse, job=done.job, environment=target)
    if as_json:
        print_json(asdict(done))
        return
    there = f" ({plural(done.already, 'other')} did already)" if done.already else ""
    print_note(
        f"{plural(done.promoted, 'output')} of {reference} in {source} now belong"
        f"{'s' if done.promoted == 1 else ''} to {target} as well{there}; "
        f"{target} publishes {done.published:,} of them"
    )


@click.command()
@click.argument("reference", metavar="JOB@LINE", shell_complete=completion.references)
@click.option("--date", required=True, metavar="DATE", help="The logical date, such as 2013-01-15.")
@in_environment
@click.option("--reason", required=True, help="Why; it is kept in the history.")
@as_json
def publish(reference: str, date: str, env: str | None, reason: str, as_json: bool) -> None:
    """Publish the output of a rollout's new line for a date whose comparison did not pass.

    A rollout keeps what is not proven from readers. If you have looked at the output and want it as it is,
    this publishes it for one date; who decided it and why is kept. What is written for the date later waits
    for its proof again.

    \b
    Example:
      dwh publish carrier_delays@0.2 --env prod --date 2013-01-15 --reason "the old line lost a carrier"
    """
    from dwh.core.dates import parse_any_date
    from dwh.core.lines import Reference
    from dwh.core.warehouse import Warehouse
    from dwh.migrate import rollout

    named, environment, day = Reference.parse(reference), environment_of(env), parse_any_date(date)
    if named.exact:
        raise UsageError(f"{reference} is a release; name its line: {named.job}@{named.line_name}")
    decision = rollout.publish(
        Warehouse.open(), job=named.job, line=named.line_name, environment=environment, day=day, reason=reason
    )
    if as_json:
        print_json({**_told(decision), "line": named.line_name, "date": day})
        return
    print_note(f"{environment} publishes {reference} for {day}, which is not proven")


def _told(decision: Decision) -> dict[str, str]:
    """Return what JSON says of each decision."""
    return {name: getattr(decision, name) for name in ("job", "environment", "action", "reason")}


COMMANDS = (pin, pins, promote, publish)

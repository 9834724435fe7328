"""Commands for what was there before dwh: `dwh contract`, `dwh adopt`."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from dwh.core.config import load_config
from dwh.core.errors import UsageError
from dwh.migrate import completion
from dwh.migrate.cli.options import as_json, environment_of, in_environment, spark_log
from dwh.migrate.console import print_json, print_note, print_rows, working_spark

if TYPE_CHECKING:
    from dwh.core.warehouse import Warehouse

__all__ = ["COMMANDS"]


@click.command()
@click.argument("path")
@click.option("--table", metavar="NAME", help="The table's name; by default that of the folder.")
@as_json
def contract(path: str, table: str | None, as_json: bool) -> None:
    """Draft the contract of a table that is there already.

    PATH is a Parquet file, a folder that may have folders such as flight_date=2013-01-15 in it, an Iceberg
    table (with dwh-catalog) or a Delta table (with deltalake). No rows are read. The draft is Python, to be
    pasted into a job: say which columns identify a row, and what each means.

    \b
    Examples:
      dwh contract ./old/warehouse/carrier_delays --table flights.carrier_delays
      dwh contract s3://old/warehouse/carrier_delays >> my_job.py
    """
    from dwh.migrate.draft import python_source
    from dwh.migrate.table_readers import draft_contract, has_log

    draft = draft_contract(path, table)
    if as_json:
        print_json(draft.to_dict())
        return
    click.echo(python_source(draft), nl=False)
    print_note("add the key, and what a row and each value mean")
    if has_log(path):
        made = f"dwh adopt {draft.name} --line LINE --from {shlex.quote(path)}"
        print_note(f"what makes its files outputs of a line with that contract: {made}")
    else:
        print_note(f"what proves a job against it: dwh compare {shlex.quote(path)} JOB@LINE")


@click.command()
@click.argument("table", metavar="TABLE", shell_complete=completion.written_tables)
@click.option("--line", required=True, metavar="LINE", shell_complete=completion.lines, help="Whose output.")
@click.option("--from", "place", required=True, metavar="PATH", help="The folder of the table.")
@click.option("--date", metavar="DATE", help="The logical date of a whole table; others say theirs.")
@in_environment
@click.option("--publish", is_flag=True, help="Pin the line, and publish what has none published yet.")
@click.option("--no-audit", is_flag=True, help="Read no rows: leave key and nulls unchecked, on record.")
@spark_log
@as_json
def adopt(
    table: str,
    line: str,
    place: str,
    date: str | None,
    env: str | None,
    publish: bool,
    no_audit: bool,
    spark_log: bool,
    as_json: bool,
) -> None:
    """Take files that something else wrote as outputs of a line, without copying them.

    They stay where they are, are only ever read, and `dwh gc` leaves them. They are Parquet files in folders
    that name the logical date, such as flight_date=2013-01-15, or of rows of one date each; or those of an
    Iceberg table (with dwh-catalog) or a Delta table (with deltalake) as it is now. They are checked against
    the line's contract as a run's are. Files that change later are noticed when they are read or compared.

    \b
    Examples:
      dwh adopt flights.carrier_delays --line 0.1 --from ./old/warehouse/carrier_delays
      dwh adopt flights.carrier_delays --line 0.1 --from s3://old/carrier_delays --env prod --publish
      dwh adopt flights.carrier_delays --line 0.1 --from ./lake/delays/metadata/00012-f3.metadata.json
    """
    from dwh.core.warehouse import Warehouse
    from dwh.migrate.adoption import prepare_adoption
    from dwh.migrate.rollout import pin
    from dwh.migrate.rollout.pins import pinnable

    config = load_config().in_environment(environment_of(env))
    warehouse = Warehouse.create(config)
    adoption = prepare_adoption(warehouse, table=table, line=line, place=place, day=date)
    job = adoption.job.name()
    pinned = {"job": job, "line": line, "environment": config.environment, "reason": f"adopted from {place}"}
    if publish:
        _refuse_another_pin(warehouse, job=job, line=line)
        pinnable(**pinned)
    if adoption.needs_rows and not no_audit:
        with working_spark(config, spark_log) as spark:
            adoption.audit(spark)
    run = adoption.commit(audited=not no_audit)
    if publish:
        pin(warehouse, **pinned, publish=True)
    days = list(adoption.files)
    found = {
        "run": run,
        "job": job,
        "line": line,
        "table": table,
        "first_date": str(days[0]),
        "last_date": str(days[-1]),
        "partitions": len(days),
        "files": sum(map(len, adoption.files.values())),
        "rows": sum(file.rows for files in adoption.files.values() for file in files),
    }
    if as_json:
        print_json(found)
    else:
        print_rows(list(found), [list(found.values())], right=("partitions", "files", "rows"))


def _refuse_another_pin(warehouse: Warehouse, *, job: str, line: str) -> None:
    """Raise UsageError where the environment uses another line, which a rollout moves."""
    environment = warehouse.config.environment
    decision = warehouse.ledger.decision(environment=environment, job=job)
    if decision and (decision.line != line or decision.active_rollout):
        raise UsageError(
            f"{job} is pinned to {decision.line} in {environment}; leave out --publish, then type: "
            f"dwh rollout plan {job} {decision.line} {line} --env {environment}"
        )


COMMANDS = (contract, adopt)

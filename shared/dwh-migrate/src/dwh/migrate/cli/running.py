"""Commands that compute: `dwh run`."""

from __future__ import annotations

import click

from dwh.core.config import load_config
from dwh.core.dates import logical_dates
from dwh.core.lines import find_job
from dwh.migrate.cli.options import as_json, date_range, spark_log
from dwh.migrate.console import print_json, print_rows, working_spark

__all__ = ["COMMANDS"]


@click.command()
@click.argument("reference", metavar="JOB@LINE")
@date_range
@click.option("--env", metavar="NAME", help="The environment, instead of the configured one.")
@spark_log
@as_json
def run(
    reference: str,
    date: str | None,
    start: str | None,
    end: str | None,
    env: str | None,
    spark_log: bool,
    as_json: bool,
) -> None:
    """Run a job for a logical date or a range of dates, and commit what it wrote.

    JOB@LINE takes the release of the line that is installed; JOB@RELEASE insists on one.

    \b
    Examples:
      dwh run carrier_delays@0.1 --date 2013-01-15
      dwh run carrier_delays@0.2.0 --from 2013-01-01 --to 2013-01-31
    """
    job, dates = find_job(reference)(), logical_dates(date, start, end, {})
    config = load_config()
    if env is not None:
        config = config.in_environment(env)
    from dwh.core.run import run_job, source_places
    from dwh.core.warehouse import Warehouse

    warehouse = Warehouse.create(config)
    source_places(job, warehouse)  # what is mistyped is told before Spark starts
    with working_spark(config, spark_log) as spark:
        receipt = run_job(job, dates, spark=spark, warehouse=warehouse)
    if as_json:
        print_json(receipt)
    else:
        print_rows(list(receipt), [list(receipt.values())], right=("partitions", "rows"))


COMMANDS = (run,)

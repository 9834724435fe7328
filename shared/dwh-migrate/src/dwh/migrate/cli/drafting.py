"""Commands for what was there before dwh: `dwh contract`."""

from __future__ import annotations

import shlex

import click

from dwh.migrate.cli.options import as_json
from dwh.migrate.console import print_json, print_note

__all__ = ["COMMANDS"]


@click.command()
@click.argument("path")
@click.option("--table", metavar="NAME", help="The table's name; by default that of the folder.")
@as_json
def contract(path: str, table: str | None, as_json: bool) -> None:
    """Draft the contract of a table that is there already, from its Parquet files.

    PATH is a file, or a folder that may have folders such as flight_date=2013-01-15 in it. Footers and names
    of folders are read, and no rows. The draft is Python, to be pasted into a job: say which columns identify
    a row, and what each means.

    \b
    Examples:
      dwh contract ./old/warehouse/carrier_delays --table flights.carrier_delays
      dwh contract s3://old/warehouse/carrier_delays >> my_job.py
    """
    from dwh.migrate.draft import draft_contract, python_source

    draft = draft_contract(path, table)
    if as_json:
        print_json(draft.to_dict())
        return
    click.echo(python_source(draft), nl=False)
    print_note("add the key, and what a row and each value mean")
    print_note(f"what proves a job against it: dwh compare {shlex.quote(path)} JOB@LINE")


COMMANDS = (contract,)

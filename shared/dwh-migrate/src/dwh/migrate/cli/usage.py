"""`dwh usage`: which DAG names which job in which line, for a reader and for CI."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from dwh.migrate.cli.options import as_json
from dwh.migrate.console import print_json, print_note, print_rows

__all__ = ["COMMANDS"]

_COLUMNS = ("place", "dag", "job or table", "line", "state", "ends", "written")


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--within",
    type=click.IntRange(0),
    default=90,
    show_default=True,
    metavar="DAYS",
    help="How long before its end a line counts as ending.",
)
@click.option("--check", is_flag=True, help="Exit with 1 unless every place passes: for CI.")
@as_json
def usage(paths: Sequence[Path], within: int, check: bool, as_json: bool) -> None:
    """List which DAG names which job or table in which line, in the Python sources at PATH.

    The sources are read, never run. With --check, a place passes if it names an installed line that
    does not end soon, or leaves the line to an environment; what cannot be read does not pass.

    \b
    Examples:
      dwh usage dags
      dwh usage dags --check --within 180
    """
    from dwh.migrate.usage import check_uses, find_uses

    uses = find_uses(paths, within=within)
    if as_json:
        print_json([asdict(use) for use in uses])
    elif uses:
        print_rows(
            _COLUMNS,
            [
                (
                    use.place,
                    use.dag,
                    use.job or use.table,
                    use.release or use.line or "",
                    use.state,
                    use.ends or "",
                    use.written,
                )
                for use in uses
            ],
        )
    else:
        print_note("nothing there names a job, a table or a line")
    if check:
        check_uses(uses)


COMMANDS = (usage,)

"""`dwh board`: how every job stands in every environment."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from dwh.core.lines import broken_lines, installed_lines
from dwh.migrate.cli.options import as_json, write_file
from dwh.migrate.console import print_json, print_note

__all__ = ["COMMANDS"]


@click.command()
@click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), help="Write the board as an HTML page."
)
@as_json
def board(html: Path | None, as_json: bool) -> None:
    """Show how every job stands: its lines, pins, rollouts, last comparisons and newest partitions.

    The page that --html writes holds more than a terminal: every decision's reason, the steps and gates,
    and who wrote the latest partitions. It needs no network and no script.

    \b
    Examples:
      dwh board
      dwh board --html board.html
      dwh board --json
    """
    from dwh.core.warehouse import Warehouse
    from dwh.migrate.board import gather, print_board, to_html

    found = gather(Warehouse.open(), installed_lines())
    for error in broken_lines().values():
        print_note(f"left out: {error}")
    if html:
        write_file("--html", html, to_html(found))
    if as_json:
        print_json(asdict(found))
    elif html:
        print_note(f"board: {html}")
    else:
        print_board(found)


COMMANDS = (board,)

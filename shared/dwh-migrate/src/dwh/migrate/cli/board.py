"""`dwh board`: how every job stands in every environment."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import click

from dwh.core.errors import UsageError
from dwh.core.lines import installed_lines
from dwh.migrate.cli.options import as_json
from dwh.migrate.console import print_json, print_note

__all__ = ["COMMANDS"]


@click.command()
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write it as a page.")
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
    if html:
        _write(html, to_html(found))
    if as_json:
        print_json(asdict(found))
    elif html:
        print_note(f"board: {html}")
    else:
        print_board(found)


def _write(path: Path, text: str) -> None:
    """Write a file that others may be reading: they see the old one or the new one, whole."""
    half_written = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        half_written.write_text(text, "utf-8")
        half_written.replace(path)
    except OSError as error:
        raise UsageError(f"--html: {path} cannot be written: {error.strerror or error}") from None
    finally:
        with suppress(OSError):
            half_written.unlink()


COMMANDS = (board,)

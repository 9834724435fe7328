"""Commands that keep a warehouse in order: `dwh gc`, `dwh ledger upgrade`."""

from __future__ import annotations

import click

from dwh.core.config import load_config
from dwh.migrate.cli.options import FiniteRange, as_json
from dwh.migrate.console import print_json, print_note, print_rows

__all__ = ["COMMANDS"]

_CENTURY = 24 * 36_500  # hours; Python's calendar does not go back much further


@click.command()
@click.option(
    "--older-than",
    type=FiniteRange(0, _CENTURY),
    default=24,
    show_default=True,
    metavar="HOURS",
    help="When a run that another machine started, and that never ended, counts as dead; with --keep, how "
    "long an output stays after newer ones have taken its place, for those who are reading it.",
)
@click.option(
    "--keep",
    type=click.IntRange(1),
    metavar="DATES",
    help="Also remove tables that are whole for each date, but for the newest dates of each line.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would be removed.")
@as_json
def gc(older_than: float, keep: int | None, dry_run: bool, as_json: bool) -> None:
    """Remove the files of runs that failed or died; with --keep, old dates of whole tables, too.

    Nothing else that was committed is touched. Of whole tables, what readers get, what a rollback may
    restore, and what a published output was made of stays, however old it is.

    \b
    Examples:
      dwh gc --dry-run
      dwh gc --keep 30
    """
    from dwh.core.warehouse import Warehouse
    from dwh.migrate.garbage import collect, dead_runs
    from dwh.migrate.old_tables import old_tables, remove_tables

    warehouse = Warehouse.open()
    dead = dead_runs(warehouse, older_than)
    old = old_tables(warehouse, keep, older_than) if keep else []
    if not dry_run:
        dead = collect(warehouse, dead)
        old = remove_tables(warehouse, old, keep, older_than) if keep else []
    found = [
        {"run": run.id, "reference": run.reference, "status": run.status, "files": run.location}
        for run in [*dead, *old]
    ]
    if as_json:
        print_json(found)
        return
    if found:
        print_rows(list(found[0]), [list(run.values()) for run in found])
    if not found:
        print_note("there is nothing to remove")
        return
    count = "1 run" if len(found) == 1 else f"{len(found)} runs"
    print_note(f"{'would remove' if dry_run else 'removed'} the files of {count}")


@click.group()
def ledger() -> None:
    """Look after the ledger."""


@ledger.command()
@as_json
def upgrade(as_json: bool) -> None:
    """Bring the ledger to the version that the installed dwh-core reads and writes.

    An older dwh-core cannot use the ledger afterwards: upgrade it everywhere first.

    \b
    Example:
      dwh ledger upgrade
    """
    from dwh.core.ledger import SCHEMA_VERSION, Ledger

    found = Ledger(load_config().ledger)
    before = found.version()
    if before in (None, SCHEMA_VERSION):
        found = Ledger.open(load_config().ledger)  # says so where there is none
    else:
        found.upgrade()
    if as_json:
        print_json({"ledger": found.shown_url, "from": before, "to": SCHEMA_VERSION})
    elif before == SCHEMA_VERSION:
        print_note(f"ledger {found.shown_url} is at {SCHEMA_VERSION} already")
    else:
        print_note(f"ledger {found.shown_url}: {before} → {SCHEMA_VERSION}")


COMMANDS = (gc, ledger)

"""Arguments and options that several commands share."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import click

from dwh.release.repository import Repository

__all__ = ["as_json", "package", "packages", "repo", "today"]

package = click.argument("package", metavar="PACKAGE")
packages = click.argument("packages", metavar="[PACKAGE]...", nargs=-1)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


def _open(context: click.Context, parameter: click.Parameter, value: str) -> Repository:
    return Repository(Path(value))


repo = click.option(
    "--repo",
    "repository",
    metavar="FOLDER",
    default=".",
    callback=_open,
    help="The repository, or a folder in it; by default the current folder.",
)


def today() -> date:
    """Return today's UTC date."""
    return datetime.now(UTC).date()

"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from dwh.release.repository import Repository

__all__ = ["as_json", "package", "packages", "readable_repo", "repo", "today"]

F = TypeVar("F", bound=Callable[..., Any])

package = click.argument("package", metavar="PACKAGE")
packages = click.argument("packages", metavar="[PACKAGE]...", nargs=-1)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


def _open(context: click.Context, parameter: click.Parameter, value: str) -> Repository:
    return Repository(Path(value))


def _open_what_is_readable(context: click.Context, parameter: click.Parameter, value: str) -> Repository:
    return Repository(Path(value), broken={})


def _repo(opened: Callable[[click.Context, click.Parameter, str], Repository]) -> Callable[[F], F]:
    said = "The repository, or a folder in it; by default the current folder."
    return click.option("--repo", "repository", metavar="FOLDER", default=".", callback=opened, help=said)


repo = _repo(_open)
# For commands that look: what cannot be read is in its `broken`, and does not keep them from the rest.
readable_repo = _repo(_open_what_is_readable)


def today() -> date:
    """Return today's UTC date."""
    return datetime.now(UTC).date()

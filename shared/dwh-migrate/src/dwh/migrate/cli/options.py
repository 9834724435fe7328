"""Arguments and options that several commands share, so that they look the same everywhere."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import reduce
from math import isnan
from pathlib import Path
from typing import Any

import click

from dwh.core.config import load_config, process_variables
from dwh.core.dates import DateRange, logical_dates, open_range
from dwh.core.errors import InvalidDateError, UsageError
from dwh.core.files import write_whole
from dwh.core.names import valid_environment
from dwh.migrate import completion
from dwh.migrate.console import verbosely

__all__ = [
    "FiniteRange",
    "as_json",
    "check_folder",
    "date_range",
    "environment_of",
    "in_environment",
    "optional_dates",
    "parse_instant",
    "release_others",
    "release_python",
    "spark_log",
    "table",
    "telling_of_dates",
    "verbose",
    "write_file",
]

Command = Callable[..., Any]


class FiniteRange(click.FloatRange):
    """Numbers of a range, without `nan`, which every range has."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number."""
        found = super().convert(value, param, ctx)
        return self.fail(f"{value!r} is not a number.", param, ctx) if isnan(found) else found


table = click.argument("table", metavar="TABLE", shell_complete=completion.tables)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for a script.")
spark_log = click.option("--spark-log", is_flag=True, help="Show Spark's own log instead of progress.")


def _tell(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        context.find_root().with_resource(verbosely())


verbose = click.option(
    "-v",
    "--verbose",
    is_flag=True,
    expose_value=False,
    callback=_tell,
    help="Say which engine is taken, and why.",
)


def _act_in(context: click.Context, _option: click.Parameter, env: str | None) -> str | None:
    """Let the option do what DWH_ENVIRONMENT does, for everything that the command calls, until it ends."""
    if env is not None:
        variables = process_variables({"DWH_ENVIRONMENT": valid_environment(env)})
        context.find_root().with_resource(variables)
    return env


in_environment = click.option(
    "--env",
    metavar="NAME",
    callback=_act_in,
    shell_complete=completion.environments,
    help="The environment; by default the configured one.",
)
release_python = click.option(
    "--python", metavar="PYTHON", help="The release environment's Python, such as 3.11; by default this one."
)
release_others = click.option(
    "--with", "others", metavar="REQ", multiple=True, help="Also install this, such as pyspark==3.5.9."
)
_DATES = (
    click.option("--date", metavar="DATE", help="One logical date, such as 2013-01-15."),
    click.option("--from", "start", metavar="DATE", help="The first logical date."),
    click.option("--to", "end", metavar="DATE", help="The last logical date, included."),
)


def date_range(command: Command) -> Command:
    """Add `--date`, `--from` and `--to`, which arrive as `date`, `start` and `end`."""
    return reduce(lambda wrapped, option: option(wrapped), reversed(_DATES), command)


def environment_of(env: str | None) -> str:
    """Return the environment that `--env` names, else the configured one; raises InvalidNameError."""
    return valid_environment(env) if env is not None else load_config().environment


def optional_dates(date: str | None, start: str | None, end: str | None) -> DateRange | None:
    """Return the range that the options mean, None when none is given; raises InvalidDateError."""
    if date is None and start is None and end is None:
        return None
    if date is None and (start is None or end is None):
        return open_range(start, end)
    return logical_dates(date, start, end, {})


@contextmanager
def telling_of_dates(first: str, last: str) -> Iterator[None]:
    """Let an InvalidDateError name the options of a command whose `--from` and `--to` mean something else."""
    try:
        yield
    except InvalidDateError as error:
        text = error.message.replace("--from", first).replace("--to", last)
        error.args = (text,)
        raise


def parse_instant(text: str | None) -> datetime | None:
    """Return an instant such as 2026-11-22T12:00:00Z; raises InvalidDateError without an offset."""
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise InvalidDateError(text, "not an instant with an offset, such as 2026-11-22T12:00:00Z", None)
    return instant


def check_folder(option: str, path: Path | None) -> None:
    """Look, before long work begins, whether the folder of a file that an option names is there.

    Raises UsageError.
    """
    if path and not path.parent.is_dir():
        raise UsageError(
            f"{option}: there is no folder {path.parent}; type: mkdir -p {shlex.quote(str(path.parent))}"
        )


def write_file(option: str, path: Path, text: str) -> None:
    """Write the file that an option names, whole or not at all; raises UsageError."""
    try:
        write_whole(path, text)
    except OSError as error:
        raise UsageError(f"{option}: {path} cannot be written: {error.strerror or error}") from None

"""The `dwh` command.

Each module here holds the commands of one kind; what they do is done elsewhere. Commands import
Spark and the database library when they need them, so that `dwh jobs` and `--help` answer at once.
Other distributions add commands of their own, as `joined` says.
"""

from __future__ import annotations

import gc
import os
import sys
import warnings
from collections.abc import Sequence

import click

from dwh.core.errors import PYSPARK_MISSING, DwhError, SparkUnavailableError, UsageError, coded
from dwh.core.followers import FollowerWarning
from dwh.core.line import EndedLineWarning
from dwh.core.output import steadily
from dwh.core.yanked import YankedReleaseWarning
from dwh.migrate import completion
from dwh.migrate.cli import (
    board,
    comparing,
    drafting,
    environments,
    inspect,
    prompt,
    releases,
    rollout,
    running,
    upkeep,
    usage,
)
from dwh.migrate.cli.here import show_whereabouts
from dwh.migrate.cli.joined import JoinedGroup
from dwh.migrate.cli.options import as_json, verbose

__all__ = ["dwh", "main", "run_words"]

_LOOKING = (inspect, board, usage)
_MOVING = (running, comparing, environments, rollout)
_FEW_COLLECTIONS = 100_000
"""Objects between two looks for garbage. Imports make many and leave none; by default, looking for it took a
tenth of a command that the ledger answers."""


@click.group(
    cls=JoinedGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    invoke_without_command=True,
)
@click.version_option(package_name="dwh-migrate")
@verbose
@as_json
@click.pass_context
def dwh(context: click.Context, as_json: bool) -> None:
    """Run versions of PySpark jobs side by side, see what they wrote, and move from one to the next.

    Without a command, say where you are: the warehouse, environment, engine and lines of this folder, what is
    under way, and what to type next.
    """
    if context.invoked_subcommand is None:
        show_whereabouts(as_json)
    elif as_json:
        raise click.UsageError(f"write --json after the command: dwh {context.invoked_subcommand} … --json")


for module in (*_LOOKING, *_MOVING, releases, upkeep, drafting, prompt):
    for command in module.COMMANDS:
        dwh.add_command(command)


def main() -> None:
    """Run the command; exit 0 when it did, 1 when it failed, 2 when it was mistyped."""
    gc.set_threshold(_FEW_COLLECTIONS)
    if completion.asked_by_shell():
        completion.answer_shell(dwh)
        return
    warnings.showwarning = _show_warning
    if code := steadily(_main):
        sys.exit(code)


def run_words(words: Sequence[str]) -> int:
    """Run one command in this process as typing it would, and return its exit code."""
    return _main(words) or 0


def _main(words: Sequence[str] | None = None) -> int | None:
    """Run a command, by default the one that was typed."""
    from dwh.migrate.console import print_error

    words = sys.argv[1:] if words is None else words
    if words[:1] == ["help"]:
        words = [*words[1:], "--help"]
    try:
        # Without its standalone mode click returns the code of an Exit instead of leaving.
        dwh(words, prog_name="dwh", standalone_mode=False)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except click.ClickException as error:
        _show_mistake(error)
        return error.exit_code
    except DwhError as error:
        print_error(str(error))
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        print_error("interrupted; nothing uncommitted is visible")
    except Exception as error:
        if os.environ.get("DWH_DEBUG"):
            raise
        print_error(_said(error))
    else:
        return None
    return 1


def _said(error: Exception) -> str:
    """Return what to print of an error that is not one of dwh."""
    if isinstance(error, ModuleNotFoundError) and error.name == "pyspark":
        return str(SparkUnavailableError(*PYSPARK_MISSING))
    cause = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {cause}\nset DWH_DEBUG=1 to see where it happened"


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: object = None,
    line: str | None = None,
) -> None:
    """Show what dwh warns of (an ended line, a catalog that is down) as a note; others as Python does."""
    from dwh.migrate.console import print_note

    if issubclass(category, (EndedLineWarning, FollowerWarning, YankedReleaseWarning)):
        print_note(f"warning: {message}")
    else:
        sys.stderr.write(warnings.formatwarning(message, category, filename, lineno, line))


def _show_mistake(error: click.ClickException) -> None:
    """Show how the command is used, and what is wrong with what was typed."""
    from dwh.migrate.console import print_error

    context = getattr(error, "ctx", None)
    if context and error.format_message() == context.get_help():  # a group without a command
        click.echo(context.get_help(), err=True)
        return
    if context:
        option = max(context.help_option_names, key=len)
        click.echo(f"{context.get_usage()}\nTry '{context.command_path} {option}' for help.\n", err=True)
    print_error(coded(UsageError.code, " ".join(error.format_message().split())))

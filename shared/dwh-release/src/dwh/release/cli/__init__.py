"""The `dwh-release` command.

Each module here holds the commands of one kind; what they do is done elsewhere.
"""

from __future__ import annotations

import os
import sys

import click

from dwh.core.errors import DwhError, UsageError, coded
from dwh.core.output import steadily
from dwh.release.cli import look, ship, write
from dwh.release.console import print_error

__all__ = ["dwh_release", "main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="dwh-release")
def dwh_release() -> None:
    """Release the packages of a monorepo, each on its own, so that number, notes and code agree.

    \b
    A fix, from writing it to publishing it:
      dwh-release change dwh-v0_1 --kind fix --text "Cancelled flights no longer count as on time."
      dwh-release check dwh-v0_1
      dwh-release prepare dwh-v0_1 patch
      dwh-release build dwh-v0_1
      dwh-release tag dwh-v0_1
    """


for command in (*look.COMMANDS, *write.COMMANDS, *ship.COMMANDS):
    dwh_release.add_command(command)


def main() -> None:
    """Run the command; exit 0 when it did, 1 when it failed or was refused, 2 when it was mistyped."""
    sys.exit(steadily(_main))


def _main() -> int | None:
    try:
        # Without its standalone mode click returns the code of an Exit instead of leaving.
        return dwh_release(standalone_mode=False) or None
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except click.ClickException as error:
        _show_mistake(error)
        return error.exit_code
    except DwhError as error:
        print_error(str(error))
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        print_error("interrupted; the tree is as it was")
    except Exception as error:
        if os.environ.get("DWH_DEBUG"):
            raise
        cause = str(error).strip().partition("\n")[0]
        print_error(f"{type(error).__name__}: {cause}\nset DWH_DEBUG=1 to see where it happened")
    return 1


def _show_mistake(error: click.ClickException) -> None:
    """Show how the command is used, and what is wrong with what was typed."""
    if context := getattr(error, "ctx", None):
        option = max(context.help_option_names, key=len)
        click.echo(f"{context.get_usage()}\nTry '{context.command_path} {option}' for help.\n", err=True)
    print_error(coded(UsageError.code, error.format_message()))

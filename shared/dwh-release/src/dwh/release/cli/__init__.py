"""The `dwh-release` command.

Each module here holds the commands of one kind; what they do is done elsewhere.
"""

from __future__ import annotations

import os
import sys

import click

from dwh.core.errors import DwhError
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
    try:
        # Without its standalone mode click returns the code of an Exit instead of leaving.
        sys.exit(dwh_release(standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except DwhError as error:
        _stop(str(error), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        _stop("interrupted; the tree is as it was", 1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains at exit
        sys.exit(1)
    except Exception as error:
        if os.environ.get("DWH_DEBUG"):
            raise
        cause = str(error).strip().partition("\n")[0]
        _stop(f"{type(error).__name__}: {cause}\nset DWH_DEBUG=1 to see where it happened", 1)


def _stop(message: str, code: int) -> None:
    print_error(message)
    sys.exit(code)

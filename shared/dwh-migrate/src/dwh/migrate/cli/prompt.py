"""Commands for whoever types many: `dwh shell`, `dwh completion`."""

from __future__ import annotations

import sys

import click

from dwh.migrate.completion import SHELLS, script

__all__ = ["COMMANDS"]


@click.command()
@click.pass_context
def shell(context: click.Context) -> None:
    """Type many commands, which share one engine: the first that needs one starts it.

    Commands are typed as at any prompt; `dwh` before them may be left out. Tab completes, and the arrow keys
    bring back what was typed before; `help` lists the commands. Ctrl-C stops a command, `exit` or Ctrl-D the
    shell. Lines may also come from a pipe; then the exit code is that of the last command that failed.

    \b
    Examples:
      dwh shell
      dwh shell < commands.txt
    """
    from dwh.migrate.cli import run_words
    from dwh.migrate.shell import run_shell

    root = context.find_root().command
    assert isinstance(root, click.Group)  # noqa: S101 -- this command is one of its own
    sys.exit(run_shell(root, run_words))


@click.command()
@click.argument("shell", metavar="SHELL", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes SHELL (bash, zsh or fish) complete `dwh`: commands, options and names of all kinds.

    \b
    Examples:
      eval "$(dwh completion bash)"    # in ~/.bashrc
      eval "$(dwh completion zsh)"     # in ~/.zshrc, after compinit
      dwh completion fish > ~/.config/fish/completions/dwh.fish
    """
    root = context.find_root().command
    assert isinstance(root, click.Group)  # noqa: S101 -- this command is one of its own
    print(script(root, shell))


COMMANDS = (shell, completion)

"""Commands that other distributions bring, by an entry point each in the group `dwh.commands`.

    [project.entry-points."dwh.commands"]
    deploy = "dwh.deploy.cli.deploying:deploy"

The entry's name is the command's, and its object a click command. They are looked for only where dwh itself
has no command of a name, or all are listed: they cost the others nothing, and none replaces one of dwh.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import Distribution, EntryPoint

import click

from dwh.core.distributions import entries_of
from dwh.core.errors import DwhError

__all__ = ["GROUP", "BrokenCommandError", "JoinedGroup"]

GROUP = "dwh.commands"
_ELSEWHERE = {"bundle": "dwh-deploy", "catalog": "dwh-catalog", "deploy": "dwh-deploy"}


class BrokenCommandError(DwhError):
    """A command that a distribution brings cannot be used."""

    code = "DWH961"

    def __init__(self, name: str, distributions: Iterable[str], cause: str) -> None:
        self.name, self.distributions, self.cause = name, tuple(distributions), cause
        removed = [f"pip uninstall {each}" for each in self.distributions]
        upgraded = [f"pip install --upgrade {self.distributions[0]}"] if len(removed) == 1 else []
        super().__init__(
            f"the command {name} cannot be used: {cause}; type: {' or '.join([*upgraded, *removed])}"
        )


class JoinedGroup(click.Group):
    """A group with commands of its own, and those that installed distributions bring.

    One that cannot be used is listed with the reason, and raises BrokenCommandError where it is typed. The
    others are not affected.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, sorted."""
        return sorted({*super().list_commands(ctx), *_brought()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the group's own command, else the one that a distribution brings; None without either.

        Raises click.UsageError for one whose distribution is not installed.
        """
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        entries = _brought().get(cmd_name)
        if entries is None and (package := _ELSEWHERE.get(cmd_name)):
            raise click.UsageError(f"dwh {cmd_name} comes with {package}; type: pip install {package}", ctx)
        return _loaded(cmd_name, entries) if entries else None


def _brought() -> dict[str, dict[str, EntryPoint]]:
    """Return the entries that distributions have for each command, by the distribution's name."""
    found: dict[str, dict[str, EntryPoint]] = {}
    for entry, each in entries_of(GROUP):
        found.setdefault(entry.name, {}).setdefault(
            _name(each), entry
        )  # of two copies Python takes the first
    return found


def _name(each: Distribution) -> str:
    try:
        return str(each.metadata["Name"])
    except Exception:  # the file is missing or no text, for which Pythons raise different things
        return "a distribution without a name"


def _loaded(name: str, entries: Mapping[str, EntryPoint]) -> click.Command:
    """Return the command of an entry, or one that says why it cannot be used."""
    command = _command(entries)
    return (
        command if isinstance(command, click.Command) else _broken(BrokenCommandError(name, entries, command))
    )


def _command(entries: Mapping[str, EntryPoint]) -> click.Command | str:
    """Return the command, or why there is none."""
    if len(entries) > 1:
        return f"{' and '.join(entries)} both provide it"
    ((distribution, entry),) = entries.items()
    if not entry.pattern.match(entry.value):
        return f"{distribution} names {entry.value!r} for it, which is not written MODULE:COMMAND"
    try:
        command = entry.load()
    except (Exception, SystemExit) as error:  # whatever its modules do when they are imported
        return f"importing {entry.value} of {distribution} failed: {_shown(error)}"
    if isinstance(command, click.Command):
        return command
    return f"{entry.value} of {distribution} is not a click command but of type {type(command).__name__}"


def _broken(error: BrokenCommandError) -> click.Command:
    """Return a command that takes any words, and raises."""

    def fail(words: Sequence[str]) -> None:
        raise error

    words = click.Argument(["words"], nargs=-1, type=click.UNPROCESSED)
    anything = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command(
        error.name,
        params=[words],
        callback=fail,
        short_help=f"(cannot be used: {error.cause})",
        add_help_option=False,
        context_settings=anything,
    )


def _shown(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"

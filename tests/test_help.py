"""Every command's help ends with an example, and every example is one that the command takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest

click = pytest.importorskip("click")

dwh = pytest.importorskip("dwh.migrate.cli").dwh
dwh_release = pytest.importorskip("dwh.release.cli").dwh_release

ROOTS = {"dwh": dwh, "dwh-release": dwh_release}
# Behind the words of a command come what is said of it, two spaces apart, and what only a shell reads.
REST = re.compile(r"(?<=\S)( {2,}\S.*| [<>]+ .*| \$\(.*)$")


def commands(command: click.Command, context: click.Context) -> Iterator[tuple[str, click.Context]]:
    """Yield each command that does something by itself, with the words that lead to it."""
    if not isinstance(command, click.Group):
        yield context.command_path, context
        return
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        yield from commands(found, click.Context(found, info_name=name, parent=context))


ALL = {
    path: context
    for name, root in ROOTS.items()
    for path, context in commands(root, click.Context(root, info_name=name))
}


def examples(context: click.Context) -> list[str]:
    """Return the rows of a help that are typed, each on one line."""
    text = re.sub(r"\\\n +", "", context.command.get_help(context))
    rows = re.findall(r'^ {2,}(?:eval "\$\()?((?:dwh|dwh-release) .*)$', text, re.MULTILINE)
    return [REST.sub("", row).removesuffix(')"') for row in rows]


@pytest.mark.parametrize("path", ALL)
def test_a_command_shows_how_it_is_typed(path):
    """An example begins with the words that lead to the command."""
    assert [example for example in examples(ALL[path]) if example.startswith(path)]


# Of these, the first two and `serve` print no result, and the others the JSON that a platform takes.
NO_JSON = {"dwh shell", "dwh completion", "dwh catalog serve", "dwh deploy emr", "dwh deploy databricks"}


def test_each_result_can_be_json():
    """As docs/commands.md says of every command of dwh."""
    without = {
        path
        for path, context in ALL.items()
        if path.startswith("dwh ") and not any("--json" in given.opts for given in context.command.params)
    }
    assert without <= NO_JSON


@pytest.mark.parametrize("path", ALL)
def test_what_a_help_shows_can_be_typed(path):
    """The command of each example exists, and takes its words: options, their values, and arguments."""
    for example in examples(ALL[path]):
        name, *words = shlex.split(example)
        command, context = ROOTS[name], click.Context(ROOTS[name], info_name=name)
        while isinstance(command, click.Group):
            name, command, words = command.resolve_command(context, words)
            context = click.Context(command, info_name=name, parent=context)
        try:
            command.make_context(name, words, parent=context.parent)
        except click.BadParameter as error:  # a folder that is there only for whoever types it
            assert "does not exist" in error.message, example

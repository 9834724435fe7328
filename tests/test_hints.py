"""What messages tell people to type: every command in them exists, with its options."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

click = pytest.importorskip("click")

dwh = pytest.importorskip("dwh.migrate.cli").dwh
dwh_release = pytest.importorskip("dwh.release.cli").dwh_release

SHARED = Path(__file__).parents[1] / "shared"
COMMANDS = {"dwh": dwh, "dwh-release": dwh_release}
ANYWHERE = click.Context(dwh)
# A command in a message: after "type: " or between backticks, up to where the sentence goes on.
TYPED = re.compile(r"(?:(?:[Tt]ype|or|try|see): |`)(?P<command>dwh(?:-release)? [a-z][^;,()`]*)")
PROSE = "to|with|in|for|and|or|where|which|brings|shows|lists|removes|says|makes|compares"
AFTER = re.compile(rf" (?:{PROSE})\b.*| [|].*| …$")


def texts(node: ast.AST) -> Iterator[str]:
    """Yield the texts of a module, with VALUE for what is known only when they are shown."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "VALUE" for part in child.values
            )
            continue
        if isinstance(child, ast.Constant) and isinstance(child.value, str):
            yield child.value
        yield from texts(child)


def hints() -> list[str]:
    """Return every command that a message of any package tells to type."""
    found = {
        AFTER.sub("", match["command"].split("\n")[0]).rstrip(". ")
        for path in SHARED.glob("*/src/**/*.py")
        for text in texts(ast.parse(path.read_text("utf-8")))
        for match in TYPED.finditer(text)
    }
    return sorted(found)


def parsed(words):
    """Return the command that the first words name, and the words after them."""
    command = COMMANDS[words.pop(0)]
    while isinstance(command, click.Group) and words and (found := command.get_command(ANYWHERE, words[0])):
        command = found
        del words[0]
    return command, words


def test_each_command_that_a_message_names_can_be_typed():
    """The command exists, has the options that are named, and none that it requires is left out."""
    found = hints()
    assert len(found) > 30 and "dwh jobs" in found
    assert [hint for hint in found if not can_be_typed(hint)] == []


def can_be_typed(hint: str) -> bool:
    """Return whether a command, with its options, exists; a bare one is only named, not shown."""
    command, words = parsed(re.sub(r'"[^"]*("|$)', "VALUE", hint).split())
    if not words:
        return True
    options = {name: option for option in command.params for name in (*option.opts, *option.secondary_opts)}
    named, operands = _split(words, options)
    required = [parameter for parameter in command.params if parameter.required]
    arguments = sum(isinstance(parameter, click.Argument) for parameter in required)
    chosen = [named & {*parameter.opts} for parameter in required if isinstance(parameter, click.Option)]
    return (
        not isinstance(command, click.Group) and named <= {*options} and all(chosen) and operands >= arguments
    )


def _split(words: list[str], options: dict[str, click.Parameter]) -> tuple[set[str], int]:
    """Return the options that some words name, and how many words are arguments."""
    named, operands, waiting = set(), 0, False
    for word in words:
        if word.startswith("-"):
            name = word.partition("=")[0]
            named.add(name)
            waiting = "=" not in word and not getattr(options.get(name), "is_flag", False)
        else:
            operands, waiting = operands + (not waiting), False
    return named, operands

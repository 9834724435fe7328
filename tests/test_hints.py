"""What messages and pages tell people to type: every command in them exists, and takes what is shown."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

click = pytest.importorskip("click")

dwh = pytest.importorskip("dwh.migrate.cli").dwh
dwh_release = pytest.importorskip("dwh.release.cli").dwh_release

ROOT = Path(__file__).parents[1]
SHARED = ROOT / "shared"
PAGES = [*ROOT.glob("*.md"), *sorted((ROOT / "docs").glob("*.md"))]
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


@pytest.mark.parametrize(
    ("command", "taken"),
    [
        ("dwh show flights.carrier_delays --limit 3", True),
        ("dwh show flights.carrier_delays --limits 3", False),
        ("dwh show flights.carrier_delays too_much", False),
        ("dwh show --limit 3", False),
        ("dwh usage dags more_dags", True),
        ("dwh completion fish", True),
        ("dwh completion SHELL", True),
        ("dwh completion tcsh", False),
        ("dwh rollout nothing", False),
    ],
)
def test_what_counts_as_typed(command, taken):
    """Options and arguments are counted, and a word for which there is a choice is one of them."""
    assert can_be_typed(command) is taken


BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^(?:\$ )?(?:[A-Z_]+=\S+ )*(dwh(?:-release)? [^|<>#\n]*)", re.MULTILINE)
INLINE = re.compile(r"`(dwh(?:-release)? [^`]+)`")


def shown(page: str) -> Iterator[str]:
    """Yield the commands that a page shows: those in blocks, and those that its sentences name."""
    blocks = (text for language, text in BLOCK.findall(page) if language in ("sh", "shell", "console"))
    for text in blocks:
        yield from (re.sub(r" 2$", "", row.strip()) for row in ROW.findall(text.replace("\\\n", " ")))
    yield from (re.sub(r"\s+", " ", row) for row in INLINE.findall(BLOCK.sub("", page)))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_each_command_that_a_page_shows_can_be_typed(path):
    """Where a sentence only names an option of a command, the command has it."""
    found = [
        command
        for command in shown(path.read_text("utf-8"))
        if not re.match(r"dwh(-release)? [A-Z…]", command)
    ]
    assert [command for command in found if not (can_be_typed(command) or has_options(command))] == []


def has_options(command: str) -> bool:
    """Return whether a command that is only named has the options that it is named with."""
    found, words = parsed([word for word in command.split() if word != "…"])
    options = {name: each for each in _parameters(found) for name in (*each.opts, *each.secondary_opts)}
    named, operands = _split(words, options)
    return {*named} <= {*options} and not operands


def can_be_typed(hint: str) -> bool:
    """Return whether a command takes these words; a bare one is only named, not shown."""
    command, words = parsed(re.sub(r"""(["'])[^"']*(\1|$)""", "VALUE", hint).split())
    if not words:
        return True
    options = {name: each for each in _parameters(command) for name in (*each.opts, *each.secondary_opts)}
    named, operands = _split(words, options)
    arguments = [parameter for parameter in command.params if isinstance(parameter, click.Argument)]
    counted = [word for word in operands if word != "VALUE"]  # which may stand for options
    most = len(counted) if any(argument.nargs == -1 for argument in arguments) else len(arguments)
    required = [parameter for parameter in command.params if parameter.required]
    chosen = [{*named} & {*parameter.opts} for parameter in required if isinstance(parameter, click.Option)]
    values = [(options[name], value) for name, value in named.items() if name in options and value]
    return (
        not isinstance(command, click.Group)
        and {*named} <= {*options}
        and all(chosen)
        and sum(argument.required for argument in arguments) <= len(operands)
        and len(counted) <= most
        and all(_is_taken(*each) for each in (*values, *zip(arguments, operands, strict=False)))
    )


def _parameters(command: click.Command) -> list[click.Parameter]:
    return command.get_params(click.Context(command, help_option_names=["-h", "--help"]))


def _is_taken(parameter: click.Parameter, value: str) -> bool:
    """Return whether a value is one to choose, where there is a choice and it is no placeholder."""
    kind = parameter.type
    return value.isupper() or not isinstance(kind, click.Choice) or value in kind.choices


def _split(words: list[str], options: dict[str, click.Parameter]) -> tuple[dict[str, str], list[str]]:
    """Return the options that some words name, with their values, and the words that are arguments."""
    named: dict[str, str] = {}
    operands, waiting = [], ""
    for word in words:
        if word.startswith("-"):
            name, _, named_value = word.partition("=")
            named[name] = named_value
            waiting = "" if "=" in word or getattr(options.get(name), "is_flag", False) else name
        elif waiting:
            named[waiting], waiting = word, ""
        else:
            operands.append(word)
    return named, operands

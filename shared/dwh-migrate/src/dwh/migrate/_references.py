"""What a text names of dwh: references, commands such as `dwh run`, import paths of jobs.

Text that comes from a source may hold what is known only later. It stands as `UNKNOWN` here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "UNKNOWN",
    "Named",
    "named_by_argument",
    "named_by_module",
    "named_by_reference",
    "named_in_commands",
    "named_modules",
    "without_templates",
]

UNKNOWN = "…"  # no name of dwh can hold it, and whoever sees it knows that something is left out

_WORD = rf"[a-z{UNKNOWN}][a-z0-9_{UNKNOWN}]*"
_NAME = rf"{_WORD}(?:\.{_WORD})*"
_REFERENCE = re.compile(rf"(?P<name>{_NAME})@(?P<version>\d+\.\d+(?P<rest>\.\d+[\w.+-]*)?)", re.ASCII)
_REFERENCE_OR_JOB = re.compile(rf"{_NAME}(@.*)?")
_JOB = re.compile(r"[a-z][a-z0-9_]*")
_LABEL = r"dwh\.jobs\.v(?P<major>\d+)_(?P<minor>\d+)_\d+"
_MODULE_END = rf"(?![\w{UNKNOWN}])"
_UNREADABLE_MODULE = re.compile(rf"(?<![\w.])dwh\.jobs\.\w*{UNKNOWN}[\w.{UNKNOWN}]*")
_COMMAND = re.compile(
    r"(?<![\w.-])dwh\s+(?P<command>run|backfill|compare|promote|publish)\s+(?P<words>[^\n;|&]*)"
)
_FLAGS = ("--json", "--spark-log", "--run", "--exact", "--isolated")  # the options that no value follows
# What Jinja, a shell or Python's formatting fills in later. Each pattern ends before the next opening
# bracket, so that reading takes no longer than the text is long.
_TEMPLATE = re.compile(
    r"\{\{[^{}]*\}\}|\{%[^{}]*%\}|\$\{[^{}]*\}|\$\([^()]*\)|\$\w+|`[^`\n]*`|\{\w*\}|%(\(\w*\))?s"
)


@dataclass(frozen=True)
class Named:
    """What a place names.

    Attributes:
        job, table: empty where it is not known, or where a line alone is named.
        version: a line, or a release where `exact`.
        problem: why there is no version.
    """

    job: str = ""
    table: str = ""
    version: str | None = None
    exact: bool = False
    problem: Literal["environment", "no version", "cannot be read"] | None = None


def without_templates(text: str) -> str:
    """Return a text with `UNKNOWN` for what Jinja, a shell or Python's formatting fills in."""
    return _TEMPLATE.sub(UNKNOWN, text)


def named_by_reference(text: str) -> Named | None:
    """Return what a reference names, or TABLE@LINE; None for a text that is neither."""
    match = _REFERENCE.fullmatch(text)
    if match is None:
        return None
    name = "" if UNKNOWN in match["name"] else match["name"]
    job, table = ("", name) if "." in name else (name, "")
    return Named(job, table, match["version"], exact=match["rest"] is not None)


def named_by_argument(text: str, *, environment: bool, version: str | None = None) -> Named:
    """Return what a place names that wants a reference, or a job.

    Parameters:
        environment: whether the place names an environment.
        version: what the place asks for beside the job: a line, or `original` or `current`, which
            leave it to the environment.
    """
    if "@" not in text and version not in (None, "original", "current"):
        text = f"{text}@{version}"
    if named := named_by_reference(text):
        return named
    job, at, _ = text.partition("@")
    known = job if _JOB.fullmatch(job) else ""
    if environment and not at:
        return Named(known, problem="environment")
    return Named(known, problem="no version" if known and not at else "cannot be read")


def named_in_commands(text: str) -> Iterator[tuple[str, Named]]:
    """Yield what the commands of `dwh` in a text name, with the part of the command that says so."""
    for match in _COMMAND.finditer(text.replace("\\\n", " ")):
        words, options = _parsed(match["words"])
        # Prose says `dwh run` too. A command has dates, which are options, or gets them filled in.
        certain = options or set(words[1:]) == {UNKNOWN}
        comparing = match["command"] == "compare"  # which takes paths and the ids of runs, too
        for name in words[: 2 if comparing else 1]:
            wanted = _REFERENCE_OR_JOB.fullmatch(name) and (not comparing or "@" in name or name == UNKNOWN)
            if wanted and (certain or named_by_reference(name)):
                shown = [f"{word} {options[word]}" for word in ("--env", "--version") if word in options]
                yield (
                    " ".join(["dwh", match["command"], name, *shown]),
                    named_by_argument(name, environment="--env" in options, version=options.get("--version")),
                )


def named_by_module(module: str, packages: Mapping[str, str]) -> Named | None:
    """Return what an import path names, whose packages are those of lines; None outside of lines."""
    if match := _modules(packages).match(module):
        return _named_by(match, packages)
    words = module.split(".")
    if words[:2] == ["dwh", "jobs"] and len(words) > 2:
        return Named(words[2], problem="no version")
    return None


def named_modules(text: str, packages: Mapping[str, str]) -> Iterator[tuple[str, Named]]:
    """Yield what the import paths in a text name, with the path."""
    if "." not in text:
        return
    for match in _modules(packages).finditer(text):
        yield match[0], _named_by(match, packages)
    for match in _UNREADABLE_MODULE.finditer(text):
        yield match[0], Named(problem="cannot be read")


def _modules(packages: Mapping[str, str]) -> re.Pattern[str]:
    labels = "|".join([*map(re.escape, packages), _LABEL])
    return re.compile(
        rf"(?<![\w.])(?P<package>{labels}){_MODULE_END}(\.(?P<job>[a-z][a-z0-9_]*){_MODULE_END})?", re.ASCII
    )


def _named_by(match: re.Match[str], packages: Mapping[str, str]) -> Named:
    line = packages.get(match["package"]) or f"{match['major']}.{match['minor']}"
    return Named(match["job"] or "", version=line)


def _parsed(words: str) -> tuple[list[str], dict[str, str]]:
    """Return the words of a command that are no options, and the options with their values."""
    operands: list[str] = []
    options: dict[str, str] = {}
    waiting = ""  # the option whose value comes next
    for word in (word.strip("'\"()") for word in words.split()):
        if waiting:
            options[waiting], waiting = word, ""
        elif word.startswith("-"):
            option, is_set, value = word.partition("=")
            options[option] = value
            waiting = "" if is_set or option in _FLAGS else option
        else:
            operands.append(word)
    return operands, options

"""What may follow at the prompt: commands and options, and names from the installed lines and the ledger.

Completing never fails, never prints an error and never makes a ledger: where something goes wrong, nothing is
offered. It waits for a database no longer than a person would.
"""

from __future__ import annotations

import os
import shlex
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stderr, suppress
from itertools import chain
from pathlib import Path

import click
from click.shell_completion import (
    CompletionItem,
    ShellComplete,
    add_completion_class,
    get_completion_class,
    shell_complete,
)

from dwh.core.config import load_config
from dwh.core.distributions import brought_lines
from dwh.core.lines import installed_lines

__all__ = [
    "SHELLS",
    "answer_shell",
    "asked_by_shell",
    "catalogs",
    "completed",
    "environments",
    "job_releases",
    "jobs",
    "jobs_and_references",
    "lines",
    "lines_or_when",
    "references",
    "releases",
    "script",
    "tables",
    "written_tables",
]

SHELLS = ("bash", "zsh", "fish")
_VARIABLE = "_DWH_COMPLETE"
_CONNECT_SECONDS = 2  # the least that PostgreSQL's client takes

Complete = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]

_BASH = """\
%(complete_func)s() {
    local line="${COMP_LINE:0:COMP_POINT}" word last taken type value
    word="${line##*[[:space:]]}"
    # Bash replaces only what follows the last of its word breaks, of which @ is one.
    last="${word##*[$COMP_WORDBREAKS]}"
    taken="${word%%"$last"}"
    COMPREPLY=()
    while IFS=, read -r type value; do
        case "$type" in
            plain) COMPREPLY+=("${value#"$taken"}") ;;
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
        esac
    done < <(COMP_LINE="$line" %(complete_var)s=bash_complete "$1" 2>/dev/null)
}
complete -o nosort -F %(complete_func)s %(prog_name)s 2>/dev/null ||
    complete -F %(complete_func)s %(prog_name)s
"""


class _BashComplete(ShellComplete):
    """Completion for bash, which takes `carrier_delays@0.1` for three words: so the whole line is read."""

    name = "bash"
    source_template = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        words, incomplete = split_line(os.environ["COMP_LINE"])
        return words[1:], incomplete

    def format_completion(self, item: CompletionItem) -> str:
        return f"{item.type},{item.value}"


add_completion_class(_BashComplete)


def script(root: click.Group, shell: str) -> str:
    """Return what a shell reads to complete the command."""
    found = get_completion_class(shell)
    if found is None:
        raise ValueError(shell)
    return found(root, {}, "dwh", _VARIABLE).source()


def asked_by_shell() -> bool:
    """Return whether this process was started by a shell that completes."""
    return os.environ.get(_VARIABLE, "").endswith("_complete")


def answer_shell(root: click.Group) -> None:
    """Print what a shell has asked for."""
    with Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere), suppress(Exception, SystemExit):
        shell_complete(root, {}, "dwh", _VARIABLE, os.environ[_VARIABLE])


def completed(root: click.Group, line: str) -> list[str]:
    """Return the words that the last word of a line may become."""
    words, incomplete = split_line(line)
    words = words[1:] if words[:1] == ["dwh"] else words
    with suppress(Exception, SystemExit):
        items = ShellComplete(root, {}, "dwh", _VARIABLE).get_completions(words, incomplete)
        return list(chain.from_iterable(_words(item, incomplete) for item in items))
    return []


def split_line(line: str) -> tuple[list[str], str]:
    """Return the whole words of a line, and the last one, which is being typed."""
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    words: list[str] = []
    try:
        words += lexer
    except ValueError:  # a quotation that is still open
        return words, lexer.token
    return (words, "") if not words or line[-1:].isspace() else (words[:-1], words[-1])


def _words(item: CompletionItem, incomplete: str) -> Iterator[str]:
    if item.type == "plain":
        yield str(item.value)
        return
    folder, _, name = incomplete.rpartition("/")
    below = f"{folder}/" if "/" in incomplete else ""
    for path in sorted(Path(below or ".").glob(f"{name}*")):
        if path.is_dir() or item.type == "file":
            yield f"{below}{path.name}" + ("/" if path.is_dir() else "")


def _offering(names: Callable[[], Iterable[str]]) -> Complete:
    def complete(_context: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        if "/" in incomplete:
            return [CompletionItem(incomplete, type="file")]
        with suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [CompletionItem(name) for name in names() if name.startswith(incomplete)]
        return []

    return complete


def _jobs() -> list[str]:
    return sorted({job for line in installed_lines().values() for job in line.job_names()})


def _references() -> list[str]:
    found = [(job, line.name) for line in installed_lines().values() for job in line.job_names()]
    return [f"{job}@{line}" for job, line in sorted(found, key=lambda each: each[0])]


def _job_releases() -> list[str]:
    found = [(job, line.release) for line in installed_lines().values() for job in line.job_names()]
    return [f"{job}@{release}" for job, release in sorted(found, key=lambda each: each[0])]


def _lines() -> list[str]:
    return list(brought_lines())


def _tables() -> list[str]:
    from dwh.core.ledger import SCHEMA_VERSION, Ledger

    ledger = Ledger(_impatient(load_config().ledger))
    return ledger.table_names() if ledger.version() == SCHEMA_VERSION else []


def _written_tables() -> list[str]:
    """Return the tables that jobs of the installed lines write, whether they have run or not."""
    found = (line.job(job) for line in installed_lines().values() for job in line.job_names())
    return sorted({job.writes.name for job in found})


def _environments() -> list[str]:
    """Return the configured environment, and those that have decided or run anything."""
    import sqlalchemy as sa

    from dwh.core.ledger import SCHEMA_VERSION, Ledger
    from dwh.core.ledger.schema import decisions, runs

    config = load_config()
    found = {config.environment}
    with suppress(Exception):
        ledger = Ledger(_impatient(config.ledger))
        if ledger.version() == SCHEMA_VERSION:
            columns = (sa.select(table.c.environment) for table in (decisions, runs))
            with ledger.reading() as connection:
                found |= set(connection.scalars(sa.union(*columns)))
    return sorted(found)


def _impatient(url: str) -> str:
    """Return a ledger's URL by which one waits no longer than a person does."""
    if url.startswith("sqlite"):
        return url
    return f"{url}{'&' if '?' in url else '?'}connect_timeout={_CONNECT_SECONDS}"


jobs = _offering(_jobs)
references = _offering(_references)
jobs_and_references = _offering(lambda: [*_jobs(), *_references()])
job_releases = _offering(_job_releases)
releases = _offering(lambda: [line.requirement for line in installed_lines().values()])
lines = _offering(_lines)
lines_or_when = _offering(lambda: ["original", "current", *_lines()])
tables = _offering(_tables)
written_tables = _offering(_written_tables)
catalogs = _offering(lambda: sorted(load_config().catalogs))
environments = _offering(_environments)

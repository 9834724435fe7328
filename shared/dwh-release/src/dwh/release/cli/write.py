"""Commands that write to the tree: change, exports, prepare, record, withdraw, yank."""

from __future__ import annotations

import sys

import click

from dwh.release.changing import suggested_name, write_fragment
from dwh.release.cli.options import as_json, package, packages, repo, today
from dwh.release.console import print_error, print_json, print_note
from dwh.release.exports import changed_exports, exports, exports_path
from dwh.release.fragments import KINDS, Fragment
from dwh.release.prepare import carry_out, plan_release
from dwh.release.recording import record_again
from dwh.release.repository import Repository
from dwh.release.versions import Step
from dwh.release.withdraw import withdraw
from dwh.release.yank import yank

__all__ = ["COMMANDS", "at_terminal"]


@click.command()
@package
@click.option("--kind", type=click.Choice(list(KINDS)), help="What the change is for its readers.")
@click.option("--text", help="What changed, in a sentence or more of Markdown.")
@click.option("--migration", help="What callers and readers have to do; a breaking change needs it.")
@click.option("--rerun", help="Which stored data a fix does not repair by itself.")
@click.option("--name", help="The change's name, the same in every line; by default made of the text.")
@repo
def change(
    package: str,
    kind: str | None,
    text: str | None,
    migration: str | None,
    rerun: str | None,
    name: str | None,
    repository: Repository,
) -> None:
    """Write a changelog fragment for PACKAGE; at a terminal it asks for what is missing.

    \b
    Examples:
      dwh-release change dwh-v0_1
      dwh-release change dwh-v0_1 --kind fix --text "Cancelled flights no longer count as on time." \\
          --rerun "Every date that 0.1.0 wrote." --name cancelled-on-time
    """
    chosen = repository.package(package)
    kind = kind or _ask("kind", f"kind ({', '.join(KINDS)})", click.Choice(list(KINDS)))
    text = text or _ask("text", "what changed, for readers")
    if kind == "breaking":
        migration = migration or _ask("migration", "what callers and readers have to do")
    fragment = Fragment(name or suggested_name(text), kind, text, migration or "", rerun or "", "")
    click.echo(write_fragment(repository, chosen, fragment))


def at_terminal() -> bool:
    """Tell whether there is someone to ask."""
    return sys.stdin.isatty()


def _ask(option: str, question: str, kind: click.Choice[str] | None = None) -> str:
    if not at_terminal():
        raise click.UsageError(f"--{option} is missing, and there is no terminal to ask at: give --{option}")
    return str(click.prompt(question, type=kind, show_choices=False))


@click.command()
@package
@click.argument("step", required=False, type=click.Choice(["patch", "minor", "major"]))
@click.option("--dry-run", is_flag=True, help="Show the notes and every edit, and change nothing.")
@repo
@as_json
def prepare(package: str, step: str | None, dry_run: bool, repository: Repository, as_json: bool) -> None:
    """Prepare a release of PACKAGE in one commit: version, VERSION, notes, recorded surface.

    STEP says what it may change: patch fixes, minor features, major breaks; by default the smallest
    that what changed allows. Before 1.0 a major step moves the second number, the others the third.

    \b
    Examples:
      dwh-release prepare dwh-v0_1 patch --dry-run
      dwh-release prepare dwh-v0_1 patch
    """
    chosen = repository.package(package)
    plan = plan_release(repository, chosen, Step[step] if step else None, today())
    commit = None if dry_run else carry_out(repository, plan, today())
    if as_json:
        print_json({**plan.to_dict(), "commit": commit})
        return
    if dry_run:
        click.echo(plan.diff(repository))
    bump = plan.version if plan.version == chosen.version else f"{chosen.version} → {plan.version}"
    click.echo(f"{chosen.name} {bump}\n\n{plan.notes}")
    if commit:
        print_note(
            f"committed {commit[:10]}; next: dwh-release build {chosen.name}, then dwh-release tag "
            f"{chosen.name}"
        )


@click.command()
@package
@repo
def record(package: str, repository: Repository) -> None:
    """Record the surface of PACKAGE's newest release again, before its commit.

    For a release that was prepared and whose commit was taken back (git reset --soft HEAD^) to change
    something. It passes the gate against the release before.

    \b
    Example:
      dwh-release record dwh-v0_1
    """
    found = record_again(repository, repository.package(package))
    print_note(f"recorded {found.data['package']} {found.version}; commit it")


@click.command("withdraw")
@package
@repo
def withdraw_command(package: str, repository: Repository) -> None:
    """Take back the newest release of PACKAGE, which was prepared and which no tag names. One commit.

    \b
    Example:
      dwh-release withdraw dwh-v0_1
    """
    chosen = repository.package(package)
    commit = withdraw(repository, chosen)
    print_note(f"committed {commit[:10]}: {chosen.name} {chosen.version} was never released")


@click.command("yank")
@package
@click.argument("version")
@click.option("--reason", required=True, help="What is wrong with it, for whoever runs it.")
@repo
def yank_command(package: str, version: str, reason: str, repository: Repository) -> None:
    """Take back the release VERSION of PACKAGE, which somebody may have. One commit.

    Its notes say so, and so does every later release: to `dwh jobs`, and to whoever names it exactly.

    \b
    Example:
      dwh-release yank dwh-v0_1 0.1.2 --reason "on_time is null for flights that were diverted"
    """
    chosen = repository.package(package)
    commit = yank(repository, chosen, version, reason, today())
    print_note(
        f"committed {commit[:10]}; next: yank {chosen.name} {version} on the index, too, and release "
        f"the fix: dwh-release prepare {chosen.name}"
    )


@click.command("exports")
@packages
@click.option("--renew", is_flag=True, help="Record what is exported now.")
@repo
def exports_command(packages: tuple[str, ...], renew: bool, repository: Repository) -> None:
    """Say how the public names and signatures differ from those in exports.txt, which a review reads.

    Exits with 1 when they differ, until they are recorded.

    \b
    Examples:
      dwh-release exports
      dwh-release exports dwh-core --renew
    """
    stale = []
    for chosen in map(repository.package, packages) if packages else repository.packages:
        now = exports(repository, chosen)
        changed = changed_exports(chosen, now)
        if renew:
            exports_path(chosen).write_text(now, "utf-8")
        elif changed:
            stale.append(chosen.name)
            click.echo("\n".join([f"{chosen.name}:", *changed]))
    if stale:
        print_error(
            "what is exported differs from exports.txt; if that is meant, "
            f"type: dwh-release exports {' '.join(stale)} --renew"
        )
        raise click.exceptions.Exit(1)


COMMANDS = (change, prepare, record, withdraw_command, yank_command, exports_command)

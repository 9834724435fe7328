"""Commands between lines and to the outside: port, line, branch, build, notes, tag."""

from __future__ import annotations

import os
from datetime import date, datetime, timedelta
from pathlib import Path

import click

from dwh.release.branch import line_of_branch, make_branch
from dwh.release.build import Built, build_prerelease, build_release, built_files
from dwh.release.cli.options import as_json, package, packages, repo, today
from dwh.release.console import print_json, print_note, print_rows
from dwh.release.ending import end_line
from dwh.release.next_line import open_line
from dwh.release.notes import release_page, section_of
from dwh.release.port import port
from dwh.release.prerelease import STAGES, find_prerelease, make_prerelease, notes_of_prerelease
from dwh.release.record import Records
from dwh.release.repository import Package, Repository
from dwh.release.tag import tag_release
from dwh.release.trial import Trial
from dwh.release.versions import Step

__all__ = ["COMMANDS"]

_MAINTENANCE = timedelta(days=365)


@click.command("port")
@click.argument("commit")
@click.option("--to", "target", metavar="PACKAGE", required=True, help="The line to take it to.")
@repo
@as_json
def port_command(commit: str, target: str, repository: Repository, as_json: bool) -> None:
    """Take COMMIT, a fix, to another line: code, tests and fragment. Nothing is committed.

    Paths and imports are rewritten, each file is merged three ways. Where that leaves a conflict, the
    file has its marks, the command says what to do, and exits with 1. Repeating it changes nothing.

    \b
    Example:
      dwh-release port 4b4a08f --to dwh-v0_1
    """
    done = port(repository, commit, repository.package(target), today())
    if as_json:
        print_json(vars(done))
    elif done.known:
        print_note(f"{target} has {done.known} already: nothing to do")
    else:
        rows = [*(("wrote", path) for path in done.written), *(("removed", path) for path in done.removed)]
        print_rows(("done", "path"), rows)
    for path, what in done.todo:
        click.echo(f"- {path}: {what}", err=as_json)
    if done.todo:
        raise click.exceptions.Exit(1)
    if not done.known:
        print_note(f"next: run the tests of {target}, then commit")


@click.command("line")
@click.argument("name")
@click.option(
    "--ends",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The last day on which the main line of today gets fixes; by default in a year.",
)
@repo
def line_command(name: str, ends: datetime | None, repository: Repository) -> None:
    """Open the line NAME as a copy of the main one, which goes into maintenance. One commit.

    \b
    Example:
      dwh-release line 0.3 --ends 2028-12-31
    """
    last: date = ends.date() if ends else today() + _MAINTENANCE
    opened, commit = open_line(repository, name, last, today())
    print_note(f"committed {commit[:10]}: {opened} is the main line; the one before gets fixes until {last}")


@click.command("end")
@click.argument("line")
@click.option("--reason", required=True, help="Why, for whoever asks next year.")
@repo
def end_command(line: str, reason: str, repository: Repository) -> None:
    """End LINE today: it gets one more release, which says so. One commit.

    Nothing else ends a line before its last day, and only a line that was ended can lose its folder.

    \b
    Example:
      dwh-release end 0.1 --reason "its last reader has moved to line 0.2"
    """
    package, commit = end_line(repository, line, reason, today())
    print_note(
        f"committed {commit[:10]}: line {package.line} has ended; next, its last release: dwh-release "
        f"prepare {package.name}"
    )


@click.command("branch")
@package
@click.argument("name", required=False)
@click.option("--from", "start", metavar="COMMIT", help="Where it begins, such as a tag; by default here.")
@repo
def branch_command(package: str, name: str | None, start: str | None, repository: Repository) -> None:
    """Make the branch of a maintenance line, or say how far it and this branch are apart.

    On it the line is fixed and released with the same commands as here. Fixes go both ways with
    dwh-release port, or with git merge.

    \b
    Examples:
      dwh-release branch dwh-v0_1                             makes 0.1.0-maintenance
      dwh-release branch dwh-v0_1 --from dwh-v0_1@0.1.1       from what was released
    """
    chosen = repository.package(package)
    made = make_branch(repository, chosen, today(), name, start)
    if made.new:
        print_note(f"made {made.name} at {made.commit[:10]}; next: git switch {made.name}")
        return
    print_note(
        f"{made.name} is at {made.commit[:10]}; of {chosen.name} it has {made.ahead} commits that are not "
        f"here, and lacks {made.behind}"
    )


@click.command("build")
@packages
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path("dist"),
    help="The folder to write to; by default dist/.",
)
@click.option(
    "--no-install", is_flag=True, help="Leave out the fresh environment: installing, importing, tests."
)
@click.option(
    "--tests",
    metavar="MARKS",
    help="Which of the tests of test-marks to run there, as pytest's -m has it; by default all.",
)
@repo
@as_json
def build_command(
    packages: tuple[str, ...],
    output: Path,
    no_install: bool,
    tests: str | None,
    repository: Repository,
    as_json: bool,
) -> None:
    """Build PACKAGE, or every released package: sdist and wheel, the same bytes from every clone.

    Checks metadata and contents, installs the wheel into a fresh environment with every other
    supported line, runs its tests there, and prints the SHA-256 of both files.

    \b
    Examples:
      dwh-release build dwh-v0_1
      dwh-release build dwh-v0_1@0.1.2 --output dist
      dwh-release build dwh-v0_2@0.2.1rc1
    """
    names = packages or tuple(one.name for one in _released(repository))
    trial = None if no_install else Trial(tests)
    built = [_built(repository, name, output, trial) for name in names]
    if as_json:
        print_json([one.to_dict() for one in built])
        return
    for one in built:
        _print_built(one)


def _built(repository: Repository, name: str, output: Path, trial: Trial | None) -> Built:
    if found := find_prerelease(repository, name):
        return build_prerelease(repository, found, output, today(), trial)
    return build_release(repository, repository.package(name), output, today(), trial)


def _released(repository: Repository) -> list[Package]:
    found = [p for p in repository.packages if p.supported(today()) and Records(repository.git, p).last]
    own = line_of_branch(repository)
    return [package for package in found if own in (None, package)]


def _print_built(built: Built) -> None:
    for name, digest in built.to_dict()["sha256"].items():
        click.echo(f"{digest}  {name}")
    print_note(f"{built.package.tag}: {'; '.join(built.tried) or 'not installed anywhere'}")


@click.command("notes")
@package
@click.option(
    "--files",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The folder that the release was built into: its digests are added.",
)
@repo
def notes_command(package: str, files: Path | None, repository: Repository) -> None:
    """Print the notes of the release of PACKAGE that the tree holds, as Markdown for its page.

    \b
    Examples:
      dwh-release notes dwh-v0_1
      dwh-release notes dwh-v0_1@0.1.2 --files dist
    """
    found = find_prerelease(repository, package)
    chosen = found.package if found else repository.package(package)
    notes = notes_of_prerelease(chosen) if found else section_of(chosen, chosen.version)
    if files:
        address = repository.address or _address_of_service()
        notes = release_page(chosen, notes, built_files(chosen, files), address)
    click.echo(notes, nl=False)


def _address_of_service() -> str | None:
    """Return where the repository is whose workflow runs this, as GitHub's runners tell it."""
    server, name = os.environ.get("GITHUB_SERVER_URL"), os.environ.get("GITHUB_REPOSITORY")
    return f"{server}/{name}" if server and name else None


@click.command("tag")
@package
@repo
def tag_command(package: str, repository: Repository) -> None:
    """Tag the release of PACKAGE that the tree holds, as PACKAGE@VERSION. Pushing the tag publishes it.

    \b
    Example:
      dwh-release tag dwh-v0_1      makes dwh-v0_1@0.1.2
    """
    tag, new = tag_release(repository, repository.package(package), today())
    print_note(f"{tag} {'made' if new else 'was there'}; publish it: git push origin {tag}")


@click.command("prerelease")
@package
@click.argument("step", required=False, type=click.Choice(["patch", "minor", "major"]))
@click.option(
    "--kind", type=click.Choice(list(STAGES)), default="rc", show_default=True, help="How ready it is."
)
@repo
def prerelease_command(package: str, step: str | None, kind: str, repository: Repository) -> None:
    """Tag what is committed as the next pre-release of PACKAGE, such as 0.2.1rc1. The tree does not change.

    Whoever names it exactly gets it, and no range does. The release itself is prepared as ever.

    \b
    Example:
      dwh-release prerelease dwh-v0_2      makes dwh-v0_2@0.2.1rc1
    """
    chosen = repository.package(package)
    tag, notes = make_prerelease(repository, chosen, kind, Step[step] if step else None, today())
    click.echo(notes)
    print_note(f"{tag} made; next: dwh-release build {tag}; publish it: git push origin {tag}")


COMMANDS = (
    port_command,
    line_command,
    end_command,
    branch_command,
    build_command,
    notes_command,
    prerelease_command,
    tag_command,
)

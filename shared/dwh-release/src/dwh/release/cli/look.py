"""Commands that look: status, check, unported."""

from __future__ import annotations

import sys

import click

from dwh.core.errors import DwhError
from dwh.core.output import takes_styles
from dwh.release.cli.options import as_json, packages, readable_repo, repo, today
from dwh.release.console import print_error, print_json, print_note, print_rows
from dwh.release.edits import Edits
from dwh.release.errors import RepositoryError
from dwh.release.fixes import DECISIONS, FILE, Decision, Unported, decided, unported
from dwh.release.gate import Report, check_each
from dwh.release.prerelease import tree_package
from dwh.release.repository import Package, Repository

__all__ = ["COMMANDS"]

Found = list[tuple[Package, Report | DwhError]]


@click.command()
@readable_repo
@as_json
def status(repository: Repository, as_json: bool) -> None:
    """Show each package: what is released, what changed since, and what would come next.

    \b
    Example:
      dwh-release status
    """
    found = check_each(repository, repository.packages, today())
    if as_json:
        _print_json(repository, found)
    else:
        columns = (
            "package", "status", "released", "changed", "step", "next", "fragments", "unported", "gate",
        )  # fmt: skip
        rows = [
            (package.name, package.status, *[""] * 6, "cannot be read")
            if isinstance(report, DwhError)
            else _status_row(report)
            for package, report in found
        ]
        print_rows(
            columns, [*rows, *((path, *[""] * 7, "cannot be read") for path in repository.broken or ())]
        )
        if repository.broken or not all(_is_ok(report) for _, report in found):
            print_note("for the reasons: dwh-release check PACKAGE")
    _stop_at_errors(repository, found)


def _is_ok(report: Report | DwhError) -> bool:
    return not (isinstance(report, DwhError) or report.problems)


def _print_json(repository: Repository, found: Found) -> None:
    print_json(
        [
            {"package": package.name, "passed": False, "problems": [str(report)]}
            if isinstance(report, DwhError)
            else report.to_dict()
            for package, report in found
        ]
        + [
            {"package": path, "passed": False, "problems": [str(error)]}
            for path, error in (repository.broken or {}).items()
        ]
    )


def _stop_at_errors(repository: Repository, found: Found) -> None:
    """Print what could not be read, and exit with the gravest code if there is something."""
    errors = [report for _, report in found if isinstance(report, DwhError)]
    errors += (repository.broken or {}).values()
    for error in errors:
        print_error(str(error))
    if errors:
        raise click.exceptions.Exit(max(error.exit_code for error in errors))


def _status_row(report: Report) -> tuple[object, ...]:
    ends = report.package.source.ends if report.package.source else None
    return (
        report.package.name,
        f"{report.package.status} until {ends}" if ends else report.package.status,
        report.last.version if report.last else "not yet",
        len(report.findings) or "nothing",
        report.step if report.baseline or report.step else "first",
        report.following or "",
        ", ".join(f"{fragment.name} ({fragment.kind})" for fragment in report.fragments) or "none",
        ", ".join(fix.name for fix in report.unported) or "none",
        "failed" if report.problems else "ok",
    )


@click.command("check")
@packages
@readable_repo
@as_json
def check_command(packages: tuple[str, ...], repository: Repository, as_json: bool) -> None:
    """Pass the gate: does the version, and do the fragments, say what really changed?

    Compares the tree with released/<last>.json: names, signatures, constants, jobs, contracts and
    their meaning. Exits with 1 when a package could not be released as it is.

    \b
    Examples:
      dwh-release check
      dwh-release check dwh-v0_1 --json
    """
    chosen = [tree_package(repository, name) for name in packages] or repository.packages
    found = check_each(repository, chosen, today())
    reports = [report for _, report in found if isinstance(report, Report)]
    if as_json:
        _print_json(repository, found)
    else:
        for report in reports:
            _print_report(report)
    _stop_at_errors(repository, found)
    if any(report.problems for report in reports):
        raise click.exceptions.Exit(1)


def _print_report(report: Report) -> None:
    baseline = (
        f"{report.baseline.data['package']} {report.baseline.version}"
        if report.baseline
        else "nothing released"
    )
    verdict = "failed" if report.problems else "ok"
    smallest = (
        f"{report.step}, to {report.following}" if report.step and report.following else "no step needed"
    )
    if takes_styles(sys.stdout):
        verdict = click.style(verdict, "red" if report.problems else "green")
    click.echo(f"{report.package.name} against {baseline}: {verdict}; {smallest}")
    if report.findings:
        rows = [(f"waived: {f.waived}" if f.waived else f.step, f.place, f.message) for f in report.findings]
        print_rows(("step", "where", "what"), rows)
    for problem in report.problems:
        click.echo(f"- {problem}")


@click.command("unported")
@click.argument("fix", required=False)
@click.option("--in", "package", metavar="PACKAGE", help="The line: to list its fixes, or to decide for it.")
@click.option("--decision", type=click.Choice(DECISIONS), help="What was decided about FIX.")
@click.option("--reason", help="Why, for whoever asks next year.")
@repo
@as_json
def unported_command(
    fix: str | None,
    package: str | None,
    decision: str | None,
    reason: str | None,
    repository: Repository,
    as_json: bool,
) -> None:
    """List the fixes that a line lacks, or record what was decided about one.

    \b
    Examples:
      dwh-release unported
      dwh-release unported late-flights --in dwh-v0_2 --decision "not affected" --reason "counts arrivals"
    """
    chosen = repository.package(package) if package else None
    if fix is None and decision is None:
        _print_unported(repository, package, as_json)
        return
    if not (fix and chosen and decision and reason):
        raise click.UsageError("to decide, give FIX, --in PACKAGE, --decision and --reason")
    content = decided(repository, chosen, [Decision(fix, decision, reason)])
    with Edits(repository.git) as edits:
        edits.write(chosen.relative(FILE), content)
    print_note(f"wrote {chosen.relative(FILE)}; commit it")


def _print_unported(repository: Repository, package: str | None, as_json: bool) -> None:
    chosen = repository.package(package) if package else None
    if chosen and chosen.line is None:
        raise RepositoryError(
            "listing fixes", f"{chosen.name} is not a line", "name a line, see: dwh-release status"
        )
    found = unported(repository, today(), chosen)
    if as_json:
        print_json([fix.to_dict() for fix in found])
    elif found:
        print_rows(
            ("fix", "kind", "in", "lacks"), [(f.name, f.kind, ", ".join(f.origins), f.lacks) for f in found]
        )
        for fix in found:
            if fix.release:
                print_note(f"for {fix.name}, {fix.way}")
            elif commit := _commit_of(repository, fix):
                print_note(f"for {fix.name}: dwh-release port {commit} --to {fix.lacks}")
        print_note(
            "next: dwh-release port COMMIT --to PACKAGE, or decide: dwh-release unported FIX --in "
            "PACKAGE --decision …"
        )
    else:
        print_note("every supported line has every fix, or a decision about it")


def _commit_of(repository: Repository, fix: Unported) -> str | None:
    """Return the commit that brought a fix's fragment to the first line that has it here."""
    here = {package.name: package for package in repository.lines}
    homes = [here[name] for name in fix.origins if name in here]
    paths = [
        home.relative("changes", f"{fix.name}.{kind}.md") for home in homes for kind in ("fix", "security")
    ]
    words = ("log", "--reverse", "--format=%h", "--diff-filter=A", "--", *paths)
    found = (repository.git.try_run(*words) or "").split() if paths else []
    return found[0] if found else None


COMMANDS = (status, check_command, unported_command)

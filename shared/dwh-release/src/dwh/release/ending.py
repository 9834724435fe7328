"""End a line: `dwh-release end`, the only way in which the gate lets a line go."""

from __future__ import annotations

from datetime import date

from dwh.release._line_source import with_status
from dwh.release._text import text_of
from dwh.release.edits import Edits
from dwh.release.ended import ENDED, Ended, ended_content, read_ended
from dwh.release.errors import LineError
from dwh.release.fragments import Fragment
from dwh.release.gate import check
from dwh.release.lines_table import pages_with_lines, row_of
from dwh.release.repository import Package, Repository

__all__ = ["end_line"]


def end_line(repository: Repository, line: str, reason: str, today: date) -> tuple[Package, str]:
    """End a line today, in one commit; returns its package and the commit.

    The next release of the package says so, and is its last. A failure leaves the tree as it was.

    Parameters:
        line: the line, such as 0.1, or its package.
        reason: why, for whoever asks next year.

    Raises LineError, TreeError or GateError.
    """
    doing = f"ending line {line}"
    repository.git.require_branch(doing)
    repository.git.require_clean(doing)
    package = _line(repository, line, doing)
    if len(reason.split()) < 3:
        raise LineError(
            doing, f"{reason!r} is not a reason", "say why with --reason, for whoever asks next year"
        )
    end = Ended(package.line or "", package.name, _released(repository, package, today, doing), today, reason)
    with Edits(repository.git) as edits:
        edits.write(ENDED, ended_content(read_ended(repository.root) | {package.name: end}))
        edits.write(*_source(repository, package, today))
        notice = Fragment("ended", "notice", _said(repository, end), "", "", "")
        edits.write(package.relative("changes", "ended.notice.md"), notice.content())
        after = Repository(repository.root)
        for path, text in pages_with_lines(after, map(row_of, after.lines)):
            edits.write(path, text)
        check(after, after.package(package.name), today).require_passed()
        return package, edits.commit(f"End line {package.line}\n\n{reason}")


def _line(repository: Repository, line: str, doing: str) -> Package:
    for package in repository.lines:
        if line in (package.line, package.name):
            if package.status == "ended":
                raise LineError(doing, "it has ended", "see: dwh-release status")
            if package == repository.main:
                raise LineError(doing, "it is the main line", "open the next one first: dwh-release line …")
            return package
    names = ", ".join(package.line or "" for package in repository.lines)
    raise LineError(doing, f"there is no such line (lines: {names})", "see: dwh-release status")


def _released(repository: Repository, package: Package, today: date, doing: str) -> str:
    report = check(repository, package, today)
    report.require_passed()
    if report.last is None or report.step:
        hint = f"release it first: dwh-release prepare {package.name}"
        raise LineError(doing, f"{package.name} holds what is not released", hint)
    return report.last.version


def _source(repository: Repository, package: Package, today: date) -> tuple[str, str]:
    source = package.source
    if source is None:
        raise LineError(f"ending {package.name}", "it is not a line", "name a line")
    attribute = package.project["entry-points"]["dwh.lines"][package.line].partition(":")[2]
    text = with_status(text_of(source.path), source.path, attribute, "ended", today)
    return source.path.relative_to(repository.root).as_posix(), text


def _said(repository: Repository, end: Ended) -> str:
    return (
        f"Line {end.line} ended on {end.on} and gets no more fixes: {end.reason.rstrip('.')}. "
        f"Line {repository.main.line} is the main line."
    )

"""Open the next line: copy the main one, give it its names, and turn the old one to maintenance.

No fragment, waiver or released surface comes along, and no declared `changes`: they say what differs
from the line before, and nothing does yet; nor do the tests that look at them. The new line keeps the
decisions about fixes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import tomlkit

from dwh.release import fixes, waivers
from dwh.release._job_source import without_changes, without_tests_of_changes
from dwh.release._line_source import with_status
from dwh.release._renaming import Renaming, renumbered
from dwh.release._text import text_of
from dwh.release.edits import Edits
from dwh.release.errors import GateError, LineError
from dwh.release.fixes import Decision, fixes_of, read_decisions
from dwh.release.fragments import Fragment
from dwh.release.gate import check
from dwh.release.lines_table import pages_with_lines, row_of, table_row
from dwh.release.repository import Package, Repository
from dwh.release.versions import first_release, parse_line

__all__ = ["open_line"]

_LEFT_BEHIND = ("changes/", "released/", "CHANGELOG.md", fixes.FILE, waivers.FILE)


def open_line(repository: Repository, line: str, ends: date, today: date) -> tuple[str, str]:
    """Open a line in one commit; returns its package and the commit. A failure leaves the tree as it was.

    Parameters:
        line: its name, such as 0.3.
        ends: the last day on which the line that is the main one now gets fixes.

    Raises LineError, TreeError or GateError.
    """
    doing = f"opening line {line}"
    repository.git.require_branch(doing)
    repository.git.require_clean(doing)
    main = repository.main
    _require_next(repository, main, line, doing)
    _require_released(repository, main, today, doing)
    if ends < today:
        raise LineError(
            doing, f"line {main.line} would have ended on {ends}", "give a day to come with --ends"
        )
    opening = _Opening(repository, main, line, ends)
    with Edits(repository.git) as edits:
        for path, content in opening.edits():
            edits.write(path, content)
        _require_passing(repository, (main.name, opening.name), today)
        return opening.name, edits.commit(f"Open line {line}; line {main.line} goes into maintenance")


def _require_next(repository: Repository, main: Package, line: str, doing: str) -> None:
    if any(package.line == line for package in repository.lines):
        raise LineError(doing, "it exists", "see: dwh-release status")
    newest = max(parse_line(package.line or "0.0") for package in repository.lines)
    major, minor = parse_line(line)
    if (major, minor) <= newest or (major and minor):
        raise LineError(
            doing,
            f"the main line is {main.line}, at {main.version}, and from 1.0 on a line is a MAJOR",
            f"name a later one, such as {_after(main.line or line)}",
        )


def _after(line: str) -> str:
    major, minor = parse_line(line)
    return f"{major}.{minor + 1}" if major == 0 else f"{major + 1}.0"


def _require_released(repository: Repository, main: Package, today: date, doing: str) -> None:
    report = check(repository, main, today)
    report.require_passed()
    if report.last is None or report.step:
        since = f"since {report.last.version}" if report.last else "yet"
        raise LineError(
            doing, f"{main.name} holds what is not released {since}", f"type: dwh-release prepare {main.name}"
        )


def _require_passing(repository: Repository, names: tuple[str, ...], today: date) -> None:
    after = Repository(repository.root)
    for name in names:
        report = check(after, after.package(name), today)
        if report.problems:
            raise GateError(name, report.problems)


class _Opening:
    """The edits that open a line."""

    def __init__(self, repository: Repository, main: Package, line: str, ends: date) -> None:
        self._repository, self._main, self._line, self._ends = repository, main, line, ends
        self._old = main.line or ""
        self.name = renumbered(main.name, self._old, line)
        self._module = renumbered(main.module, self._old, line)
        self._path = f"{main.path.rpartition('/')[0]}/{renumbered(main.folder.name, self._old, line)}".lstrip(
            "/"
        )
        self._renaming = Renaming((main.name, main.module, self._old), (self.name, self._module, line))
        if (repository.root / self._path).exists():
            raise LineError(f"opening line {line}", f"{self._path} exists", "move it away")

    def edits(self) -> Iterator[tuple[str, str | bytes]]:
        """Yield each path and its new content."""
        yield from self._copies()
        yield f"{self._path}/{fixes.FILE}", self._decisions()
        yield from self._old_main()
        yield "VERSION", f"{first_release(self._line)}\n"
        yield from self._settings()
        yield from pages_with_lines(self._repository, self._rows())

    def _copies(self) -> Iterator[tuple[str, str | bytes]]:
        for path in self._repository.git.tracked(self._main.path):
            inside = path.removeprefix(f"{self._main.path}/")
            if inside.startswith(_LEFT_BEHIND):
                continue
            content = (self._repository.root / path).read_bytes()
            yield f"{self._path}/{self._renaming.text(inside)}", self._copy(inside, content)

    def _copy(self, inside: str, content: bytes) -> bytes:
        if inside == "pyproject.toml":
            return self._pyproject(content.decode()).encode()
        try:
            text = self._renaming.text(content.decode("utf-8"))
        except UnicodeDecodeError:
            return content
        text = self._in_words(text)
        if inside.startswith("tests/"):
            # In code of a job a quoted number may be data; in its tests it is the line.
            text = re.sub(rf"([\"']){re.escape(self._old)}\1", rf"\g<1>{self._line}\1", text)
            text = text.replace(self._main.version, first_release(self._line))
            text = without_tests_of_changes(text) if inside.endswith(".py") else text
        elif inside.endswith(".py"):
            text = without_changes(text)
        return text.encode()

    def _in_words(self, text: str) -> str:
        text = re.sub(rf"\b([Ll]ine) {re.escape(self._old)}(?!\.?\d)", rf"\1 {self._line}", text)
        text = text.replace(f"{self.name}=={self._main.version}", f"{self.name}=={first_release(self._line)}")
        return text.replace(f"@{self._main.version}", f"@{first_release(self._line)}")

    def _pyproject(self, text: str) -> str:
        document: Any = tomlkit.parse(self._in_words(self._renaming.text(text)))
        document["project"]["version"] = first_release(self._line)
        entries = document["project"]["entry-points"]["dwh.lines"]
        entries[self._line] = entries.pop(self._old)
        document["tool"]["dwh"]["line"] = self._line
        return tomlkit.dumps(document)

    def _decisions(self) -> str:
        decisions = {decision.name: decision for decision in read_decisions(self._main)}
        reason = f"line {self._line} was copied from line {self._old}, which had it"
        for name in fixes_of(self._repository, self._main):
            decisions[name] = Decision(name, "ported", reason)
        return fixes.content_of(decisions.values())

    def _old_main(self) -> Iterator[tuple[str, str]]:
        main, source = self._main, self._main.source
        if source is None:
            return
        entry = main.project["entry-points"]["dwh.lines"][self._old]
        attribute = entry.partition(":")[2]
        before = text_of(source.path)
        text = with_status(before, source.path, attribute, "maintenance", self._ends)
        yield source.path.relative_to(self._repository.root).as_posix(), _in_maintenance(text)
        pyproject = text_of(main.folder / "pyproject.toml")
        yield main.relative("pyproject.toml"), _in_maintenance(pyproject)
        readme = main.folder / "README.md"
        if readme.is_file():
            yield main.relative("README.md"), _in_maintenance(text_of(readme))
        said = (
            f"Line {self._old} is in maintenance until {self._ends}: it gets fixes only. Line "
            f"{self._line} is the main line."
        )
        notice = Fragment("maintenance", "notice", said, "", "", "")
        yield main.relative("changes", "maintenance.notice.md"), notice.content()

    def _settings(self) -> Iterator[tuple[str, str]]:
        """Put the new line beside the old one wherever the top pyproject.toml lists it."""
        path = self._repository.root / "pyproject.toml"
        if path.is_file():
            text = text_of(path)
            document = tomlkit.parse(text)
            self._add_beside(document)
            if tomlkit.dumps(document) != text:
                yield "pyproject.toml", tomlkit.dumps(document)

    def _add_beside(self, node: Any) -> None:
        if isinstance(node, dict):
            for key in list(node):
                new = self._renaming.text(key)
                if new != key and new not in node:
                    node[new] = node[key]
                self._add_beside(node[key])
        elif isinstance(node, list):
            for position, item in reversed(list(enumerate(node))):
                new = self._renaming.text(item) if isinstance(item, str) else item
                if new != item and new not in node:
                    node.insert(position + 1, new)
                elif not isinstance(item, str):
                    self._add_beside(item)

    def _rows(self) -> Iterator[str]:
        for package in self._repository.lines:
            if package == self._main:
                yield table_row(self._old, package.name, package.module, "maintenance", self._ends)
            else:
                yield row_of(package)
        yield table_row(self._line, self.name, self._module, "main", None)


def _in_maintenance(text: str) -> str:
    """Return a text of the old main line without its saying that it is the main one."""
    text = re.sub(r"\bThe main line\.", "Maintenance: it gets fixes only.", text)
    text = text.replace("(main)", "(maintenance)")
    return re.sub(r": the main line\.", ": maintenance, fixes only.", text)

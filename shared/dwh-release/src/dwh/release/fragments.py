"""Changelog fragments: `changes/<name>.<kind>.md`, one for each change that someone will notice.

    In 0.1.0 cancelled flights counted as on time.

    ## Re-run

    Every date that 0.1.0 wrote.

The first part is for the notes. `## Migration` says what callers and readers have to do, and a
breaking fragment has it; `## Re-run` says which stored data a fix does not mend by itself. The name
is the change's identity: a fix that is ported keeps it, so that one can see which line has it. A
`notice` tells of something that is no change of behaviour, such as the end of a line.

The names are towncrier's. The tool itself is not used: its fragments hold one text, and a break
must have two; and its notes cannot hold what the code declares.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import tomllib

from dwh.release._text import text_of
from dwh.release.errors import FragmentError
from dwh.release.repository import Package
from dwh.release.versions import Step

__all__ = ["KINDS", "Fragment", "parse_fragment", "read_fragments", "toml_tables", "valid_name"]

KINDS = {
    "fix": Step.patch,
    "security": Step.patch,
    "notice": Step.patch,
    "feature": Step.minor,
    "breaking": Step.major,
}
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_FILE = re.compile(r"(?P<name>.+)\.(?P<kind>[a-z]+)\.md", re.ASCII)
_EMPTY = re.compile(
    r"(todo|tbd|fixme|wip|xxx|n/?a|fix(ed)?|bug ?fix|changes?|update[ds]?|misc|none)?", re.IGNORECASE
)
_SECTIONS = ("Migration", "Re-run")


@dataclass(frozen=True)
class Fragment:
    """One fragment.

    Attributes:
        name, kind: from the file's name.
        text: what changed, for readers.
        migration: what they have to do; never empty in a breaking fragment.
        rerun: which stored data to compute again.
        path: relative to the repository's top.
    """

    name: str
    kind: str
    text: str
    migration: str
    rerun: str
    path: str

    @property
    def step(self) -> Step:
        """The smallest step that the fragment asks for."""
        return KINDS[self.kind]

    def content(self) -> str:
        """Return the file's content."""
        parts = [self.text]
        for title, text in zip(_SECTIONS, (self.migration, self.rerun), strict=True):
            if text:
                parts.append(f"## {title}\n\n{text}")
        return "\n\n".join(parts) + "\n"


def valid_name(name: str) -> str:
    """Return a fragment's name; raises FragmentError."""
    if not _NAME.fullmatch(name):
        raise FragmentError(
            "naming a fragment",
            f"{name!r} cannot be used",
            "write lower-case words joined by hyphens, such as late-flights",
        )
    return name


def read_fragments(package: Package) -> list[Fragment]:
    """Return the open fragments of a package by name; raises FragmentError."""
    folder = package.folder / "changes"
    paths = sorted(
        path for path in folder.glob("*") if not path.name.startswith(".") and path.name != "README.md"
    )
    return [_read(path, package.relative("changes", path.name)) for path in paths]


def _read(path: Path, shown: str) -> Fragment:
    match = _FILE.fullmatch(path.name)
    if match is None or match["kind"] not in KINDS:
        raise FragmentError(
            f"reading {shown}", "it is not a fragment", f"name it <name>.<{'|'.join(KINDS)}>.md"
        )
    valid_name(match["name"])
    return parse_fragment(match["name"], match["kind"], text_of(path), shown)


def toml_tables(path: Path, name: str, doing: str) -> list[object]:
    """Return the tables `[[name]]` of a TOML file; raises FragmentError."""
    try:
        found = tomllib.loads(text_of(path)).get(name, [])
    except tomllib.TOMLDecodeError as error:
        raise FragmentError(doing, str(error), "fix the file") from error
    if not isinstance(found, list):
        raise FragmentError(doing, f"{name} is {found!r}", f"write each as a table [[{name}]]")
    return found


def parse_fragment(name: str, kind: str, content: str, path: str) -> Fragment:
    """Read a fragment's content; raises FragmentError when it says nothing."""
    doing = f"reading {path}"
    text, *rest = re.split(r"^## +(.+?) *$", content.strip(), flags=re.MULTILINE)
    sections = {title: body.strip() for title, body in zip(rest[::2], rest[1::2], strict=True)}
    unknown = sections.keys() - set(_SECTIONS)
    if unknown:
        raise FragmentError(
            doing, f"section {sorted(unknown)[0]!r} is unknown", f"sections: {', '.join(_SECTIONS)}"
        )
    _require_words(doing, "it says nothing", text)
    if kind == "breaking":
        _require_words(doing, "a breaking change needs its migration text", sections.get("Migration", ""))
    return Fragment(name, kind, text.strip(), sections.get("Migration", ""), sections.get("Re-run", ""), path)


def _require_words(doing: str, problem: str, text: str) -> None:
    words = re.sub(r"[\W_]+", " ", text).strip()
    if _EMPTY.fullmatch(words) or len(words.split()) < 3:
        hint = (
            "under ## Migration say what readers must do"
            if "migration" in problem
            else "write a sentence for readers"
        )
        raise FragmentError(doing, f"{problem} (found: {text.strip()!r})", hint)

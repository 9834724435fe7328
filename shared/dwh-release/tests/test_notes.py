"""Release notes, made of what people wrote and what the code declares."""

from __future__ import annotations

from typing import Any

import pytest
from monorepo import TODAY, Monorepo

from dwh.release.errors import RepositoryError
from dwh.release.fragments import parse_fragment
from dwh.release.notes import changelog_with, declared_notes, release_page, section

CHANGES: list[dict[str, Any]] = [
    {"change": "Renamed", "old": "a", "new": "b", "reason": "says its unit"},
    {"change": "Added", "column": "c", "reason": "asked for | wanted"},
    {"change": "Removed", "column": "d", "reason": "never filled"},
    {
        "change": "Expected",
        "column": "e",
        "kind": "to_null",
        "reason": "unknown is null",
        "where": "new.e IS NULL",
    },
    {"change": "Expected", "column": None, "kind": "row_added", "reason": "late rows count", "where": "true"},
]


def jobs(changes: list[dict[str, Any]]) -> dict[str, Any]:
    """One job that declares these changes."""
    writes = {
        "name": "shop.sales",
        "columns": [],
        "key": [],
        "partition_by": None,
        "doc": "",
        "may_be_empty": False,
    }
    return {"sales": {"class": "Sales", "reads": [], "writes": writes, "changes": changes}}


def test_declared_changes_become_a_table_and_steps(released: Monorepo) -> None:
    """Every kind, in the order of the declaration; what would break the table is escaped."""
    package = released.repository().package("dwh-v0_2")
    text = section(package, "0.2.0", TODAY, [], declared_notes(jobs(CHANGES), {}, "0.1"), "0.1")
    assert "### `shop.sales`: what differs from line 0.1" in text
    for row in (
        "| `a` | `b` | renamed | says its unit |",
        "|  | `c` | added | asked for \\| wanted |",
        "| `d` |  | removed | never filled |",
        "| `e` | `e` | null where there was a value, where `new.e IS NULL` | unknown is null |",
        "|  |  | more rows | late rows count |",
    ):
        assert f"{row}\n" in text
    steps = [line for line in text.splitlines() if line[:1].isdigit()]
    assert len(steps) == 6 and steps[0] == "1. Read `b` where you read `a`."
    assert steps[-1].startswith("6. Until then stay on line 0.1:")


def test_what_the_last_release_declared_is_not_told_again() -> None:
    """A later release of the same line tells what is new alone."""
    found = declared_notes(jobs(CHANGES), jobs(CHANGES[:4]), "0.1")
    assert [len(notes.rows) for notes in found] == [1]
    assert declared_notes(jobs(CHANGES), jobs(CHANGES), "0.1") == []


def test_fragments_are_grouped_by_kind_gravest_first(released: Monorepo) -> None:
    """Breaks with their migration text, fixes with what to run again."""
    fragments = [
        parse_fragment("one", "fix", "Fixes this and that.\n\n## Re-run\n\nAll of January.", "x"),
        parse_fragment("two", "breaking", "Breaks this and that.\n\n## Migration\n\nRead it anew.", "x"),
        parse_fragment("three", "security", "Closes this and that.", "x"),
    ]
    text = section(released.repository().package("dwh-v0_2"), "0.2.1", TODAY, fragments, [], "0.1")
    places = [
        text.index(words)
        for words in ("### Breaking", "**Migration.** Read it anew.", "### Security", "### Fixes")
    ]
    assert places == sorted(places) and "**Re-run.** All of January." in text


def test_the_newest_section_comes_first() -> None:
    """Whether or not there was a changelog, and the rest is left alone."""
    first = changelog_with("x", "", "## 0.1.0 (2026-01-01)\n\nFirst.\n")
    second = changelog_with("x", first, "## 0.1.1 (2026-01-02)\n\nSecond.\n")
    assert second.startswith("# Changelog of x\n") and second.index("0.1.1") < second.index("0.1.0")
    assert second.endswith("## 0.1.0 (2026-01-01)\n\nFirst.\n")


@pytest.mark.parametrize("said", ["https://example.org/acme/shops", "https://example.org/acme/shops/"])
def test_notes_link_to_the_page_of_their_release(repo: Monorepo, said: str) -> None:
    """Where the repository says its address; the page links back to all notes."""
    repo.write("pyproject.toml", f'[tool.dwh]\nrepository = "{said}"\n')
    repo.write("shared/dwh-extra/changes/words.notice.md", "It is described otherwise.\n")
    repo.commit()
    repo.release("dwh-extra")
    heading = (
        "## 0.4.1 (2026-11-22)\n\n[Files, and their SHA-256](https://example.org/acme/shops/releases/tag/"
    )
    assert f"{heading}dwh-extra%400.4.1)\n\n### Notices" in repo.read("shared/dwh-extra/CHANGELOG.md")
    assert repo.run("check", "dwh-extra").code == 0
    package = repo.repository().package("dwh-extra")
    page = release_page(package, "Notes.", [], repo.repository().address)
    log = "shared/dwh-extra/CHANGELOG.md"
    assert f"[{log}](https://example.org/acme/shops/blob/dwh-extra%400.4.1/{log})" in page


def test_a_repository_without_an_address_links_where_its_service_says(
    repo: Monorepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a workflow's runner does; elsewhere the file is named."""
    assert repo.run("build", "dwh-extra", "--no-install").code == 0
    typed = ("notes", "dwh-extra", "--files", "dist")
    log = "shared/dwh-extra/CHANGELOG.md"
    assert f"All releases: {log}\n" in repo.run(*typed).out
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://git.example.org")
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/shops")
    assert f"(https://git.example.org/acme/shops/blob/dwh-extra%400.4.0/{log})" in repo.run(*typed).out


@pytest.mark.parametrize("said", ['"git@example.org:acme/shops"', '"https://x.org/a) [b](c"', "7"])
def test_an_address_that_is_none_is_refused(repo: Monorepo, said: str) -> None:
    """It would end in the notes as it is."""
    repo.write("pyproject.toml", f"[tool.dwh]\nrepository = {said}\n")
    with pytest.raises(RepositoryError, match="repository is"):
        assert repo.repository().address

"""The Markdown says the verdict first, is well formed, and no value acts in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from dwh.compare.model import Cell, CellChange, Comparison, Measurement, Rows, SampleRow, Side, Split
from dwh.compare.report.markdown import to_markdown
from dwh.compare.safe_text import show, visible

ACTIVE = st.text(st.sampled_from("`|\\<>&*_[]()!#@ \n~:/w.-=1"), max_size=12)
OWN_TAGS = {"h2", "h3", "p", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "code", "strong"}


class Seen(HTMLParser):
    """The tags of a page, and the texts of its code elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.codes: list[str] = []
        self._open = False
        self.feed(page)

    def handle_starttag(self, tag: str, _attributes: object) -> None:
        self.tags.add(tag)
        if tag == "code":
            self._open = True
            self.codes.append("")

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag != "code"

    def handle_data(self, data: str) -> None:
        if self._open:
            self.codes[-1] += data


def rendered(markdown: str) -> Seen:
    return Seen(MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown))


def with_value(value: str | None) -> Comparison:
    key = {"id": Cell("1")}
    cell = CellChange("column", Cell("old"), Cell(value), changed=True)
    return Comparison(
        verdict="fail",
        reasons=(value or "why",),
        left=Side("left"),
        right=Side("right"),
        schema=(),
        rows=Rows(1, 1, changed=Split(1, 0, 1)),
        columns=(),
        measurement=Measurement("join", exact=True),
        samples=(SampleRow("changed", key, (cell,)),),
    )


def table_widths(markdown: str) -> Iterator[set[int]]:
    for block in markdown.split("\n\n"):
        if block.startswith("|"):
            yield {line.replace("\\|", "").count("|") for line in block.splitlines()}


@pytest.mark.parametrize("name", ["passing", "failing"])
def test_it_opens_with_the_verdict_and_why(name: str, request: pytest.FixtureRequest) -> None:
    comparison = request.getfixturevalue(name)
    first, _, why = to_markdown(comparison).splitlines()[:3]
    assert first.startswith("## ")
    assert comparison.verdict in first.lower()
    assert why.replace("`", "") == f"- {comparison.reasons[0]}"


def test_it_says_what_differs_before_how_it_was_measured(failing: Comparison) -> None:
    headings = [line[4:] for line in to_markdown(failing).splitlines() if line.startswith("### ")]
    assert headings == [
        "Declared changes",
        "Schema",
        "Columns",
        "Most frequent changes",
        "Sample rows",
        "How it was measured",
    ]


def test_tolerances_thresholds_and_ignored_columns_are_shown(failing: Comparison) -> None:
    markdown = to_markdown(failing)
    for said in ("equal within 1e-09", "±1e-09", "`loaded_at`", "limit 0.1 %, exceeded", "late → delayed"):
        assert said in markdown


def test_what_was_not_compared_is_shown(hostile: Comparison) -> None:
    assert "### Not compared" in to_markdown(hostile)


def test_hostile_values_make_no_tag_and_no_column(hostile: Comparison) -> None:
    markdown = to_markdown(hostile)
    assert rendered(markdown).tags <= OWN_TAGS
    assert all(len(widths) == 1 for widths in table_widths(markdown))


@settings(deadline=None)
@given(st.text(st.characters(), max_size=30) | ACTIVE)
@example("_|_")
def test_any_value_is_shown_as_it_is_and_does_nothing(value: str) -> None:
    seen = rendered(to_markdown(with_value(value)))
    assert show(value) in seen.codes
    assert seen.tags <= OWN_TAGS


@pytest.mark.parametrize("mention", ["@team", "#12", "https://example.com", "www.example.com", ":shipit:"])
def test_a_reason_mentions_nobody_and_links_nowhere(mention: str) -> None:
    assert f"`{mention}`" in to_markdown(with_value(mention))


def test_it_stays_bounded_whatever_differs(failing: Comparison) -> None:
    many = dataclasses.replace(failing, columns=failing.columns * 200, samples=failing.samples * 200)
    assert len(to_markdown(many)) < 40_000
    assert "more lines." in to_markdown(many)


def test_numbers_do_not_call_a_few_differences_nothing(failing: Comparison) -> None:
    rows = dataclasses.replace(failing.rows, matched=10_000_000, changed=Split(2, 0, 2))
    markdown = to_markdown(dataclasses.replace(failing, rows=rows))
    assert "<0.01 %" in markdown
    assert "100 %" not in markdown


def test_a_failed_assertion_shows_the_report(failing: Comparison, passing: Comparison) -> None:
    passing.assert_pass()
    with pytest.raises(AssertionError) as failure:
        failing.assert_pass()
    assert str(failure.value) == to_markdown(failing)
    assert visible("avg_delay") in str(failure.value)

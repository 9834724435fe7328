"""The page, opened in a real Chromium: safe, readable anywhere, verdict first."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from dwh.compare.model import Comparison
from dwh.compare.report.html import to_html


@pytest.fixture
def look(open_page: Callable[..., Any]) -> Callable[..., Any]:
    """Open a comparison's page."""
    return lambda comparison, **options: open_page(to_html(comparison), **options)


@pytest.mark.browser
@pytest.mark.parametrize("name", ["passing", "failing", "hostile"])
def test_the_page_runs_nothing_loads_nothing_and_raises_no_complaint(
    name: str, look: Callable[..., Any], request: pytest.FixtureRequest
) -> None:
    opened = look(request.getfixturevalue(name))
    opened.page.wait_for_timeout(100)
    assert opened.page.evaluate("window.__pwned") is None
    assert opened.requests == []
    assert opened.complaints == []
    assert opened.page.locator("script, img, iframe, object, [onload], [onerror]").count() == 0


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("name", ["passing", "failing", "hostile"])
def test_nothing_overflows_sideways(
    name: str, width: int, look: Callable[..., Any], request: pytest.FixtureRequest
) -> None:
    opened = look(request.getfixturevalue(name), viewport={"width": width, "height": 800})
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.overflowing() == []


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_the_verdict_and_why_are_what_one_sees_first(
    failing: Comparison, width: int, look: Callable[..., Any]
) -> None:
    page = look(failing, viewport={"width": width, "height": 700}).page
    assert page.locator("h1").inner_text() == "Fail"
    assert page.locator("body > *").first.inner_text().startswith("Fail")
    for reason in failing.reasons:
        box = page.get_by_text(reason, exact=True).bounding_box()
        assert box["y"] + box["height"] < 700
    assert page.title() == "Fail: carrier_delays@0.1 → carrier_delays@0.2"


@pytest.mark.browser
def test_sections_come_in_the_order_a_reader_asks(failing: Comparison, look: Callable[..., Any]) -> None:
    assert look(failing).page.locator("h2").all_inner_texts() == [
        "Unexpected and expected differences",
        "Schema",
        "Rows",
        "Columns",
        "Most frequent changes",
        "Sample rows",
        "How it was measured",
    ]


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_contrast_in_the_light_and_in_the_dark(
    failing: Comparison, scheme: str, look: Callable[..., Any]
) -> None:
    assert look(failing, color_scheme=scheme).pale() == []


@pytest.mark.browser
def test_the_dark_has_a_background_of_its_own(failing: Comparison, look: Callable[..., Any]) -> None:
    colours = {
        look(failing, color_scheme=scheme).page.evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    }
    assert len(colours) == 2


@pytest.mark.browser
def test_it_prints_dark_on_light_whatever_the_screen(failing: Comparison, look: Callable[..., Any]) -> None:
    opened = look(failing, color_scheme="dark")
    opened.page.emulate_media(media="print")
    assert opened.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert opened.pale() == []


@pytest.mark.browser
def test_changed_cells_are_marked_by_more_than_colour(failing: Comparison, look: Callable[..., Any]) -> None:
    page = look(failing).page
    card = page.locator(".samples .card").first
    marks = card.locator("mark")
    assert [re.sub(r"\s+", " ", text) for text in marks.all_inner_texts()] == [
        "✗ unexpected: ⟨null⟩",
        "✓ expected: 3",
    ]
    lines = marks.evaluate_all("marks => marks.map(mark => getComputedStyle(mark).borderBottomStyle)")
    assert lines == ["solid", "dashed"]
    assert card.locator("tr.same mark").count() == 0


@pytest.mark.browser
def test_bars_are_as_long_as_the_numbers_say(failing: Comparison, look: Callable[..., Any]) -> None:
    bars = look(failing).page.locator("section[aria-labelledby=columns] .bar")
    lengths = bars.evaluate_all(
        "bars => bars.map(bar => [...bar.children].map(e => e.className + ' ' + e.style.width))"
    )
    assert lengths == [["unexpected 1.566%", "expected 0.599%"], ["expected 100%"]]


@pytest.mark.browser
def test_every_table_has_headers_that_say_what_they_head(
    hostile: Comparison, look: Callable[..., Any]
) -> None:
    page = look(hostile).page
    assert page.locator("table").count() > 0
    assert page.locator("th:not([scope])").count() == 0
    assert page.locator("table:not(:has(th[scope=col]))").count() == 0


@pytest.mark.browser
def test_hostile_values_are_shown_as_text(hostile: Comparison, look: Callable[..., Any]) -> None:
    shown = look(hostile).page.locator("body").inner_text()
    for text in (
        "<script>window.__pwned = 1</script>",
        "⟨U+202E⟩gpj.exe",
        "{{ 7 * 7 }}",
        "&#x202e;",
        "⟨ESC⟩",
    ):
        assert text in shown
    assert "…⟨+9,880 characters⟩" in shown


@pytest.mark.parametrize("name", ["passing", "failing", "hostile"])
def test_a_result_kept_as_json_gives_the_same_page(name: str, request: pytest.FixtureRequest) -> None:
    comparison = request.getfixturevalue(name)
    kept = Comparison.from_dict(json.loads(json.dumps(comparison.to_dict())))
    assert to_html(kept) == to_html(comparison)


def test_the_page_forbids_scripts_and_loading(failing: Comparison) -> None:
    html = to_html(failing)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    assert html.index("Content-Security-Policy") < html.index("<style")
    assert "http://" not in html
    assert "https://" not in html

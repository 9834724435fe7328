"""The page, opened in a real Chromium: safe, readable anywhere, verdict first."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dwh.migrate.compare.model import Comparison
from dwh.migrate.compare.report.html import to_html

CONTRAST = """() => {
  const channel = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const parse = c => c.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  return [...document.body.querySelectorAll('*')]
    .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
    .map(e => {
      const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
      return [(a + 0.05) / (b + 0.05), e.outerHTML.slice(0, 80)];
    })
    .filter(([ratio]) => ratio < 4.5);
}"""


@dataclass
class Opened:
    """A page and what the browser noticed while it opened."""

    page: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture
def look(chromium: Any, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Open a comparison's page from disk, without network, and note all that it asks for."""
    contexts = []

    def open_(comparison: Comparison, **options: Any) -> Opened:
        path = tmp_path / "report.html"
        path.write_text(to_html(comparison), encoding="utf-8")
        contexts.append(chromium.new_context(offline=True, **options))
        opened = Opened(contexts[-1].new_page())
        opened.page.route("**/*", lambda route: _let_only(path.as_uri(), route, opened.requests))
        opened.page.on("console", lambda message: opened.complaints.append(message.text))
        opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        opened.page.on("dialog", lambda dialog: opened.complaints.append(dialog.message))
        opened.page.goto(path.as_uri())
        return opened

    yield open_
    for context in contexts:
        context.close()


def _let_only(uri: str, route: Any, requests: list[str]) -> None:
    if route.request.url == uri:
        route.continue_()
    else:
        requests.append(route.request.url)
        route.abort()


@pytest.mark.browser
@pytest.mark.parametrize("name", ["passing", "failing", "hostile"])
def test_the_page_runs_nothing_loads_nothing_and_raises_no_complaint(
    name: str, look: Callable[..., Opened], request: pytest.FixtureRequest
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
    name: str, width: int, look: Callable[..., Opened], request: pytest.FixtureRequest
) -> None:
    page = look(request.getfixturevalue(name), viewport={"width": width, "height": 800}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    beyond = (
        "[...document.body.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > innerWidth)"
    )
    assert page.evaluate(f"{beyond}.map(e => e.outerHTML.slice(0, 80))") == []


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_the_verdict_and_why_are_what_one_sees_first(
    failing: Comparison, width: int, look: Callable[..., Opened]
) -> None:
    page = look(failing, viewport={"width": width, "height": 700}).page
    assert page.locator("h1").inner_text() == "Fail"
    assert page.locator("body > *").first.inner_text().startswith("Fail")
    for reason in failing.reasons:
        box = page.get_by_text(reason, exact=True).bounding_box()
        assert box["y"] + box["height"] < 700
    assert page.title() == "Fail: carrier_delays@0.1 → carrier_delays@0.2"


@pytest.mark.browser
def test_sections_come_in_the_order_a_reader_asks(failing: Comparison, look: Callable[..., Opened]) -> None:
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
    failing: Comparison, scheme: str, look: Callable[..., Opened]
) -> None:
    assert look(failing, color_scheme=scheme).page.evaluate(CONTRAST) == []


@pytest.mark.browser
def test_the_dark_has_a_background_of_its_own(failing: Comparison, look: Callable[..., Opened]) -> None:
    colours = {
        look(failing, color_scheme=scheme).page.evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    }
    assert len(colours) == 2


@pytest.mark.browser
def test_it_prints_dark_on_light_whatever_the_screen(
    failing: Comparison, look: Callable[..., Opened]
) -> None:
    page = look(failing, color_scheme="dark").page
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate(CONTRAST) == []


@pytest.mark.browser
def test_changed_cells_are_marked_by_more_than_colour(
    failing: Comparison, look: Callable[..., Opened]
) -> None:
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
def test_bars_are_as_long_as_the_numbers_say(failing: Comparison, look: Callable[..., Opened]) -> None:
    bars = look(failing).page.locator("section[aria-labelledby=columns] .bar")
    lengths = bars.evaluate_all(
        "bars => bars.map(bar => [...bar.children].map(e => e.className + ' ' + e.style.width))"
    )
    assert lengths == [["unexpected 1.566%", "expected 0.599%"], ["expected 100%"]]


@pytest.mark.browser
def test_every_table_has_headers_that_say_what_they_head(
    hostile: Comparison, look: Callable[..., Opened]
) -> None:
    page = look(hostile).page
    assert page.locator("table").count() > 0
    assert page.locator("th:not([scope])").count() == 0
    assert page.locator("table:not(:has(th[scope=col]))").count() == 0


@pytest.mark.browser
def test_hostile_values_are_shown_as_text(hostile: Comparison, look: Callable[..., Opened]) -> None:
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

"""One small Spark session in a zone that shows mistakes; installed lines, a warehouse; a real Chromium."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from dwh.core.config import Config
from dwh.core.lines import EndedLineWarning, find_job
from dwh.core.warehouse import Warehouse

sys.path.insert(0, str(Path(__file__).parent))

# dwh-core's tests have real PostgreSQL, installed lines and a landing zone already.
_FILE = Path(__file__).parents[2] / "dwh-core" / "tests" / "conftest.py"
_spec = importlib.util.spec_from_file_location("dwh_core_conftest", _FILE)
_core = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_core)
postgresql, postgresql_url = _core.postgresql, _core.postgresql_url
landing, config = _core.landing, _core.config
site, installed_line = _core.site, _core.installed_line

SOURCE = _core.TAKINGS
NEW_COLUMN = 'Column("amount", "double", nullable=True), Column("tips", "double", nullable=True)'
CHANGED = {
    "7.1": {},
    "7.2": {  # compatible: adds a nullable column at the end
        'Column("amount", "double", nullable=True),\n        ),\n        key': NEW_COLUMN + ",), key",
        "return takings": "return takings.withColumn('tips', F.lit(None).cast('double'))",
    },
    "7.3": {  # breaks: renames a column
        'Column("amount", "double", nullable=True),\n        ),\n        key': 'Column("total", "double", '
        "nullable=True),), key",
        '.alias("amount")': '.alias("total")',
        "    def transform": '    changes = (Renamed("amount", "total", "it is one"),)\n\n    def transform',
    },
    "7.4": {'"shop.takings"': '"shop.sales"'},  # another table
    "7.0": {},  # ended
}


def source_of(line: str) -> str:
    """Return the source of the job in a line."""
    text = SOURCE
    for old, new in CHANGED[line].items():
        assert old in text, old
        text = text.replace(old, new)
    return text


CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PALE = """() => {
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
OVERFLOWING = """() => [...document.body.querySelectorAll('*')]
  .filter(e => e.getBoundingClientRect().right > innerWidth)
  .map(e => e.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """A local session in Kathmandu, 5 h 45 min east of UTC."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    application = (
        SparkSession.builder.master("local[2]")
        .appName("dwh-migrate tests")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.default.parallelism", "1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    application.sparkContext.setLogLevel("ERROR")
    session = application.newSession()  # other packages' tests, in the same process, have their own zone
    session.conf.set("spark.sql.session.timeZone", "Asia/Kathmandu")
    yield session
    application.stop()


@pytest.fixture
def lines(installed_line: Callable[..., Path]) -> None:
    """Install the lines 7.1 to 7.4, each related to the first in its own way, and 7.0, which has ended."""
    init = "from datetime import date\nfrom dwh.core import Line\n"
    for line in CHANGED:
        parts = "'ended', ends=date(2020, 1, 31)" if line == "7.0" else "'main'"
        installed_line(line, {"takings": source_of(line)}, init=f"{init}LINE = Line({parts})\n")
    with pytest.warns(EndedLineWarning):
        find_job("takings@7.0")


@pytest.fixture
def warehouse(config: Config, lines: None) -> Warehouse:
    """A warehouse in prod, with its ledger in SQLite, where nothing has been written."""
    return Warehouse.create(config.in_environment("prod"))


@pytest.fixture(params=["sqlite", "postgresql"])
def either_warehouse(request: pytest.FixtureRequest, config: Config, lines: None) -> Warehouse:
    """A warehouse in prod, with its ledger in SQLite, then in PostgreSQL."""
    if request.param == "postgresql":
        config = replace(config, ledger=request.getfixturevalue("postgresql_url"))
    return Warehouse.create(config.in_environment("prod"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A Playwright browser over the machine's Chromium; without one the test is skipped, except in CI."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None and not os.environ.get("CI"):
        pytest.skip("no Chromium on this machine: install it (Debian: apt-get install chromium)")
    assert path is not None, "CI needs a Chromium to look at the pages: apt-get install chromium"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@dataclass
class Opened:
    """A page and what the browser noticed while it opened."""

    page: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def pale(self) -> list[Any]:
        """Return the elements whose text has less contrast than 4.5 to 1 (WCAG AA)."""
        found: list[Any] = self.page.evaluate(PALE)
        return found

    def overflowing(self) -> list[str]:
        """Return the elements that reach beyond the window's right edge."""
        found: list[str] = self.page.evaluate(OVERFLOWING)
        return found


@pytest.fixture
def open_page(chromium: Any, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Open a page from disk, without network, and note all that it asks for."""
    contexts = []

    def open_(html: str, **options: Any) -> Opened:
        path = tmp_path / "page.html"
        path.write_text(html, encoding="utf-8")
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
    if route.request.url.partition("#")[0] == uri:
        route.continue_()
    else:
        requests.append(route.request.url)
        route.abort()

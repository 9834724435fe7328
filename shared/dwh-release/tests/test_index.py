"""What an index has is never recorded again; an index that does not answer is not one that has nothing."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from monorepo import Monorepo

from dwh.release.errors import RecordError
from dwh.release.index import has_release

OLD = "packages/dwh-v0_1"
UNREACHABLE = "http://127.0.0.1:9/simple/"
PAGE = "".join(
    f'<a href="{name}" {more}>{name}</a>'
    for name, more in {
        "dwh_v0_1-0.1.1-py3-none-any.whl": "",
        "dwh_v0_1-0.1.2-py3-none-any.whl": 'data-requires-python="&gt;=3.99"',
        "dwh_v0_1-0.1.3-py3-none-any.whl": 'data-yanked="it lost rows"',
        "dwh_v0_1-0.1.4rc1.tar.gz": "",
    }.items()
)


class Index(BaseHTTPRequestHandler):
    """An index that knows one project."""

    def do_GET(self) -> None:
        known = self.path == "/simple/dwh-v0-1/"
        self.send_response(200 if known else 503 if "broken" in self.path else 404)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE.encode() if known else b"")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of an index on loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Index) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(autouse=True)
def only(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Ask that index alone, whatever the machine's settings."""
    monkeypatch.delenv("PIP_NO_INDEX")
    for name, value in {"CONFIG_FILE": os.devnull, "INDEX_URL": f"{address}/simple/"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)


@pytest.mark.breadth
def test_what_an_index_has(address: str) -> None:
    """Yanked releases, pre-releases, and those for other Pythons are there as well."""
    versions = ("0.1.0", "0.1.1", "0.1.2", "0.1.3", "0.1.4rc1", "0.1.4")
    found = [version for version in versions if has_release("dwh-v0_1", version)]
    assert found == ["0.1.1", "0.1.2", "0.1.3", "0.1.4rc1"]
    assert not has_release("dwh-v0_2", "0.1.1")


@pytest.mark.breadth
@pytest.mark.parametrize("index", [UNREACHABLE, "{}/broken/"])
def test_an_index_that_does_not_answer_is_not_empty(
    index: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither one that cannot be reached nor one that fails, also beside another."""
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.setenv(name, index.format(address))
        with pytest.raises(RecordError, match=r"asking the index for dwh-v0_2 0\.1\.1.*: (?s:.*)try again"):
            has_release("dwh-v0_2", "0.1.1")


def test_a_release_that_an_index_has_is_not_recorded_again(
    repo: Monorepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although here it is only prepared, and its commit taken back."""
    repo.write(f"{OLD}/changes/words.notice.md", "Other words in the docs.\n")
    repo.commit()
    repo.release("dwh-v0_1")
    repo.git("reset", "--soft", "HEAD^")
    before = repo.state()
    assert "the package index has it" in repo.run("record", "dwh-v0_1").err
    monkeypatch.setenv("PIP_INDEX_URL", UNREACHABLE)
    said = repo.run("record", "dwh-v0_1")
    assert said.code == 1 and "asking the index for dwh-v0_1 0.1.1" in said.err and "refused" in said.err
    assert repo.state() == before


def test_a_release_that_an_index_has_is_not_withdrawn(
    repo: Monorepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although no tag here names it; nor is one while the index does not answer."""
    repo.write(f"{OLD}/changes/words.notice.md", "Other words in the docs.\n")
    repo.commit()
    repo.release("dwh-v0_1")
    before = repo.state()
    assert "type: dwh-release yank dwh-v0_1 0.1.1" in repo.run("withdraw", "dwh-v0_1").err
    monkeypatch.setenv("PIP_INDEX_URL", UNREACHABLE)
    assert "asking the index for dwh-v0_1 0.1.1" in repo.run("withdraw", "dwh-v0_1").err
    assert repo.state() == before

"""Fixtures: released monorepos, copied for each test that edits one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

from monorepo import Monorepo, Names, make, make_released

ACME = Names(
    packages="feeds",
    dist="acme-feeds-{0}.{1}",
    module="acme.feeds.r{0}_{1}",
    shared="libs/acme-tools",
    shared_module="acme.tools",
    what="feeds",
    lines=(("0.9", "maintenance"), ("1.0", "maintenance"), ("2.0", "main")),
)


def pytest_configure(config: pytest.Config) -> None:
    """Name the mark of the slow tests."""
    config.addinivalue_line(
        "markers", "story: releases this repository's clone for real; minutes (nox -s story)"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the slow tests out, unless -m asks for them."""
    if "story" not in (config.option.markexpr or ""):
        items[:] = [item for item in items if item.get_closest_marker("story") is None]


# Small repositories for a minute: no process that tidies them up after each commit, no waiting for the disk.
GIT_CONFIG = """
[maintenance]
    auto = false
[gc]
    auto = 0
[core]
    fsync = none
[init]
    templateDir =
"""


@pytest.fixture(scope="session", autouse=True)
def git_identity(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Commit as nobody in particular, whatever the machine's settings."""
    config = tmp_path_factory.mktemp("git") / "config"
    config.write_text(GIT_CONFIG, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", str(config))
        for role in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{role}_NAME", "Maintainer")
            patch.setenv(f"GIT_{role}_EMAIL", "maintainer@example.org")
        yield


@pytest.fixture(autouse=True)
def no_index(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask no package index; the slow tests install."""
    if request.node.get_closest_marker("story") is None:
        monkeypatch.setenv("PIP_NO_INDEX", "1")


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Monorepo:
    """A monorepo of two lines and a library, all released. Not to be edited."""
    return make_released(tmp_path_factory.mktemp("released") / "repo")


@pytest.fixture(scope="session")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Monorepo:
    """Another company's monorepo, with three lines. Not to be edited."""
    return make_released(tmp_path_factory.mktemp("acme") / "repo", ACME)


@pytest.fixture
def repo(released: Monorepo, tmp_path: Path) -> Monorepo:
    """A released monorepo of one's own."""
    return released.copy(tmp_path / "repo")


@pytest.fixture
def other(acme: Monorepo, tmp_path: Path) -> Monorepo:
    """The other company's monorepo, of one's own."""
    return acme.copy(tmp_path / "other")


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[[], Monorepo]:
    """Make a monorepo in which nothing is released."""
    return lambda: make(tmp_path / "fresh")


# A busy machine must not fail a test.
settings.register_profile("dwh-release", deadline=None)
settings.load_profile("dwh-release")

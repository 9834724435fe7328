"""The folder of the release environments."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from threading import Event, Thread

import pytest

from dwh.core.config import Config
from dwh.core.errors import UsageError
from dwh.migrate.releases.errors import StoreError, UnknownEnvironmentError, WheelChangedError
from dwh.migrate.releases.store import ReleaseEnvironment, Store
from dwh.migrate.releases.wanted import Wanted


@pytest.fixture
def here(tmp_path: Path) -> Config:
    """A configuration that keeps release environments in a folder of the test's."""
    return Config(
        warehouse=str(tmp_path / "warehouse"),
        ledger=f"sqlite:///{tmp_path}/ledger.db",
        release_environments=str(tmp_path / "environments"),
    )


@pytest.fixture
def store(here: Config) -> Store:
    """An empty store."""
    store = Store.of(here)
    store.prepare()
    return store


def made(store: Store, id: str, release: str = "dwh-v0_1==0.1.1") -> ReleaseEnvironment:
    """Put an environment into a store, as if uv had filled it."""
    found = ReleaseEnvironment(
        id,
        str(store.folder(id)),
        release,
        "3.11.7",
        {"pyspark": "3.5.9"},
        {},
        id * 5,
        "2026-11-24T10:00:00+00:00",
    )
    found.interpreter.parent.mkdir(parents=True)
    found.interpreter.touch()
    store.finish(found)
    return found


def test_who_has_to_wait_is_told(store):
    """One at a time; the next one says that it waits, before it does, and goes on afterwards."""
    order = []

    def second():
        with store.alone("aaaaaaaaaaaa", lambda: (order.append("waits"), waiting.set())):
            order.append("second")

    waiting, thread = Event(), Thread(target=second, daemon=True)
    with store.alone("aaaaaaaaaaaa", lambda: order.append("never")):
        thread.start()
        assert waiting.wait(10)
        order.append("first")
    thread.join(10)
    assert order == ["waits", "first", "second"]


def test_what_is_half_there_is_not_there(store):
    """An environment counts once it is whole, and no more once a part of it is gone."""
    store.folder("aaaaaaaaaaaa").mkdir()
    assert store.environments() == []
    whole = made(store, "bbbbbbbbbbbb")
    assert store.environments() == [whole]
    whole.interpreter.unlink()
    assert store.environments() == []


def test_environments_are_named_by_id_or_release(store):
    """An id, its beginning, or a release; anything else is told what there is."""
    first, second = made(store, "aaaa11111111"), made(store, "bbbb22222222", "dwh-v0_2==0.2.0")
    assert store.named("aaaa1") == [first]
    assert store.named("dwh-v0_2==0.2.0") == [second]
    with pytest.raises(UnknownEnvironmentError, match=r"aaaa11111111 \(dwh-v0_1==0\.1\.1\).*dwh venv list"):
        store.named("a")


def test_a_file_of_a_release_never_changes(store):
    """The first use of a file is recorded; the same name with other bytes is refused ever after."""
    store.check_files({"dwh_v0_1-0.1.1-py3-none-any.whl": "a" * 64})
    store.check_files({"dwh_v0_1-0.1.1-py3-none-any.whl": "a" * 64})
    with pytest.raises(WheelChangedError, match="a release never changes"):
        store.check_files({"dwh_v0_1-0.1.1-py3-none-any.whl": "b" * 64})


def test_a_request_is_remembered(store, here):
    """The same words get the same environment; other words, or another wheelhouse, do not."""
    wanted = Wanted.parse("dwh-v0_1==0.1.1", here, "3.11", ["pyspark==3.5.9"])
    whole = made(store, "aaaa11111111")
    store.remember(wanted, None, whole)
    assert store.requested(wanted, None) == whole
    assert store.requested(replace(wanted, python="3.12"), None) is None
    assert store.requested(wanted, "/wheels") is None


def test_who_uses_it_can_be_seen(store):
    """An environment is in use as long as somebody holds it."""
    made(store, "aaaa11111111")
    with store.using("aaaa11111111"):
        assert store.is_used("aaaa11111111")
    assert not store.is_used("aaaa11111111")


def test_a_folder_that_cannot_be_made(tmp_path, here):
    """A store whose folder cannot be made is told with the setting that names another."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="DWH_RELEASE_ENVIRONMENTS"):
        Store.of(replace(here, release_environments=str(tmp_path / "file" / "below"))).prepare()


@pytest.mark.parametrize(
    ("said", "extras"),
    [
        ({}, ""),
        ({"engine": "sail"}, "[sail]"),
        ({"ledger": "postgresql+psycopg://h/d"}, "[postgresql]"),
        ({"engine": "sail", "ledger": "postgresql+psycopg://h/d"}, "[postgresql,sail]"),
    ],
)
def test_an_environment_holds_what_the_configuration_needs(here, said, extras):
    """The engine and the ledger's driver are installed where the release runs, not where it was asked for."""
    wanted = Wanted.parse("dwh-v0_1==0.1.1", replace(here, **said))
    assert wanted.others == (f"dwh-core{extras}=={version('dwh-core')}",)


@pytest.mark.parametrize(
    "release", ["dwh-v0_1", "dwh-v0_1>=0.1", "dwh-v0_1==0.1.*", "../x==1", "a[b]==1", "x @ file:///y"]
)
def test_what_is_no_release(here, release):
    """What names no release, or a place outside of index and wheelhouse, is refused."""
    with pytest.raises(UsageError):
        Wanted.parse(release, here)

"""Makes a release environment, or finds the one that was made before."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from dwh.core.config import Config
from dwh.migrate.releases.lock import Lock
from dwh.migrate.releases.store import ReleaseEnvironment, Store
from dwh.migrate.releases.uv import Uv
from dwh.migrate.releases.wanted import Wanted

__all__ = ["release_environment", "using_release"]

_ID_LENGTH = 12
_WAITING = "waiting for another process that makes, removes or uses the same environment"
_DESCRIBE = "import platform, sysconfig as s; print(platform.python_version(), s.get_config_var('SOABI'))"


def release_environment(
    config: Config, wanted: Wanted, note: Callable[[str], None] = lambda _: None
) -> ReleaseEnvironment:
    """Return an environment that holds what is wanted, made if the same was not wanted before.

    Of several processes that want the same one, one makes it and the others wait. One that was made
    for a request is used for it ever after, until it is removed; that asks no network.

    Parameters:
        note: called with what takes time, before it does.

    Raises a DwhError of `dwh.migrate.releases.errors`. Then nothing half-made counts.
    """
    store = Store.of(config)
    store.prepare()
    if made := store.requested(wanted, config.wheelhouse):
        store.check_wheelhouse(made, config.wheelhouse)
        return made
    with store.alone(wanted.digest(config.wheelhouse), lambda: note(_WAITING)):
        if made := store.requested(wanted, config.wheelhouse):
            return made
        made = _make(store, Uv.find(wanted, config.wheelhouse), wanted, note)
        store.remember(wanted, config.wheelhouse, made)
        return made


@contextmanager
def using_release(
    config: Config, wanted: Wanted, note: Callable[[str], None]
) -> Iterator[tuple[ReleaseEnvironment, int]]:
    """Give an environment that nobody can remove meanwhile, with the descriptor that holds it."""
    store = Store.of(config)
    while True:
        made = release_environment(config, wanted, note)
        with store.using(made.id) as descriptor:
            if made.is_ready():  # nobody removed it before it was held
                yield made, descriptor
                return


def _make(store: Store, uv: Uv, wanted: Wanted, note: Callable[[str], None]) -> ReleaseEnvironment:
    python = wanted.interpreter
    interpreter = uv.ask(wanted, store.root, "python", "find", python).strip()
    described = subprocess.run([interpreter, "-I", "-c", _DESCRIBE], capture_output=True, text=True).stdout
    lock = _resolved(store, uv, wanted, interpreter)
    files = _files_of_releases(lock, wanted, uv.wheelhouse)
    store.check_files(files)
    digest = lock.digest(described.strip())
    id = digest[:_ID_LENGTH]
    if made := store.environment(id):  # another request came to the same
        return made
    with store.alone(id, lambda: note(_WAITING)):
        if made := store.environment(id):  # while this one waited
            return made
        note(f"making an environment for {', '.join(wanted.requirements)}; fetching Spark may take minutes")
        made = ReleaseEnvironment(
            id=id,
            folder=str(store.folder(id)),
            release=wanted.release,
            python=described.split()[0],
            packages=lock.packages,
            files=files,
            digest=digest,
            made_at=f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%S+00:00}",
        )
        _fill(store, uv, wanted, interpreter, lock, made)
    return made


def _fill(
    store: Store, uv: Uv, wanted: Wanted, interpreter: str, lock: Lock, made: ReleaseEnvironment
) -> None:
    store.discard(made.id)  # what somebody left who died
    written = store.folder(made.id) / "pylock.toml"
    try:
        uv.ask(wanted, store.root, "venv", "--no-project", "--python", interpreter, made.folder)
        written.write_text(lock.text, "utf-8")
        target = ("--python", str(made.interpreter))
        uv.ask(wanted, store.root, "pip", "sync", *target, str(written))
    except BaseException:
        store.discard(made.id)
        raise
    store.finish(made)


def _resolved(store: Store, uv: Uv, wanted: Wanted, interpreter: str) -> Lock:
    words = ("pip", "compile", "-", "--format", "pylock.toml", "--no-header", "--python", interpreter)
    return Lock.parse(uv.ask(wanted, store.root, *words, given="\n".join(wanted.requirements)))


def _files_of_releases(lock: Lock, wanted: Wanted, wheelhouse: str | None) -> dict[str, str]:
    """Return the hashes of what must never change: files of dwh, and whatever a wheelhouse keeps."""
    ours = lock.files_of(wanted.release.partition("==")[0], "dwh-core")
    folder = Path(wheelhouse) if wheelhouse else None
    return {
        name: digest
        for name, digest in lock.files_of(*lock.packages).items()
        if name in ours or (folder and (folder / name).is_file())
    }

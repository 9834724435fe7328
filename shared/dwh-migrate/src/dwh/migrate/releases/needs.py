"""Who still needs a release environment, and how one is removed that nobody needs."""

from __future__ import annotations

from dwh.compare.safe_text import plural
from dwh.core.config import Config
from dwh.core.ledger import Ledger
from dwh.migrate.releases.errors import EnvironmentNeededError
from dwh.migrate.releases.installed import installed_releases
from dwh.migrate.releases.store import ReleaseEnvironment, Store

__all__ = ["remove_environment"]


def remove_environment(config: Config, made: ReleaseEnvironment) -> None:
    """Remove a release environment that nobody needs; raises EnvironmentNeededError, and LedgerError.

    It is needed while a process runs in it. The last one of a release that is not installed here is also
    needed while some environment of the configured warehouse publishes what the release wrote: such
    partitions could else not be written again.
    """
    store = Store.of(config)
    needs = _published(config, made) if _is_last(store, made) else []
    try:
        with store.alone_at_once(made.id):
            if not needs:
                store.discard(made.id)
    except BlockingIOError:
        needs = ["a process runs in it", *needs]
    if needs:
        raise EnvironmentNeededError(made.id, made.release, needs)


def _is_last(store: Store, made: ReleaseEnvironment) -> bool:
    others = [other for other in store.environments() if other.id != made.id]
    return made.release not in (*(other.release for other in others), *installed_releases())


def _published(config: Config, made: ReleaseEnvironment) -> list[str]:
    """Return which environments publish what the release wrote, as sentences."""
    if Ledger(config.ledger).version() is None:
        return []
    ledger = Ledger.open(config.ledger)
    number = made.release.partition("==")[2]
    found = []
    for environment in ledger.environments():
        for table in ledger.table_names():
            shown = [
                o
                for o in ledger.published_outputs(environment=environment, table=table)
                if o.release == number
            ]
            if shown:
                found.append(
                    f"{environment} publishes {plural(len(shown), 'partition')} of {table} that {number} "
                    "wrote, and no other environment holds that release"
                )
    return found

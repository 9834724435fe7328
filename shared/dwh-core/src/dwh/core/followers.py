"""What follows the ledger: told, after each transaction, which tables something has happened to.

Other distributions bring followers, by an entry point each in the group `dwh.followers`:

    [project.entry-points."dwh.followers"]
    catalog = "dwh.catalog.following:FOLLOWER"

A follower is told best effort. What it cannot do is a warning, and never undoes or fails what was committed.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Protocol

from dwh.core.config import Config
from dwh.core.distributions import entries_of
from dwh.core.errors import one_line

__all__ = ["GROUP", "Follower", "FollowerWarning", "readable_since", "tell_followers"]

GROUP = "dwh.followers"


class FollowerWarning(UserWarning):
    """Something that follows the ledger, such as a catalog, could not be brought to its state."""


class Follower(Protocol):
    """What an entry point of the group `dwh.followers` names."""

    def follow(self, config: Config, tables: Sequence[str]) -> Sequence[str]:
        """Bring what follows to the state of some tables; return what went wrong, a sentence each."""

    def readable_since(self, config: Config) -> datetime | None:
        """Return since when every state can still be read there; None where only the present one can.

        Raises DwhError where it cannot be told.
        """


def tell_followers(config: Config, tables: Sequence[str]) -> None:
    """Tell each follower that something has happened to some tables; warn of what went wrong.

    Parameters:
        config: with at least one catalog.
    """
    for problem in _problems(config, tables):
        with suppress(FollowerWarning):  # also where warnings are errors: what was committed stays so
            warnings.warn(problem, FollowerWarning, stacklevel=2)


def readable_since(config: Config) -> datetime | None:
    """Return since when every state can still be read by some follower: outputs of then must stay.

    Raises ConfigError for what it says of catalogs and cannot be used, and DwhError where one is down.
    """
    followers: list[Follower] = [entry.load() for entry, _ in entries_of(GROUP)]  # some need no catalog there
    return min(filter(None, (each.readable_since(config) for each in followers)), default=None)


def _problems(config: Config, tables: Sequence[str]) -> Iterator[str]:
    entries = [entry for entry, _ in entries_of(GROUP)]
    if not entries:
        named = ", ".join(config.catalogs)
        yield (
            f"{config.origin} names catalogs ({named}), but nothing is installed that brings them to the "
            "ledger's state; type: pip install dwh-catalog"
        )
    for entry in entries:
        try:
            follower: Follower = entry.load()
            yield from follower.follow(config, tables)
        except Exception as error:
            yield f"{entry.value} could not follow the ledger: {one_line(error)}"

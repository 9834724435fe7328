"""Processes that sync a catalog for ever, to be killed: forked where everything is imported already.

So most of a short life is spent between ledger and catalog, and not in imports.
"""

from __future__ import annotations

import multiprocessing
import os
from itertools import cycle
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from dwh.catalog.connecting import connect
from dwh.catalog.settings import catalog_settings
from dwh.catalog.sync import sync_tables
from dwh.core.config import load_config
from dwh.core.warehouse import Warehouse

__all__ = ["started_syncer"]

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["pytest", "dwh.catalog.sync", "dwh.core.warehouse", "pyiceberg.catalog.sql", "pyiceberg.io.pyarrow"]
)


def started_syncer(home: Path) -> ForkServerProcess:
    """Return a process that syncs the catalog of a folder's configuration until it is killed."""
    process = _CONTEXT.Process(target=_sync_on, args=(home,), daemon=True)
    process.start()
    return process


def _sync_on(home: Path) -> None:
    os.chdir(home)
    warehouse = Warehouse.open(load_config())
    for wholly in cycle((False, True)):  # as what follows a commit does it, and as the command does
        list(sync_tables(connect(catalog_settings(warehouse.config)[0]), warehouse, wholly=wholly))

"""Every engine reads the same rows of a table, whatever has happened to it (nox -s catalog)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cataloging import Lake
from readers import READERS, as_plain
from rollouts import rollout
from stories import STORIES
from warehousing import Runs

pytestmark = pytest.mark.catalog


PLAYED = {**STORIES, "rollout": rollout}


@pytest.mark.parametrize("story", list(PLAYED))
@pytest.mark.parametrize("engine", list(READERS))
def test_an_engine_reads_what_is_published(
    engine: str,
    story: str,
    runs: Runs,
    lake: Lake,
    two_lines: None,
    record_property: Callable[[str, str], None],
) -> None:
    for step in PLAYED[story](runs):
        lake.sync()
        for read in step:
            found = READERS[engine](lake.metadata(read.table), read)
            assert as_plain(found) == as_plain(read.rows), read

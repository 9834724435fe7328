"""What a release wrote in an environment of its own is in catalogs, too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from dwh.core.config import Config
from dwh.core.followers import FollowerWarning
from dwh.migrate.releases.running import _followed


def test_catalogs_are_told_by_who_started_the_run(config: Config) -> None:
    """The catalog cannot be used, which is said, and does not touch the receipt."""
    receipt = cast(Any, {"table": "shop.takings"})
    with pytest.warns(FollowerWarning, match="lake"):
        assert _followed(replace(config, catalogs={"lake": {"type": "none"}}), receipt) == receipt

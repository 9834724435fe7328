"""The boundary: where outputs lie."""

from __future__ import annotations

import pytest

from dwh.core.storage import place_of


@pytest.mark.parametrize("root", ["/data/wh", "/data/wh/", "s3a://bucket/wh"])
def test_places_lie_below_the_root(root):
    """An output's place is the root and its location."""
    assert place_of(root, "t/0.1/_run=1") == f"{root.rstrip('/')}/t/0.1/_run=1"

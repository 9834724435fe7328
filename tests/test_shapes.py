"""Jobs of every shape, by every command, where a clock changes: on Sail, and on the Spark of `nox -s glue`.

`test_connect` plays some of them over Spark Connect.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.sail

SHAPES = str(Path(__file__).parent / "shapes.py")


@pytest.mark.parametrize(
    ("zone", "days", "jobs"),
    [
        ("Europe/Berlin", "2024-03-30,2024-03-31", ()),
        ("America/New_York", "2024-11-02,2024-11-03", ("hours",)),
    ],
)
def test_every_shape_by_every_command(program, zone, days, jobs):
    """They are run, compared, rolled out and back, promoted, shown and removed; what readers get is right."""
    program(sys.executable, SHAPES, days, *jobs, TZ=zone)

"""Rollouts as decisions keep them."""

from __future__ import annotations

import json
from datetime import datetime, timezone

from dwh.core.ledger.rollouts import Rollout, Step

BEGUN = Rollout(
    "0.1", "0.2", "cutover", (Step("shadow", 3), Step("cutover", 3, "1", proven=30)), "hold", 14, started=7
)


def test_a_rollout_comes_back_from_the_ledger_as_it_was():
    """What a ledger keeps as JSON is the same rollout again, whatever has become of it."""
    ended = Rollout(
        **{
            **vars(BEGUN),
            "position": 1,
            "state": "finished",
            "finished_at": datetime(2026, 1, 2, tzinfo=timezone.utc),
            "unproven": ("2024-01-01 to 2024-01-03",),
        }
    )
    for rollout in (BEGUN, ended):
        assert Rollout.from_dict(json.loads(json.dumps(rollout.to_dict()))) == rollout


def test_what_older_releases_have_kept_is_read():
    """A rollout from before cutovers were proven, whose steps say only what they need, is read."""
    kept = BEGUN.to_dict() | {"steps": [{"name": "shadow", "gate": 3, "share": None}]}
    del kept["unproven"], kept["finished_at"]
    found = Rollout.from_dict(kept)
    assert (found.steps, found.unproven, found.finished_at) == ((Step("shadow", 3),), (), None)


def test_a_rollout_knows_its_step_and_the_next():
    """At its last step there is none left."""
    moved = Rollout(**{**vars(BEGUN), "position": 1})
    assert (BEGUN.step.name, BEGUN.next_step) == ("shadow", BEGUN.steps[1])
    assert (moved.step.name, moved.next_step, moved.is_at_its_last_step) == ("cutover", None, True)

"""Pins: which line an environment uses, and what may not stand beside what it shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest
from fabricate import DAYS, begin, everything, resolved, shown, write

from dwh.core.errors import (
    DecisionConflictError,
    InvalidNameError,
    NotPinnedError,
    UnknownJobError,
    UnknownLineError,
    UsageError,
)
from dwh.core.ledger.environments import add_publications, add_resolutions
from dwh.migrate.rollout import RolloutError, advance, finish, pin, plan, roll_back
from dwh.migrate.rollout import pins as pins_module

FIRST, SECOND, THIRD = DAYS[:3]


def test_a_pin_decides_from_now_on(either_warehouse):
    """A pin is recorded with who, when and why, and what its line writes is shown from then on."""
    write(either_warehouse, "takings@7.1", FIRST)
    decision = pin(
        either_warehouse, job="takings", line="7.1", environment="prod", reason="  where we start "
    )
    assert (decision.action, decision.line, decision.reason) == ("pin", "7.1", "where we start")
    assert decision.decided_by and decision.decided_at.tzinfo is not None
    assert either_warehouse.ledger.decision(environment="prod", job="takings") == decision
    assert shown(either_warehouse) == {}
    write(either_warehouse, "takings@7.1", SECOND, run_id="r2")
    assert shown(either_warehouse) == {SECOND: "r2"}


def test_what_is_there_can_be_shown(either_warehouse):
    """`publish` shows the line's newest output of each date that shows nothing, and decides about it."""
    for run_id in ("r1", "r2"):
        write(either_warehouse, "takings@7.1", FIRST, SECOND, run_id=run_id)
    write(either_warehouse, "takings@7.2", THIRD)
    pin(either_warehouse, job="takings", line="7.1", environment="prod", reason="why", publish=True)
    assert shown(either_warehouse) == {FIRST: "r2", SECOND: "r2"}
    assert resolved(either_warehouse, FIRST, SECOND) == {FIRST: "7.1", SECOND: "7.1"}


def test_publishing_leaves_alone_what_is_shown(warehouse):
    """`publish` does not move what the environment shows, even where the line has something newer."""
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="why")
    for run_id in ("r1", "r2"):
        write(warehouse, "takings@7.1", FIRST, SECOND, run_id=run_id)
    with warehouse.ledger.holding("shop.takings") as (connection, sequence):
        now = datetime.now(timezone.utc)
        add_publications(
            connection,
            environment="prod",
            table="shop.takings",
            run_ids={FIRST: "r1", SECOND: None},
            sequence=sequence,
            now=now,
        )
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="show what is there", publish=True)
    assert shown(warehouse) == {FIRST: "r1", SECOND: "r2"}


def test_publishing_takes_what_the_environment_has_run(warehouse):
    """`publish` shows no output of another environment, however new it is."""
    write(warehouse, "takings@7.1", FIRST, run_id="mine")
    write(warehouse, "takings@7.1", FIRST, SECOND, run_id="sample", environment="dev")
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="why", publish=True)
    assert shown(warehouse) == {FIRST: "mine"}


def test_what_was_withdrawn_can_be_shown_again(warehouse):
    """`publish` also shows dates that a rollback has left empty, once the line has an output."""
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="why")
    begin(warehouse, "7.2", ["100%"])
    finish(warehouse, job="takings", environment="prod")
    write(warehouse, "takings@7.2", FIRST, run_id="new")
    assert roll_back(warehouse, job="takings", environment="prod", reason="wrong").withdrawn
    with warehouse.ledger.holding("shop.takings") as (connection, sequence):
        add_resolutions(
            connection, environment="prod", job="takings", lines={FIRST: "7.2"}, sequence=sequence
        )
    write(warehouse, "takings@7.1", FIRST, run_id="old")
    assert shown(warehouse) == {}
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="show it", publish=True)
    assert shown(warehouse) == {FIRST: "old"}


def test_a_compatible_line_is_pinned_beside_what_is_shown(warehouse):
    """A pin moves to a compatible line; dates of the line before keep it, and reruns of them too."""
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="why")
    write(warehouse, "takings@7.1", FIRST, run_id="r1")
    pin(warehouse, job="takings", line="7.2", environment="prod", reason="tips")
    write(warehouse, "takings@7.2", FIRST, SECOND, run_id="r2")
    assert shown(warehouse) == {FIRST: "r1", SECOND: "r2"}
    assert resolved(warehouse, FIRST, THIRD) == {FIRST: "7.1", SECOND: "7.2", THIRD: "7.2"}


def refused(warehouse, line, problem, error=RolloutError, **parts):
    """Pin a line, which is refused, and leaves the ledger as it was."""
    before = everything(warehouse)
    asked = {"job": "takings", "environment": "prod", "reason": "why", **parts}
    with pytest.raises(error, match=problem) as caught:
        pin(warehouse, line=line, **asked)
    assert everything(warehouse) == before
    return caught.value


@pytest.mark.parametrize("line", ["7.3", "7.1"])
def test_a_pin_makes_no_mixture(either_warehouse, line):
    """A line whose contract breaks what is shown is not pinned; the error names the rollout to plan."""
    other = "7.2" if line == "7.1" else "7.1"
    pin(either_warehouse, job="takings", line=other, environment="prod", reason="why")
    write(either_warehouse, f"takings@{other}", FIRST)
    refused(either_warehouse, line, f"dwh rollout plan takings {other} LINE --env prod")


def test_what_is_awaited_counts_too(either_warehouse):
    """A line that breaks is not pinned where a date was given to the old line, which may yet commit."""
    pin(either_warehouse, job="takings", line="7.1", environment="prod", reason="why")
    resolved(either_warehouse, FIRST)
    slow = write(either_warehouse, "takings@7.1", FIRST, commit=False)
    refused(either_warehouse, "7.3", "column amount is now called total")
    either_warehouse.ledger.commit_run(slow, {FIRST: 1})
    assert shown(either_warehouse) == {FIRST: slow.id}


def test_what_commits_meanwhile_counts_too(warehouse, monkeypatch):
    """A run that commits just before a pin of a breaking line is decided stops the pin."""
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="why")
    original = pins_module.pinnable

    def slowly(**arguments):
        write(warehouse, "takings@7.1", FIRST, run_id="r1")
        return original(**arguments)

    monkeypatch.setattr(pins_module, "pinnable", slowly)
    with pytest.raises(RolloutError, match=r"expects partitions of line 7\.1"):
        pin(warehouse, job="takings", line="7.3", environment="prod", reason="why")
    assert shown(warehouse) == {FIRST: "r1"}


def test_a_breaking_line_is_pinned_where_nothing_is(warehouse):
    """While nothing is shown or awaited, any line can be pinned."""
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="by mistake")
    late = write(warehouse, "takings@7.1", FIRST, commit=False)
    pin(warehouse, job="takings", line="7.3", environment="prod", reason="what was meant")
    warehouse.ledger.commit_run(late, {FIRST: 1})
    assert shown(warehouse) == {}
    assert resolved(warehouse, FIRST) == {FIRST: "7.3"}


def test_a_line_that_writes_another_table_is_pinned(either_warehouse):
    """Two tables cannot mix: the pin moves, in order, whatever happened to either table."""
    pin(either_warehouse, job="takings", line="7.1", environment="prod", reason="why")
    for _ in range(3):
        write(either_warehouse, "takings@7.1", FIRST)
    before = shown(either_warehouse)
    decision = pin(either_warehouse, job="takings", line="7.4", environment="prod", reason="sales")
    assert either_warehouse.ledger.decision(environment="prod", job="takings") == decision
    write(either_warehouse, "takings@7.4", FIRST, SECOND, run_id="r2")
    assert shown(either_warehouse) == before
    assert shown(either_warehouse, "shop.sales") == {SECOND: "r2"}, "the first date is the old line's"
    pin(either_warehouse, job="takings", line="7.1", environment="prod", reason="back")
    pin(either_warehouse, job="takings", line="7.4", environment="prod", reason="and forth")
    assert either_warehouse.ledger.decision(environment="prod", job="takings").reason == "and forth"


@pytest.mark.parametrize(
    ("parts", "error", "problem"),
    [
        (
            {"line": "7.0"},
            RolloutError,
            r"line 7\.0 has ended on 2020-01-31 \(UTC\); supported lines: .*7\.1",
        ),
        ({"line": "9.9"}, UnknownLineError, r"line 9\.9 is not installed .*pip install dwh-v9_9"),
        ({"line": "7.1", "job": "nothing"}, UnknownJobError, "no job 'nothing' in line 7.1"),
        ({"line": "7.1", "job": "../x"}, InvalidNameError, "job"),
        ({"line": "7.1", "environment": "Prod!"}, InvalidNameError, "environment"),
        ({"line": "7.1", "environment": ""}, InvalidNameError, "environment"),
        (
            {"line": "7.1", "environment": "comparisons_prod"},
            UsageError,
            "so it publishes nothing; name prod",
        ),
        ({"line": "7.1", "reason": " "}, RolloutError, "say why"),
    ],
)
def test_a_pin_that_cannot_be(warehouse, parts, error, problem):
    """What a pin names wrongly is refused before anything is written, with what is allowed."""
    assert refused(warehouse, error=error, problem=problem, **parts).exit_code == 2


def test_a_pin_that_is_there(warehouse):
    """Pinning what is pinned is refused, with the reason that it was given."""
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="where we start")
    refused(warehouse, "7.1", "pinned to 7.1 in prod already: where we start")


def test_a_rollout_is_not_overridden(warehouse):
    """While a rollout is under way nothing is pinned."""
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="why")
    begin(warehouse, "7.2")
    refused(warehouse, "7.1", "being rolled out in prod; type: dwh rollout finish")
    refused(warehouse, "7.2", "being rolled out", publish=True)


def test_a_line_that_was_uninstalled(warehouse, monkeypatch):
    """What is shown of a line whose contract is unknown here is not mixed with anything."""
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="why")
    write(warehouse, "takings@7.1", FIRST)
    left = {name: line for name, line in pins_module.brought_lines().items() if name != "7.1"}
    monkeypatch.setattr(pins_module, "brought_lines", lambda: left)
    refused(warehouse, "7.2", r"line 7\.1 is not installed here, so its contract is unknown")


def test_publishing_keeps_the_way_back(warehouse):
    """Showing more of the line that a rollout has brought does not close the rollout's window."""
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="why")
    write(warehouse, "takings@7.1", FIRST, run_id="old")
    write(warehouse, "takings@7.3", FIRST, run_id="new")
    begin(warehouse, "7.3")
    advance(warehouse, job="takings", environment="prod")
    finish(warehouse, job="takings", environment="prod")
    with warehouse.ledger.holding("shop.takings") as (connection, sequence):
        add_resolutions(
            connection, environment="prod", job="takings", lines={SECOND: "7.1"}, sequence=sequence
        )
    write(warehouse, "takings@7.3", SECOND, run_id="more")
    pin(warehouse, job="takings", line="7.3", environment="prod", reason="show the rest", publish=True)
    assert shown(warehouse) == {FIRST: "new", SECOND: "more"}
    roll_back(warehouse, job="takings", environment="prod", reason="wrong")
    assert shown(warehouse) == {FIRST: "old"}


def test_a_table_has_one_job(warehouse, installed_line, takings):
    """A second job that writes a table which the environment publishes already is not pinned there."""
    installed_line("7.5", {"takings": takings(), "copied": takings()})
    pin(warehouse, job="takings", line="7.5", environment="prod", reason="why")
    before = everything(warehouse)
    with pytest.raises(RolloutError, match=r"prod publishes shop\.takings from the job takings.*one job"):
        pin(warehouse, job="copied", line="7.5", environment="prod", reason="too")
    assert everything(warehouse) == before
    pin(warehouse, job="copied", line="7.5", environment="staging", reason="elsewhere")
    pin(warehouse, job="takings", line="7.4", environment="prod", reason="another table")
    assert pin(warehouse, job="copied", line="7.5", environment="prod", reason="free now").action == "pin"


def test_who_pins_late_is_told(either_warehouse, monkeypatch):
    """Of two who pin at once, the second is told who decided first and why, and nothing of it is written."""
    pin(either_warehouse, job="takings", line="7.1", environment="prod", reason="why")
    other = type(either_warehouse)(
        either_warehouse.config,
        type(either_warehouse.ledger).open(either_warehouse.ledger.url.render_as_string(hide_password=False)),
    )
    stale = either_warehouse.ledger.decision(environment="prod", job="takings")
    pin(other, job="takings", line="7.2", environment="prod", reason="tips")
    monkeypatch.setattr(either_warehouse.ledger, "decision", lambda **_: stale)
    error = refused(either_warehouse, "7.2", "decided first", DecisionConflictError, reason="mine")
    assert (error.action, error.reason, error.exit_code) == ("pin", "tips", 1)


def test_environments_have_pins_of_their_own(warehouse):
    """A pin in one environment says nothing about another."""
    pin(warehouse, job="takings", line="7.1", environment="staging", reason="why")
    with pytest.raises(NotPinnedError, match="environments with pins: staging"):
        plan(warehouse, job="takings", old="7.1", new="7.2", environment="prod")
    elsewhere = type(warehouse)(replace(warehouse.config, environment="staging"), warehouse.ledger)
    write(elsewhere, "takings@7.1", FIRST, environment="staging")
    assert shown(warehouse) == {}
    assert len(warehouse.ledger.published_outputs(environment="staging", table="shop.takings")) == 1

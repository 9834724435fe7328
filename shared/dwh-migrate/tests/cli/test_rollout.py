"""`dwh rollout`: what an operator types and reads, without Spark."""

from __future__ import annotations

import json
import re

import pytest
from fabricate import DAYS, begin, compared, everything, shown, write

from dwh.migrate.rollout import hold, pin, progress, start

FIRST, SECOND, THIRD = DAYS[:3]
JOB = {"job": "takings", "environment": "prod"}


@pytest.fixture
def pinned(warehouse):
    """A warehouse whose prod shows two dates of line 7.1."""
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="where we start")
    write(warehouse, "takings@7.1", FIRST, SECOND, run_id="old")
    return warehouse


def test_a_plan_says_it_all(typed, pinned):
    """A plan shows the relation, the way, the steps, what is lacking and would be read, and what to type."""
    code, out, err = typed("rollout", "plan", "takings", "7.1", "7.3", "--gate", "2", "--window", "5")
    assert code == 0
    for part in (
        "takings, which writes shop.takings",
        "prod, publishes 2 partitions",
        "line 7.1, release 7.1.0",
        "line 7.3, release 7.3.0",
        "breaking",
        "column amount is now called total",
        "cutover: partitions of both lines cannot be in one table, so it moves as a whole",
        "shadow (gate: 2), cutover (proven: every date, gate: 2)",
        "until 5 days after its end",
        "2024-01-01 to 2024-01-02",
        "2 logical dates of it",
    ):
        assert part in out, part
    assert "dwh backfill takings@7.3 --from 2024-01-01 --to 2024-01-02" in err
    assert 'to start exactly this: dwh rollout start takings --env prod --reason "…"' in err
    code, out, _ = typed(
        "rollout", "plan", "takings", "7.1", "7.2", "--steps", "shadow:1, 30%, 100%", "--json"
    )
    found = json.loads(out)
    assert (code, found["way"], found["breaks"]) == (0, "ramp", [])
    assert [(step["name"], step["gate"]) for step in found["steps"]] == [
        ("shadow", 1),
        ("30%", 3),
        ("100%", 3),
    ]


def test_a_ramp_from_plan_to_history(typed, pinned):
    """An operator takes a rollout through its steps, and sees at each what it stands at and what is next."""
    typed("rollout", "plan", "takings", "7.1", "7.2", "--gate", "1", "--steps", "shadow, 100%")
    code, out, _ = typed("rollout", "start", "takings", "--reason", "tips", "--json")
    assert code == 0
    moved = json.loads(out)
    assert (moved["action"], moved["step"], moved["state"], moved["line"]) == (
        "start",
        "shadow",
        "running",
        "7.1",
    )
    code, out, err = typed("rollout", "status", "takings")
    assert "[shadow] → 100%" in out and "0 of 1 dates passed" in out
    assert "next: dwh run takings --env prod --date DATE" in err
    code, _, err = typed("rollout", "advance", "takings")
    assert code == 2 and "the gate of shadow is not open: 0 of 1 dates passed" in err
    compared(pinned, "pass", FIRST)
    code, out, err = typed("rollout", "status", "takings")
    assert "1 of 1 dates passed, open" in out and "next: dwh rollout advance takings --env prod" in err
    assert typed("rollout", "advance", "takings")[0] == 0
    assert typed("rollout", "hold", "takings", "--reason", "the freeze")[0] == 0
    assert "dwh rollout resume takings --env prod" in typed("rollout", "status", "takings")[2]
    assert typed("rollout", "resume", "takings", "--reason", "thawed")[0] == 0
    compared(pinned, "pass", FIRST)
    assert "next: dwh rollout finish takings" in typed("rollout", "status", "takings")[2]
    assert "to 7.2, running" in typed("pins")[1]
    assert typed("rollout", "finish", "takings", "--reason", "done")[0] == 0
    code, out, _ = typed("rollout", "status", "takings", "--json")
    (found,) = json.loads(out)
    assert (found["state"], found["to"]) == ("finished", "7.2") and found["rollback_until"]
    shown = typed("rollout", "status", "takings")[1]
    assert re.search(r"rollback until +\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ\n", shown) and "passed" not in shown
    code, out, _ = typed("rollout", "history", "takings", "--json")
    history = json.loads(out)
    assert [(made["action"], made["reason"], made["line"]) for made in history] == [
        ("pin", "where we start", "7.1"),
        ("start", "tips", "7.1"),
        ("advance", "gate: 1 of 1 dates passed", "7.1"),
        ("hold", "the freeze", "7.1"),
        ("resume", "thawed", "7.1"),
        ("finish", "done", "7.2"),
    ]
    assert all(made["by"] and made["decided"].endswith("Z") for made in history)


def test_a_cutover_and_back(typed, pinned):
    """A cutover says how many partitions moved; a rollback, which dates show nothing now."""
    write(pinned, "takings@7.3", FIRST, SECOND, run_id="new")
    begin(pinned, "7.3")
    code, out, _ = typed("rollout", "advance", "takings")
    assert code == 0 and out.splitlines()[1].split()[-1] == "2" and "cutover" in out
    assert typed("rollout", "finish", "takings")[0] == 0
    write(pinned, "takings@7.3", THIRD)
    code, out, err = typed("rollout", "rollback", "takings", "--reason", "an hour off")
    assert code == 0 and "rolled back" in out
    assert "line 7.1 has no output for 2024-01-03: nothing is published for these now" in err
    assert "dwh backfill takings@7.1" in err
    assert shown(pinned) == {FIRST: "old", SECOND: "old"}
    code, out, _ = typed("history", "shop.takings", "--published", "--json")
    last = json.loads(out)[-1]
    assert (last["run"], last["action"], last["reason"], last["state"]) == (
        *(None, "rollback", "an hour off"),
        "nothing published",
    )
    code, out, _ = typed("rollout", "rollback", "takings", "--reason", "x")
    assert code == 2


def test_what_a_candidate_did_is_shown(typed, pinned):
    """`status` lists what ran in the shadow, with its outcome."""
    begin(pinned, "7.2", gate=3)
    compared(pinned, "pass", FIRST)
    compared(pinned, "fail", SECOND)
    code, out, _ = typed("rollout", "status")
    assert code == 0
    assert "1 of 3 dates passed, 1 did not pass" in out
    rows = [line.split() for line in out.splitlines() if line.startswith("2024-01-0")]
    assert [(row[0], row[2]) for row in rows] == [("2024-01-01", "pass"), ("2024-01-02", "fail")]


def test_without_a_rollout(typed, pinned):
    """Where nothing is under way `status` says how to begin; so does each command that would move it."""
    code, out, err = typed("rollout", "status")
    assert (code, out) == (0, "") and "dwh rollout plan JOB OLD NEW --env NAME" in err
    assert json.loads(typed("rollout", "status", "--json")[1]) == []


PLAN = ["rollout", "plan", "takings", "7.1"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([*PLAN, "7.2", "--env", "staging"], "environment staging has no pin for takings"),
        ([*PLAN, "7.2", "--env", "No!"], "not a valid environment"),
        (["rollout", "plan", "nothing", "7.1", "7.2"], "no pin for nothing"),
        ([*PLAN, "9.9"], "pip install dwh-v9_9"),
        ([*PLAN, "7.0"], "line 7.0 has ended"),
        ([*PLAN, "7.1"], "dwh rollout plan takings 7.1 NEW --env prod"),
        ([*PLAN, "7.4"], "these are two tables"),
        ([*PLAN, "7.2", "--steps", "canary"], "'canary' is not a step"),
        ([*PLAN, "7.2", "--steps", "0%"], "a share must be above 0% and at most 100%"),
        ([*PLAN, "7.2", "--steps", "150%"], "a share must be above 0% and at most 100%"),
        ([*PLAN, "7.2", "--steps", "-25%"], "'-25%' is not a step"),
        (
            [*PLAN, "7.2", "--steps", "50%, 25%, 100%"],
            "each step must serve more dates than the one before",
        ),
        ([*PLAN, "7.2", "--steps", "from 2024-02-30, 100%"], "no such date"),
        ([*PLAN, "7.3", "--steps", "25%, 100%"], "the steps are: shadow, cutover"),
        ([*PLAN, "7.2", "--gate", "-1"], "-1 is not in the range"),
        ([*PLAN, "7.2", "--window", "9999"], "9999 is not in the range"),
        ([*PLAN, "7.2", "--on-fail", "panic"], "'panic' is not one of"),
        ([*PLAN, "7.2", "--dags", "nowhere"], "does not exist"),
        (["rollout", "start", "takings"], "--reason"),
        (["rollout", "start", "takings", "--reason", "x"], "no rollout of takings has been planned in prod"),
        (["rollout", "start", "../x", "--reason", "x"], "not a valid job"),
        (["rollout", "advance", "takings"], "takings is not being rolled out in prod"),
        (["rollout", "finish", "takings"], "takings is not being rolled out in prod"),
        (["rollout", "hold", "takings", "--reason", "x"], "takings is not being rolled out in prod"),
        (["rollout", "resume", "takings", "--reason", "x"], "takings is not being rolled out in prod"),
        (["rollout", "rollback", "takings", "--reason", "x"], "takings is not being rolled out in prod"),
        (["rollout", "rollback", "takings"], "--reason"),
        (["rollout", "status", "takings", "--env", "staging"], "not being rolled out in staging"),
        (["rollout", "history", "nothing"], "nothing was ever decided about nothing; type: dwh pins"),
        (["rollout", "history", "takings", "--env", "staging"], "about takings in staging"),
    ],
)
def test_what_cannot_be_is_refused(typed, pinned, arguments, said):
    """A mistake exits with 2, says what is wrong and what to type, and writes nothing."""
    before = everything(pinned)
    code, out, err = typed(*arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert everything(pinned) == before


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("plan", "being rolled out in prod already; type: dwh rollout status takings"),
        ("start", "being rolled out in prod already"),
        ("advance", "has no output for 2024-01-02; type: dwh backfill takings@7.3 --date 2024-01-02"),
        ("finish", "which is not its last step; type: dwh rollout advance takings --env prod"),
        ("resume", "is running, not held"),
    ],
)
def test_what_a_rollout_does_not_allow(typed, pinned, action, said):
    """A second rollout, a cutover with missing partitions and steps out of turn are refused."""
    write(pinned, "takings@7.3", FIRST)
    write(pinned, "takings@7.3", FIRST, SECOND, environment="dev")
    begin(pinned, "7.3")
    before = everything(pinned)
    more = {"plan": ["7.1", "7.2"], "start": ["--reason", "x"], "resume": ["--reason", "x"]}.get(action, [])
    code, out, err = typed("rollout", action, "takings", *more)
    assert (code, out) == (2, "")
    assert said in err
    assert everything(pinned) == before


def test_what_changed_since_the_plan(typed, pinned):
    """A start after a change says what has changed, and begins nothing."""
    typed(*PLAN, "7.2")
    write(pinned, "takings@7.1", THIRD)
    code, out, err = typed("rollout", "start", "takings", "--reason", "x")
    assert (code, out) == (2, "")
    assert "something has changed since the plan was made: partitions published: 2 → 3; " in err
    assert "type: dwh rollout plan takings 7.1 7.2 --env prod" in err


@pytest.mark.parametrize("late", ["advance", "hold", "rollback"])
def test_who_is_late_is_told(typed, pinned, monkeypatch, late):
    """Somebody who decides on what no longer holds exits with 1, and reads who was faster and why."""
    from dwh.migrate.rollout import steps

    begin(pinned, "7.2")
    stale = progress(pinned, **JOB)
    hold(pinned, **JOB, reason="the freeze")
    before = everything(pinned)
    monkeypatch.setattr(steps, "progress", lambda *_, **__: stale)
    code, out, err = typed("rollout", late, "takings", "--reason", "mine")
    assert (code, out) == (1, "")
    assert "decided first (hold: the freeze); nothing was changed; type: dwh rollout history takings" in err
    assert everything(pinned) == before


def test_a_second_start_is_told(typed, pinned):
    """Of two operators who start the same plan, the second reads that it is under way."""
    typed(*PLAN, "7.2")
    start(pinned, **JOB, reason="first")
    code, _, err = typed("rollout", "start", "takings", "--reason", "second")
    assert code == 2 and "takings is being rolled out in prod already" in err


def test_a_closed_window_is_told(typed, pinned):
    """After its window a rollback is refused, with the way to go back by a rollout."""
    begin(pinned, "7.2", ["100%"], window_days=0)
    assert typed("rollout", "finish", "takings")[0] == 0
    code, _, err = typed("rollout", "rollback", "takings", "--reason", "x")
    assert code == 2
    assert "its window closed at" in err and "type: dwh rollout plan takings 7.2 7.1 --env prod" in err


def test_a_rollout_that_is_elsewhere_is_named(typed, pinned):
    """Whoever forgot --env, or mistyped the job, reads which rollouts are under way."""
    begin(pinned, "7.2", ["100%"])
    said = typed("rollout", "status", "takings", "--env", "staging")[2]
    assert "in staging (rollouts under way: takings in prod)" in said


def test_one_date_is_published_unproven_after_a_cutover(typed, pinned):
    """After a cutover, somebody who has looked at a date publishes it; the history says who and why."""
    write(pinned, "takings@7.3", FIRST, SECOND, run_id="new")
    begin(pinned, "7.3")
    assert typed("rollout", "advance", "takings")[0] == 0
    write(pinned, "takings@7.3", THIRD, run_id="late")
    words = ("publish", "takings@7.3", "--date", str(THIRD))
    assert "dwh publish takings@7.3 --env prod --date 2024-01-03" in typed("rollout", "status", "takings")[2]
    code, _, err = typed(*words, "--reason", "the old line ends here")
    assert (code, err) == (0, "prod publishes takings@7.3 for 2024-01-03, which is not proven\n")
    assert shown(pinned)[THIRD] == "late"
    last = json.loads(typed("rollout", "history", "takings", "--json")[1])[-1]
    assert (last["action"], last["reason"]) == ("publish", "2024-01-03, not proven: the old line ends here")
    write(pinned, "takings@7.3", THIRD, run_id="later")
    told = json.loads(typed(*words, "--reason", "again", "--json")[1])
    assert told == {
        **{"job": "takings", "environment": "prod", "action": "publish", "line": "7.3"},
        **{"date": "2024-01-03", "reason": "2024-01-03, not proven: again"},
    }
    assert shown(pinned)[THIRD] == "later"
    code, _, err = typed(*words, "--reason", "again")
    assert code == 2 and "is withheld for 2024-01-03 in prod; type: dwh rollout status takings" in err
    assert typed("publish", "takings@7.3.0", *words[2:], "--reason", "x")[0] == 2

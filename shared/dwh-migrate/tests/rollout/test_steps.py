"""Rollouts move step by step, and back: without Spark, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from fabricate import DAYS, TABLE, begin, compared, everything, proved, resolved, served, shown, write

from dwh.core.dates import DateRange
from dwh.core.errors import DecisionConflictError, InvalidNameError, UnknownLineError
from dwh.core.ledger import Decision, Ledger
from dwh.core.ledger.rollouts import share_of
from dwh.core.testing.cutting import cut_off
from dwh.core.warehouse import Warehouse
from dwh.migrate.rollout import (
    Moved,
    RolloutError,
    advance,
    finish,
    hold,
    pin,
    plan,
    progress,
    resume,
    roll_back,
    start,
    steps,
)
from dwh.migrate.rollout import state as state_module

FIRST, SECOND, THIRD, FOURTH = DAYS[:4]
JOB = {"job": "takings", "environment": "prod"}


@pytest.fixture
def pinned(either_warehouse):
    """A warehouse on either database whose prod shows two dates of line 7.1, run `old`."""
    pin(either_warehouse, job="takings", line="7.1", environment="prod", reason="where we start")
    write(either_warehouse, "takings@7.1", FIRST, SECOND, run_id="old")
    return either_warehouse


@pytest.fixture
def quick(warehouse):
    """The same, on SQLite alone."""
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="where we start")
    write(warehouse, "takings@7.1", FIRST, SECOND, run_id="old")
    return warehouse


def line(warehouse: Warehouse) -> str:
    """Return the pin."""
    return warehouse.ledger.decision(environment="prod", job="takings").line


def state(warehouse: Warehouse) -> tuple[str, str]:
    """Return the rollout's state, and the name of its step."""
    now = progress(warehouse, **JOB)
    return now.rollout.state, now.step.name


def another(warehouse: Warehouse) -> Warehouse:
    """Return the warehouse as another process has it."""
    url = warehouse.ledger.url.render_as_string(hide_password=False)
    return Warehouse(warehouse.config, Ledger.open(url))


def cut_over(warehouse: Warehouse, *days: Any) -> Moved:
    """Start a rollout to 7.3, which has run `new` for some dates, and cut over."""
    write(warehouse, "takings@7.3", *(days or (FIRST, SECOND)), run_id="new")
    begin(warehouse, "7.3")
    return advance(warehouse, **JOB)


def refused(warehouse: Warehouse, problem: str, action: Any, **more: Any) -> None:
    """Do something that is refused, and leaves the ledger as it was."""
    before = everything(warehouse)
    with pytest.raises(RolloutError, match=problem) as caught:
        action(warehouse, **JOB, **more)
    assert caught.value.exit_code == 2
    assert everything(warehouse) == before


def test_a_rollout_begins_as_it_was_planned(pinned):
    """`start` begins the newest plan at its first step; nothing else is served or shown yet."""
    planned = plan(
        pinned,
        job="takings",
        old="7.1",
        new="7.2",
        environment="prod",
        gate=2,
        on_fail="rollback",
        window_days=7,
    )
    moved = start(pinned, **JOB, reason="tips")
    rollout = moved.decision.rollout
    assert (moved.decision.action, moved.decision.reason, line(pinned)) == ("start", "tips", "7.1")
    assert (rollout.old_line, rollout.new_line, rollout.on_fail, rollout.window_days) == (
        *("7.1", "7.2", "rollback"),
        7,
    )
    assert [step.name for step in rollout.steps] == [step.name for step in planned.steps]
    assert rollout.started == moved.decision.sequence
    assert state(pinned) == ("running", "shadow")
    assert shown(pinned) == {FIRST: "old", SECOND: "old"}
    assert resolved(pinned, FIRST, FOURTH) == dict.fromkeys(DAYS[:4], "7.1")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda house: write(house, "takings@7.1", THIRD), "partitions published: 2 → 3"),
        (
            lambda house: write(house, "takings@7.3", FIRST),
            "missing in the new line: 2024-01-01 to 2024-01-02 → 2024-01-02; "
            "would read: .*2 logical dates.* → .*1 logical",
        ),
        (
            lambda house: pin(
                house, job="takings", line="7.1", environment="prod", reason="again", publish=True
            ),
            "a decision has been made since",
        ),
    ],
)
def test_what_changed_since_the_plan_is_told(quick, change, said):
    """A start after something has changed is refused with what did; planned anew, it starts."""
    plan(quick, job="takings", old="7.1", new="7.3", environment="prod")
    change(quick)
    refused(quick, f"something has changed since the plan was made: .*{said}", start, reason="why")
    plan(quick, job="takings", old="7.1", new="7.3", environment="prod")
    assert start(quick, **JOB, reason="why").decision.action == "start"


def test_another_release_since_the_plan(quick, installed_line, site):
    """A plan shows the releases; a new one of either line is told."""
    plan(quick, job="takings", old="7.1", new="7.2", environment="prod")
    folder = site / "dwh_v7_2-7.2.0.dist-info"
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: dwh-v7_2\nVersion: 7.2.1\n")
    folder.rename(site / "dwh_v7_2-7.2.1.dist-info")
    refused(quick, r"new release: 7\.2\.0 → 7\.2\.1", start, reason="why")


def test_the_new_line_was_uninstalled_since_the_plan(quick, site):
    """A line that has gone since the plan is told, with how to get it."""
    plan(quick, job="takings", old="7.1", new="7.2", environment="prod")
    (site / "dwh_v7_2-7.2.0.dist-info").rename(site / "gone")
    with pytest.raises(UnknownLineError, match="pip install dwh-v7_2"):
        start(quick, **JOB, reason="why")


def test_without_a_plan_nothing_starts(quick):
    """`start` needs a plan of this job in this environment, and a reason."""
    refused(
        quick, "no rollout of takings has been planned in prod; type: dwh rollout plan", start, reason="why"
    )
    plan(quick, job="takings", old="7.1", new="7.2", environment="prod")
    refused(quick, "say why", start, reason=" ")


def test_a_plan_starts_once(quick):
    """A plan that was begun, and whose rollout was rolled back, does not begin again unseen."""
    begin(quick, "7.2")
    refused(quick, "being rolled out in prod already", start, reason="again")
    roll_back(quick, **JOB, reason="wrong")
    refused(quick, "a decision has been made since", start, reason="again")


def test_of_two_who_start_at_once_one_wins(pinned, monkeypatch):
    """Two who start the same plan: one rollout begins, the other operator is told."""
    plan(pinned, job="takings", old="7.1", new="7.2", environment="prod")
    original = steps._again

    def slowly(warehouse: Warehouse, planned: Any) -> Any:
        found = original(warehouse, planned)
        monkeypatch.setattr(steps, "_again", original)
        start(another(pinned), **JOB, reason="I was here first")
        return found

    monkeypatch.setattr(steps, "_again", slowly)
    with pytest.raises(DecisionConflictError, match=r"decided first \(start: I was here first\)"):
        start(pinned, **JOB, reason="me too")
    assert [made.action for made in pinned.ledger.decisions()] == ["pin", "start"]


def test_a_ramp_serves_more_at_each_step(pinned):
    """At each step new dates go where the step says; dates that were resolved stay, shown ones too."""
    begin(pinned, "7.2", ["shadow", "30%", "from 2024-01-09", "100%"])
    some = {day for day in DAYS if share_of(environment="prod", job="takings", day=day) < 0.3}
    assert some == {DAYS[2], DAYS[4], DAYS[9]}
    advance(pinned, **JOB)
    assert state(pinned) == ("running", "30%")
    assert resolved(pinned, *DAYS[:4]) == {FIRST: "7.1", SECOND: "7.1", THIRD: "7.2", FOURTH: "7.1"}
    served(pinned, *DAYS[:5], run_id="new")
    assert shown(pinned) == {
        **dict.fromkeys((FIRST, SECOND, FOURTH), "new_old"),
        **dict.fromkeys((THIRD, DAYS[4]), "new"),
    }
    advance(pinned, **JOB)
    assert resolved(pinned, *DAYS) == {day: "7.2" if day in some or day >= DAYS[8] else "7.1" for day in DAYS}
    advance(pinned, **JOB)
    later = DAYS[-1] + timedelta(days=1)
    assert resolved(pinned, *DAYS, later) == {**resolved(pinned, *DAYS), later: "7.2"}
    finish(pinned, **JOB)
    assert (line(pinned), state(pinned)) == ("7.2", ("finished", "100%"))
    assert resolved(pinned, *DAYS)[FIRST] == "7.1"
    write(pinned, "takings@7.1", FIRST, run_id="rerun")
    assert shown(pinned)[FIRST] == "rerun"


def test_a_gate_needs_enough_that_passed(quick):
    """A step is left only when enough dates have passed since it began, and none has not."""
    begin(quick, "7.2", ["shadow:2", "30%:1", "100%:1"])
    refused(quick, "gate of shadow is not open: 0 of 2 dates passed; type: dwh run takings", advance)
    compared(quick, "pass", FIRST)
    compared(quick, "pass", FIRST)
    refused(quick, "1 of 2 dates passed", advance)
    compared(quick, "incomplete", SECOND)
    compared(quick, "pass", THIRD)
    refused(quick, "2 of 2 dates passed, 1 did not pass", advance)
    compared(quick, "pass", SECOND)
    moved = advance(quick, **JOB)
    assert moved.decision.reason == "gate: 3 dates passed, 2 needed"
    refused(quick, "gate of 30% is not open: 0 of 1", advance)
    compared(quick, "pass", FIRST)
    assert advance(quick, **JOB, reason="it looks well").decision.reason == "it looks well"
    refused(quick, "gate of 100% is not open", finish)
    compared(quick, "fail", FIRST)
    refused(quick, "0 of 1 dates passed, 1 did not", finish)
    compared(quick, "pass", FIRST)
    refused(quick, "has reached its last step in prod; type: dwh rollout finish", advance)
    finish(quick, **JOB)


def test_a_gate_may_need_nothing(quick):
    """What has passed is told all the same."""
    begin(quick, "7.2", ["shadow:0", "100%"])
    compared(quick, "pass", FIRST)
    assert advance(quick, **JOB).decision.reason == "gate: 1 date passed, none needed"


def test_a_step_is_not_skipped(quick):
    """A rollout finishes at its last step alone."""
    begin(quick, "7.2")
    refused(quick, "at shadow in prod, which is not its last step; type: dwh rollout advance", finish)


def test_a_hold_stops_and_changes_nothing(quick):
    """Held, a rollout serves as before, and moves no further; resumed, its gate counts anew."""
    begin(quick, "7.2", ["100%:1"])
    compared(quick, "pass", FIRST)
    hold(quick, **JOB, reason="the freeze")
    assert state(quick) == ("held", "100%")
    for action in (advance, finish, partial(hold, reason="again")):
        refused(quick, "is held: the freeze; type: dwh rollout resume", action)
    assert resolved(quick, THIRD) == {THIRD: "7.2"}
    served(quick, THIRD, run_id="new")
    assert shown(quick)[THIRD] == "new"
    refused(quick, "say why", resume, reason="")
    resume(quick, **JOB, reason="thawed")
    assert state(quick) == ("running", "100%")
    refused(quick, "gate of 100% is not open: 0 of 1", finish)
    refused(quick, "is running, not held", resume, reason="again")


def test_a_cutover_moves_the_whole_table(pinned):
    """A cutover shows the new line's newest output of each date, and gives it each date that comes."""
    resolved(pinned, FOURTH)
    write(pinned, "takings@7.3", FIRST, SECOND, THIRD, run_id="early")
    moved = cut_over(pinned)
    assert (moved.published, moved.decision.action, line(pinned)) == (2, "cutover", "7.3")
    assert shown(pinned) == {FIRST: "new", SECOND: "new"}
    assert resolved(pinned, *DAYS[:5]) == dict.fromkeys(DAYS[:5], "7.3")
    write(pinned, "takings@7.1", FIRST, THIRD)
    assert shown(pinned) == {FIRST: "new", SECOND: "new"}, "the old line is in the shadow now"
    finish(pinned, **JOB)
    assert (line(pinned), state(pinned)) == ("7.3", ("finished", "cutover"))


def test_a_cutover_with_missing_partitions(pinned):
    """A cutover is refused while the new line lacks a published date, with how to fill it."""
    write(pinned, "takings@7.1", *DAYS[4:7])
    write(pinned, "takings@7.3", SECOND, DAYS[5])
    begin(pinned, "7.3")
    missing = "line 7.3 has no output for 2024-01-01, 2024-01-05, 2024-01-07; type: dwh backfill takings@7.3"
    refused(pinned, f"{missing} --from 2024-01-01 --to 2024-01-07 --env prod", advance)
    assert state(pinned) == ("running", "shadow")


def test_a_run_that_commits_during_a_cutover(pinned):
    """A run of the old line that was served before a cutover and commits after it is not shown."""
    resolved(pinned, THIRD)
    slow = write(pinned, "takings@7.1", FIRST, THIRD, commit=False)
    cut_over(pinned)
    pinned.ledger.commit_run(slow, {FIRST: 1, THIRD: 1})
    assert shown(pinned) == {FIRST: "new", SECOND: "new"}


def test_a_cutover_is_rolled_back(pinned):
    """What was shown before a cutover is shown again, and its dates are the old line's again."""
    cut_over(pinned)
    moved = roll_back(pinned, **JOB, reason="an hour off")
    assert (moved.published, moved.withdrawn, moved.decision.action) == (2, (), "rollback")
    assert (line(pinned), state(pinned)) == ("7.1", ("rolled back", "cutover"))
    assert shown(pinned) == {FIRST: "old", SECOND: "old"}
    assert resolved(pinned, FIRST, SECOND, THIRD) == dict.fromkeys(DAYS[:3], "7.1")
    write(pinned, "takings@7.3", FIRST)
    assert shown(pinned)[FIRST] == "old"
    write(pinned, "takings@7.1", FIRST, run_id="rerun")
    assert shown(pinned) == {FIRST: "rerun", SECOND: "old"}


def test_dates_that_came_later_are_rolled_back(pinned):
    """A date that only the new line has shown shows the old line's newest output, or else nothing."""
    cut_over(pinned)
    served(pinned, THIRD, run_id="later")
    assert shown(pinned)[THIRD] == "later"
    finish(pinned, **JOB)
    write(pinned, "takings@7.3", *DAYS[4:6], DAYS[8])
    moved = roll_back(pinned, **JOB, reason="wrong")
    assert moved.withdrawn == (DateRange(DAYS[4], DAYS[5]), DateRange(DAYS[8], DAYS[8]))
    assert moved.published == 6
    assert shown(pinned) == {FIRST: "old", SECOND: "old", THIRD: "later_old"}
    write(pinned, "takings@7.1", DAYS[4], run_id="filled")
    assert shown(pinned)[DAYS[4]] == "filled"


@pytest.mark.parametrize("reached", range(6))
def test_a_rollback_works_at_each_step(quick, reached):
    """At every step, held or not, and after the end, a ramp can be rolled back to what was before."""
    before = shown(quick)
    begin(quick, "7.2", ["shadow", "30%", "from 2024-01-03", "100%"])
    for action in (advance, advance, partial(hold, reason="wait"))[:reached]:
        action(quick, **JOB)
    if reached > 3:
        resume(quick, **JOB, reason="go on")
        advance(quick, **JOB)
    if reached > 4:
        finish(quick, **JOB)
    served = resolved(quick, *DAYS)
    write(quick, "takings@7.2", *DAYS, run_id="new")
    roll_back(quick, **JOB, reason="wrong")
    assert shown(quick) == before
    assert resolved(quick, *DAYS) == dict.fromkeys(DAYS, "7.1")
    assert (served == dict.fromkeys(DAYS, "7.1")) == (reached == 0)


def test_what_the_old_line_published_meanwhile_stays(pinned):
    """Dates that the old line has served during a ramp go on showing what it wrote last."""
    begin(pinned, "7.2", ["30%", "100%"])
    write(pinned, "takings@7.1", FIRST, FOURTH, run_id="during")
    served(pinned, THIRD, run_id="new")
    assert shown(pinned) == {FIRST: "during", SECOND: "old", THIRD: "new", FOURTH: "during"}
    moved = roll_back(pinned, **JOB, reason="wrong")
    assert (moved.published, moved.withdrawn) == (1, ())
    assert shown(pinned) == {FIRST: "during", SECOND: "old", THIRD: "new_old", FOURTH: "during"}


def test_a_run_that_commits_after_a_rollback(pinned):
    """A run of the new line that was served before a rollback and commits after it is not shown."""
    begin(pinned, "7.2", ["100%"])
    assert resolved(pinned, THIRD) == {THIRD: "7.2"}
    slow = write(pinned, "takings@7.2", THIRD, commit=False)
    roll_back(pinned, **JOB, reason="wrong")
    pinned.ledger.commit_run(slow, {THIRD: 1})
    assert shown(pinned) == {FIRST: "old", SECOND: "old"}


def test_an_empty_date_stays_empty_through_a_second_rollback(pinned):
    """A date that the first rollback withdrew does not come back with the new line in the second one."""
    cut_over(pinned)
    finish(pinned, **JOB)
    write(pinned, "takings@7.3", THIRD, run_id="later")
    roll_back(pinned, **JOB, reason="wrong")
    assert THIRD not in shown(pinned)
    begin(pinned, "7.3")
    advance(pinned, **JOB)
    finish(pinned, **JOB)
    write(pinned, "takings@7.3", THIRD, run_id="much later")
    moved = roll_back(pinned, **JOB, reason="wrong again")
    assert moved.withdrawn == (DateRange(THIRD, THIRD),)
    assert shown(pinned) == {FIRST: "old", SECOND: "old"}


def test_a_third_line_gets_back_what_was_its_own(quick):
    """Dates that an older line served show its newest output again, and are its own to rerun."""
    pin(quick, job="takings", line="7.2", environment="prod", reason="tips")
    write(quick, "takings@7.2", THIRD, run_id="second")
    write(quick, "takings@7.3", *DAYS[:3], run_id="third")
    begin(quick, "7.3")
    write(quick, "takings@7.1", FIRST, run_id="rerun")
    advance(quick, **JOB)
    assert set(shown(quick).values()) == {"third"}
    roll_back(quick, **JOB, reason="wrong")
    assert shown(quick) == {FIRST: "rerun", SECOND: "old", THIRD: "second"}
    assert resolved(quick, *DAYS[:4]) == {FIRST: "7.1", SECOND: "7.1", THIRD: "7.2", FOURTH: "7.2"}


def test_a_rollback_computes_nothing(quick):
    """Cutover and rollback add decisions, resolutions and publications, and change nothing else."""
    write(quick, "takings@7.3", FIRST, SECOND)
    begin(quick, "7.3")
    before = everything(quick)
    advance(quick, **JOB)
    roll_back(quick, **JOB, reason="wrong")
    after = everything(quick)
    for name, rows in after.items():
        if name in ("decisions", "resolutions", "publications"):
            assert set(map(repr, before[name])) < set(map(repr, rows)), name
        elif name != "tables":
            assert rows == before[name], name


def test_a_rollback_that_fails_moves_nothing(quick, monkeypatch):
    """A rollback is one transaction: when its last act fails, all is as before."""
    cut_over(quick)
    before = everything(quick)

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(steps, "add_publications", fail)
    with pytest.raises(RuntimeError):
        roll_back(quick, **JOB, reason="wrong")
    assert everything(quick) == before


def test_the_window_closes(pinned, monkeypatch):
    """After its end a rollout can be rolled back for the days it declares, and no longer."""
    write(pinned, "takings@7.3", FIRST, SECOND, run_id="new")
    begin(pinned, "7.3", window_days=2)
    advance(pinned, **JOB)
    finish(pinned, **JOB)
    ended = progress(pinned, **JOB).rollout.finished_at

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return ended + timedelta(days=2, seconds=seconds)

    monkeypatch.setattr(state_module, "datetime", Later)
    seconds = 1
    refused(
        pinned, "its window closed at .*Z, so nothing can be rolled back; type: .*takings 7.3 7.1",
        roll_back, reason="late",
    )  # fmt: skip
    seconds = 0
    roll_back(pinned, **JOB, reason="just in time")
    assert shown(pinned) == {FIRST: "old", SECOND: "old"}


@pytest.mark.parametrize("finished", [False, True])
def test_what_is_rolled_back_is_not_rolled_back_again(quick, finished):
    """A second rollback is refused, with the reason of the first, also within the window."""
    cut_over(quick)
    if finished:
        finish(quick, **JOB)
    roll_back(quick, **JOB, reason="an hour off")
    refused(
        quick, "rolled back already: an hour off; type: dwh rollout history takings", roll_back, reason="x"
    )
    for action in (advance, finish, partial(hold, reason="x")):
        refused(quick, "is rolled back; type: dwh rollout history", action)


def test_without_a_rollout_nothing_moves(quick):
    """Where there is no rollout, each move is refused with the command that plans one."""
    for action in (advance, finish, *(partial(act, reason="x") for act in (hold, resume, roll_back))):
        refused(quick, "not being rolled out in prod; type: dwh rollout plan takings", action)
        with pytest.raises(InvalidNameError):
            action(quick, job="takings", environment="No!")


def test_a_rollback_needs_a_reason(quick):
    """Holding, resuming and rolling back say why."""
    begin(quick, "7.2")
    refused(quick, "say why", roll_back, reason="")
    refused(quick, "say why", hold, reason="  ")


def test_after_a_rollback_the_way_is_open_again(quick):
    """A rolled back rollout can be planned and begun again, and then go through."""
    cut_over(quick)
    roll_back(quick, **JOB, reason="wrong")
    write(quick, "takings@7.3", FIRST, SECOND, run_id="fixed")
    begin(quick, "7.3")
    advance(quick, **JOB)
    finish(quick, **JOB)
    assert shown(quick) == {FIRST: "fixed", SECOND: "fixed"}
    begin(quick, "7.1", ["shadow", "cutover:0"])
    advance(quick, **JOB)
    assert shown(quick) == {FIRST: "old", SECOND: "old"}
    roll_back(quick, **JOB, reason="no")
    assert shown(quick) == {FIRST: "fixed", SECOND: "fixed"}


def moves(warehouse: Warehouse) -> list[Any]:
    """Return what operators may do to a running rollout whose gate is open."""
    return [
        partial(advance, warehouse, **JOB),
        partial(roll_back, warehouse, **JOB, reason="wrong"),
        partial(hold, warehouse, **JOB, reason="wait"),
    ]


@pytest.mark.parametrize("late", range(3))
@pytest.mark.parametrize("fast", range(3))
def test_who_decides_late_is_told(quick, monkeypatch, fast, late):
    """Whatever two operators do after they have looked at the same state, the second is told."""
    begin(quick, "7.2", ["shadow", "30%", "100%"])
    stale = progress(quick, **JOB)
    moves(another(quick))[fast]()
    before = everything(quick)
    monkeypatch.setattr(steps, "progress", lambda *_, **__: stale)
    with pytest.raises(DecisionConflictError, match=r"decided first .*nothing was changed") as caught:
        moves(quick)[late]()
    assert caught.value.action == ("advance", "rollback", "hold")[fast]
    assert everything(quick) == before


@pytest.mark.parametrize("move", [advance, finish])
def test_a_comparison_that_fails_meanwhile_shuts_the_gate(quick, monkeypatch, move):
    """A failure that is recorded after the operator has looked at the gate still keeps it shut."""
    begin(quick, "7.2", ["shadow", "100%"] if move is advance else ["100%"], gate=1)
    compared(quick, "pass", FIRST)
    stale = progress(quick, **JOB)
    compared(another(quick), "fail", SECOND)
    monkeypatch.setattr(steps, "progress", lambda *_, **__: stale)
    refused(quick, "is not open: 1 of 1 dates passed, 1 did not pass", move)


def test_of_many_who_move_at_once_one_wins(pinned):
    """Six operators at once: one decision for each state, nothing lost, nothing half done."""
    write(pinned, "takings@7.3", FIRST, SECOND, run_id="new")
    begin(pinned, "7.3")
    barrier = threading.Barrier(6)
    results: list[Any] = []

    def act(action: Any) -> None:
        barrier.wait()
        try:
            results.append(action())
        except (RolloutError, DecisionConflictError) as error:
            results.append(error)

    actions = [*moves(another(pinned)), *moves(another(pinned))]
    threads = [threading.Thread(target=act, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = [result.decision for result in results if isinstance(result, Moved)]
    assert len(results) == 6 and made
    recorded = pinned.ledger.decisions()
    assert [decision.action for decision in recorded[:2]] == ["pin", "start"]
    assert sorted(recorded[2:], key=sequence) == sorted(made, key=sequence)
    assert len({*map(sequence, recorded)}) == len(recorded)
    assert set(shown(pinned).values()) in ({"old"}, {"new"})


def sequence(decision: Decision) -> int:
    """Return the decision's place."""
    return decision.sequence


def test_a_reader_during_cutovers_and_rollbacks(pinned):
    """Someone who reads while a table is cut over and rolled back sees one line at a time."""
    write(pinned, "takings@7.1", *DAYS[2:])
    write(pinned, "takings@7.3", *DAYS)
    done, seen = threading.Event(), []
    mine = another(pinned)

    def watch() -> None:
        while not done.is_set():
            seen.append(
                {output.line for output in mine.ledger.published_outputs(environment="prod", table=TABLE)}
            )

    reader = threading.Thread(target=watch)
    reader.start()
    try:
        for _ in range(3):
            begin(pinned, "7.3")
            advance(pinned, **JOB)
            roll_back(pinned, **JOB, reason="wrong")
    finally:
        done.set()
        reader.join()
    assert len(seen) > 10
    assert all(len(lines) == 1 for lines in seen)


def test_the_past_of_a_rollout(quick):
    """As of an instant before a cutover or a rollback, what was shown then is read."""
    cut = cut_over(quick).decision.decided_at
    back = roll_back(quick, **JOB, reason="wrong").decision.decided_at

    def then(instant: datetime) -> set[str]:
        found = quick.ledger.published_outputs(environment="prod", table=TABLE, as_of=instant)
        return {output.run_id for output in found}

    assert then(cut - timedelta(microseconds=1)) == {"old"}
    assert then(cut) == {"new"}
    assert then(back - timedelta(microseconds=1)) == {"new"}
    assert then(datetime.now(timezone.utc)) == {"old"}


def test_no_statement_rewrites_history(quick):
    """Nothing is ever updated or deleted but the tables' counters."""
    rewritten = []

    def watch(*arguments: Any) -> None:
        statement = arguments[2].strip()
        if statement.upper().startswith(("UPDATE", "DELETE")):
            rewritten.append(statement.split()[1 if statement.upper().startswith("UPDATE") else 2])

    sa.event.listen(quick.ledger._engine, "before_cursor_execute", watch)
    cut_over(quick)
    hold(quick, **JOB, reason="wait")
    resume(quick, **JOB, reason="go on")
    finish(quick, **JOB)
    roll_back(quick, **JOB, reason="wrong")
    pin(quick, job="takings", line="7.1", environment="prod", reason="show", publish=True)
    assert set(rewritten) == {"tables", "runs"}  # a run ends


def test_a_cutover_and_a_rollback_that_are_cut_off_are_made_again(config, lines, with_tables, postgresql_url):
    """The server ends the connection in their middle: nothing of it stays, and then each is made once."""
    with_tables(postgresql_url)
    warehouse = Warehouse.create(replace(config, ledger=postgresql_url).in_environment("prod"))
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="where we start")
    write(warehouse, "takings@7.1", FIRST, SECOND, run_id="old")
    begin(warehouse, "7.3")
    write(warehouse, "takings@7.3", FIRST, SECOND, run_id="new")
    proved(warehouse, dict.fromkeys((FIRST, SECOND), ("old", "new")))
    for move, run in ((advance, "new"), (partial(roll_back, reason="wrong"), "old")):
        with cut_off(warehouse.ledger, 6) as ended:
            move(warehouse, **JOB)
        assert (len(ended), shown(warehouse)) == (1, dict.fromkeys((FIRST, SECOND), run))
    assert [made.action for made in warehouse.ledger.decisions()] == ["pin", "start", "cutover", "rollback"]

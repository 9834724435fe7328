"""A step moves only what was proven: compared and passed, in exactly the outputs that are exchanged."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial
from types import SimpleNamespace

import pytest
from fabricate import DAYS, begin, compared, proved, resolved, served, shown, write

from dwh.core.dates import DateRange
from dwh.core.errors import DecisionConflictError
from dwh.core.ledger import Ledger
from dwh.core.ledger.rollouts import share_of
from dwh.core.ledger.schema import comparisons
from dwh.migrate.compare.outputs import record
from dwh.migrate.garbage import collect, dead_runs
from dwh.migrate.history import published_history
from dwh.migrate.promotion import promote
from dwh.migrate.rollout import RolloutError, advance, finish, pin, plan, progress, publish, roll_back, start
from dwh.migrate.rollout.proving import unproven_pairs
from dwh.migrate.rollout.remedies import withheld_remedy
from dwh.migrate.rollout.withheld import publish_withheld

EIGHT = DAYS[:8]
PAIRS = dict.fromkeys(EIGHT, ("old", "new"))


@pytest.fixture
def moving(either_warehouse):
    """Eight dates of both lines in prod, the old one published, and a rollout whose shadow has passed."""
    write(either_warehouse, "takings@7.1", *EIGHT, run_id="old")
    pin(either_warehouse, job="takings", line="7.1", environment="prod", reason="why", publish=True)
    write(either_warehouse, "takings@7.3", *EIGHT, run_id="new")
    begin(either_warehouse, "7.3", ["shadow:3", "cutover"])
    compared(either_warehouse, "pass", *DAYS[8:10], DAYS[0])
    return either_warehouse


def refused(warehouse, match):
    """Refuse to cut over, and leave what is shown as it is."""
    before = shown(warehouse)
    with pytest.raises(RolloutError, match=match):
        advance(warehouse, job="takings", environment="prod")
    assert shown(warehouse) == before


def test_every_date_must_be_proven(moving):
    """Three of eight dates are not enough; all of them are, and the decision says so."""
    proved(moving, {day: PAIRS[day] for day in EIGHT[:3]})
    assert (
        str(progress(moving, job="takings", environment="prod").proof)
        == "3 of 8 dates proven, 5 unproven, 0 failed"
    )
    refused(moving, r"3 of 8 dates proven, 5 unproven, 0 failed; not proven: 2024-01-04 to 2024-01-08; type")
    proved(moving, PAIRS)
    moved = advance(moving, job="takings", environment="prod")
    assert shown(moving) == dict.fromkeys(EIGHT, "new")
    assert moved.decision.reason.endswith("8 of 8 dates proven, 0 unproven, 0 failed")
    assert moved.decision.rollout.unproven == ()


def test_another_environment_s_run_is_not_moved(moving):
    """What dev has run since does not get into prod, and takes no proof away."""
    proved(moving, PAIRS)
    write(moving, "takings@7.3", *EIGHT, environment="dev", run_id="sample")
    write(moving, "takings@7.1", *EIGHT, environment="dev", run_id="sample_old")
    advance(moving, job="takings", environment="prod")
    assert shown(moving) == dict.fromkeys(EIGHT, "new")
    roll_back(moving, job="takings", environment="prod", reason="wrong")
    assert shown(moving) == dict.fromkeys(EIGHT, "old")


def test_a_rollback_restores_no_run_of_another_environment(warehouse):
    """Where nothing was shown before, the old line's newest output of this environment comes back."""
    write(warehouse, "takings@7.1", DAYS[0], run_id="old")
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="why", publish=True)
    begin(warehouse, "7.2", ["100%"])
    write(warehouse, "takings@7.2", DAYS[1], run_id="new")
    write(warehouse, "takings@7.1", DAYS[1], environment="dev", run_id="sample")
    roll_back(warehouse, job="takings", environment="prod", reason="wrong")
    assert shown(warehouse) == {DAYS[0]: "old"}


@pytest.mark.parametrize("reference", ["takings@7.1", "takings@7.3"])
def test_a_rerun_makes_a_date_unproven_again(moving, reference):
    """Between the comparison and the cutover either side may run again: then it is another exchange."""
    proved(moving, PAIRS)
    write(moving, reference, DAYS[1], run_id="again")
    refused(moving, "7 of 8 dates proven, 1 unproven, 0 failed; not proven: 2024-01-02")
    old, new = ("again", "new") if reference.endswith("7.1") else ("old", "again")
    proved(moving, {DAYS[1]: (old, new)})
    advance(moving, job="takings", environment="prod")
    assert shown(moving)[DAYS[1]] == new


@pytest.mark.parametrize(
    "other",
    [
        {"where": "staging"},  # another environment's comparison
        {"verdict": "incomplete"},
        {"pairs": {DAYS[1]: ("new", "old")}},  # the other way round
        {"pairs": {DAYS[2]: ("old", "new")}},  # another date
    ],
)
def test_what_proves_nothing(moving, other):
    """Only a comparison that passed counts, in this environment, of these two outputs, in this order."""
    proved(moving, {day: pair for day, pair in PAIRS.items() if day != DAYS[1]})
    proved(moving, **{"pairs": {DAYS[1]: ("old", "new")}, **other})
    refused(moving, "7 of 8 dates proven, 1 unproven, 0 failed; not proven: 2024-01-02")


def test_the_last_comparison_of_an_exchange_counts(moving):
    """One that failed after one that passed keeps the gate shut, until another passes."""
    proved(moving, PAIRS)
    proved(moving, {DAYS[4]: PAIRS[DAYS[4]]}, "fail")
    refused(moving, r"7 of 8 dates proven, 0 unproven, 1 failed; failed: 2024-01-05; type: dwh compare")
    proved(moving, {DAYS[4]: PAIRS[DAYS[4]]})
    assert advance(moving, job="takings", environment="prod").published == 8


def test_a_date_that_the_new_line_lacks(warehouse):
    """A published date without an output of the new line is told as that, with what fills it."""
    write(warehouse, "takings@7.1", *EIGHT, run_id="old")
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="why", publish=True)
    write(warehouse, "takings@7.3", *EIGHT[:6], run_id="new")
    write(warehouse, "takings@7.3", *EIGHT, environment="dev")
    begin(warehouse, "7.3", ["shadow:0", "cutover"])
    proved(warehouse, {day: PAIRS[day] for day in EIGHT[:6]})
    refused(
        warehouse, r"line 7\.3 has no output for 2024-01-07 to 2024-01-08; type: dwh backfill takings@7\.3"
    )


def test_a_sample_is_taken_by_the_published_function(warehouse):
    """`cutover:3` asks for the three lowest shares, and the decision says what moved unproven."""
    write(warehouse, "takings@7.1", *EIGHT, run_id="old")
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="why", publish=True)
    write(warehouse, "takings@7.3", *EIGHT, run_id="new")
    begin(warehouse, "7.3", ["shadow:0", "cutover:3"])
    chosen = sorted(EIGHT, key=lambda day: share_of(environment="prod", job="takings", day=day))[:3]
    proved(warehouse, {day: PAIRS[day] for day in chosen[1:]})
    refused(warehouse, f"not proven: {chosen[0]};")
    proved(warehouse, {chosen[0]: PAIRS[chosen[0]]})
    decision = advance(warehouse, job="takings", environment="prod").decision
    unproven = {day for text in decision.rollout.unproven for day in _dates(text)}
    assert unproven == set(EIGHT) - set(chosen)
    assert "; moved unproven: 2024-01-0" in decision.reason


def _dates(text):
    first, _, last = text.partition(" to ")
    return [day for day in EIGHT if first <= str(day) <= (last or first)]


def test_a_known_failure_is_never_moved(warehouse):
    """Also where less was asked for, or nothing, a date that failed keeps the gate shut."""
    write(warehouse, "takings@7.1", *EIGHT, run_id="old")
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="why", publish=True)
    write(warehouse, "takings@7.3", *EIGHT, run_id="new")
    begin(warehouse, "7.3", ["shadow:0", "cutover:0"])
    proved(warehouse, {DAYS[7]: PAIRS[DAYS[7]]}, "fail")
    refused(warehouse, "1 failed; failed: 2024-01-08")


def test_promoted_outputs_need_a_proof_here(warehouse):
    """What comes from staging is compared in prod before it moves there: prod publishes other runs."""
    write(warehouse, "takings@7.1", *EIGHT, run_id="old")
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="why", publish=True)
    write(warehouse, "takings@7.3", *EIGHT, environment="staging", run_id="new")
    begin(warehouse, "7.3", ["shadow:0", "cutover"])
    proved(warehouse, PAIRS, where="staging")
    refused(warehouse, "has no output for 2024-01-01 to 2024-01-08")
    promote(warehouse, "takings@7.3", source="staging", target="prod", dates=DateRange(EIGHT[0], EIGHT[-1]))
    refused(warehouse, "0 of 8 dates proven, 8 unproven")
    proved(warehouse, PAIRS)
    assert advance(warehouse, job="takings", environment="prod").published == 8


def test_a_plan_says_how_much_is_proven(warehouse):
    """A plan counts what is proven; comparisons after it do not keep it from being begun."""
    write(warehouse, "takings@7.1", *EIGHT, run_id="old")
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="why", publish=True)
    write(warehouse, "takings@7.3", *EIGHT, run_id="new")
    proved(warehouse, {DAYS[0]: PAIRS[DAYS[0]]})
    proved(warehouse, {DAYS[1]: PAIRS[DAYS[1]]}, "fail")
    made = plan(warehouse, job="takings", old="7.1", new="7.3", environment="prod", gate=2)
    assert (made.proven, made.unproven, made.failed) == (1, 6, 1)
    assert [(step.name, step.gate, step.proven) for step in made.steps] == [
        ("shadow", 2, None),
        ("cutover", 2, None),
    ]
    proved(warehouse, PAIRS)
    assert (
        start(warehouse, job="takings", environment="prod", reason="it is better").decision.action == "start"
    )


FIRST, SECOND, THIRD = DAYS[:3]
PROD = {"job": "takings", "environment": "prod"}


@pytest.fixture
def ramped(either_warehouse):
    """Prod at the last step of a ramp: the new line serves each date that comes."""
    write(either_warehouse, "takings@7.1", DAYS[9], run_id="before")
    pin(either_warehouse, job="takings", line="7.1", environment="prod", reason="why", publish=True)
    begin(either_warehouse, "7.2", ["100%"])
    return either_warehouse


def published(warehouse):
    """Publish what is proven; return what is shown of the first dates, and why the rest is not."""
    publish_withheld(warehouse, "takings", DateRange(FIRST, THIRD))
    days = {day: run for day, run in shown(warehouse).items() if day <= THIRD}
    return days, withheld_remedy(progress(warehouse, **PROD))


def test_a_ramp_publishes_what_is_proven(ramped):
    """Of a date that the new line serves, readers get the old line's output until a comparison passed."""
    write(ramped, "takings@7.2", FIRST, run_id="new")
    days, why = published(ramped)
    assert days == {}
    assert progress(ramped, **PROD).gate == "0 of 0 dates passed; 1 withheld until proven"
    assert why == (
        "line 7.2's output is withheld for 2024-01-01, as line 7.1 has nothing to compare it with; "
        "type: dwh run takings --env prod --date 2024-01-01; or, if it is right as it is: "
        'dwh publish takings@7.2 --env prod --date 2024-01-01 --reason "…"'
    )
    write(ramped, "takings@7.1", FIRST, run_id="old")
    days, why = published(ramped)
    assert days == {FIRST: "old"}
    assert why == (
        "line 7.2's output is withheld for 2024-01-01 until it is proven; "
        "type: dwh backfill takings@7.2 --date 2024-01-01 --env prod"
    )
    proved(ramped, {FIRST: ("old", "new")})
    assert published(ramped) == ({FIRST: "new"}, None)
    assert resolved(ramped, FIRST) == {FIRST: "7.2"}


@pytest.mark.parametrize(
    "other",
    [
        {"where": "staging"},
        {"verdict": "incomplete"},
        {"verdict": "fail"},
        {"pairs": {FIRST: ("new", "old")}},
        {"pairs": {SECOND: ("old", "new")}},
        {"pairs": {FIRST: ("before", "new")}},
    ],
)
def test_what_does_not_publish_in_a_ramp(ramped, other):
    """Another environment, verdict, order, date or run proves nothing of this exchange."""
    write(ramped, "takings@7.1", FIRST, run_id="old")
    write(ramped, "takings@7.2", FIRST, run_id="new")
    proved(ramped, **{"pairs": {FIRST: ("old", "new")}, **other})
    days, why = published(ramped)
    assert days == {FIRST: "old"}
    failed = "type: dwh compare takings@7.1 takings@7.2 --env prod --date 2024-01-01"
    assert (failed in why) == (other.get("verdict") == "fail")


def test_somebody_who_has_looked_publishes_what_failed(ramped):
    """One date is published by a decision, with its reason; what is written for it later waits again."""
    served(ramped, FIRST, run_id="new")
    write(ramped, "takings@7.2", FIRST, run_id="fails")
    proved(ramped, {FIRST: ("new_old", "fails")}, "fail")
    assert "dwh publish takings@7.2 --env prod --date 2024-01-01" in published(ramped)[1]
    made = publish(ramped, **PROD, line="7.2", day=FIRST, reason="the old line lost a shop")
    assert published(ramped) == ({FIRST: "fails"}, None)
    assert (made.action, made.line) == ("publish", "7.1")
    (*_, last) = published_history(ramped, table="shop.takings", environment="prod")
    assert (last.run, last.action) == ("fails", "publish")
    assert last.reason == "2024-01-01, not proven: the old line lost a shop"
    write(ramped, "takings@7.2", FIRST, run_id="again")
    assert published(ramped)[0] == {FIRST: "fails"}


@pytest.mark.parametrize(
    ("line", "day", "reason", "problem"),
    [
        ("7.1", FIRST, "why", "no rollout of takings to line 7.1 is under way in prod"),
        ("7.2", SECOND, "why", "no output of takings@7.2 is withheld for 2024-01-02 in prod"),
        ("7.2", FIRST, " ", "say why"),
    ],
)
def test_only_what_waits_is_published_unproven(ramped, line, day, reason, problem):
    """Another line, a date that nothing was written for, and no reason are refused."""
    write(ramped, "takings@7.2", FIRST, run_id="new")
    with pytest.raises(RolloutError, match=problem):
        publish(ramped, **PROD, line=line, day=day, reason=reason)
    assert FIRST not in shown(ramped)


def test_a_rerun_in_a_ramp_takes_the_proof_and_not_the_output(ramped):
    """Whichever line runs again, readers keep the proven output, and the date is unproven until compared."""
    served(ramped, FIRST, SECOND, run_id="new")
    for line, pair in (("7.2", ("new_old", "again")), ("7.1", ("older", "again"))):
        write(ramped, f"takings@{line}", FIRST, run_id=pair[1] if line == "7.2" else pair[0])
        assert shown(ramped)[FIRST] == ("new" if line == "7.2" else "again")
        assert str(progress(ramped, **PROD).arrived.proof) == "1 of 2 dates proven, 1 unproven, 0 failed"
        proved(ramped, {FIRST: pair})
        assert published(ramped) == ({FIRST: "again", SECOND: "new"}, None)
    assert str(progress(ramped, **PROD).arrived.proof) == "2 of 2 dates proven, 0 unproven, 0 failed"


def test_a_rerun_after_a_cutover_waits_for_its_proof(moving):
    """Until the rollout has ended, what the new line writes is compared before it replaces what is shown; a
    date that came since shows nothing, as outputs of both lines cannot stand in one table."""
    proved(moving, PAIRS)
    advance(moving, **PROD)
    write(moving, "takings@7.3", FIRST, DAYS[8], run_id="again")
    write(moving, "takings@7.1", FIRST, DAYS[8], run_id="again_old")
    publish_withheld(moving, "takings", DateRange(FIRST, DAYS[9]))
    assert shown(moving) == dict.fromkeys(EIGHT, "new")
    proved(moving, dict.fromkeys((FIRST, DAYS[8]), ("again_old", "again")))
    publish_withheld(moving, "takings", DateRange(FIRST, DAYS[9]))
    assert shown(moving) == {**dict.fromkeys(EIGHT, "new"), FIRST: "again", DAYS[8]: "again"}


def test_promoted_outputs_wait_in_a_ramp(ramped):
    """What another environment has run is compared here before a date that the new line serves shows it."""
    write(ramped, "takings@7.2", FIRST, environment="staging", run_id="tested")
    assert (
        promote(
            ramped, "takings@7.2", source="staging", target="prod", dates=DateRange(FIRST, FIRST)
        ).published
        == 0
    )
    write(ramped, "takings@7.1", FIRST, environment="staging", run_id="other")
    assert (
        promote(
            ramped, "takings@7.1", source="staging", target="prod", dates=DateRange(FIRST, FIRST)
        ).published
        == 1
    )
    assert shown(ramped)[FIRST] == "other"
    proved(ramped, {FIRST: ("other", "tested")})
    assert published(ramped)[0] == {FIRST: "tested"}


def test_what_is_proven_after_a_rollback_is_not_published(ramped):
    """A comparison that ends after a rollback moves nothing."""
    write(ramped, "takings@7.1", FIRST, run_id="old")
    write(ramped, "takings@7.2", FIRST, run_id="new")
    roll_back(ramped, **PROD, reason="wrong")
    proved(ramped, {FIRST: ("old", "new")})
    assert published(ramped)[0] == {FIRST: "old"}


def test_what_was_never_proven_stays_with_the_old_line(ramped):
    """A rollout that ends moves no date that was not proven; its reruns get the old line, too."""
    served(ramped, FIRST, run_id="new")
    write(ramped, "takings@7.1", SECOND, run_id="old")
    write(ramped, "takings@7.2", SECOND, run_id="differs")
    moved = finish(ramped, **PROD)
    assert moved.left == (DateRange(SECOND, SECOND),)
    assert moved.decision.reason.endswith("; not proven, so left to line 7.1: 2024-01-02")
    write(ramped, "takings@7.2", SECOND, run_id="later")
    assert shown(ramped) == {FIRST: "new", SECOND: "old", DAYS[9]: "before"}
    assert resolved(ramped, FIRST, SECOND) == {FIRST: "7.2", SECOND: "7.1"}
    assert resolved(ramped, THIRD) == {THIRD: "7.2"}


def test_a_rollback_of_a_ramp_takes_the_old_line_s_newest_output(ramped):
    """A date that ran again while the new line served it shows what the old line wrote last, not first."""
    served(ramped, FIRST, run_id="new")
    served(ramped, FIRST, run_id="again")
    assert shown(ramped)[FIRST] == "again"
    roll_back(ramped, **PROD, reason="wrong")
    assert shown(ramped) == {FIRST: "again_old", DAYS[9]: "before"}


def test_after_a_rollback_the_same_exchange_is_proven_still(moving):
    """Cut over, rolled back and planned again: what was compared counts, what ran since does not."""
    proved(moving, PAIRS)
    advance(moving, **PROD)
    roll_back(moving, **PROD, reason="a dashboard")
    begin(moving, "7.3", ["shadow:0", "cutover"])
    assert str(progress(moving, **PROD).proof) == "8 of 8 dates proven, 0 unproven, 0 failed"
    write(moving, "takings@7.1", THIRD, run_id="fixed")
    refused(moving, "7 of 8 dates proven, 1 unproven, 0 failed; not proven: 2024-01-03")
    proved(moving, {THIRD: ("fixed", "new")})
    advance(moving, **PROD)
    assert shown(moving) == dict.fromkeys(EIGHT, "new")
    roll_back(moving, **PROD, reason="another dashboard")
    assert shown(moving) == {**dict.fromkeys(EIGHT, "old"), THIRD: "fixed"}


def test_a_collection_between_proof_and_cutover_takes_nothing_away(moving):
    """Runs that failed are collected; what is proven is published by the cutover all the same."""
    proved(moving, PAIRS)
    for environment in ("prod", "dev"):
        dead = write(moving, "takings@7.3", FIRST, environment=environment, commit=False)
        moving.ledger.fail_run(dead.id, "bad luck")
    assert len(collect(moving, dead_runs(moving, 24))) == 0, "they wrote no files"
    advance(moving, **PROD)
    assert shown(moving) == dict.fromkeys(EIGHT, "new")


def test_a_promotion_of_another_release_takes_the_proof(moving):
    """During a rollout a promoted output of the new line is another exchange, whichever release wrote it."""
    proved(moving, PAIRS)
    write(moving, "takings@7.3", FIRST, environment="staging", run_id="tested")
    promote(moving, "takings@7.3.0", source="staging", target="prod", dates=DateRange(FIRST, FIRST))
    refused(moving, "7 of 8 dates proven, 1 unproven, 0 failed; not proven: 2024-01-01")
    write(moving, "takings@7.2", SECOND, environment="staging", run_id="third")
    promote(moving, "takings@7.2", source="staging", target="prod", dates=DateRange(SECOND, SECOND))
    proved(moving, {FIRST: ("old", "tested")})
    advance(moving, **PROD)
    assert shown(moving) == {**dict.fromkeys(EIGHT, "new"), FIRST: "tested"}


def test_of_many_who_advance_at_once_one_moves_what_is_proven(moving):
    """A cutover and a rerun that commits at the same time: whichever comes first, nothing unproven moves."""
    proved(moving, PAIRS)
    barrier, outcomes = threading.Barrier(4), []

    def together(action):
        barrier.wait()
        try:
            action()
            outcomes.append("moved")
        except (RolloutError, DecisionConflictError):
            outcomes.append("refused")

    slow = write(moving, "takings@7.3", FIRST, run_id="rerun", commit=False)
    others = [replace(moving, ledger=Ledger.open(_url(moving))) for _ in range(3)]
    actions = [partial(advance, other, **PROD) for other in others]
    actions.append(partial(moving.ledger.commit_run, slow, {FIRST: 1}))
    threads = [threading.Thread(target=together, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    moved = progress(moving, **PROD).step.name == "cutover"
    assert outcomes.count("moved") == 1 + moved
    assert shown(moving) == dict.fromkeys(EIGHT, "new" if moved else "old")


def _url(warehouse):
    return warehouse.ledger.url.render_as_string(hide_password=False)


def looked(warehouse, days, verdict):
    """Record what `dwh compare` has said about the old and the new output of some dates, as it does."""
    both = SimpleNamespace(label="a version")
    comparison = SimpleNamespace(left=both, right=both, verdict=verdict, to_dict=dict)
    record(warehouse, comparison, days, {day: PAIRS[day] for day in days if day in PAIRS})


def test_a_look_at_several_dates_that_lacks_one_takes_no_proof(moving):
    """It was incomplete as one side had no output for another date; each date by itself counts as before."""
    looked(moving, EIGHT, "pass")
    looked(moving, DAYS[:9], "incomplete")
    assert len(progress(moving, job="takings", environment="prod").proof.proven) == 8
    looked(moving, EIGHT[:1], "incomplete")
    refused(moving, "7 of 8 dates proven, 1 unproven, 0 failed")


def test_of_several_dates_that_failed_together_each_is_compared_again(moving):
    """They keep the gate shut, and a backfill finds out which of them it is."""
    looked(moving, EIGHT, "pass")
    looked(moving, EIGHT, "fail")
    fill = r"dwh backfill takings@7\.3 --from 2024-01-01 --to 2024-01-08 --env prod"
    refused(moving, f"8 failed; compared together, and one of them failed: .*, type: {fill}")
    asked = {"job": "takings", "line": "7.3", "dates": DateRange(EIGHT[0], EIGHT[-1])}
    assert unproven_pairs(moving, **asked) == PAIRS
    for day in EIGHT[:-1]:
        looked(moving, [day], "pass")
    looked(moving, EIGHT[-1:], "fail")
    refused(moving, "7 of 8 dates proven, 0 unproven, 1 failed; failed: 2024-01-08; type: dwh compare")
    assert unproven_pairs(moving, **asked) == {}


def test_what_was_compared_last_counts_whatever_the_clocks_say(moving):
    """A machine whose clock is two hours ahead has seen a date pass; then it fails elsewhere."""
    looked(moving, EIGHT, "pass")
    with moving.ledger.writing() as connection:
        ahead = datetime.now(timezone.utc) + timedelta(hours=2)
        connection.execute(comparisons.update().values(compared_at=ahead))
    looked(moving, EIGHT[:1], "fail")
    refused(moving, "7 of 8 dates proven, 0 unproven, 1 failed; failed: 2024-01-01")

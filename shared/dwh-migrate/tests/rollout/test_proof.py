"""A cutover moves only what was proven: compared and passed, in exactly the outputs that it exchanges."""

from __future__ import annotations

import pytest
from fabricate import DAYS, begin, compared, proved, shown, write

from dwh.core.dates import DateRange
from dwh.core.ledger.environments import share_of
from dwh.migrate.promotion import promote
from dwh.migrate.rollout import RolloutError, advance, pin, plan, progress, roll_back, start

EIGHT = DAYS[:8]
PAIRS = dict.fromkeys(EIGHT, ("old", "new"))


@pytest.fixture
def moving(either_warehouse):
    """Eight dates of both lines in prod, the old one published, and a rollout whose shadow has passed."""
    write(either_warehouse, "takings@7.1", *EIGHT, run_id="old")
    pin(either_warehouse, "takings", "7.1", "prod", "why", publish=True)
    write(either_warehouse, "takings@7.3", *EIGHT, run_id="new")
    begin(either_warehouse, "7.3", ["shadow:3", "cutover"])
    compared(either_warehouse, "pass", *DAYS[8:10], DAYS[0])
    return either_warehouse


def refused(warehouse, match):
    """Refuse to cut over, and leave what is shown as it is."""
    before = shown(warehouse)
    with pytest.raises(RolloutError, match=match):
        advance(warehouse, "takings", "prod")
    assert shown(warehouse) == before


def test_every_date_must_be_proven(moving):
    """Three of eight dates are not enough; all of them are, and the decision says so."""
    proved(moving, {day: PAIRS[day] for day in EIGHT[:3]})
    assert str(progress(moving, "takings", "prod").proof) == "3 of 8 dates proven, 5 unproven, 0 failed"
    refused(moving, r"3 of 8 dates proven, 5 unproven, 0 failed; not proven: 2024-01-04 to 2024-01-08; type")
    proved(moving, PAIRS)
    moved = advance(moving, "takings", "prod")
    assert shown(moving) == dict.fromkeys(EIGHT, "new")
    assert moved.decision.reason.endswith("8 of 8 dates proven, 0 unproven, 0 failed")
    assert moved.decision.rollout["unproven"] == []


def test_another_environment_s_run_is_not_moved(moving):
    """What dev has run since does not get into prod, and takes no proof away."""
    proved(moving, PAIRS)
    write(moving, "takings@7.3", *EIGHT, environment="dev", run_id="sample")
    write(moving, "takings@7.1", *EIGHT, environment="dev", run_id="sample_old")
    advance(moving, "takings", "prod")
    assert shown(moving) == dict.fromkeys(EIGHT, "new")
    roll_back(moving, "takings", "prod", "wrong")
    assert shown(moving) == dict.fromkeys(EIGHT, "old")


def test_a_rollback_restores_no_run_of_another_environment(warehouse):
    """Where nothing was shown before, the old line's newest output of this environment comes back."""
    write(warehouse, "takings@7.1", DAYS[0], run_id="old")
    pin(warehouse, "takings", "7.1", "prod", "why", publish=True)
    begin(warehouse, "7.2", ["100%"])
    write(warehouse, "takings@7.2", DAYS[1], run_id="new")
    write(warehouse, "takings@7.1", DAYS[1], environment="dev", run_id="sample")
    roll_back(warehouse, "takings", "prod", "wrong")
    assert shown(warehouse) == {DAYS[0]: "old"}


@pytest.mark.parametrize("reference", ["takings@7.1", "takings@7.3"])
def test_a_rerun_makes_a_date_unproven_again(moving, reference):
    """Between the comparison and the cutover either side may run again: then it is another exchange."""
    proved(moving, PAIRS)
    write(moving, reference, DAYS[1], run_id="again")
    refused(moving, "7 of 8 dates proven, 1 unproven, 0 failed; not proven: 2024-01-02")
    old, new = ("again", "new") if reference.endswith("7.1") else ("old", "again")
    proved(moving, {DAYS[1]: (old, new)})
    advance(moving, "takings", "prod")
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
    assert advance(moving, "takings", "prod").published == 8


def test_a_date_that_the_new_line_lacks(warehouse):
    """A published date without an output of the new line is told as that, with what fills it."""
    write(warehouse, "takings@7.1", *EIGHT, run_id="old")
    pin(warehouse, "takings", "7.1", "prod", "why", publish=True)
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
    pin(warehouse, "takings", "7.1", "prod", "why", publish=True)
    write(warehouse, "takings@7.3", *EIGHT, run_id="new")
    begin(warehouse, "7.3", ["shadow:0", "cutover:3"])
    chosen = sorted(EIGHT, key=lambda day: share_of("prod", "takings", day))[:3]
    proved(warehouse, {day: PAIRS[day] for day in chosen[1:]})
    refused(warehouse, f"not proven: {chosen[0]};")
    proved(warehouse, {chosen[0]: PAIRS[chosen[0]]})
    decision = advance(warehouse, "takings", "prod").decision
    unproven = {day for text in decision.rollout["unproven"] for day in _dates(text)}
    assert unproven == set(EIGHT) - set(chosen)
    assert "; moved unproven: 2024-01-0" in decision.reason


def _dates(text):
    first, _, last = text.partition(" to ")
    return [day for day in EIGHT if first <= str(day) <= (last or first)]


def test_a_known_failure_is_never_moved(warehouse):
    """Also where less was asked for, or nothing, a date that failed keeps the gate shut."""
    write(warehouse, "takings@7.1", *EIGHT, run_id="old")
    pin(warehouse, "takings", "7.1", "prod", "why", publish=True)
    write(warehouse, "takings@7.3", *EIGHT, run_id="new")
    begin(warehouse, "7.3", ["shadow:0", "cutover:0"])
    proved(warehouse, {DAYS[7]: PAIRS[DAYS[7]]}, "fail")
    refused(warehouse, "1 failed; failed: 2024-01-08")


def test_promoted_outputs_need_a_proof_here(warehouse):
    """What comes from staging is compared in prod before it moves there: prod publishes other runs."""
    write(warehouse, "takings@7.1", *EIGHT, run_id="old")
    pin(warehouse, "takings", "7.1", "prod", "why", publish=True)
    write(warehouse, "takings@7.3", *EIGHT, environment="staging", run_id="new")
    begin(warehouse, "7.3", ["shadow:0", "cutover"])
    proved(warehouse, PAIRS, where="staging")
    refused(warehouse, "has no output for 2024-01-01 to 2024-01-08")
    promote(warehouse, "takings@7.3", "staging", "prod", DateRange(EIGHT[0], EIGHT[-1]))
    refused(warehouse, "0 of 8 dates proven, 8 unproven")
    proved(warehouse, PAIRS)
    assert advance(warehouse, "takings", "prod").published == 8


def test_a_plan_says_how_much_is_proven(warehouse):
    """A plan counts what is proven; comparisons after it do not keep it from being begun."""
    write(warehouse, "takings@7.1", *EIGHT, run_id="old")
    pin(warehouse, "takings", "7.1", "prod", "why", publish=True)
    write(warehouse, "takings@7.3", *EIGHT, run_id="new")
    proved(warehouse, {DAYS[0]: PAIRS[DAYS[0]]})
    proved(warehouse, {DAYS[1]: PAIRS[DAYS[1]]}, "fail")
    made = plan(warehouse, "takings", "7.1", "7.3", "prod", gate=2)
    assert (made.proven, made.unproven, made.failed) == (1, 6, 1)
    assert [(step.name, step.gate, step.proven) for step in made.steps] == [
        ("shadow", 2, None),
        ("cutover", 2, None),
    ]
    proved(warehouse, PAIRS)
    assert start(warehouse, "takings", "prod", "it is better").decision.action == "start"

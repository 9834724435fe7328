"""Real runs in an environment: both lines of a rollout, of which no reader gets what is not proven."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa
from fabricate import TABLE, begin, everything, resolved, shown

from dwh.core.dates import DateRange
from dwh.core.errors import InvalidDateError, LedgerError, NotPinnedError, RunError
from dwh.core.ledger.schema import comparisons, runs
from dwh.core.lines import find_job
from dwh.core.warehouse import read_table
from dwh.migrate.backfill import batches, fill, proof_of_backfill, prove
from dwh.migrate.rollout import advance, hold, pin, progress, roll_back, serve, serving

FIRST, SECOND, THIRD = (date(2024, 1, day) for day in (1, 2, 3))
JOB = {"job": "takings", "environment": "prod"}
BODIES = {
    "7.5": "raise ValueError('boom')",
    "7.6": "return takings.withColumn('amount', F.col('amount') + 1)",
    "7.7": "raise KeyboardInterrupt",
    "7.8": "return takings.withColumn('amount', F.expr(\"amount + if(day = '2024-01-01', 1, 0)\"))",
}


@pytest.fixture
def pinned(warehouse, installed_line, takings, interpreted):
    """A warehouse in prod that uses line 7.1, beside lines that crash, differ and are interrupted."""
    for line, body in BODIES.items():
        installed_line(line, {"takings": takings(body=body)})
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="where we start")
    return warehouse


def day(of: date) -> DateRange:
    """Return a range of one date."""
    return DateRange(of, of)


def test_a_candidate_that_agrees(spark, pinned):
    """In shadow the old line is served and published, the new one runs too, and the gate counts."""
    begin(pinned, "7.2", gate=2)
    (served,) = serve(spark, pinned, "takings", DateRange(FIRST, SECOND))
    assert (served.shadow, served.candidate, served.error, served.consequence) == (
        *("pass", "takings@7.2", None),
        None,
    )
    assert (served.receipt["line"], served.receipt["partitions"], served.published) == ("7.1", 2, 2)
    assert shown(pinned) == dict.fromkeys((FIRST, SECOND), served.receipt["run"])
    now = progress(pinned, **JOB)
    assert now.gate_is_open
    (shadow,) = now.shadows
    (candidate,) = pinned.ledger.find_runs(runs.c.id == shadow.candidate_run)
    assert (candidate.line, candidate.status, shadow.outcome) == ("7.2", "committed", "pass")
    assert shadow.comparison is not None
    advance(pinned, **JOB)


@pytest.mark.breadth
@pytest.mark.parametrize(("line", "outcome"), [("7.5", "error"), ("7.6", "fail")])
def test_a_candidate_that_crashes_or_differs(spark, pinned, line, outcome):
    """A candidate's crash or difference is recorded and holds the rollout; what was served is shown."""
    begin(pinned, line, gate=0)
    (served,) = serve(spark, pinned, "takings", day(FIRST))
    assert (served.shadow, served.consequence, served.published) == (outcome, "hold", 1)
    assert served.receipt["line"] == "7.1"
    assert shown(pinned) == {FIRST: served.receipt["run"]}
    now = progress(pinned, **JOB)
    assert (now.rollout.state, now.shadows[0].outcome) == ("held", outcome)
    assert now.decision.reason.startswith("gate of shadow: ")
    if outcome == "error":
        assert "boom" in served.error and "boom" in now.shadows[0].error and "boom" in now.decision.reason


def test_a_rollout_that_is_held_goes_on_serving(spark, pinned):
    """Held, both lines run on, and what is served is shown; the gate does not hold what is held."""
    begin(pinned, "7.5", gate=0)
    hold(pinned, **JOB, reason="the freeze")
    (served,) = serve(spark, pinned, "takings", day(FIRST))
    assert (served.shadow, served.consequence) == ("error", None)
    assert shown(pinned) == {FIRST: served.receipt["run"]}
    assert progress(pinned, **JOB).decision.reason == "the freeze"


def test_a_gate_that_rolls_back(spark, pinned):
    """With `rollback`, a difference ends a ramp at once: dates not yet run get the old line again."""
    begin(pinned, "7.6", ["30%", "100%"], gate=0, on_fail="rollback")
    assert resolved(pinned, SECOND, THIRD) == {SECOND: "7.1", THIRD: "7.6"}
    first, second = serve(spark, pinned, "takings", DateRange(SECOND, THIRD))
    assert (first.shadow, first.consequence) == ("fail", "rollback")
    assert (second.receipt["line"], second.shadow, second.published) == ("7.1", None, 1)
    assert shown(pinned) == {SECOND: first.receipt["run"], THIRD: second.receipt["run"]}
    assert progress(pinned, **JOB).rollout.state == "rolled back"


@pytest.mark.breadth
def test_what_the_new_line_serves_is_published_once_it_agrees(spark, pinned, monkeypatch):
    """In a ramp readers have the old line's output until both are compared, and then the new line's."""
    begin(pinned, "7.2", ["100%"])
    compare, seen = serving._compare, []

    def watched(*arguments):
        seen.append(shown(pinned))
        found = compare(*arguments)
        seen.append(shown(pinned))
        return found

    monkeypatch.setattr(serving, "_compare", watched)
    (served,) = serve(spark, pinned, "takings", DateRange(FIRST, SECOND))
    old, new = pinned.ledger.find_runs()
    assert seen == [dict.fromkeys((FIRST, SECOND), old.id)] * 2
    assert shown(pinned) == dict.fromkeys((FIRST, SECOND), new.id)
    assert (served.receipt["line"], served.published, served.shadow) == ("7.2", 2, "pass")
    assert (served.candidate, served.withheld, served.missing) == ("takings@7.1", (), ())
    (shadow,) = progress(pinned, **JOB).shadows
    assert (shadow.served_run, shadow.candidate_run) == (new.id, old.id)


@pytest.mark.breadth
@pytest.mark.parametrize(("line", "outcome"), [("7.5", "error"), ("7.6", "fail")])
def test_what_the_new_line_serves_and_does_not_agree(spark, pinned, line, outcome):
    """In a ramp a date whose comparison fails, or whose new run crashes, publishes the old line's output."""
    begin(pinned, line, ["100%"])
    (served,) = serve(spark, pinned, "takings", day(FIRST))
    assert shown(pinned) == {FIRST: served.receipt["run"]}
    assert (served.receipt["line"], served.published, served.shadow) == ("7.1", 1, outcome)
    assert (served.candidate, served.consequence) == (f"takings@{line}", "hold")
    assert (served.withheld, served.missing) == ((day(FIRST),), ())


@pytest.mark.breadth
def test_each_date_is_judged_by_itself(spark, pinned):
    """Of dates that one run has written, those that agree are published, and the others are named."""
    begin(pinned, "7.8", ["100%"])
    (served,) = serve(spark, pinned, "takings", DateRange(FIRST, SECOND))
    old, new = pinned.ledger.find_runs()
    assert shown(pinned) == {FIRST: old.id, SECOND: new.id}
    assert (served.receipt["run"], served.published, served.shadow) == (new.id, 1, "fail")
    assert served.withheld == (day(FIRST),)
    now = progress(pinned, **JOB)
    assert [(one.first_date, one.outcome) for one in now.shadows] == [(FIRST, "fail"), (SECOND, "pass")]
    assert (now.arrived.proof.failed, now.arrived.withheld) == ([FIRST], (FIRST,))


@pytest.mark.breadth
def test_a_run_that_ends_before_it_is_compared(spark, pinned, monkeypatch):
    """Killed between commit and comparison, a run leaves readers with the old line's output; a backfill
    of the new line compares what is there, and publishes it."""

    def die(*_):
        raise KeyboardInterrupt

    begin(pinned, "7.2", ["100%"])
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(serving, "_compare", die)
        serve(spark, pinned, "takings", day(FIRST))
    old, new = pinned.ledger.find_runs()
    assert (new.line, new.status, shown(pinned)) == ("7.2", "committed", {FIRST: old.id})
    assert batches(pinned, find_job("takings@7.2")(), day(FIRST), 31) == []
    assert prove(spark, pinned, job="takings", line="7.2", dates=day(FIRST)) == [FIRST]
    assert shown(pinned) == {FIRST: new.id}


def test_a_date_of_a_third_line_runs_alone(spark, pinned):
    """A date that neither line of the rollout serves is run by its own line, and not compared."""
    assert resolved(pinned, FIRST) == {FIRST: "7.1"}
    pin(pinned, job="takings", line="7.2", environment="prod", reason="tips")
    begin(pinned, "7.3", gate=0)
    (served,) = serve(spark, pinned, "takings", day(FIRST))
    assert (served.receipt["line"], served.published, served.shadow) == ("7.1", 1, None)
    assert progress(pinned, **JOB).shadows == ()


def test_a_candidate_that_is_interrupted(spark, pinned):
    """Ctrl-C while a candidate runs stops the command; what was served is shown, the shadow recorded."""
    begin(pinned, "7.7", gate=0)
    with pytest.raises(KeyboardInterrupt):
        serve(spark, pinned, "takings", day(FIRST))
    (run_id,) = shown(pinned).values()
    (served,) = pinned.ledger.find_runs(runs.c.id == run_id)
    assert (served.line, served.status) == ("7.1", "committed")
    (shadow,) = progress(pinned, **JOB).shadows
    assert (shadow.served_run, shadow.outcome, shadow.error) == (run_id, "error", "interrupted")


def test_a_shadow_that_cannot_be_recorded(spark, pinned, monkeypatch):
    """Even when the ledger refuses what the shadow found, the served receipt is returned."""

    def refuse(*_):
        raise LedgerError("sqlite://", "cannot be used: disk I/O error")

    begin(pinned, "7.5", gate=0)
    monkeypatch.setattr(serving, "_record", refuse)
    (served,) = serve(spark, pinned, "takings", day(FIRST))
    assert served.shadow == "error" and "disk I/O error" in served.error
    assert shown(pinned) == {FIRST: served.receipt["run"]}


def test_a_served_run_that_fails(spark, pinned, landing):
    """When the served line fails, the run fails as ever: no candidate, no gate, nothing published."""
    begin(pinned, "7.2", gate=0)
    (landing / "orders" / "day=2024-01-01" / "part.csv").write_text("shop,amount,note\nnorth,much,\n")
    with pytest.raises(RunError):
        serve(spark, pinned, "takings", day(FIRST))
    assert shown(pinned) == {}
    now = progress(pinned, **JOB)
    assert (now.shadows, now.rollout.state) == ((), "running")
    assert [run.line for run in pinned.ledger.find_runs()] == ["7.1"]


def test_what_may_not_be_served(pinned):
    """Without a pin, or for a date that has not begun, nothing runs and nothing is written."""
    before = everything(pinned)
    with pytest.raises(NotPinnedError, match="type: dwh pin other LINE --env prod"):
        serve(None, pinned, "other", day(FIRST))
    with pytest.raises(InvalidDateError, match="in the future"):
        serve(None, pinned, "takings", day(date(9999, 1, 1)))
    assert everything(pinned) == before


@pytest.mark.breadth
def test_a_reader_keeps_what_it_has_planned(spark, pinned):
    """A table read before a cutover or a rollback gives, whenever it is computed, the state before it."""

    def read(**parts):
        return read_table(spark, TABLE, environment="prod", warehouse=pinned, **parts)

    for line in ("7.1", "7.3"):
        find_job(f"takings@{line}")().run(start=FIRST, end=SECOND, spark=spark, warehouse=pinned)
    begin(pinned, "7.3", gate=0)
    old = read()
    cut = advance(pinned, **JOB).decision.decided_at
    new = read()
    roll_back(pinned, **JOB, reason="wrong")
    assert old.columns == ["day", "shop", "orders", "amount"]
    assert new.columns == ["day", "shop", "orders", "total"]
    assert sorted(map(tuple, old.collect())) == sorted(map(tuple, new.collect()))
    assert read().columns == old.columns
    assert read(as_of=cut).columns == new.columns


def test_a_backfill_that_was_stopped_goes_on(spark, pinned, landing):
    """A backfill runs batches of dates, keeps those that committed, and goes on with what is left."""
    job = find_job("takings@7.1")()
    job.run(date=SECOND, spark=spark, warehouse=pinned)
    late = landing / "orders" / "day=2024-01-03" / "part.csv"
    good = late.read_text()
    late.write_text("shop,amount,note\neast,much,\n")
    missing = batches(pinned, job, DateRange(FIRST, THIRD), 31)
    assert missing == [day(FIRST), day(THIRD)]
    filling = fill(spark, pinned, job, missing)
    assert next(filling)["first_date"] == "2024-01-01"
    with pytest.raises(RunError):
        next(filling)
    late.write_text(good)
    missing = batches(pinned, job, DateRange(FIRST, THIRD), 31)
    assert missing == [day(THIRD)]
    assert [receipt["rows"] for receipt in fill(spark, pinned, job, missing)] == [1]
    assert batches(pinned, job, DateRange(FIRST, THIRD), 31) == []
    assert len(shown(pinned)) == 3


def test_a_shadow_run_proves_its_date(spark, pinned):
    """Both outputs of a served run are compared as they are published, so that a cutover may move them."""
    begin(pinned, "7.2", ["shadow:1", "100%"])
    serve(spark, pinned, "takings", DateRange(FIRST, SECOND))
    proof = proof_of_backfill(pinned, job="takings", line="7.2", dates=DateRange(FIRST, THIRD))
    assert (proof.proven, proof.unproven, proof.failed) == ([FIRST, SECOND], [], [])


def test_a_backfill_of_the_new_line_compares_each_date(spark, pinned):
    """What a backfill runs, or finds unproven, is compared with what is published, date by date."""
    for line, dates in (("7.1", DateRange(FIRST, THIRD)), ("7.6", day(THIRD))):
        find_job(f"takings@{line}")().run(start=dates.first, end=dates.last, spark=spark, warehouse=pinned)
    begin(pinned, "7.6", ["shadow:0", "100%"])
    job = find_job("takings@7.6")()
    assert len(list(fill(spark, pinned, job, [DateRange(FIRST, SECOND)]))) == 1
    proof = proof_of_backfill(pinned, job="takings", line="7.6", dates=DateRange(FIRST, THIRD))
    assert (proof.failed, proof.unproven) == ([FIRST, SECOND], [THIRD])
    prove(spark, pinned, job="takings", line="7.6", dates=DateRange(FIRST, THIRD))
    proof = proof_of_backfill(pinned, job="takings", line="7.6", dates=DateRange(FIRST, THIRD))
    assert (proof.failed, proof.unproven) == ([FIRST, SECOND, THIRD], [])


def test_a_backfill_outside_of_a_rollout_compares_nothing(spark, pinned):
    """Without a rollout to the line there is nothing to prove."""
    find_job("takings@7.1")().run(date=FIRST, spark=spark, warehouse=pinned)
    list(fill(spark, pinned, find_job("takings@7.2")(), [day(FIRST)]))
    assert proof_of_backfill(pinned, job="takings", line="7.2", dates=day(FIRST)) is None
    with pinned.ledger.reading() as connection:
        assert connection.execute(sa.select(comparisons)).all() == []

"""Outputs of one environment become another's by name, and by nothing else; SQLite and PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fabricate import DAYS, TABLE, begin, everything, lose, shown, write

from dwh.core import Column, Input, Table
from dwh.core.dates import DateRange
from dwh.core.errors import LostFilesError, MissingInputError, NoOutputError, UsageError
from dwh.core.ledger import OutputsRead
from dwh.core.ledger.schema import runs
from dwh.core.sources.previous import PreviousSource
from dwh.core.testing.runs import started_run
from dwh.migrate import promotion
from dwh.migrate.garbage import collect, dead_runs
from dwh.migrate.history import partition_history, published_history
from dwh.migrate.promotion import promote
from dwh.migrate.rollout import advance, pin, publish, roll_back

FIRST, SECOND, THIRD = DAYS[:3]
BOTH = DateRange(FIRST, SECOND)


def newest(warehouse, environment="prod", line="7.1"):
    """Return what a reader of the line gets in an environment."""
    found = warehouse.ledger.newest_outputs(environment=environment, table=TABLE, line=line)
    return {output.partition_date: output.run_id for output in found}


def test_a_promoted_output_is_the_environment_s(either_warehouse):
    """It shares the run's files, counts as newest, says where it came from, and is published by the pin."""
    pin(either_warehouse, job="takings", line="7.1", environment="prod", reason="why")
    write(either_warehouse, "takings@7.1", FIRST, run_id="mine")
    tested = write(either_warehouse, "takings@7.1", *DAYS[:3], environment="staging", run_id="tested")
    done = promote(
        either_warehouse, "takings@7.1", source="staging", target="prod", dates=BOTH, reason="it was tested"
    )
    assert (done.promoted, done.already, done.published) == (2, 0, 2)
    assert newest(either_warehouse) == shown(either_warehouse) == {FIRST: "tested", SECOND: "tested"}
    (output, _) = either_warehouse.ledger.newest_outputs(environment="prod", table=TABLE, line="7.1")
    assert (output.location, output.promoted_from, output.environment) == (
        tested.location,
        "staging",
        "prod",
    )
    assert newest(either_warehouse, "staging") == dict.fromkeys(DAYS[:3], "tested")


def test_a_promotion_is_on_record(warehouse):
    """History says from where, by whom and why, whatever that holds; the run keeps its environment."""
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="why")
    write(warehouse, "takings@7.1", *DAYS[:2], environment="staging")
    promote(warehouse, "takings@7.1", source="staging", target="prod", dates=BOTH, reason="caf\udce9\0")
    (span,) = partition_history(warehouse, table=TABLE, environment="prod")
    assert (span.promoted_from, span.state, span.partitions) == ("staging", "newest", str(BOTH))
    (span,) = partition_history(warehouse, table=TABLE, environment="staging")
    assert span.promoted_from is None
    (published,) = published_history(warehouse, table=TABLE, environment="prod")
    assert (published.action, published.reason, published.state) == (
        "promote",
        "caf\ufffd\ufffd",
        "published",
    )
    assert {run.environment for run in warehouse.ledger.find_runs()} == {"staging"}


def test_promoting_again_changes_nothing(warehouse):
    """What is the environment's newest already stays as it is; nothing is written for it."""
    write(warehouse, "takings@7.1", *DAYS[:2], environment="staging")
    promote(warehouse, "takings@7.1", source="staging", target="prod", dates=BOTH)
    before = everything(warehouse)
    done = promote(warehouse, "takings@7.1", source="staging", target="prod", dates=BOTH)
    assert (done.promoted, done.already, done.published) == (0, 2, 0)
    before.pop("tables")
    after = everything(warehouse)
    after.pop("tables")
    assert after == before


def test_an_output_can_come_back(warehouse):
    """Promoted once more after a bad run, it is the newest again, and readers get each date once."""
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="why")
    write(warehouse, "takings@7.1", FIRST, environment="staging", run_id="good")
    one = DateRange(FIRST, FIRST)
    promote(warehouse, "takings@7.1", source="staging", target="prod", dates=one)
    write(warehouse, "takings@7.1", FIRST, run_id="bad")
    assert newest(warehouse) == shown(warehouse) == {FIRST: "bad"}
    assert promote(warehouse, "takings@7.1", source="staging", target="prod", dates=one).promoted == 1
    assert newest(warehouse) == shown(warehouse) == {FIRST: "good"}
    assert len(warehouse.ledger.published_outputs(environment="prod", table=TABLE)) == 1


def test_what_the_environment_does_not_serve_is_not_published(warehouse):
    """Without a pin, or where a rollout still serves the old line, a promoted output waits."""
    write(warehouse, "takings@7.3", FIRST, environment="staging", run_id="new")
    one = DateRange(FIRST, FIRST)
    assert promote(warehouse, "takings@7.3", source="staging", target="dev", dates=one).published == 0
    write(warehouse, "takings@7.1", FIRST, run_id="old")
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="why", publish=True)
    begin(warehouse, "7.3")
    assert promote(warehouse, "takings@7.3", source="staging", target="prod", dates=one).published == 0
    assert (shown(warehouse), newest(warehouse, line="7.3")) == ({FIRST: "old"}, {FIRST: "new"})


def test_a_date_that_the_source_lacks_is_refused(warehouse):
    """Nothing is promoted where a date is missing, also where a third environment has it."""
    write(warehouse, "takings@7.1", FIRST, environment="staging")
    write(warehouse, "takings@7.1", SECOND, environment="dev")
    before = everything(warehouse)
    with pytest.raises(NoOutputError, match=r"staging has no output of takings@7\.1 for 2024-01-02; type:"):
        promote(warehouse, "takings@7.1", source="staging", target="prod", dates=BOTH)
    with pytest.raises(UsageError, match="staging has these outputs already"):
        promote(warehouse, "takings@7.1", source="staging", target="staging", dates=BOTH)
    assert everything(warehouse) == before


@pytest.mark.parametrize("store", ["disk", "object store"])
def test_an_output_whose_files_are_gone_is_not_promoted(warehouse, store):
    """It is said which run lost what, and what to type; nothing moves, also of the dates that are whole."""
    if store == "object store":
        warehouse = replace(warehouse, config=replace(warehouse.config, warehouse="memory://lost"))
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="why")
    run = write(warehouse, "takings@7.1", *DAYS[:3], environment="staging", files=True)
    lose(warehouse, run, SECOND)
    said = rf"run {run.id}, {SECOND}: 1 of 1 files is gone, .* --date {SECOND} --env staging$"
    with pytest.raises(LostFilesError, match=said):
        promote(warehouse, "takings@7.1", source="staging", target="prod", dates=BOTH)
    assert newest(warehouse) == shown(warehouse) == {}
    whole = DateRange(THIRD, THIRD)
    assert promote(warehouse, "takings@7.1", source="staging", target="prod", dates=whole).published == 1


def test_no_decision_publishes_what_is_gone(warehouse):
    """Neither does `dwh pin --publish`, `dwh publish` or a cutover publish outputs whose files are gone."""
    job = {"job": "takings", "environment": "prod"}
    old = write(warehouse, "takings@7.1", FIRST, SECOND, files=True)
    lose(warehouse, old, SECOND)
    with pytest.raises(LostFilesError, match=f"run {old.id}, {SECOND}: .* takings@7.1 --date {SECOND}"):
        pin(warehouse, **job, line="7.1", reason="why", publish=True)
    write(warehouse, "takings@7.1", SECOND, files=True)
    pin(warehouse, **job, line="7.1", reason="why", publish=True)
    before = shown(warehouse)
    lose(warehouse, old, FIRST)  # what is published already keeps nobody from publishing the rest
    pin(warehouse, **job, line="7.1", reason="again", publish=True)
    new = write(warehouse, "takings@7.3", FIRST, SECOND, files=True)
    begin(warehouse, "7.3")
    lose(warehouse, new, FIRST)
    with pytest.raises(LostFilesError, match=f"run {new.id}, {FIRST}: "):
        advance(warehouse, **job)
    assert shown(warehouse) == before
    roll_back(warehouse, **job, reason="why")
    begin(warehouse, "7.2", ["100%"])
    warehouse.ledger.resolve(**job, dates=DateRange(THIRD, THIRD))
    kept = write(warehouse, "takings@7.2", THIRD, files=True)
    lose(warehouse, kept, THIRD)
    with pytest.raises(LostFilesError, match=f"run {kept.id}, {THIRD}: "):
        publish(warehouse, **job, line="7.2", day=THIRD, reason="why")
    assert shown(warehouse) == before


def test_files_that_python_does_not_reach_are_left_to_readers(warehouse):
    """Where only a server of Spark Connect, or a client that is missing, reaches them, nothing is refused."""
    write(warehouse, "takings@7.1", FIRST, environment="staging", files=True)
    here = warehouse.config.warehouse
    for root, settings in (("nosuch://bucket/dwh", {}), (here, {"spark.remote": "sc://x"})):
        config = replace(warehouse.config, warehouse=root, spark=settings)
        replace(warehouse, config=config).check_there(
            warehouse.ledger.newest_outputs(environment="staging", table=TABLE, line="7.1")
        )


def test_gc_leaves_alone_what_was_promoted(warehouse, tmp_path):
    """Files to which any environment refers stay, also where the one that ran them reads others now."""
    run = write(warehouse, "takings@7.1", FIRST, environment="staging")
    folder = tmp_path / "warehouse" / run.location
    folder.mkdir(parents=True)
    promote(warehouse, "takings@7.1", source="staging", target="prod", dates=DateRange(FIRST, FIRST))
    write(warehouse, "takings@7.1", FIRST, environment="staging")
    for environment in ("prod", "staging"):
        place = replace(warehouse, config=warehouse.config.in_environment(environment))
        assert collect(place, dead_runs(place, 0)) == []
    assert folder.exists()


def test_an_output_that_is_removed_meanwhile_is_not_promoted(warehouse, monkeypatch):
    """`dwh gc --keep` may take an old output between its look-up and the promotion: then nothing moves."""
    write(warehouse, "takings@7.1", *DAYS[:2], environment="staging", run_id="old")
    looked_up = promotion._outputs

    def removed_since(*arguments):
        found = looked_up(*arguments)
        with warehouse.ledger.writing() as connection:
            connection.execute(runs.update().values(status="removed"))
        return found

    monkeypatch.setattr(promotion, "_outputs", removed_since)
    with pytest.raises(NoOutputError, match="for 2024-01-01 to 2024-01-02; type: dwh history"):
        promote(warehouse, "takings@7.1", source="staging", target="prod", dates=BOTH)
    assert warehouse.ledger.outputs(environment="prod", table=TABLE) == []


def test_a_history_does_not_begin_anew_where_its_end_was_promoted(warehouse):
    """Run again without the output before, a promoted one would be made of its date alone: it is refused."""
    contract = Table("t.total", (Column("shop", "string"),))
    read: list[OutputsRead] = []
    for day in (FIRST, SECOND):
        run = started_run(contract, line="0.1", dates=DateRange(day, day), environment="staging")
        warehouse.ledger.start_run(run, read)
        warehouse.ledger.commit_run(run, {day: 1})
        read = [OutputsRead("t.total", run.id, day, day)]
    need, dates = Input.previous().of(contract), DateRange(SECOND, SECOND)
    asked = {"source": "staging", "target": "prod"}
    promote(warehouse, "t.total@0.1", **asked, dates=dates)
    remedy = f"dwh promote total@0.1 --from staging --to prod --date {FIRST}"
    with pytest.raises(MissingInputError, match=f"{SECOND} builds lacks {FIRST}; type: {remedy}"):
        PreviousSource.before(need, warehouse, "0.1", dates, None).check(need, dates)
    promote(warehouse, "t.total@0.1", **asked, dates=DateRange(FIRST, FIRST))
    PreviousSource.before(need, warehouse, "0.1", dates, None).check(need, dates)


def test_nothing_is_promoted_to_where_nobody_reads(warehouse):
    """Outputs of comparisons lie aside of an environment; what is meant for readers does not go there."""
    write(warehouse, "takings@7.1", *DAYS[:2], environment="staging")
    with pytest.raises(UsageError, match="comparisons_prod is where prod keeps what it ran only to compare"):
        promote(warehouse, "takings@7.1", source="staging", target="comparisons_prod", dates=BOTH)

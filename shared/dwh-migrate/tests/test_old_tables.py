"""Old dates of whole tables are removed, and nothing that somebody may still ask for."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pyarrow as pa
import pytest
from fabricate import DAYS, shown, write
from pyarrow.parquet import write_table

from dwh.core import Column, Table
from dwh.core.dates import DateRange
from dwh.core.errors import LostFilesError, NoOutputError
from dwh.core.ledger import OutputsRead
from dwh.core.ledger.environments import add_publications
from dwh.core.ledger.schema import decisions, publications, reads, receipts, runs
from dwh.core.testing.runs import started_run
from dwh.migrate.garbage import dead_runs
from dwh.migrate.old_tables import old_tables, remove_tables
from dwh.migrate.promotion import promote
from dwh.migrate.rollout import pin, plan, roll_back, start

BY_DATE = 'key=("day", "shop"),\n        partition_by="day",'


@pytest.fixture
def whole(warehouse, installed_line, takings):
    """A warehouse where lines 9.1 and 9.2 hold the whole of `shop.takings` for each date."""
    for line in ("9.1", "9.2"):
        installed_line(line, {"takings": takings(**{BY_DATE: 'key=("day", "shop"),'})})
    pin(warehouse, job="takings", line="9.1", environment="prod", reason="where we start")
    return warehouse


def days_of(warehouse, keep):
    return [run.first_date for run in old_tables(warehouse, keep, 0)]


def test_the_newest_dates_of_each_line_and_environment_stay(whole):
    """What is removed is gone for readers and on disk, and stays in the history."""
    for day in DAYS:
        run = write(whole, "takings@9.1", day)
        place = Path(whole.config.warehouse, run.location)
        place.mkdir(parents=True)
        (place / "part.parquet").write_text("rows")
    write(whole, "takings@9.2", DAYS[0])
    write(whole, "takings@9.1", DAYS[1], environment="dev")
    old = old_tables(whole, 3, 0)
    assert [run.first_date for run in old] == DAYS[:-3]
    remove_tables(whole, old, 3, 0)
    assert not any(Path(whole.config.warehouse, run.location).exists() for run in old)
    assert place.exists()
    there = whole.ledger.newest_outputs(environment="prod", table="shop.takings", line="9.1")
    assert there == whole.ledger.published_outputs(environment="prod", table="shop.takings")
    assert [output.partition_date for output in there] == DAYS[-3:]
    assert {run.status for run in whole.ledger.find_runs(runs.c.id == old[0].id)} == {"removed"}
    assert (days_of(whole, 3), dead_runs(whole, 0)) == ([], [])
    _is_told(whole, old[-1], DateRange(DAYS[0], DAYS[-4]), as_of=None)
    write(whole, "takings@9.1", DAYS[0])  # older than what was removed
    _is_told(whole, old[-1], DateRange(DAYS[0], DAYS[-4]), as_of=None)
    _is_told(whole, old[0], None, as_of=old[0].finished_at)


def _is_told(whole, run, dates, as_of):
    """Assert that whoever asks for what a run had written, published or not, is told that it was removed."""
    asked = {"table": "shop.takings", "environment": "prod", "dates": dates, "as_of": as_of}
    problem = rf"{run.first_date} \(run {run.id}\) was removed by dwh gc --keep.*dwh history shop.takings"
    with pytest.raises(NoOutputError, match=problem):
        whole.published(**asked)
    with pytest.raises(NoOutputError, match=problem):
        whole.outputs(**asked, line="9.1")


def test_what_a_rerun_has_superseded_stays_for_its_readers(whole, spark):
    """For a day, who has begun to read goes on; who reads later is told which run's files are gone."""
    first = write(whole, "takings@9.1", DAYS[0])
    place = Path(whole.config.warehouse, first.location)
    place.mkdir(parents=True)
    write_table(pa.table({"shop": ["north"]}), place / "part.parquet")
    (read,) = whole.outputs(table="shop.takings", line="9.1", environment="prod")
    planned = whole.read(spark, [read]).select("shop")
    write(whole, "takings@9.1", DAYS[0])
    assert remove_tables(whole, old_tables(whole, 1), 1) == []
    assert [row["shop"] for row in planned.collect()] == ["north"]
    _age(whole)
    assert [run.id for run in remove_tables(whole, old_tables(whole, 1), 1)] == [first.id]
    with pytest.raises(Exception, match=f"{first.location}.*does not exist"):  # in Spark's own words
        planned.collect()
    with pytest.raises(LostFilesError, match=f"run {first.id}, {DAYS[0]}: all its files are gone"):
        whole.read(spark, [read])


def test_what_newer_dates_have_pushed_out_stays_for_its_readers(whole):
    """For a day, as what a rerun has superseded does, and what an environment published meanwhile."""
    for day in DAYS[:3]:
        write(whole, "takings@9.1", day)
    _age(whole)
    for day in DAYS[3:5]:
        write(whole, "takings@9.1", day)
    assert [run.first_date for run in old_tables(whole, 2)] == DAYS[:1]
    assert days_of(whole, 2) == DAYS[:3]
    _age(whole)
    assert [run.first_date for run in old_tables(whole, 2)] == DAYS[:3]


def test_what_others_have_made_of_it_stays(whole):
    """A table that a published output of another job, or a run under way, has read is kept."""
    made = [write(whole, "takings@9.1", day) for day in DAYS]
    for day, commit in ((DAYS[0], True), (DAYS[1], False)):
        reader = write(whole, "takings@7.4", day, commit=False)
        read = OutputsRead("shop.takings", made[DAYS.index(day)].id, day, day)
        _add_read(whole, reader, read)
        if commit:
            whole.ledger.commit_run(reader, {day: 1})
            _publish(whole, reader, day)
    assert days_of(whole, 1) == DAYS[2:-1]


def test_what_a_rollback_of_another_table_would_show_again_keeps_what_it_was_made_of(warehouse):
    """While a reader's rollout is under way, what its earlier line has read stays, though it is not shown."""
    contract = Table("shop.stock", (Column("item", "string"),))
    for day in DAYS[:4]:
        dates = DateRange(day, day)
        run = started_run(contract, line="0.1", dates=dates, environment="prod", id=f"stock_{day}")
        warehouse.ledger.start_run(run)
        warehouse.ledger.commit_run(run, {day: 1})
    served, candidate = (write(warehouse, f"takings@{line}", DAYS[0]) for line in ("7.1", "7.2"))
    _add_read(warehouse, served, OutputsRead(contract.name, f"stock_{DAYS[1]}", DAYS[1], DAYS[1]))
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="where we start")
    _publish(warehouse, candidate, DAYS[0])
    assert days_of(warehouse, 1) == DAYS[:3]
    plan(warehouse, job="takings", old="7.1", new="7.2", environment="prod")
    start(warehouse, job="takings", environment="prod", reason="to see")
    assert days_of(warehouse, 1) == [DAYS[0], DAYS[2]]
    roll_back(warehouse, job="takings", environment="prod", reason="it was wrong")
    _publish(warehouse, served, DAYS[0])
    assert days_of(warehouse, 1) == [DAYS[0], DAYS[2]]


def test_what_readers_get_stays_however_old(whole):
    """Where an environment publishes an old date alone, its readers keep it."""
    write(whole, "takings@9.1", DAYS[0])
    for day in DAYS[1:]:
        write(whole, "takings@9.2", day)
    for day in DAYS[2:]:
        write(whole, "takings@9.1", day, environment="dev")
    assert days_of(whole, 2) == sorted([*DAYS[1:-2], *DAYS[2:-2]])


def test_a_table_that_may_be_rolled_back_is_left_alone(whole):
    """While a rollout is under way, or its window is open, nothing of its table goes."""
    for day in DAYS:
        write(whole, "takings@9.1", day)
    plan(whole, job="takings", old="9.1", new="9.2", environment="prod")
    start(whole, job="takings", environment="prod", reason="to see")
    assert days_of(whole, 1) == []


def test_a_clock_ahead_does_not_end_a_rollout(whole):
    """What was decided last holds, whatever the machine's clock said on which an earlier rollout ended."""
    for day in DAYS:
        write(whole, "takings@9.1", day)
    prod = {"job": "takings", "environment": "prod"}
    for reason in ("to see", "to see again"):
        plan(whole, **prod, old="9.1", new="9.2")
        start(whole, **prod, reason=reason)
        if reason == "to see":
            roll_back(whole, **prod, reason="it was wrong")
            with whole.ledger.writing() as connection:
                ahead = datetime.now(timezone.utc) + timedelta(days=1)
                connection.execute(decisions.update().values(decided_at=ahead))
    assert days_of(whole, 1) == []


def test_tables_of_dates_are_left_alone(warehouse):
    """Each date of them is there once, and no other repeats it."""
    for day in DAYS:
        write(warehouse, "takings@7.1", day)
    assert old_tables(warehouse, 1) == []


def _age(warehouse):
    """Let all that is there have been there for two days."""
    two_days_ago = datetime.now(timezone.utc) - timedelta(days=2)
    with warehouse.ledger.writing() as connection:
        connection.execute(receipts.update().values(committed_at=two_days_ago))
        connection.execute(publications.update().values(published_at=two_days_ago))


def _add_read(warehouse, run, read):
    with warehouse.ledger.writing() as connection:
        connection.execute(reads.insert(), [{"run_id": run.id, **vars(read)}])


def _publish(warehouse, run, day):
    with warehouse.ledger.holding(run.table_name) as (connection, sequence):
        add_publications(
            connection,
            environment="prod",
            table=run.table_name,
            run_ids={day: run.id},
            sequence=sequence,
            now=datetime.now(timezone.utc),
        )


def test_what_is_promoted_meanwhile_stays(whole):
    """Between finding and removing, an environment may get an old table, which its readers then see."""
    for day in DAYS[:3]:
        write(whole, "takings@9.1", day, environment="staging", run_id=f"of_{day}")
    old = old_tables(whole, 1, 0)
    promote(whole, "takings@9.1", source="staging", target="prod", dates=DateRange(DAYS[1], DAYS[1]))
    assert [run.first_date for run in remove_tables(whole, old, 1, 0)] == DAYS[:1]
    assert shown(whole) == {DAYS[1]: f"of_{DAYS[1]}"}

"""Plans: what a rollout would do, shown before anything is computed, and refused where it cannot be."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime, timedelta, timezone

import pytest
from fabricate import DAYS, begin, everything, write
from hypothesis import given
from hypothesis import strategies as st

from dwh.core.config import SourcePlace
from dwh.core.errors import (
    DefinitionError,
    InvalidNameError,
    NotPinnedError,
    UnknownJobError,
    UnknownLineError,
    UnknownSourceError,
)
from dwh.core.ledger.schema import plans
from dwh.migrate.rollout import RolloutError, newest_plan, pin, plan
from dwh.migrate.rollout.plan import parse_steps

FIRST, SECOND, THIRD, FOURTH = DAYS[:4]


@pytest.fixture
def pinned(warehouse):
    """A warehouse whose prod shows four dates of line 7.1."""
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="where we start")
    write(warehouse, "takings@7.1", *DAYS[:4])
    return warehouse


def test_a_ramp_is_shown(pinned):
    """Compatible contracts: a ramp with its default steps; nothing but the plan is written."""
    before = everything(pinned)
    found = plan(pinned, job="takings", old="7.1", new="7.2", environment="prod")
    assert (found.way, found.breaks) == ("ramp", ())
    assert [(step.name, step.gate, step.share) for step in found.steps] == [
        ("shadow", 3, "0"),
        ("25%", 3, "0.25"),
        ("100%", 3, "1"),
    ]
    assert (found.on_fail, found.window_days) == ("hold", 14)
    assert (found.old_release, found.new_release) == ("7.1.0", "7.2.0")
    after = everything(pinned)
    assert len(after.pop("plans")) == 1 and before.pop("plans") == []
    assert after == before


def test_a_cutover_is_shown(pinned):
    """Breaking contracts: why, the cutover, what is lacking, and what running that would read."""
    write(pinned, "takings@7.3", SECOND)
    found = plan(
        pinned,
        job="takings",
        old="7.1",
        new="7.3",
        environment="prod",
        on_fail="rollback",
        window_days=3,
        gate=5,
    )
    assert (found.way, found.breaks) == ("cutover", ("column amount is now called total", *found.breaks[1:]))
    assert [(step.name, step.gate) for step in found.steps] == [("shadow", 5), ("cutover", 5)]
    assert found.published == 4
    assert found.lacking == ("2024-01-01", "2024-01-03 to 2024-01-04")
    (read,) = found.reads
    assert read.startswith("orders (csv, ") and read.endswith("): 3 logical dates of it")


def test_what_would_be_read_counts_in_the_grain_of_each_input(pinned, installed_line, takings):
    """Days of hours are all their hours, a window reaches beyond, and a job's own output is told as that."""
    hours = 'Table("m.hours", (Column("at", "timestamp"),), partition_by="at")'
    reads = f"reads = (Input(ORDERS, back=2), Input({hours}), Input.previous())"
    changed = {"import Added": "import Input, Added", "reads = (ORDERS,)": reads}
    changed["self, orders"] = "self, orders, hours, previous"
    installed_line("8.5", {"takings": takings(**changed)})
    sources = {**pinned.config.sources, "m.hours": SourcePlace("csv", "hours")}
    there = replace(pinned, config=replace(pinned.config, sources=sources))
    found = plan(there, job="takings", old="7.1", new="8.5", environment="prod")
    parts = [text.rpartition("): ")[2] for text in found.reads]
    assert parts == ["6 logical dates of it", "96 logical dates of it", "that of the date before"]


def test_nothing_lacking_reads_nothing(pinned):
    """Where the new line has written all that is shown, nothing would be read."""
    write(pinned, "takings@7.3", *DAYS[:4])
    found = plan(pinned, job="takings", old="7.1", new="7.3", environment="prod")
    assert (found.lacking, found.reads) == ((), ())


def test_secrets_of_sources_are_not_shown(pinned):
    """A path with a password is shown without it."""
    place = SourcePlace("parquet", "s3a://key:hunter2@bucket/orders", {"secret": "hunter3"})
    secret = type(pinned)(replace(pinned.config, sources={"orders": place}), pinned.ledger)
    found = plan(secret, job="takings", old="7.1", new="7.3", environment="prod")
    assert "s3a://***@bucket/orders" in found.reads[0]
    assert "hunter" not in str(asdict(found))


def test_readers_are_shown(pinned, installed_line):
    """Installed jobs that read the table are named; DAGs that use it are shown as they were found."""
    reader = (
        "from dwh.core import Column, Job, Table\n"
        "class Report(Job):\n"
        "    reads = (Table('shop.takings', (Column('day', 'date'),), partition_by='day'),)\n"
        "    writes = Table('shop.report', (Column('day', 'date'),), partition_by='day')\n"
        "    def transform(self, takings): return takings\n"
    )
    installed_line("7.5", {"report": reader})
    found = plan(
        pinned,
        job="takings",
        old="7.1",
        new="7.2",
        environment="prod",
        uses=["dags/daily.py:7 daily: takings"],
    )
    assert found.readers == ("report@7.5",)
    assert found.uses == ("dags/daily.py:7 daily: takings",)


def test_a_plan_is_kept_as_it_was_shown(pinned):
    """The newest plan of the job in the environment comes back equal."""
    plan(pinned, job="takings", old="7.1", new="7.2", environment="prod")
    steps = ["shadow:5", "10%", "from 2024-02-01", "62.5%:0", "100%"]
    found = plan(
        pinned, job="takings", old="7.1", new="7.2", environment="prod", steps=steps, gate=2, uses=["x"]
    )
    assert newest_plan(pinned, job="takings", environment="prod") == found
    assert [(step.name, step.gate) for step in found.steps] == [
        ("shadow", 5),
        ("10%", 2),
        ("from 2024-02-01", 2),
        ("62.5%", 0),
        ("100%", 2),
    ]
    with pytest.raises(RolloutError, match="no rollout of takings has been planned in staging"):
        newest_plan(pinned, job="takings", environment="staging")


def test_a_plan_that_is_not_kept(pinned):
    """A plan can be looked at without leaving anything."""
    before = everything(pinned)
    plan(pinned, job="takings", old="7.1", new="7.2", environment="prod", keep=False)
    assert everything(pinned) == before


@pytest.mark.parametrize(
    ("asked", "error", "problem"),
    [
        (("takings", "7.1", "7.2", "staging"), NotPinnedError, "environments with pins: prod"),
        (("takings", "7.1", "7.2", "No!"), InvalidNameError, "environment"),
        (("nothing", "7.1", "7.2", "prod"), NotPinnedError, "no pin for nothing"),
        (("../x", "7.1", "7.2", "prod"), InvalidNameError, "job"),
        (
            ("takings", "7.1", "7.1", "prod"),
            RolloutError,
            "pinned to 7.1 in prod; type: .*plan takings 7.1 NEW",
        ),
        (
            ("takings", "7.2", "7.3", "prod"),
            RolloutError,
            "pinned to 7.1 in prod; type: .*plan takings 7.1 NEW",
        ),
        (("takings", "7.1", "9.9", "prod"), UnknownLineError, "pip install dwh-v9_9"),
        (("takings", "7.1", "7.0", "prod"), RolloutError, r"line 7\.0 has ended on 2020-01-31"),
        (("takings", "7.1", "7.4", "prod"), RolloutError, "these are two tables.*dwh pin takings 7.4"),
    ],
)
def test_a_rollout_that_cannot_be_planned(pinned, asked, error, problem):
    """What cannot be rolled out is refused with the reason and what to do, and nothing is written."""
    before = everything(pinned)
    with pytest.raises(error, match=problem) as caught:
        plan(pinned, **dict(zip(("job", "old", "new", "environment"), asked, strict=True)))
    assert caught.value.exit_code == 2
    assert everything(pinned) == before


def test_a_broken_line_stops_no_other(pinned, installed_line):
    """A line, or another job, that cannot be imported does not matter to a plan that does not ask for it."""
    before = plan(pinned, job="takings", old="7.1", new="7.2", environment="prod")
    installed_line("7.5", {"other": "1 / 0\n"})
    installed_line("7.6", init="1 / 0\n")
    assert plan(pinned, job="takings", old="7.1", new="7.2", environment="prod") == before
    with pytest.raises(DefinitionError, match="ZeroDivisionError"):
        plan(pinned, job="takings", old="7.1", new="7.6", environment="prod")


def test_a_job_that_the_new_line_lacks(pinned, installed_line, warehouse):
    """A job that the new line does not have is refused, with the jobs that it has."""
    installed_line("7.5", {"other": "from dwh.core import Job\n"})
    with pytest.raises(UnknownJobError, match="its jobs: other"):
        plan(pinned, job="takings", old="7.1", new="7.5", environment="prod")


def test_an_input_without_a_place(pinned):
    """A plan needs to know where the new line's inputs are."""
    bare = type(pinned)(replace(pinned.config, sources={}), pinned.ledger)
    with pytest.raises(UnknownSourceError, match="orders"):
        plan(bare, job="takings", old="7.1", new="7.2", environment="prod")


def test_a_second_rollout(pinned):
    """While a rollout is under way, held or not, another one of the job is not planned."""
    begin(pinned, "7.2")
    before = everything(pinned)
    with pytest.raises(RolloutError, match="already; type: dwh rollout status takings"):
        plan(pinned, job="takings", old="7.1", new="7.3", environment="prod")
    assert everything(pinned) == before


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        (["0%"], "a share must be above 0% and at most 100%"),
        (["shadow", "101%"], "a share must be above 0% and at most 100%"),
        (["999.9%"], "a share must be above 0% and at most 100%"),
        (["-5%"], "'-5%' is not a step; write shadow, 25%"),
        (["1000%"], "not a step"),
        (["25"], "not a step"),
        (["1e2%"], "not a step"),
        (["٢٥%"], "not a step"),
        (["NaN%"], "not a step"),
        (["canary"], "not a step"),
        (["25%:x"], "not a step"),
        (["25%:-1"], "not a step"),
        (["from"], "not a step"),
        (["from 2024-02-30"], "no such date"),
        (["from 2024-02-01T00:00:00+01:00"], "not a logical date"),
        (["from tomorrow"], "not a logical date"),
        (["50%", "25%", "100%"], "each step must serve more dates.*dwh rollout rollback"),
        (["25%", "25.0%", "100%"], "each step must serve more dates"),
        (["from 2024-02-01", "from 2024-03-01", "100%"], "each step must serve more dates"),
        (["from 2024-02-01", "from 2024-02-01", "100%"], "each step must serve more dates"),
        (["100%", "from 2024-02-01"], "the last step must be 100%"),
        (["shadow"], "the last step must be 100%"),
        (["shadow", "25%"], "the last step must be 100%"),
        (["100%", "100%"], "each step must serve more dates"),
        (["25%", "shadow", "100%"], "compatible lines are ramped"),
        (["shadow", "cutover"], "compatible lines are ramped"),
    ],
)
def test_steps_that_cannot_be(pinned, steps, problem):
    """A step that is none, a share outside 0 to 100 % or one that shrinks is refused, with what to write."""
    before = everything(pinned)
    with pytest.raises(RolloutError, match=problem):
        plan(pinned, job="takings", old="7.1", new="7.2", environment="prod", steps=steps)
    assert everything(pinned) == before


@pytest.mark.parametrize(
    "steps", [["25%", "100%"], ["shadow", "100%"], ["from 2024-01-01", "100%"], ["cutover"], ["shadow"]]
)
def test_lines_that_break_are_not_ramped(pinned, steps):
    """A ramp of breaking contracts is refused, with the reason and the steps to use instead."""
    before = everything(pinned)
    with pytest.raises(
        RolloutError,
        match=r"break .column amount is now called total.*in one table; the steps are: shadow, cutover",
    ):
        plan(pinned, job="takings", old="7.1", new="7.3", environment="prod", steps=steps)
    assert everything(pinned) == before


@given(st.lists(st.text(max_size=12), min_size=1, max_size=3))
def test_any_text_is_steps_or_refused(texts):
    """Whatever is typed, it makes steps that end at 100 %, or is refused."""
    try:
        steps = parse_steps(texts, "ramp", 3, ())
    except RolloutError:
        return
    assert steps[-1].share == "1"


@given(st.lists(st.integers(1, 99), unique=True), st.integers(0, 9))
def test_growing_shares_are_steps(shares, gate):
    """Every list of growing shares is accepted, with its gate, and keeps its numbers."""
    texts = ["shadow", *(f"{share}%" for share in sorted(shares)), f"100%:{gate}"]
    steps = parse_steps(texts, "ramp", 3, ())
    assert [step.name for step in steps] == [text.partition(":")[0] for text in texts]
    assert [float(step.share) for step in steps] == [0, *(share / 100 for share in sorted(shares)), 1]
    assert [step.gate for step in steps] == [3] * (len(texts) - 1) + [gate]


def test_the_plan_that_was_made_last_is_begun_whatever_the_clocks_say(pinned):
    """One by a machine whose clock is an hour ahead does not stay the newest."""
    plan(pinned, job="takings", old="7.1", new="7.2", environment="prod", steps=["25%", "100%"])
    ahead = datetime.now(timezone.utc) + timedelta(hours=1)
    with pinned.ledger.writing() as connection:
        connection.execute(plans.update().values(planned_at=ahead))
    last = plan(pinned, job="takings", old="7.1", new="7.2", environment="prod", steps=["50%", "100%"])
    assert newest_plan(pinned, job="takings", environment="prod") == last

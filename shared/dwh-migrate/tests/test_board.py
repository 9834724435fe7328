"""`dwh board`: every job in every environment, from a real ledger, opened in a real Chromium."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta, timezone
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from dwh.compare.safe_text import prose
from dwh.core.config import Config, SourcePlace
from dwh.core.contract import Column, Table
from dwh.core.dates import DateRange
from dwh.core.ledger import RunRecord
from dwh.core.ledger.schema import compared as compared_outputs
from dwh.core.ledger.schema import comparisons, decisions, runs, shadows
from dwh.core.line import Line
from dwh.core.lines import InstalledLine, installed_lines
from dwh.core.warehouse import Warehouse
from dwh.migrate import rollout
from dwh.migrate.board import Board, gather, print_board, to_html
from dwh.migrate.board.model import JobInEnvironment, JobOnBoard
from dwh.migrate.board.queries import recorded
from dwh.migrate.rollout.withheld import publish_withheld

DELAYS, TRAFFIC = "carrier_delays", "airport_traffic"
SOURCES = {name: SourcePlace("csv", f"landing/{name}") for name in ("flights", "airlines", "airports")}
HOSTILE = (
    "<script>window.__pwned = 1</script>",
    "<img src=x onerror='window.__pwned=1'>",
    '"><svg onload=window.__pwned=1>',
    "</style><script>window.__pwned=1</script>",
    "{{ 7 * 7 }}",
    "\u202egpj.exe",
    "\x1b[31mred\x1b]0;title\x07",
    "line\r\nline",
    "javascript:alert(1)",
    "x" * 3_000,
)
numbers = count(1)


def day(number: int) -> date:
    """A logical date of January 2013."""
    return date(2013, 1, number)


def commit(
    warehouse: Warehouse,
    job: str,
    line: str,
    dates: DateRange,
    *,
    environment: str = "prod",
    started_by: str = "airflow",
    table: str = "",
    release: str = "",
) -> str:
    """Record a run that committed, and return its id."""
    number, now = next(numbers), datetime.now(timezone.utc)
    contract = Table(f"flights.{DELAYS}", (Column("flight_date", "date"),), partition_by="flight_date")
    run = RunRecord(
        id=f"20130201-000000-{number:08x}",
        job=job,
        line=line,
        release=release or f"{line}.{1 if line == '0.1' else 0}",
        table_name=table or f"flights.{job}",
        environment=environment,
        status="started",
        first_date=dates.first,
        last_date=dates.last,
        started_at=now,
        finished_at=None,
        started_by=started_by,
        host="here",
        pid=1,
        location=f"somewhere/{number}",
        contract=contract.to_dict(),
        code={"state": "installed"},
        engine={},
        inputs=[],
        error=None,
    )
    warehouse.ledger.start_run(run)
    warehouse.ledger.commit_run(run, dict.fromkeys(dates, 15))
    return run.id


def compared(warehouse: Warehouse, left: str, right: str, verdict: str = "pass", by: str = "airflow") -> str:
    """Record a comparison, and return its id."""
    found = {
        "id": f"comparison-{next(numbers)}",
        "left_label": left,
        "right_label": right,
        "environment": "prod",
        "verdict": verdict,
        "first_date": day(1),
        "last_date": day(3),
        "compared_at": datetime.now(timezone.utc),
        "compared_by": by,
        "result": {},
    }
    with warehouse.ledger.writing() as connection:
        connection.execute(comparisons.insert(), [found])
    return str(found["id"])


def proved(warehouse: Warehouse, job: str, run_ids: dict[str, str], dates: DateRange) -> None:
    """Record that the runs of both lines were compared in prod, and publish what is proven by that."""
    pair = {"left_run": run_ids["0.1"], "right_run": run_ids["0.2"], "environment": "prod"}
    comparison = compared(warehouse, f"{job}@0.1", f"{job}@0.2")
    with warehouse.ledger.writing() as connection:
        rows = [{**pair, "comparison": comparison, "partition_date": day} for day in dates]
        connection.execute(compared_outputs.insert(), rows)
    prod = replace(warehouse, config=warehouse.config.in_environment("prod"))
    publish_withheld(prod, job, dates)


def shadow(warehouse: Warehouse, job: str, environment: str, number: int, outcome: str = "pass") -> None:
    """Record that both lines of a rollout ran for a logical date and were compared."""
    decision = warehouse.ledger.decision(environment=environment, job=job)
    assert decision is not None and decision.rollout is not None
    served = decision.line_for(day(number))
    ways = (decision.rollout.old_line, decision.rollout.new_line)
    candidate = ways[1] if served == ways[0] else ways[0]
    dates = DateRange(day(number), day(number))
    row = {
        "id": f"shadow-{next(numbers)}",
        "environment": environment,
        "job": job,
        "rollout": decision.rollout.started,
        "decision": decision.sequence,
        "first_date": day(number),
        "last_date": day(number),
        "served_run": commit(warehouse, job, served, dates, environment=environment),
        "candidate_run": commit(warehouse, job, candidate, dates, environment=environment),
        "comparison": compared(warehouse, f"{job}@{ways[0]}", f"{job}@{ways[1]}", outcome),
        "outcome": outcome,
        "error": None,
        "shadowed_at": datetime.now(timezone.utc),
    }
    with warehouse.ledger.writing() as connection:
        connection.execute(shadows.insert(), [row])


def begin(warehouse: Warehouse, job: str, environment: str = "prod", **options: Any) -> None:
    """Pin a job to line 0.1, and begin to roll it out to 0.2."""
    rollout.pin(
        warehouse, job=job, line="0.1", environment=environment, reason="where we start", publish=True
    )
    rollout.plan(warehouse, job=job, old="0.1", new="0.2", environment=environment, **options)
    rollout.start(warehouse, job=job, environment=environment, reason="it counts arrivals")


def job_of(board: Board, name: str = DELAYS) -> JobOnBoard:
    """Return a job of a board."""
    return next(job for job in board.jobs if job.name == name)


def place_of(board: Board, job: str = DELAYS, environment: str = "prod") -> JobInEnvironment:
    """Return how a job stands in an environment."""
    found = job_of(board, job).in_environment(environment)
    assert found is not None
    return found


def moving(board: Board, job: str = DELAYS) -> Any:
    """Return a job's rollout in prod."""
    found = place_of(board, job).rollout
    assert found is not None
    return found


def installed_jobs() -> list[str]:
    """Return the name of each job of the installed lines, in order."""
    return sorted({name for line in installed_lines().values() for name in line.job_names()})


def released(line: str) -> str:
    """Return the release of an installed line."""
    return installed_lines()[line].release


def look_at(warehouse: Warehouse, lines: dict[str, InstalledLine] | None = None) -> Board:
    """Return the board as it is now."""
    return gather(warehouse, installed_lines() if lines is None else lines)


@pytest.fixture
def warehouse(tmp_path: Path, with_tables: Callable[[str], str]) -> Warehouse:
    """A warehouse in which nothing has happened."""
    with_tables(f"sqlite:///{tmp_path}/ledger.db")
    return Warehouse.create(
        Config(str(tmp_path / "warehouse"), f"sqlite:///{tmp_path}/ledger.db", "prod", sources=SOURCES)
    )


def fill(warehouse: Warehouse, environment: str = "prod") -> Warehouse:
    """Let both lines write the first three days of both jobs in an environment."""
    for job in (DELAYS, TRAFFIC):
        for line in ("0.1", "0.2"):
            dates = DateRange(day(1), day(3))
            commit(warehouse, job, line, dates, started_by="ada", environment=environment)
    return warehouse


def occupy(warehouse: Warehouse) -> Warehouse:
    """Bring about a rollout of each state."""
    begin(warehouse, DELAYS, steps=["shadow", "cutover:0"])
    for number in (4, 5):
        shadow(warehouse, DELAYS, "prod", number)
    begin(warehouse, TRAFFIC, steps=["shadow:1", "25%:5", "100%"])
    shadow(warehouse, TRAFFIC, "prod", 4)
    rollout.advance(warehouse, job=TRAFFIC, environment="prod")
    rollout.hold(warehouse, job=TRAFFIC, environment="prod", reason="the airports changed")
    fill(warehouse, "staging")
    begin(warehouse, TRAFFIC, "staging", gate=0)
    rollout.advance(warehouse, job=TRAFFIC, environment="staging")
    rollout.roll_back(warehouse, job=TRAFFIC, environment="staging", reason="the dashboard was red")
    begin(warehouse, DELAYS, "staging", gate=0, steps=["shadow", "cutover:0"])
    rollout.advance(warehouse, job=DELAYS, environment="staging")
    rollout.finish(warehouse, job=DELAYS, environment="staging")
    return warehouse


@pytest.fixture
def written(warehouse: Warehouse) -> Warehouse:
    """A warehouse in which both lines have written both jobs."""
    return fill(warehouse)


@pytest.fixture(scope="module")
def occupied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ledger of a warehouse with a rollout of each state. Not to be written to."""
    ledger = tmp_path_factory.mktemp("occupied") / "ledger.db"
    occupy(fill(Warehouse.create(Config(str(ledger.parent), f"sqlite:///{ledger}", "prod", sources=SOURCES))))
    return ledger


@pytest.fixture
def busy(warehouse: Warehouse, occupied: Path, tmp_path: Path) -> Warehouse:
    """A warehouse with a rollout of each state."""
    with (
        closing(sqlite3.connect(occupied)) as there,
        closing(sqlite3.connect(tmp_path / "ledger.db")) as here,
    ):
        there.backup(here)
    return warehouse


@pytest.fixture
def hostile(busy: Warehouse) -> Warehouse:
    """The same, where every text that somebody can choose tries to do harm."""
    for text in HOSTILE:
        rollout.pin(
            busy, job="my_job", line="0.1" if text in HOSTILE[::2] else "0.2", environment="prod", reason=text
        )
        compared(busy, f"{DELAYS}@{text}"[:255], f"{TRAFFIC}@{text}"[:255], text[:20], by=text[:255])
        rows = DateRange(day(9), day(9))
        commit(busy, "my_job", "0.1", rows, started_by=text[:255], release=text[:40])
    rollout.resume(busy, job=TRAFFIC, environment="prod", reason=HOSTILE[5])
    rollout.hold(busy, job=TRAFFIC, environment="prod", reason=HOSTILE[0])
    rollout.plan(busy, job=DELAYS, old="0.2", new="0.1", environment="staging")
    commit(busy, HOSTILE[1], "0.1", DateRange(day(1), day(1)), table=HOSTILE[2])
    with busy.ledger.writing() as connection:
        found = {
            "environment": HOSTILE[2],
            "job": HOSTILE[3],
            "sequence": 1,
            "table_name": HOSTILE[0],
            "action": HOSTILE[4],
            "line": "<b>0.1",
            "rollout": None,
            "reason": HOSTILE[6],
            "decided_by": HOSTILE[7],
            "decided_at": datetime.now(timezone.utc),
        }
        connection.execute(decisions.insert(), [found, {**found, "sequence": 2}])
    return busy


def test_an_empty_warehouse_has_a_board_that_says_what_to_type(
    warehouse: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    board = look_at(warehouse)
    assert [job.name for job in board.jobs] == installed_jobs()
    assert board.environments == ()
    page = to_html(board)
    assert "Nothing is pinned yet" in page
    assert "dwh run carrier_delays@0.2 --date DATE" in page
    print_board(board)
    printed = capsys.readouterr()
    assert "dwh pin JOB LINE" in printed.err
    releases = f"{released('0.1')}, {released('0.2')}"
    assert re.search(rf"^carrier_delays +{releases}$", printed.out, re.MULTILINE)


def test_a_clock_ahead_does_not_keep_an_old_release_on_the_board(warehouse: Warehouse) -> None:
    """A line's newest release is that of the run which committed last."""
    commit(warehouse, DELAYS, "0.1", DateRange(day(1), day(1)), release="0.1.0")
    with warehouse.ledger.writing() as connection:
        connection.execute(runs.update().values(started_at=datetime.now(timezone.utc) + timedelta(days=1)))
    commit(warehouse, DELAYS, "0.1", DateRange(day(2), day(2)), environment="dev", release="0.1.1")
    with warehouse.ledger.reading() as connection:
        assert recorded(connection)[DELAYS].releases == {"0.1": "0.1.1"}


def test_without_lines_and_runs_the_board_says_what_to_install(
    warehouse: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    board = look_at(warehouse, {})
    print_board(board)
    assert "pip install" in capsys.readouterr().err
    assert "pip install" in to_html(board)


def test_a_job_stands_once_with_each_of_its_lines(warehouse: Warehouse) -> None:
    job = job_of(look_at(warehouse))
    assert (job.tables, job.doc) == (("flights.carrier_delays",), "Delay figures of each carrier, each day.")
    assert [(line.line, line.release, line.status) for line in job.lines] == [
        ("0.1", released("0.1"), "maintenance"),
        ("0.2", released("0.2"), "main"),
    ]


@pytest.mark.parametrize(
    ("status", "days", "expected"),
    [
        ("maintenance", 400, ("maintenance", False, "until")),
        ("maintenance", 30, ("maintenance", True, "ends soon:")),
        ("maintenance", 0, ("maintenance", True, "ends soon:")),
        ("maintenance", -1, ("ended", False, "ended")),
        ("ended", 400, ("ended", False, "ended")),
    ],
)
def test_a_line_that_ends_is_marked_with_words(
    status: Any, days: int, expected: tuple[str, bool, str], warehouse: Warehouse
) -> None:
    ends = datetime.now(timezone.utc).date() + timedelta(days=days)
    old = installed_lines()["0.1"]
    board = look_at(warehouse, {"0.1": replace(old, line=Line(status, ends))})
    line = job_of(board).lines[0]
    assert (line.status, line.ends_soon) == expected[:2]
    assert f"{expected[2]} {ends}" in to_html(board)


def test_a_line_that_is_not_installed_is_there_with_what_it_ran(written: Warehouse) -> None:
    rollout.pin(written, job=DELAYS, line="0.1", environment="prod", reason="where we start")
    board = look_at(written, {"0.2": installed_lines()["0.2"]})
    line = job_of(board).lines[0]
    assert (line.line, line.release, line.status) == ("0.1", "0.1.1", "not installed")
    assert place_of(board).pin.status == "not installed"
    assert "not installed here" in to_html(board)


def test_lines_stand_in_the_order_of_their_numbers(written: Warehouse) -> None:
    commit(written, DELAYS, "0.10", DateRange(day(1), day(1)))
    assert [line.line for line in job_of(look_at(written)).lines] == ["0.1", "0.2", "0.10"]


def test_a_pin_says_who_when_and_why(written: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "grace")
    before = datetime.now(timezone.utc)
    rollout.pin(written, job=DELAYS, line="0.1", environment="prod", reason="where we start")
    pin = place_of(look_at(written)).pin
    assert (pin.line, pin.decided_by, pin.reason) == ("0.1", "grace", "where we start")
    assert before <= pin.decided_at <= datetime.now(timezone.utc)


def test_a_pin_is_as_old_as_the_decision_that_moved_it(busy: Warehouse) -> None:
    """Decisions that leave the pin alone do not change since when, by whom and why it holds."""
    board = look_at(busy)
    assert place_of(board).pin.reason == "where we start"
    staging = place_of(board, environment="staging")
    assert [made.action for made in staging.decisions] == ["finish", "cutover", "start", "pin"]
    assert (staging.pin.line, staging.pin.decided_at) == ("0.2", staging.decisions[1].decided_at)


def test_a_running_rollout_says_what_its_gate_has_seen(busy: Warehouse) -> None:
    now = moving(look_at(busy))
    assert (now.old_line, now.new_line, now.way, now.state) == ("0.1", "0.2", "cutover", "running")
    assert (now.gate, now.gate_is_open, now.can_be_rolled_back) == (
        "2 of 3 dates passed; 0 of 5 dates proven, 5 unproven, 0 failed",
        False,
        True,
    )
    assert [(step.name, step.place) for step in now.steps] == [("shadow", "current"), ("cutover", "next")]
    shadow(busy, DELAYS, "prod", 6)
    opened = moving(look_at(busy))
    assert opened.gate == "3 of 3 dates passed; 0 of 6 dates proven, 6 unproven, 0 failed"
    assert opened.gate_is_open
    shadow(busy, DELAYS, "prod", 7)
    assert moving(look_at(busy)).gate.startswith("4 dates passed, 3 needed; 0 of 7 dates proven")
    assert "Waits for someone to take the next step." in to_html(look_at(busy))


def test_a_held_rollout_says_why(busy: Warehouse) -> None:
    now = moving(look_at(busy), TRAFFIC)
    assert (now.state, now.reason) == ("held", "the airports changed")
    assert [(step.name, step.gate, step.place) for step in now.steps] == [
        ("shadow", 1, "reached"),
        ("25%", 5, "current"),
        ("100%", 3, "next"),
    ]
    assert "held here" in to_html(look_at(busy))


def test_a_rolled_back_rollout_says_why_and_how_far_it_was(busy: Warehouse) -> None:
    now = place_of(look_at(busy), TRAFFIC, "staging").rollout
    assert now is not None
    assert (now.state, now.reason, now.gate) == ("rolled back", "the dashboard was red", None)
    assert [step.place for step in now.steps] == ["reached", "current", "not taken"]
    assert (now.can_be_rolled_back, now.rollback_until) == (False, None)


def test_a_finished_rollout_says_until_when_it_can_be_rolled_back(busy: Warehouse) -> None:
    board = look_at(busy)
    now = place_of(board, environment="staging").rollout
    assert now is not None
    assert now.rollback_until is not None
    assert [step.place for step in now.steps] == ["reached", "reached"]
    assert now.can_be_rolled_back
    assert timedelta(days=13) < now.rollback_until - board.made_at <= timedelta(days=14, seconds=1)
    assert f"Can be rolled back until {now.rollback_until:%Y-%m-%d %H:%M}Z." in to_html(board)


def test_a_window_that_has_passed_is_in_the_past(written: Warehouse) -> None:
    begin(written, DELAYS, gate=0, steps=["shadow", "cutover:0"], window_days=0)
    rollout.advance(written, job=DELAYS, environment="prod")
    rollout.finish(written, job=DELAYS, environment="prod")
    board = look_at(written)
    assert not moving(board).can_be_rolled_back
    assert "Could be rolled back until" in to_html(board)


def test_the_rollouts_under_way_are_counted(busy: Warehouse) -> None:
    assert sorted(found.state for found in look_at(busy).rollouts) == ["held", "running"]


def test_what_an_environment_shows_is_counted_by_line(busy: Warehouse) -> None:
    delays = place_of(look_at(busy)).published
    assert delays is not None
    assert (delays.dates, delays.first_date, delays.last_date) == (5, day(1), day(5))
    assert delays.by_line == {"0.1": 5}
    dates = DateRange(day(5), day(31))
    proved(busy, TRAFFIC, {line: commit(busy, TRAFFIC, line, dates) for line in ("0.1", "0.2")}, dates)
    ramped = place_of(look_at(busy), TRAFFIC).published
    assert ramped is not None
    outputs = busy.ledger.published_outputs(environment="prod", table="flights.airport_traffic")
    expected = {line: sum(output.line == line for output in outputs) for line in ("0.1", "0.2")}
    assert ramped.by_line == expected
    assert min(expected.values()) > 0
    assert ramped.dates == 31


def test_what_was_withdrawn_is_not_shown(written: Warehouse) -> None:
    """A date that only the new line had shows nothing after a rollback, and does not count."""
    begin(written, DELAYS, gate=0, steps=["shadow", "cutover:0"])
    rollout.advance(written, job=DELAYS, environment="prod")
    rollout.finish(written, job=DELAYS, environment="prod")
    commit(written, DELAYS, "0.2", DateRange(day(4), day(4)))
    assert place_of(look_at(written)).published.dates == 4  # type: ignore[union-attr]
    rollout.roll_back(written, job=DELAYS, environment="prod", reason="wrong")
    published = place_of(look_at(written)).published
    assert published is not None
    assert (published.dates, published.last_date, published.by_line) == (3, day(3), {"0.1": 3})


def test_of_many_decisions_and_comparisons_the_last_five_are_there(written: Warehouse) -> None:
    begin(written, DELAYS)
    for number in range(4):
        rollout.hold(written, job=DELAYS, environment="prod", reason=f"hold {number}")
        rollout.resume(written, job=DELAYS, environment="prod", reason=f"resume {number}")
    ids = [compared(written, f"{DELAYS}@0.1", f"{DELAYS}@0.2") for _ in range(7)]
    board = look_at(written)
    assert [made.reason for made in place_of(board).decisions] == [
        "resume 3", "hold 3", "resume 2", "hold 2", "resume 1",
    ]  # fmt: skip
    assert [found.id for found in job_of(board).comparisons] == ids[:1:-1]
    assert place_of(board).pin.reason == "where we start"


def test_comparisons_are_those_of_the_job_its_table_and_its_runs(written: Warehouse) -> None:
    run = commit(written, DELAYS, "0.2", DateRange(day(1), day(1)))
    mine = [
        compared(written, f"{DELAYS}@0.1", f"{DELAYS}@0.2", "fail"),
        compared(written, f"flights.{DELAYS}@0.1", "./elsewhere"),
        compared(written, "./elsewhere", run, by="ada"),
    ]
    compared(written, f"{TRAFFIC}@0.1", f"{TRAFFIC}@0.2")
    compared(written, "carrierXdelays@0.1", "carrierXdelays@0.2")
    found = job_of(look_at(written)).comparisons
    assert [one.id for one in found] == mine[::-1]
    assert (found[0].right, found[0].verdict, found[0].compared_by) == (run, "pass", "ada")
    assert (found[2].verdict, found[2].first_date, found[2].last_date) == ("fail", day(1), day(3))


def test_the_latest_partitions_say_who_wrote_them_and_where_they_are_shown(written: Warehouse) -> None:
    rollout.pin(written, job=DELAYS, line="0.1", environment="prod", reason="where we start", publish=True)
    commit(written, DELAYS, "0.2", DateRange(day(3), day(3)), environment="dev")
    rollout.pin(written, job=DELAYS, line="0.2", environment="dev", reason="what comes", publish=True)
    rerun = commit(written, DELAYS, "0.1", DateRange(day(3), day(3)), started_by="grace")
    found = job_of(look_at(written)).written
    assert [
        (one.partition_date, one.line, one.started_by, one.environment, one.published) for one in found
    ] == [
        (day(3), "0.1", "grace", "prod", True),
        (day(3), "0.2", "airflow", "dev", True),
        (day(3), "0.2", "ada", "prod", False),
        (day(2), "0.2", "ada", "prod", False),
        (day(2), "0.1", "ada", "prod", True),
    ]
    assert (found[0].run, found[0].release, found[0].rows) == (rerun, "0.1.1", 15)


def test_the_board_asks_no_more_and_is_no_larger_for_thousands_of_partitions(written: Warehouse) -> None:
    rollout.pin(written, job=DELAYS, line="0.1", environment="prod", reason="where we start", publish=True)
    small, few = asked(written)
    commit(written, DELAYS, "0.1", DateRange(date(2003, 1, 1), date(2012, 12, 31)))
    large, many = asked(written)
    assert place_of(large).published.dates == 3_656  # type: ignore[union-attr]
    assert many == few > 0
    assert abs(len(str(large)) - len(str(small))) < 10


def asked(warehouse: Warehouse) -> tuple[Board, int]:
    """Return the board, and how many statements it took."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    engine = warehouse.ledger._engine
    sa.event.listen(engine, "after_cursor_execute", note)
    try:
        return look_at(warehouse), len(statements)
    finally:
        sa.event.remove(engine, "after_cursor_execute", note)


@pytest.mark.smoke
def test_postgresql_says_the_same_as_sqlite(busy: Warehouse, postgresql_url: str) -> None:
    config = replace(busy.config, ledger=postgresql_url)
    boards = [look_at(busy), look_at(occupy(fill(Warehouse.create(config))))]
    one, other = (what_lasts(asdict(board)["jobs"]) for board in boards)
    assert one == other


def what_lasts(found: Any) -> Any:
    """Return plain data without ids and instants."""
    if isinstance(found, dict):
        passing = {"id", "run", "decided_at", "compared_at", "committed_at", "rollback_until"}
        return {name: what_lasts(value) for name, value in found.items() if name not in passing}
    return [what_lasts(value) for value in found] if isinstance(found, list | tuple) else found


def test_the_board_is_json(busy: Warehouse) -> None:
    found = json.loads(json.dumps(asdict(look_at(busy)), default=str))
    (job,) = (job for job in found["jobs"] if job["name"] == DELAYS)
    assert job["environments"][0]["rollout"]["steps"][0] == {"name": "shadow", "gate": 3, "place": "current"}


@pytest.mark.smoke
def test_neither_page_nor_json_holds_a_secret(tmp_path: Path) -> None:
    secret = Config("s3a://key:hush@bucket/root", f"sqlite:///{tmp_path}/ledger.db?password=hush")
    plain = Warehouse.create(Config(str(tmp_path), f"sqlite:///{tmp_path}/ledger.db"))
    ledger = plain.ledger
    ledger.url = sa.make_url("postgresql+psycopg://dwh:hush@host/dwh?password=hush")
    board = look_at(Warehouse(secret, ledger))
    assert "hush" not in json.dumps(asdict(board), default=str) + to_html(board)
    assert "bucket/root" in to_html(board)


def test_at_a_terminal_the_board_is_shorter(busy: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    print_board(look_at(busy))
    lines = [line.split("  ") for line in capsys.readouterr().out.splitlines()]
    said = [[part.strip() for part in line if part.strip()] for line in lines]
    assert said[0] == ["job", "releases", "prod", "staging"]
    delays = next(line for line in said if line[:1] == [DELAYS])
    releases = f"{released('0.1')}, {released('0.2')}"
    assert delays[:4] == [DELAYS, releases, "0.1 (running: shadow of 0.2)", "0.2"]
    assert [
        f"{TRAFFIC} in prod",
        "0.1 → 0.2",
        "shadow → [25%] → 100%",
        "held: the airports changed",
        "can be rolled back at any time",
    ] in said
    assert sum(line[:1] == [f"{DELAYS}@0.1"] for line in said) == 1


def test_nothing_in_the_ledger_acts_on_the_terminal(
    hostile: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    print_board(look_at(hostile))
    printed = capsys.readouterr().out
    assert not [char for char in printed if not char.isprintable() and char != "\n"]
    assert "\\x1b[31mred" in printed


@pytest.fixture
def board(tmp_path: Path, busy: Warehouse, monkeypatch: pytest.MonkeyPatch, typed_dwh: Any) -> Any:
    """The command in this process, in a folder whose warehouse is the busy one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DWH_WAREHOUSE", str(tmp_path / "warehouse"))
    monkeypatch.setenv("DWH_LEDGER", f"sqlite:///{tmp_path}/ledger.db")
    return partial(typed_dwh, "board")


@pytest.mark.smoke
def test_the_command_writes_the_page_whole_and_says_where(board: Any, tmp_path: Path) -> None:
    page = tmp_path / "out" / "board.html"
    page.parent.mkdir()
    page.write_text("the old one")
    assert board("--html", "out/board.html") == (0, "", "board: out/board.html\n")
    assert page.read_text("utf-8").rstrip().endswith("</html>")
    assert list(page.parent.iterdir()) == [page]


def test_a_page_that_cannot_be_written_is_a_mistake_of_the_caller(board: Any) -> None:
    said = "error: [DWH101] --html: nowhere/board.html cannot be written: No such file or directory\n"
    assert board("--html", "nowhere/board.html") == (2, "", said)


def test_the_command_prints_tables_or_json(board: Any) -> None:
    assert "carrier_delays in prod" in board()[1]
    assert json.loads(board("--json")[1])["environments"] == ["prod", "staging"]


def test_looking_at_the_board_imports_no_spark(tmp_path: Path, busy: Warehouse) -> None:
    code = (
        "import sys; from dwh.migrate.cli import main\n"
        "try: main()\n"
        "finally: assert 'pyspark' not in sys.modules"
    )
    variables = {
        "DWH_WAREHOUSE": str(tmp_path / "warehouse"),
        "DWH_LEDGER": f"sqlite:///{tmp_path}/ledger.db",
    }
    command = [sys.executable, "-c", code, "board"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, env={**os.environ, **variables}
    )
    assert done.returncode == 0, done.stderr
    assert "carrier_delays in prod" in done.stdout


def test_without_a_ledger_the_command_says_so(
    board: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DWH_LEDGER", f"sqlite:///{tmp_path}/none.db")
    code, _, said = board()
    assert code == 2 and "there is no ledger yet" in said


PAGES = ["empty", "busy", "hostile"]


@pytest.fixture
def page(request: pytest.FixtureRequest) -> str:
    """The page of the warehouse that the test names."""
    name = request.param if hasattr(request, "param") else "busy"
    return to_html(look_at(request.getfixturevalue("warehouse" if name == "empty" else name)))


@pytest.fixture
def opened(open_page: Callable[..., Any], page: str) -> Iterator[Any]:
    """The page, in the browser."""
    return open_page(page)


@pytest.mark.browser
@pytest.mark.parametrize("page", PAGES, indirect=True)
def test_the_page_runs_nothing_loads_nothing_and_raises_no_complaint(opened: Any) -> None:
    opened.page.wait_for_timeout(100)
    assert opened.page.evaluate("window.__pwned") is None
    assert opened.requests == []
    assert opened.complaints == []
    assert opened.page.locator("script, img, iframe, object, [onload], [onerror]").count() == 0


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 390, 700, 1280])
@pytest.mark.parametrize("page", PAGES, indirect=True)
def test_nothing_overflows_sideways(page: str, width: int, open_page: Callable[..., Any]) -> None:
    opened = open_page(page, viewport={"width": width, "height": 800})
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.overflowing() == []


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES, indirect=True)
def test_every_text_has_contrast_in_the_light_and_in_the_dark(
    page: str, scheme: str, open_page: Callable[..., Any]
) -> None:
    assert open_page(page, color_scheme=scheme).pale() == []


@pytest.mark.browser
def test_it_prints_dark_on_light_whatever_the_screen(page: str, open_page: Callable[..., Any]) -> None:
    opened = open_page(page, color_scheme="dark")
    opened.page.emulate_media(media="print")
    assert opened.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert opened.pale() == []


@pytest.mark.browser
def test_headings_lead_from_the_overview_to_each_job_and_environment(opened: Any) -> None:
    heads = opened.page.locator("h1, h2, h3")
    said = heads.evaluate_all("heads => heads.map(head => head.tagName + ' ' + head.innerText.trim())")
    environments = {job: ["H3 prod", "H3 staging"] for job in (TRAFFIC, DELAYS)}
    of_jobs = [head for job in installed_jobs() for head in (f"H2 {job}", *environments.get(job, ()))]
    assert said == ["H1 Board", "H2 Jobs and environments", *of_jobs]
    assert all(heads.nth(place).is_visible() for place in range(heads.count()))


@pytest.mark.browser
@pytest.mark.parametrize("page", PAGES, indirect=True)
def test_every_table_has_headers_that_say_what_they_head(opened: Any) -> None:
    tables = opened.page.locator("table")
    assert tables.count() > 0
    assert all(tables.nth(place).is_visible() for place in range(tables.count()))
    assert opened.page.locator("th:not([scope])").count() == 0
    assert opened.page.locator("table:not(:has(th[scope=col]))").count() == 0
    assert opened.page.locator("tbody tr:not(:has(th[scope=row]))").count() == 0


@pytest.mark.browser
@pytest.mark.parametrize("page", PAGES, indirect=True)
def test_every_link_leads_to_one_place_on_the_page(opened: Any) -> None:
    lost = """() => [...document.querySelectorAll('a')].filter(a =>
      [...document.querySelectorAll('[id]')].filter(e => '#' + e.id === a.getAttribute('href')).length !== 1
    ).map(a => a.outerHTML)"""
    assert opened.page.evaluate(lost) == []


@pytest.mark.browser
def test_a_rollout_is_told_by_words_and_marks_not_by_colour_alone(opened: Any) -> None:
    steps = opened.page.locator("article ol.steps")
    said = steps.evaluate_all("lists => lists.map(list => list.innerText.replace(/\\s+/g, ' ').trim())")
    assert said == [
        "shadow reached 25% held here 100% next, gate: 3 dates",
        "shadow reached 25% rolled back here 100% not taken",
        "shadow now: 2 of 3 dates passed; 0 of 5 dates proven, 5 unproven, 0 failed cutover next",
        "shadow reached cutover reached",
    ]
    marks = steps.nth(0).locator("svg").evaluate_all("marks => marks.map(mark => mark.innerHTML)")
    assert len(set(marks)) == 3
    assert opened.page.locator("[aria-current=step]").count() == 2


@pytest.mark.browser
@pytest.mark.parametrize("page", ["hostile"], indirect=True)
def test_hostile_text_is_shown_as_text(opened: Any) -> None:
    shown = opened.page.locator("body").inner_text()
    for text in HOSTILE[:7]:
        assert prose(text) in shown
    assert "…⟨+2,400 characters⟩" in shown
    assert "⟨ESC⟩[31mred" in shown
    assert opened.page.title().startswith("Board of ")

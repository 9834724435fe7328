"""Processes are killed at every boundary between ledger and files.

A `kill -9` cannot be caught, so what is checked is what is left: a reader gets one consistent state, the
next command works, and `dwh gc` removes what nothing refers to and nothing else.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
from children import die_collecting, die_in_ledger, die_in_spark, die_making_the_ledger
from invariants import contents, file_problems, ledger_problems, orphans
from world import (
    BREAKING,
    COMPATIBLE,
    DAYS,
    NEW,
    OLD,
    TABLES,
    commit,
    open_warehouse,
    pin_everything,
    record,
    write_files,
)

from dwh.core.config import load_config
from dwh.core.dates import DateRange
from dwh.core.ledger.schema import runs
from dwh.core.process import this_process
from dwh.core.warehouse import Warehouse
from dwh.migrate import rollout
from dwh.migrate.garbage import collect, dead_runs

pytestmark = pytest.mark.crash

EVERY_DAY = DateRange(DAYS[0], DAYS[-1])
# In an order in which each can follow the one before, and the tables that it writes.
STORY = (
    ("start_run", {"runs"}),
    ("fail_run", {"runs"}),
    ("start_run", {"runs"}),
    ("commit_run", {"runs", "receipts", "publications", "tables"}),
    ("resolve", {"resolutions", "tables"}),
    ("pin", {"decisions", "resolutions", "publications", "tables"}),
    ("plan", {"plans"}),
    ("start", {"decisions", "tables"}),
    ("hold", {"decisions", "tables"}),
    ("resume", {"decisions", "tables"}),
    ("cutover", {"decisions", "resolutions", "publications", "tables"}),
    ("roll back", {"decisions", "resolutions", "publications", "tables"}),
    ("plan", {"plans"}),
    ("start", {"decisions", "tables"}),
    ("cutover", {"decisions", "resolutions", "publications", "tables"}),
    ("finish", {"decisions", "tables"}),
    ("roll back", {"decisions", "resolutions", "publications", "tables"}),
)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_in_the_ledger(
    database: str, processes: ForkServerContext, new_ledger: Callable[[str], str], tmp_path: Path
) -> None:
    """After a kill at any statement of an operation nothing of it is there, right after its commit all."""
    url = new_ledger(database)
    warehouse = open_warehouse(tmp_path, url)
    pin_everything(warehouse)
    commit(warehouse, BREAKING, OLD, EVERY_DAY, "prod")
    commit(warehouse, BREAKING, NEW, EVERY_DAY, "prod")
    commit(warehouse, COMPATIBLE, NEW, EVERY_DAY, "prod")
    kills = 0
    run = None

    def killed(action: str, when: str, number: int = 0) -> None:
        arguments = (str(tmp_path), url, action, when, number, run)
        process = processes.Process(target=die_in_ledger, args=arguments)
        process.start()
        process.join(timeout=60)
        assert process.exitcode == -signal.SIGKILL, (action, when, number)

    for action, written in STORY:
        if action == "start_run":
            run = record(BREAKING, OLD, DateRange(DAYS[2], DAYS[4]), "prod")
        before = contents(warehouse.ledger)
        killed(action, "before")
        assert contents(warehouse.ledger) == before, action
        statements = int((tmp_path / "statements").read_text())
        for number in range(1, statements + 1):
            killed(action, "statement", number)
            assert contents(warehouse.ledger) == before, (action, number)
        killed(action, "after")  # the next operation shows that this was whole
        after = contents(warehouse.ledger)
        assert {name for name in after if after[name] != before[name]} == written, action
        assert ledger_problems(warehouse.ledger) == [], action
        kills += statements + 2
    print(f"\n{database}: {kills} kills")


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_while_the_ledger_is_made(
    database: str, processes: ForkServerContext, new_ledger: Callable[[str], str], tmp_path: Path
) -> None:
    """After a kill while the ledger is made, the next command makes it whole."""
    number, killed = 1, True
    while killed:
        url = new_ledger(database)
        process = processes.Process(target=die_making_the_ledger, args=(url, number))
        process.start()
        process.join(timeout=60)
        assert process.exitcode in (0, -signal.SIGKILL)
        killed = process.exitcode != 0
        warehouse = open_warehouse(tmp_path, url)
        pin_everything(warehouse)
        commit(warehouse, BREAKING, OLD, EVERY_DAY, "prod")
        assert ledger_problems(warehouse.ledger) == []
        number += 3
    assert number > 15


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_while_collecting(
    database: str, processes: ForkServerContext, new_ledger: Callable[[str], str], tmp_path: Path
) -> None:
    """After a kill at any statement or removed file of `dwh gc`, the next one removes the rest."""
    url = new_ledger(database)
    warehouse = open_warehouse(tmp_path, url)
    pin_everything(warehouse)
    commit(warehouse, BREAKING, OLD, EVERY_DAY, "prod", write_files)
    nobody = processes.Process(target=print)
    nobody.start()
    nobody.join()
    kills = 0
    for when in ("statement", "file"):
        number = 0
        while True:
            number += 1
            died = replace(record(BREAKING, OLD, DateRange(DAYS[0], DAYS[1]), "prod"), pid=nobody.pid)
            failed = record(BREAKING, NEW, DateRange(DAYS[0], DAYS[1]), "prod")
            for run in (died, failed):
                warehouse.ledger.start_run(run)
                write_files(warehouse, run, DateRange(DAYS[0], DAYS[1]))
            warehouse.ledger.fail_run(failed.id, "bad luck")
            arguments = (str(tmp_path), url, when, number)
            process = processes.Process(target=die_collecting, args=arguments)
            process.start()
            process.join(timeout=60)
            assert process.exitcode in (0, -signal.SIGKILL)
            assert file_problems(warehouse) == ledger_problems(warehouse.ledger) == []
            if process.exitcode == 0:
                break
            kills += 1
            if number % 3 == 0:
                collect(warehouse, dead_runs(warehouse, 24))
                assert orphans(warehouse) == []
        assert orphans(warehouse) == []
    print(f"\n{database}: {kills} kills")


_WRITE = "dwh.core.storage.parquet.ParquetRuns.write"
# Which function, which call of it, and when; whether the served run has committed by then.
BOUNDARIES = {
    "before the run is recorded": ("dwh.core.ledger.Ledger.start_run", 1, "before", False),
    "while it is recorded": ("dwh.core.ledger.Ledger.start_run", 1, "inside", False),
    "after it is recorded": ("dwh.core.ledger.Ledger.start_run", 1, "after", False),
    "after its files are written": (_WRITE, 1, "after", False),
    "before its commit": ("dwh.core.ledger.Ledger.commit_run", 1, "before", False),
    "inside its commit": ("dwh.core.ledger.Ledger.commit_run", 1, "inside", False),
    "after its commit": ("dwh.core.ledger.Ledger.commit_run", 1, "after", True),
    "before the candidate is recorded": ("dwh.core.ledger.Ledger.start_run", 2, "before", True),
    "after the candidate is recorded": ("dwh.core.ledger.Ledger.start_run", 2, "after", True),
    "after the candidate's files are written": (_WRITE, 2, "after", True),
    "inside the candidate's commit": ("dwh.core.ledger.Ledger.commit_run", 2, "inside", True),
    "before the comparison": ("dwh.migrate.rollout.serving._compare", 1, "before", True),
    "before the comparison is recorded": ("dwh.migrate.compare.outputs.record", 1, "before", True),
    "after the comparison is recorded": ("dwh.migrate.compare.outputs.record", 1, "after", True),
    "before the shadow is recorded": ("dwh.migrate.rollout.serving._record", 1, "before", True),
    "inside the record of the shadow": ("dwh.migrate.rollout.serving._record", 1, "inside", True),
    "after the shadow is recorded": ("dwh.migrate.rollout.serving._record", 1, "after", True),
}


@pytest.mark.parametrize(("database", "steps"), [("sqlite", ("shadow", "100%")), ("postgresql", ("100%",))])
def test_in_runs_with_spark(
    database: str,
    steps: tuple[str, ...],
    processes: ForkServerContext,
    new_ledger: Callable[[str], str],
    server: str,
    home: Path,
) -> None:
    """After a kill in real runs of both lines, the old line's is there whole or not at all, the new line's
    is not shown before it is proven, a rerun commits, and gc leaves the files of committed runs alone."""
    url = new_ledger(database)
    warehouse = Warehouse.create(replace(load_config(home), ledger=url, environment="prod"))
    pin_everything(warehouse)
    rollout.plan(warehouse, job=COMPATIBLE, old=OLD, new=NEW, environment="prod", steps=steps)
    rollout.start(warehouse, job=COMPATIBLE, environment="prod", reason="the test")
    day = DateRange(DAYS[0], DAYS[0])
    lines: set[str] = set()

    def serve(target: str = "", call: int = 0, when: str = "") -> tuple[int, object]:
        said = processes.Queue()
        arguments = (str(home), url, server, day.first, target, call, when, said)
        process = processes.Process(target=die_in_spark, args=arguments)
        process.start()
        process.join(timeout=120)
        return process.exitcode, (said.get(timeout=10) if process.exitcode == 0 else None)

    def published() -> list[str]:
        shown = warehouse.ledger.published_outputs(environment="prod", table=TABLES[COMPATIBLE], dates=day)
        lines.update(output.line for output in shown)
        return [output.run_id for output in shown]

    for boundary, (target, call, when, commits) in BOUNDARIES.items():
        began = time.monotonic()
        before = published()
        assert serve(target, call, when) == (-signal.SIGKILL, None), boundary
        assert (published() != before) == commits and len(published()) <= 1, boundary
        assert ledger_problems(warehouse.ledger) == file_problems(warehouse) == [], boundary
        before = published()
        # A rerun commits. It, too, is killed, at once, which spares comparing every time.
        assert serve("dwh.core.ledger.Ledger.commit_run", 1, "after") == (-signal.SIGKILL, None), boundary
        # In a ramp, what is proven at the last boundary stays, whatever runs again.
        proven = boundary == "after the shadow is recorded" and steps[0] == "100%"
        assert (published() == before) == proven, boundary
        assert lines <= {OLD, NEW} if proven else lines <= {OLD}, boundary
        collect(warehouse, dead_runs(warehouse, 24))
        assert orphans(warehouse) == file_problems(warehouse) == [], boundary
        print(f"{boundary}: {time.monotonic() - began:.1f} s")
    assert serve() == (0, (1, "pass", None))
    assert not warehouse.ledger.find_runs(runs.c.status.not_in(["committed", "abandoned"]))


def test_a_process_that_nobody_has_asked_after(new_ledger: Callable[[str], str], tmp_path: Path) -> None:
    """A killed process counts as dead even before its parent has taken note, which some never do."""
    warehouse = open_warehouse(tmp_path, new_ledger("sqlite"))
    killed = subprocess.Popen(["sleep", "60"])
    began = Path(f"/proc/{killed.pid}/stat").read_text().rpartition(")")[2].split()[19]
    started = record(BREAKING, OLD, DateRange(DAYS[0], DAYS[0]), "prod")
    run = replace(started, pid=killed.pid, process={**this_process(), "started": began})
    warehouse.ledger.start_run(run)
    assert dead_runs(warehouse, 24) == []
    killed.kill()
    deadline = time.monotonic() + 30
    while not dead_runs(warehouse, 24):
        assert time.monotonic() < deadline
    killed.wait()


def test_a_spark_that_goes_on_writing(
    processes: ForkServerContext, new_ledger: Callable[[str], str], tmp_path: Path
) -> None:
    """What a Spark writes after its driver was killed, and gc has been there, is removed by the next gc.

    Over Spark Connect, or on a cluster, it does so; here its files are written in its stead, which
    needs no luck with the time.
    """
    warehouse = open_warehouse(tmp_path, new_ledger("sqlite"))
    nobody = processes.Process(target=print)
    nobody.start()
    nobody.join()
    dates = DateRange(DAYS[0], DAYS[1])
    run = replace(record(BREAKING, OLD, dates, "prod"), pid=nobody.pid)
    warehouse.ledger.start_run(run)
    assert [found.id for found in collect(warehouse, dead_runs(warehouse, 24))] == [run.id]
    assert collect(warehouse, dead_runs(warehouse, 24)) == []
    write_files(warehouse, run, dates)
    assert orphans(warehouse) == [run.location]
    assert [found.id for found in collect(warehouse, dead_runs(warehouse, 24))] == [run.id]
    assert orphans(warehouse) == []
    with warehouse.ledger.writing() as connection:
        long_ago = datetime.now(timezone.utc) - timedelta(days=2)
        connection.execute(runs.update().values(finished_at=long_ago))
    assert collect(warehouse, dead_runs(warehouse, 24)) == []
    assert [found.location for found in warehouse.ledger.find_runs()] == [""]

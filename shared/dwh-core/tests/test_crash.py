"""A process that is killed or interrupted while it runs leaves nothing visible."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dwh.core.warehouse import Warehouse

pytestmark = pytest.mark.crash

# The first rows are written, then the write hangs; `marks` says how far the process came.
SLOW = """
        import time
        from pathlib import Path

        def hang(amount):
            Path("{marks}/writing").touch()
            time.sleep(120)
            return amount

        return takings.withColumn("amount", F.udf(hang, "double")("amount"))
"""

PROGRAM = """
import sys, threading, time
from pathlib import Path

from dwh.core.ledger import Ledger
from dwh.core.lines import find_job
from dwh.core.session import spark_session

spark = spark_session({"spark.master": "local[2]", "spark.sql.shuffle.partitions": "1"})
marks = Path(sys.argv[1])


def hang_at_commit(ledger, run, rows, files=None):
    (marks / "committing").touch()
    time.sleep(120)


def run(line):
    find_job(f"takings@{line}")().run(date="2024-01-01", spark=spark)


if "commit" in sys.argv:
    Ledger.commit_run = hang_at_commit
    threading.Thread(target=run, args=("7.2",)).start()
run("7.1")
"""


@pytest.fixture
def start(config, site, installed_line, takings, tmp_path):
    """Start a process that runs jobs which hang, and wait until it has come that far."""
    started = []

    def launch(*arguments, until):
        installed_line("7.1", {"takings": takings(body=SLOW.format(marks=tmp_path))})
        installed_line("7.2", {"takings": takings()})
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(tmp_path), *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(site), *filter(None, sys.path)])},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        deadline = time.monotonic() + 120
        while not all((tmp_path / mark).exists() for mark in until):
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline, "the process did not come so far"
            time.sleep(0.05)
        return process

    yield launch
    for process in started:
        process.kill()
        process.communicate()


def test_killed_while_writing_and_before_the_commit(start, config):
    """`kill -9` during the write, and between write and commit: runs stay started, nothing is visible."""
    process = start("commit", until=["writing", "committing"])
    process.kill()
    process.wait(timeout=30)
    ledger = Warehouse.open(config).ledger
    found = {run.line: run for run in ledger.find_runs()}
    assert {run.status for run in found.values()} == {"started"} and len(found) == 2
    assert {run.pid for run in found.values()} == {process.pid}
    assert ledger.table_names() == []
    written = Path(config.warehouse) / found["7.2"].location
    assert list(written.glob("day=*/*.parquet"))  # files that nothing refers to


def test_interrupted_while_writing(start, config):
    """Ctrl-C during the write: the run is recorded as failed, interrupted, and nothing is visible."""
    process = start(until=["writing"])
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    ledger = Warehouse.open(config).ledger
    (run,) = ledger.find_runs()
    assert (run.status, run.error) == ("failed", "interrupted"), output
    assert process.returncode != 0
    assert ledger.table_names() == []

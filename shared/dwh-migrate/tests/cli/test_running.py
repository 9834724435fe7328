"""`dwh run`, and `dwh gc` after runs that died."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from fabricate import DAYS, begin, write

from dwh.core.errors import RunError
from dwh.migrate.rollout import pin
from dwh.migrate.rollout.proving import unproven_pairs


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["carrier_delays@0.7", "--date", "2013-01-01"], "pip install dwh-v0_7"),
        (["carrier_delays@0.1.1", "--date", "2013-01-01", "--with", "attrs"], "add --isolated"),
        (["carrier_delays@0.1", "--date", "2013-01-01", "--isolated"], "such as carrier_delays@0.1.0"),
        (["nothing@0.1", "--date", "2013-01-01"], "carrier_delays"),
        (["../x@0.1", "--date", "2013-01-01"], "lower-case"),
        (["carrier_delays", "--date", "2013-01-01"], "dwh pin carrier_delays LINE --env dev"),
        ([], "[DWH101] Missing argument"),
        (["carrier_delays@0.1"], "no logical date"),
        (["carrier_delays@0.1", "--date", "2013-02-30"], "no such date"),
        (["carrier_delays@0.1", "--date", "9999-12-31"], "in the future"),
        (["carrier_delays@0.1", "--date", "2013-01"], "2013-01"),
        (["carrier_delays@0.1", "--date", "2013-01-01", "--to", "2013-01-02"], "not both"),
        (["carrier_delays@0.1", "--from", "2013-01-01"], "first and its last"),
        (["carrier_delays@0.1", "--date", "2013-01-01", "--env", "a/b"], "environment"),
    ],
)
def test_a_mistyped_run_is_refused_before_anything_is_made(dwh, home, arguments, said):
    """A mistake exits with 2, says what is allowed, and records nothing."""
    code, printed, error = dwh("run", *arguments)
    assert (code, printed) == (2, "")
    assert said in error and "error: [DWH" in error
    assert "Traceback" not in error
    assert not (home / "warehouse").exists()


@pytest.mark.parametrize("command", ["run", "backfill"])
def test_a_folder_without_a_configuration_is_left_as_it_is(typed_dwh, tmp_path, monkeypatch, command):
    """Whoever forgot to change the folder is told so, and finds no warehouse there afterwards."""
    monkeypatch.chdir(tmp_path)
    code, _, said = typed_dwh(command, "carrier_delays@0.1", "--date", "2013-01-01")
    assert code == 2
    assert "nothing says where the input flights is (there is no dwh.toml here or above), and no job" in said
    assert not list(tmp_path.iterdir())
    said = typed_dwh("pins")[2]
    assert "there is no ledger yet, and there is no dwh.toml here or above; the first run or pin" in said


def test_a_batch_that_fails_says_how_its_dates_are_run(typed, monkeypatch):
    """A run commits all of its dates or none, so a failed batch names the command that goes date by date."""

    def failing(*_arguments, **_options):
        raise RunError("r", "takings@7.1", "no rows for 1 of 2 dates")

    @contextmanager
    def working(*_arguments):
        yield None

    monkeypatch.setattr("dwh.migrate.backfill.prepare_run", failing)
    monkeypatch.setattr("dwh.migrate.cli.running.working_spark", working)
    dates = ("--env", "staging", "--from", "2013-02-01", "--to", "2013-02-02")
    code, _, error = typed("backfill", "takings@7.1", *dates)
    words = "dwh backfill takings@7.1 --env staging --from 2013-02-01 --to 2013-02-02 --batch 1"
    assert code == 1 and f"type: {words}" in error
    assert "--batch 1" not in typed("backfill", "takings@7.1", *dates, "--batch", "1")[2]


def test_a_backfill_asks_once_what_is_unproven(typed, warehouse, monkeypatch):
    """Where every date is there, those that nobody has compared are looked up once, and compared."""
    write(warehouse, "takings@7.1", *DAYS[:2], run_id="old")
    pin(warehouse, job="takings", line="7.1", environment="prod", publish=True, reason="where we start")
    begin(warehouse, "7.2", ["shadow:0", "100%"])
    write(warehouse, "takings@7.2", *DAYS[:2], run_id="new")
    asked, compared = [], []

    def ask(*arguments, **options):
        asked.append(options)
        return unproven_pairs(*arguments, **options)

    @contextmanager
    def working(*_arguments):
        yield None

    monkeypatch.setattr("dwh.migrate.rollout.proving.unproven_pairs", ask)
    monkeypatch.setattr(
        "dwh.migrate.rollout.proving.compare_pairs", lambda *these: compared.append(these[-1]) or ()
    )
    monkeypatch.setattr("dwh.migrate.cli.running.working_spark", working)
    code, _, said = typed("backfill", "takings@7.2", "--from", str(DAYS[0]), "--to", str(DAYS[1]))
    assert (code, len(asked), compared) == (0, 1, [dict.fromkeys(DAYS[:2], ("old", "new"))]), said


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("warehous = 'x'", "warehous"),
        ("environment = 'Prod!'", "lower-case"),
        ("ledger = 'mysql://x'", "postgresql://"),
        ("[sources.flights]\npath = 'x'", "format"),
        ("[spark]\nspark.master = 'local'", "quotes"),
        ("this is not toml", "TOML"),
    ],
)
def test_a_wrong_configuration_names_the_file_and_what_is_allowed(dwh, home, setting, said):
    """What dwh.toml says wrongly is refused with the file, the key, and what is allowed."""
    (home / "dwh.toml").write_text(setting)
    code, _, error = dwh("run", "carrier_delays@0.1", "--date", "2013-01-01")
    assert code == 2
    assert str(home / "dwh.toml") in error
    assert said in error


def test_a_run_that_breaks_its_contract_is_recorded_and_invisible(dwh, home):
    """A null in a required column fails the run; the reason stands in the history, gc takes the files."""
    (home / "landing/flights/flight_date=2013-01-02/part.csv").write_text(
        "carrier,origin,dest,dep_delay,arr_delay\nNA,EWR,IAH,2,11\n"
    )
    code, _, error = dwh("run", "carrier_delays@0.1", "--from", "2013-01-01", "--to", "2013-01-03")
    assert code == 1
    assert "required column carrier of flights.carrier_delays is null" in error
    assert "Traceback" not in error
    recorded = json.loads(dwh("history", "flights.carrier_delays", "--all", "--json")[1])
    assert recorded["outputs"] == []
    assert [run["status"] for run in recorded["runs"]] == ["failed"]
    assert json.loads(dwh("gc", "--json")[1])[0]["run"] == recorded["runs"][0]["run"]
    assert list((home / "warehouse").glob("**/*.parquet")) == []


def start_slow_run(home: Path) -> subprocess.Popen[str]:
    """Start a run whose input is a pipe that nobody writes to, and wait until it reads from it."""
    # As if compressed: of a file that cannot be split Spark reads all, also where its size is 0.
    os.mkfifo(home / "landing/flights/flight_date=2013-01-03/slow.csv.gz")
    command = [sys.executable, "-c", "from dwh.migrate.cli import main; main()"]
    arguments = ["run", "my_job@0.1", "--date", "2013-01-03"]
    process = subprocess.Popen([*command, *arguments], cwd=home, text=True, stderr=subprocess.PIPE)
    until(lambda: list((home / "warehouse").glob("**/_temporary")))
    return process


def until(condition, seconds: float = 180) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.1)


@pytest.mark.crash
def test_kill_leaves_nothing_visible_and_gc_removes_the_rest(dwh, home):
    """After kill -9 during a write there is nothing to see; gc marks the run abandoned and cleans up."""
    process = start_slow_run(home)
    process.send_signal(signal.SIGKILL)
    process.wait()
    history = ("history", "flights.flights_per_day", "--all", "--json")
    assert [run["status"] for run in json.loads(dwh(*history)[1])["runs"]] == ["started"]
    assert len(json.loads(dwh("gc", "--json")[1])) == 1
    assert [run["status"] for run in json.loads(dwh(*history)[1])["runs"]] == ["abandoned"]
    assert not list((home / "warehouse").glob("**/_run=*"))


@pytest.mark.crash
def test_ctrl_c_is_recorded(dwh, home):
    """Ctrl-C during a write ends with exit code 1, a line, and a run recorded as interrupted."""
    process = start_slow_run(home)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "interrupted" in stderr
    assert "Traceback" not in stderr
    runs = json.loads(dwh("history", "flights.flights_per_day", "--all", "--json")[1])["runs"]
    assert [(run["status"], run["error"]) for run in runs] == [("failed", "interrupted")]

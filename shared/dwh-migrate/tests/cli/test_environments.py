"""`dwh pin`, `dwh pins`, and what an environment decides for `dwh run` and `dwh show`, without Spark."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from fabricate import DAYS, begin, everything, write

from dwh.core.config import load_config
from dwh.core.ledger import Ledger, connecting
from dwh.migrate.rollout import pin, plan, roll_back, start
from dwh.migrate.rollout import state as state_module

FIRST, SECOND = DAYS[:2]


@pytest.fixture
def pinned(warehouse):
    """A warehouse whose prod shows a date of line 7.1."""
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="where we start")
    write(warehouse, "takings@7.1", FIRST)
    return warehouse


def test_a_pin_is_made_and_listed(typed, warehouse):
    """`dwh pin` says what is pinned and how much is shown; `dwh pins` who decided it and why."""
    write(warehouse, "takings@7.1", FIRST, SECOND)
    code, out, err = typed("pin", "takings", "7.1", "--publish", "--reason", "where we start")
    assert (code, out) == (0, "")
    assert err == "takings is pinned to 7.1 in prod, which publishes 2 of its partitions\n"
    code, out, _ = typed("pins", "--json")
    (found,) = json.loads(out)
    assert (found["environment"], found["job"], found["line"], found["reason"]) == (
        *("prod", "takings", "7.1"),
        "where we start",
    )
    assert found["by"] and found["decided"].endswith("Z")
    code, out, _ = typed("pins")
    assert code == 0 and "where we start" in out


def test_a_pin_that_publishes_nothing_says_where_outputs_are(typed, warehouse):
    """Whoever has run a line elsewhere reads how its outputs get into the environment."""
    write(warehouse, "takings@7.1", FIRST)
    _, _, err = typed("pin", "takings", "7.1", "--env", "staging", "--publish", "--reason", "where we start")
    assert "which publishes 0 of its partitions\nthere is no output of it in staging; " in err
    assert "to share those of prod, type: dwh promote takings@7.1 --from prod --to staging --from-date" in err


def test_a_pin_is_told_as_json(typed, warehouse):
    """A script reads what was decided, and how much is published."""
    write(warehouse, "takings@7.1", FIRST, SECOND)
    code, out, err = typed("pin", "takings", "7.1", "--publish", "--reason", "where we start", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        **{"job": "takings", "environment": "prod", "action": "pin", "reason": "where we start"},
        **{"line": "7.1", "publishes": 2},
    }


def test_a_ledger_that_needs_no_upgrade_is_told_as_json(typed, warehouse):
    """A script reads that nothing was to do: it is at the version that it was at before."""
    code, out, err = typed("ledger", "upgrade", "--json")
    told = json.loads(out)
    assert (code, err, told["ledger"]) == (0, "", warehouse.ledger.shown_url)
    assert told["from"] == told["to"] == warehouse.ledger.version()


def test_nothing_is_pinned(typed):
    """Without a pin, `dwh pins` says how to make one; so it does for an environment nobody has pinned in."""
    for arguments in ((), ("--env", "staging")):
        code, out, err = typed("pins", *arguments)
        assert (code, out) == (0, "") and "dwh pin JOB LINE --env NAME" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["pin", "takings", "7.2"], "--reason"),
        (["pin", "takings", "7.2", "--reason", " "], "say why"),
        (["pin", "takings", "9.9", "--reason", "x"], "line 9.9 is not installed"),
        (["pin", "takings", "7.0", "--reason", "x"], "line 7.0 has ended on 2020-01-31 (UTC)"),
        (["pin", "nothing", "7.2", "--reason", "x"], "no job 'nothing' in line 7.2 (its jobs: takings)"),
        (["pin", "../x", "7.2", "--reason", "x"], "not a valid job"),
        (["pin", "takings@7.2", "7.2", "--reason", "x"], "write the job's name alone: takings"),
        (["pin", "takings", "7.2.0", "--reason", "x"], "did you mean 7.2?"),
        (["pin", "takings", "7.2", "--env", "Prod!", "--reason", "x"], "not a valid environment"),
        (["pin", "takings", "7.3", "--reason", "x"], "dwh rollout plan takings 7.1 LINE --env prod"),
        (["pin", "takings", "7.1", "--reason", "x"], "pinned to 7.1 in prod already: where we start"),
        (["pins", "--env", "No!"], "not a valid environment"),
        (["run", "takings", "--env", "staging", "--date", "2024-01-02"], "environments with pins: prod"),
        (["run", "nothing", "--date", "2024-01-02"], "type: dwh pin nothing LINE --env prod"),
        (["run", "../x", "--date", "2024-01-02"], "not a valid job"),
        (["run", "takings"], "no logical date was given"),
        (["run", "takings", "--date", "9999-12-31"], "a logical date in the future has no line yet"),
        (["run", "takings", "--from", "2024-01-02", "--to", "9999-12-31"], "in the future"),
        (["run", "takings", "--date", "2024-01-02T00:00:00+01:00"], "not a logical date"),
        (["run", "takings", "--date", "2024-01-02Z"], "not a logical date"),
        (["run", "takings", "--date", "2024-01-02", "--env", ""], "not a valid environment"),
        (["run", "takings", "--date", "2024-01-02", "--version", "9.9"], "line 9.9 is not installed"),
        (["run", "takings", "--date", "2024-01-02", "--version", "newest"], "JOB@LINE or JOB@RELEASE"),
        (["run", "takings@7.1", "--date", "2024-01-02", "--version", "current"], "leave out --version"),
        (["backfill", "takings", "--date", "2024-01-02"], "JOB@LINE or JOB@RELEASE"),
        (["backfill", "takings@7.2", "--from", "2024-01-02"], "a range needs its first and its last date"),
        (["backfill", "takings@7.2", "--date", "2024-01-02", "--batch", "0"], "0 is not in the range"),
        (["show", "shop.takings", "--line", "7.1", "--env", "Prod!"], "is not a valid environment"),
        (["show", "shop.nothing"], "no run has written table 'shop.nothing'"),
        (["show", "shop.takings", "--as-of", "2024-01-02"], "not an instant with an offset"),
    ],
)
def test_what_cannot_be_is_refused(typed, pinned, arguments, said):
    """A mistake exits with 2, says what is wrong and what is allowed, and writes nothing."""
    before = everything(pinned)
    code, out, err = typed(*arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert everything(pinned) == before


def test_what_is_not_shown_is_told(typed, pinned):
    """An environment that shows nothing of a table is told apart from one that shows something."""
    code, out, err = typed("show", "shop.takings", "--env", "staging")
    assert (code, out) == (1, "")
    assert "environment staging publishes nothing (published by: prod); type: dwh pins" in err
    code, _, err = typed("show", "shop.takings", "--env", "prod", "--date", "2024-01-02")
    assert code == 1 and "publishes nothing for 2024-01-02" in err


def test_a_rollout_is_not_overridden(typed, pinned):
    """While a rollout is under way, `dwh pin` points to its commands."""
    begin(pinned, "7.2")
    code, _, err = typed("pin", "takings", "7.2", "--reason", "x")
    assert code == 2 and "type: dwh rollout finish takings --env prod, or dwh rollout rollback" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["pin", "takings", "9.9", "--reason", "x"],
        ["pin", "takings", "7.1", "--reason", ""],
        ["run", "takings", "--date", "2024-01-02"],
    ],
)
def test_a_refusal_makes_no_ledger(typed, tmp_path, monkeypatch, arguments):
    """What is refused makes no warehouse where there was none."""
    monkeypatch.setenv("DWH_WAREHOUSE", str(tmp_path / "elsewhere"))
    code, _, err = typed(*arguments)
    assert code == 2 and err
    assert not (tmp_path / "elsewhere").exists()


def test_what_an_environment_showed(typed, pinned):
    """`dwh history --published` tells what was shown since when, by which run, and by whom."""
    write(pinned, "takings@7.1", FIRST, SECOND, run_id="r2")
    code, out, _ = typed("history", "shop.takings", "--published", "--json")
    first, second = json.loads(out)
    assert code == 0
    assert (first["state"], second["state"]) == ("replaced", "published")
    assert (second["first_date"], second["last_date"], second["run"], second["action"]) == (
        *("2024-01-01", "2024-01-02"),
        "r2",
        "run",
    )
    code, out, err = typed("history", "shop.takings", "--published", "--env", "staging")
    assert (code, out) == (0, "") and "has never published anything" in err


WRITING = (
    ["pin", "takings", "7.2", "--reason", "x"],
    ["run", "takings", "--date", "2024-01-02"],
    ["rollout", "plan", "takings", "7.1", "7.2"],
)


@pytest.mark.parametrize("arguments", [*WRITING, ["pins"], ["rollout", "status"]])
def test_a_ledger_that_is_not_there(typed, monkeypatch, arguments):
    """A PostgreSQL that does not answer is told, without its password, in a line."""
    monkeypatch.setenv("DWH_LEDGER", "postgresql://someone:hunter2@127.0.0.1:1/ledger")
    code, out, err = typed(*arguments)
    assert (code, out) == (1, "")
    assert "someone:***@127.0.0.1:1/ledger: cannot be used: " in err and "hunter2" not in err
    assert "Traceback" not in err


def test_where_there_is_nothing_to_remove(typed, warehouse):
    """`dwh gc` says so, and lists nothing."""
    write(warehouse, "takings@7.1", DAYS[0])
    assert typed("gc") == (0, "", "there is nothing to remove\n")


@pytest.mark.parametrize("hours", ["-1", "nan", "inf", "1e300"])
def test_a_time_that_no_calendar_has_is_refused(typed, hours):
    """A run cannot have begun so long ago."""
    code, _, err = typed("gc", "--older-than", hours)
    assert (code, "[DWH101] Invalid value for '--older-than': " in err) == (2, True)


@pytest.mark.parametrize("arguments", [["pins"], ["rollout", "status"], ["rollout", "history", "takings"]])
def test_without_a_ledger_nothing_is_listed(typed, tmp_path, monkeypatch, arguments):
    """Looking where there is no ledger says how it comes to be, and makes none."""
    monkeypatch.setenv("DWH_WAREHOUSE", str(tmp_path / "elsewhere"))
    code, out, err = typed(*arguments)
    assert (code, out) == (2, "") and "the first run or pin creates it" in err
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan", "takings", "7.1", "7.2"],
        *([step, "takings", "--reason", "why"] for step in ("start", "hold", "resume", "rollback")),
    ],
)
def test_a_rollout_where_nothing_was_pinned_asks_for_a_pin(typed, tmp_path, monkeypatch, arguments):
    """In a fresh warehouse a rollout says what comes before it, a pin, and makes no ledger."""
    monkeypatch.setenv("DWH_WAREHOUSE", str(tmp_path / "elsewhere"))
    code, out, err = typed("rollout", *arguments, "--env", "prod")
    assert (code, out) == (2, "") and "type: dwh pin takings LINE --env prod" in err
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("arguments", WRITING)
def test_a_locked_ledger(typed, pinned, tmp_path, monkeypatch, arguments):
    """A SQLite ledger that stays locked is told, and nothing is written; unlocked, all is as before."""
    before = everything(pinned)
    monkeypatch.setattr(connecting, "WAIT_SECONDS", 0.05)
    other = sqlite3.connect(tmp_path / "warehouse" / "ledger.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    code, out, err = typed(*arguments)
    other.close()
    assert (code, out) == (1, "")
    assert "ledger.db: others are writing to it (database is locked)" in err
    assert everything(pinned) == before


@pytest.fixture
def unprivileged(tmp_path: Path) -> Iterator[None]:
    """Let this process be somebody who may read the test's folder, and not write to it."""
    pytests = [folder for folder in tmp_path.parents if folder.name.startswith(("pytest-", "popen-"))]
    folders = [tmp_path, *pytests]
    modes = {folder: stat.S_IMODE(folder.stat().st_mode) for folder in folders}
    for folder in folders:
        folder.chmod(0o755)
    for path in tmp_path.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    if is_root := os.geteuid() == 0:
        os.seteuid(65534)
    yield
    if is_root:
        os.seteuid(0)
    for path in tmp_path.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    for folder, mode in modes.items():
        folder.chmod(mode)


@pytest.mark.parametrize("arguments", WRITING)
def test_a_read_only_ledger(typed, pinned, unprivileged, arguments):
    """A SQLite file that may not be written can be looked at; what would write to it is refused."""
    before = everything(pinned)
    code, out, err = typed(*arguments)
    assert (code, out) == (1, "")
    assert "cannot be used: attempt to write a readonly database" in err
    assert typed("pins")[0] == 0
    assert everything(pinned) == before


def test_a_read_only_postgresql(typed, postgresql_url, monkeypatch):
    """A PostgreSQL that may only be read can be looked at; what would write to it is refused."""
    Ledger.create(postgresql_url)
    separator = "&" if "?" in postgresql_url else "?"
    url = f"{postgresql_url}{separator}options=-cdefault_transaction_read_only%3Don"
    monkeypatch.setenv("DWH_LEDGER", url.replace("postgresql+psycopg", "postgresql"))
    code, out, err = typed("pin", "takings", "7.1", "--reason", "x")
    assert (code, out) == (1, "")
    assert "read-only transaction" in err
    assert typed("pins")[0] == 0


def test_outputs_are_promoted_by_name(typed, warehouse):
    """`dwh promote` makes another environment's outputs this one's, and says how many it publishes."""
    write(warehouse, "takings@7.1", FIRST, SECOND, environment="staging", run_id="tested")
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="why")
    dates = ("--from-date", "2024-01-01", "--to-date", "2024-01-02")
    words = ("promote", "takings@7.1", "--from", "staging", "--to", "prod", *dates)
    code, out, err = typed(*words, "--reason", "it was tested")
    assert (code, out) == (0, "")
    assert "2 outputs of takings@7.1 in staging now belong to prod as well; prod publishes 2 of them" in err
    assert json.loads(typed(*words, "--json")[1])["already"] == 2
    assert "with --date, or --from-date and --to-date" in typed(*words[:6])[2]
    assert "(--from-date 2024-02-01 --to-date 2024-02-29 holds" in typed(*words[:6], "--date", "2024-02")[2]
    spans = json.loads(typed("history", "shop.takings", "--published", "--json")[1])
    assert [(span["run"], span["action"], span["reason"]) for span in spans] == [
        ("tested", "promote", "it was tested")
    ]
    assert "newest, from staging" in typed("history", "shop.takings")[1]


def test_what_is_promoted_into_a_ramp_says_that_it_waits(typed, pinned):
    """An output of the new line is not published before it is compared here, and the command says how."""
    begin(pinned, "7.2", ["100%"])
    write(pinned, "takings@7.1", SECOND)
    write(pinned, "takings@7.2", SECOND, environment="staging")
    dates = ("--from-date", "2024-01-02", "--to-date", "2024-01-02")
    code, _, err = typed("promote", "takings@7.2", "--from", "staging", "--to", "prod", *dates)
    assert code == 0 and "prod publishes 0 of them" in err
    assert "until it is proven; type: dwh backfill takings@7.2 --date 2024-01-02 --env prod" in err


def test_history_is_of_one_environment(typed, warehouse):
    """What another environment ran is not in it; where there is nothing, it says where there is."""
    write(warehouse, "takings@7.1", FIRST, run_id="mine")
    write(warehouse, "takings@7.1", FIRST, environment="dev", run_id="sample")
    for more, run in (((), "mine"), (("--env", "dev"), "sample")):
        outputs = json.loads(typed("history", "shop.takings", "--json", *more)[1])["outputs"]
        assert [(span["run"], span["state"]) for span in outputs] == [(run, "newest")]
    code, _, err = typed("history", "shop.takings", "--env", "staging")
    assert code == 1
    assert "environments with outputs: dev, prod; type: dwh history shop.takings --env dev" in err
    code, _, err = typed("show", "shop.takings", "--line", "7.1", "--env", "staging")
    assert code == 1 and "line 7.1 has no output in environment staging" in err


def test_the_option_does_what_the_variable_does(typed, warehouse, monkeypatch):
    """`--env` holds for everything that a command calls, in all its threads, and ends with it."""
    seen = []
    monkeypatch.setattr(state_module, "standing", lambda *_: seen.append(load_config().environment) or [])
    assert typed("pins", "--env", "staging")[0] == 0
    assert (seen, os.environ["DWH_ENVIRONMENT"]) == (["staging"], "prod")


@pytest.mark.parametrize(
    ("move", "words", "said"),
    [
        (None, "plan takings 7.1 7.2", "type: dwh rollout status takings --env staging"),
        (roll_back, "advance takings", "type: dwh rollout history takings --env staging"),
    ],
)
def test_what_to_type_is_about_the_environment(typed, warehouse, move, words, said):
    """A refusal in an environment that is not the configured one names it in the command that it suggests."""
    there = {"job": "takings", "environment": "staging"}
    pin(warehouse, **there, line="7.1", reason="why")
    plan(warehouse, **there, old="7.1", new="7.2")
    start(warehouse, **there, reason="why")
    if move:
        move(warehouse, **there, reason="why")
    code, _, err = typed("rollout", *words.split(), "--env", "staging")
    assert code == 2 and said in err

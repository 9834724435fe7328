"""What `dwh` alone says of a folder, in each state that it can be in."""

from __future__ import annotations

import json
import shlex
from itertools import islice

import click
import pytest
from fabricate import DAYS, begin, compared, write

from dwh.core.ledger.schema import ledger_version, shadows
from dwh.core.lines import installed_lines
from dwh.core.warehouse import Warehouse
from dwh.migrate import cli
from dwh.migrate.rollout import hold, pin, plan, resume, roll_back, start
from dwh.migrate.whereabouts import whereabouts
from dwh.migrate.whereabouts.following import following
from dwh.migrate.whereabouts.gather import Run, Situation

FIRST, SECOND, THIRD = DAYS[:3]


@pytest.fixture
def here(config, lines, tmp_path, monkeypatch):
    """A folder with lines and a dwh.toml, in prod, without a ledger."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DWH_ENVIRONMENT", "prod")
    return config.in_environment("prod")


def hints():
    """Return the commands to type next, each of which is one that dwh has."""
    commands = [hint.command for hint in whereabouts().next]
    assert len(commands) == 3
    for command in commands:
        found, words = cli.dwh, shlex.split(command)[1:]
        while isinstance(found, click.Group) and words and not words[0].startswith("-"):
            found = found.commands[words.pop(0)]
        if not isinstance(found, click.Group):
            found.make_context("dwh", words)
    return commands


def test_where_nothing_was_run(here, typed_dwh, tmp_path):
    """Without a ledger one learns what is here, and begins; looking makes no ledger."""
    found = whereabouts()
    assert (found.environment, found.ledger["state"]) == ("prod", "none")
    assert (found.configuration, found.warehouse) == (str(tmp_path / "dwh.toml"), here.warehouse)
    assert found.engine["name"] == "spark" and found.engine["because"]
    ended = {line["line"]: line["status"] for line in found.lines if line["line"].startswith("7.")}
    assert ended == {"7.0": "ended", **dict.fromkeys(("7.1", "7.2", "7.3", "7.4"), "main")}
    # The newest date whose folder has landed.
    assert hints() == ["dwh jobs", "dwh run takings@7.4 --date 2024-01-03", "dwh shell"]
    code, printed, notes = typed_dwh()
    assert (code, notes) == (0, "") and "not made yet" in printed and "dwh jobs" in printed
    assert not (tmp_path / "warehouse").exists() and "catalogs" not in printed
    (tmp_path / "dwh.toml").write_text('[catalogs.lake]\ntype = "sql"\n', "utf-8")
    assert hints() == ["dwh jobs", "dwh run takings@7.4 --date DATE", "dwh shell"]  # nobody knows which
    assert "lake; `dwh catalog status` says how they stand" in typed_dwh()[1]


def test_runs_without_a_pin(here):
    """Two lines that ran the same dates are compared; then one is chosen."""
    warehouse = Warehouse.create(here)
    write(warehouse, "takings@7.1", FIRST, SECOND)
    write(warehouse, "takings@7.2", SECOND, THIRD)
    assert hints() == [
        f"dwh compare takings@7.1 takings@7.2 --date {SECOND}",
        'dwh pin takings 7.1 --publish --reason "…"',
        "dwh show shop.takings --line 7.2",
    ]


def test_commands_for_one_purpose_are_one(here):
    """Of several jobs that wait for a pin the latest is shown, and of a line that is not installed none."""
    ran = [
        Run(f"r-{job}", job, line, f"shop.{job}", "committed", FIRST, FIRST, None)
        for job, line in (("dropped", "6.9"), ("sales", "7.2"), ("takings", "7.1"))
    ]
    now = Situation("dev", tuple(installed_lines().values()), "ready", tuple(ran), failed=tuple(ran[:1]))
    assert [hint.command for hint in islice(following(now), 3)] == [
        'dwh pin sales 7.2 --publish --reason "…"',
        "dwh show shop.dropped --line 6.9",
        "dwh board",
    ]


def test_a_pin_with_a_newer_line(here):
    """Where a newer line is installed, planning its rollout may come next, and then beginning it."""
    warehouse = Warehouse.create(here)
    write(warehouse, "takings@7.2", FIRST)
    pin(warehouse, job="takings", line="7.2", environment="prod", reason="where we start")
    planning = "dwh rollout plan takings 7.2 7.3"  # 7.4 writes another table
    assert hints() == [planning, "dwh show shop.takings", "dwh board"]
    plan(warehouse, job="takings", old="7.2", new="7.3", environment="prod")
    assert hints() == ['dwh rollout start takings --reason "…"', planning, "dwh show shop.takings"]
    start(warehouse, job="takings", environment="prod", reason="it is better")
    roll_back(warehouse, job="takings", environment="prod", reason="it is not")
    assert hints()[0] == planning


def test_a_rollout_under_way(here, monkeypatch):
    """A rollout is told with its gate; what it needs next depends on that, and on where one is."""
    warehouse = Warehouse.create(here)
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="where we start")
    write(warehouse, "takings@7.1", FIRST)
    begin(warehouse, "7.2", gate=1)
    assert whereabouts().under_way[0]["what"] == "rollout of takings in prod"
    assert hints()[:2] == [f"dwh run takings --date {SECOND}", "dwh rollout status takings"]
    compared(warehouse, "fail", FIRST)
    back = 'dwh rollout rollback takings --reason "…"'  # another date would not open the gate
    assert hints() == [f"dwh run takings --date {FIRST}", "dwh rollout status takings", back]
    run = write(warehouse, "takings@7.2", FIRST)
    with warehouse.ledger.writing() as connection:
        connection.execute(shadows.update().values(candidate_run=run.id))
    looking = f"dwh compare takings@7.1 takings@7.2 --date {FIRST}"
    assert hints() == [looking, "dwh rollout status takings", back]
    hold(warehouse, job="takings", environment="prod", reason="gate: the comparison failed")
    assert hints()[:2] == [looking, 'dwh rollout resume takings --reason "…"']
    resume(warehouse, job="takings", environment="prod", reason="it is right again")
    assert hints()[0] == f"dwh run takings --date {SECOND}"
    compared(warehouse, "pass", FIRST)
    assert hints()[:2] == ["dwh rollout advance takings", "dwh rollout status takings"]
    monkeypatch.setenv("DWH_ENVIRONMENT", "dev")
    assert hints()[0] == "dwh rollout advance takings --env prod"
    hold(warehouse, job="takings", environment="prod", reason="wait")
    assert hints()[0] == 'dwh rollout resume takings --env prod --reason "…"'


def test_a_cutover_that_waits_for_proof(here, monkeypatch):
    """What opens its gate is what the rollout's status says, too: to fill, then to prove."""
    warehouse = Warehouse.create(here)
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="where we start")
    write(warehouse, "takings@7.1", FIRST, SECOND)
    begin(warehouse, "7.3", ["shadow", "cutover"])
    filling = f"dwh backfill takings@7.3 --from {FIRST} --to {SECOND}"
    assert hints()[:2] == [filling, "dwh rollout status takings"]
    write(warehouse, "takings@7.3", SECOND)
    assert hints()[0] == f"dwh backfill takings@7.3 --date {FIRST}"
    monkeypatch.setenv("DWH_ENVIRONMENT", "pro")
    assert hints()[0] == f"dwh backfill takings@7.3 --date {FIRST} --env prod"
    write(warehouse, "takings@7.3", FIRST)
    assert hints()[0] == f"{filling} --env prod"


def test_a_run_that_failed(here):
    """What failed comes first, until its dates are committed."""
    warehouse = Warehouse.create(here)
    write(warehouse, "takings@7.1", FIRST)
    run = write(warehouse, "takings@7.2", FIRST, SECOND, commit=False)
    assert [each["what"] for each in whereabouts().under_way] == [f"run {run.id}"]
    warehouse.ledger.fail_run(run.id, "no input")
    assert whereabouts().under_way == []
    assert hints()[:2] == [
        "dwh history shop.takings --all",
        f"dwh run takings@7.2 --from {FIRST} --to {SECOND}",
    ]
    write(warehouse, "takings@7.2", FIRST, SECOND)
    assert "dwh history shop.takings --all" not in hints()


def test_a_ledger_that_cannot_be_used(here, typed_dwh, monkeypatch):
    """An older ledger is upgraded first; one out of reach is told as a problem, and the rest, too."""
    warehouse = Warehouse.create(here)
    with warehouse.ledger.writing() as connection:
        connection.execute(ledger_version.update().values(version_num="0001"))
    assert hints()[0] == "dwh ledger upgrade"
    monkeypatch.setenv("DWH_LEDGER", "postgresql://nobody@127.0.0.1:1/none")
    code, printed, _ = typed_dwh("--json")
    found = json.loads(printed)
    assert (code, found["ledger"]["state"]) == (0, "unusable")
    assert "127.0.0.1" in found["problems"][-1]
    monkeypatch.setenv("DWH_LEDGER", "sqlite:////dev/null/none.db?nonsense=1")
    assert whereabouts().ledger["state"] == "unusable"
    assert found["next"][0]["command"] == "dwh jobs"


def test_json_belongs_to_the_command(here, typed_dwh):
    """`dwh --json` is for `dwh` alone; before a command it would be without effect."""
    code, printed, said = typed_dwh("--json", "jobs")
    assert (code, printed) == (2, "") and "dwh jobs … --json" in said
    code, printed, said = typed_dwh("rollout")
    assert (code, printed) == (2, "") and said.count("Usage:") == 1

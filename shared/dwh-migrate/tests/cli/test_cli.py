"""What a command imports decides how soon it answers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import sqlalchemy as sa

from dwh.core.config import load_config
from dwh.core.dates import DateRange, parse_date
from dwh.core.ledger.schema import encodings, fingerprints
from dwh.core.warehouse import Warehouse
from dwh.migrate.compare.outputs import OutputOptions, compare_outputs
from dwh.migrate.compare.subjects import Subject, subjects_of

ENGINES = {"pyspark", "pysail", "py4j", "grpc", "pandas", "numpy", "pyarrow"}
PAGES = {"jinja2", "rich", "fsspec", "packaging", "alembic", "psycopg"}
DATABASE = {"sqlalchemy", "sqlite3"}
TWICE = "compare carrier_delays@0.1 carrier_delays@0.1"
# In an order in which each may import what those before it do.
COMMANDS = {
    "--help": ENGINES | PAGES | DATABASE,
    "run --help": ENGINES | PAGES | DATABASE,
    "jobs": ENGINES | PAGES | DATABASE,
    "usage dags": ENGINES | PAGES | DATABASE,
    "": ENGINES | PAGES,
    "pins": ENGINES | PAGES,
    "history flights.carrier_delays": ENGINES | PAGES,
    "history flights.carrier_delays --published": ENGINES | PAGES,
    "gc --dry-run": ENGINES | PAGES,
    "ledger upgrade": ENGINES | PAGES,
    "pin carrier_delays 0.1 --reason first": ENGINES | PAGES,
    "rollout status": ENGINES | PAGES,
    "rollout plan carrier_delays 0.1 0.2 --gate 0": ENGINES | PAGES,
    "rollout start carrier_delays --reason new": ENGINES | PAGES,
    "rollout status carrier_delays": ENGINES | PAGES,
    "rollout advance carrier_delays --reason go": ENGINES | PAGES,
    "rollout rollback carrier_delays --reason back": ENGINES | PAGES,
    "rollout history carrier_delays": ENGINES | PAGES,
    "board": ENGINES | PAGES,
    "board --json": ENGINES | PAGES,
    f"{TWICE} --date 2013-01-02 --json": ENGINES | PAGES,
    f"{TWICE} --date 2013-01-02": ENGINES | (PAGES - {"rich"}),
    f"{TWICE} --date 2013-01-02 --ignore flights": ENGINES | (PAGES - {"rich"}),
    f"{TWICE} --from 2013-01-01 --to 2013-01-02 --ignore flights": ENGINES | (PAGES - {"rich"}),
}
# What comparisons exit with: one has failed, one passed, one lacks a date.
CODES = dict(zip([command for command in COMMANDS if command.startswith(TWICE)], (1, 1, 0, 3), strict=True))
EACH = """\
import contextlib, io, json, sys
from dwh.migrate.cli import run_words
found = {}
for command in sys.argv[1:]:
    with contextlib.redirect_stdout(io.StringIO()):
        code = run_words(command.split())
    found[command] = code, sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps(found))
"""


def test_what_needs_no_engine_imports_none(written, spark, tmp_path):
    """Commands that the ledger answers import no engine, nor what only pages, files or upgrades need."""
    home = tmp_path / "home"
    shutil.copytree(written, home)
    (home / "dags").mkdir()
    warehouse = Warehouse.open(load_config(home))
    day = parse_date("2013-01-02")
    twice = subjects_of(warehouse, "carrier_delays@0.1", "carrier_delays@0.1", DateRange(day, day))
    compare_outputs(spark, warehouse, *twice, OutputOptions())  # which leaves fingerprints in the ledger
    _count_in_int(warehouse, twice[0])
    # Not measured by coverage, which imports modules of its own.
    variables = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    command = [sys.executable, "-c", EACH, *COMMANDS]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=120, env=variables)
    found = json.loads(done.stdout)
    codes = {command: code for command, (code, _) in found.items()}
    assert codes == {command: CODES.get(command, 0) for command in COMMANDS}, done.stderr
    imported = {command: sorted(COMMANDS[command] & set(names)) for command, (_, names) in found.items()}
    assert {command: names for command, names in imported.items() if names} == {}


def _count_in_int(warehouse: Warehouse, subject: Subject) -> None:
    """Keep of a subject's outputs what the ledger would, had its line counted flights in int."""
    (run,) = {output.run_id for output in subject.outputs.values()}
    with warehouse.ledger.writing() as connection:
        kept = json.loads(json.dumps(connection.scalar(sa.select(encodings.c.value))))
        (flights,) = (field for field in kept["schema"]["fields"] if field["name"] == "flights")
        flights["type"] = "integer"
        connection.execute(encodings.insert(), [{"digest": "in-int", "value": kept}])
        of_run = sa.update(fingerprints).where(fingerprints.c.run_id == run)
        connection.execute(of_run.values(encoding="in-int"))

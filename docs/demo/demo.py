"""The demo: two versions of a job side by side on real data, and a move from one to the other.

`python3 noxfile.py -s demo` runs it. It works in the folder .demo, or in the one that it is given, and
prints each command so that it can be typed again there. All of them run in this process, on one engine.
"""

from __future__ import annotations

import os
import runpy
import shlex
import shutil
import sys
import time
from importlib.metadata import files
from pathlib import Path

from dwh.core.output import takes_styles
from landing import land

HOME = (Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parents[2] / ".demo").resolve()
BOLD, DIM, PLAIN = ("\x1b[1m", "\x1b[2m", "\x1b[0m") if takes_styles(sys.stdout) else ("", "", "")

JANUARY = ("--from", "2013-01-01", "--to", "2013-01-31")
PROD = ("--env", "prod")
LATE = HOME / "landing" / "flights" / "flight_date=2013-01-15" / "late.csv"
LATE_FLIGHT = """\
year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay,carrier,flight,tailnum,origin,dest,air_time,distance,hour,minute,time_hour
2013,1,15,1710,1500,130,1925,1709,136,UA,9999,N14228,EWR,IAH,227,1400,15,0,2013-01-15T20:00:00Z
"""

READ_FROM_PYTHON = """\
from dwh.core import read_table, spark_session

delays = read_table(spark_session(), "flights.carrier_delays", line="0.1")
delays.groupBy("carrier_name").sum("flights", "on_time").orderBy("carrier_name").show(5, truncate=False)
"""


CATALOG = """
[catalogs.lake]
type = "sql"
environments = ["prod"]
properties = { uri = "sqlite:///catalog.db" }
"""

READ_BY_SQL = """\
SELECT carrier, sum(flights) AS flights, sum(on_time) AS on_time
FROM "prod_flights.carrier_delays" GROUP BY carrier ORDER BY carrier LIMIT 3"""

GO_ON = (
    ("dwh", "where you are, and what comes next"),
    ("dwh board", "where every job stands"),
    ("dwh show flights.carrier_delays --env prod --limit 5", "what readers of prod get"),
    ("dwh compare carrier_delays@0.1 carrier_delays@0.2 --date 2013-01-31 --exact", "value by value"),
    ("dwh shell", "many commands on one engine"),
)


def main() -> None:
    """Run the demo from the beginning."""
    from dwh.migrate.console import engine_kept

    began = time.monotonic()
    HOME.mkdir(exist_ok=True)
    say("336,776 flights left New York in 2013. Their data lands in one folder a day, beside a dwh.toml.")
    land(HOME)
    LATE.unlink(missing_ok=True)
    shutil.rmtree(HOME / "warehouse", ignore_errors=True)
    (HOME / "catalog.db").unlink(missing_ok=True)
    os.chdir(HOME)
    print(f"\n{BOLD}$ cd {HOME.name}{PLAIN}")
    with engine_kept():
        play()
    say(f"That was all, in {time.monotonic() - began:.0f} s. Look at it:")
    print(f"  {HOME}/report.html  what differed, and why that failed")
    print(f"  {HOME}/board.html   where every job stands")
    say("Go on from here, where docs/tutorial.md begins:")
    if sys.prefix != sys.base_prefix:  # where `dwh` is, which may not be on the PATH
        print(f"  source {shlex.quote(f'{sys.prefix}/bin/activate')}")
    print(f"  cd {shlex.quote(str(HOME))}")
    for command, purpose in GO_ON:
        print(f"  {command:<77}{DIM}# {purpose}{PLAIN}")


def play() -> None:
    """Two versions side by side, what differs, and a move from one to the other."""
    say("Two release lines are installed side by side. These are their jobs.")
    dwh("jobs")
    say("Run carrier_delays of both lines for January, on the same input.")
    dwh("run", "carrier_delays@0.1", *JANUARY)
    dwh("run", "carrier_delays@0.2", *JANUARY)
    say("Each line has its own output. 0.2 renamed a column, added one, and counts on_time by arrival.")
    dwh("show", "flights.carrier_delays", "--line", "0.1", "--limit", "5")
    dwh("show", "flights.carrier_delays", "--line", "0.2", "--limit", "5")
    say("Who wrote what, and when.")
    dwh("history", "flights.carrier_delays")
    say("A reader names the table and the line, and the other line does not touch it.")
    read_from_python()

    say("airport_traffic was rewritten in 0.2. Is the result the same? Run what is missing, and compare.")
    dwh("compare", "airport_traffic@0.1", "airport_traffic@0.2", *JANUARY, "--run")
    say("carrier_delays differs. The job declares what is meant to, and nothing else does: it passes.")
    dwh("compare", "carrier_delays@0.1", "carrier_delays@0.2", *JANUARY)
    say("Now a file lands late, with one more flight. Running 0.2 again gives a different output.")
    LATE.write_text(LATE_FLIGHT)
    print(f"{BOLD}$ cat {LATE.relative_to(HOME)}{PLAIN}\n{LATE_FLIGHT}", end="")
    dwh("run", "carrier_delays@0.2", "--date", "2013-01-15")
    say("Nobody declared that: the same version, compared with itself, fails, with exit code 1 and a report.")
    twice = ("carrier_delays@0.2", "carrier_delays@0.2")
    dwh("compare", *twice, "--date", "2013-01-15", "--html", "report.html", fails=True)
    LATE.unlink()
    roll_out()


def roll_out() -> None:
    """Move an environment from 0.1 to 0.2, job by job, and back."""
    say("Environment prod is on line 0.1. It gets what dev has run, and its readers what it publishes.")
    month = ("--from-date", "2013-01-01", "--to-date", "2013-01-31")
    for job in ("airport_traffic", "carrier_delays"):
        dwh("promote", f"{job}@0.1", "--from", "dev", "--to", "prod", *month)
        dwh("pin", job, "0.1", *PROD, "--publish", "--reason", "where we start")
    say("airport_traffic keeps its contract, so dates may move to 0.2 gradually. This is what would happen.")
    steps = ("--steps", "shadow:3, 50%:2, 100%:0")
    dwh("rollout", "plan", "airport_traffic", "0.1", "0.2", *PROD, *steps)
    dwh("rollout", "start", "airport_traffic", *PROD, "--reason", "one pass over the flights, not two")
    say("Shadow: prod decides what is published, 0.2 runs beside it, and each date is compared.")
    dwh("run", "airport_traffic", *PROD, "--from", "2013-02-01", "--to", "2013-02-03")
    say("Three dates passed: the gate is open. 0.2 serves half of the new dates, each once it is proven.")
    dwh("rollout", "advance", "airport_traffic", *PROD)
    dwh("run", "airport_traffic", *PROD, "--from", "2013-02-04", "--to", "2013-02-07")
    dwh("rollout", "status", "airport_traffic", *PROD)

    say("carrier_delays breaks its contract: its table moves as a whole, or not at all.")
    dwh("rollout", "plan", "carrier_delays", "0.1", "0.2", *PROD, "--gate", "1")
    dwh("rollout", "start", "carrier_delays", *PROD, "--reason", "on_time counts arrivals")
    dwh("run", "carrier_delays", *PROD, "--date", "2013-01-31")
    say("Every date that moves must be proven: what 0.2 is missing is run, and compared as it goes.")
    dwh("backfill", "carrier_delays@0.2", *PROD, *JANUARY)
    say("Cut over: one transaction moves all 31 partitions. Nothing is computed, nothing is copied.")
    dwh("rollout", "advance", "carrier_delays", *PROD)
    dwh("show", "flights.carrier_delays", *PROD, "--limit", "3")
    say("Readers use SQL? What prod publishes is an Iceberg table, too, without a copy: in DuckDB.")
    Path("dwh.toml").write_text(Path("dwh.toml").read_text("utf-8") + CATALOG, "utf-8")
    print(f"{DIM}{CATALOG}{PLAIN}")
    dwh("catalog", "sync", "flights.carrier_delays")
    read_by_sql()
    say("Somebody complains? Back, in a second.")
    dwh("rollout", "rollback", "carrier_delays", *PROD, "--reason", "the dashboard still reads mean_delay")
    dwh("show", "flights.carrier_delays", *PROD, "--limit", "3")
    say("The catalog has followed: on_time counts departures again.")
    read_by_sql()
    say("None of this is forgotten: what was published when, and who decided it, and why.")
    dwh("history", "flights.carrier_delays", "--published", *PROD, "--date", "2013-01-31")
    dwh("rollout", "history", "carrier_delays", *PROD)
    say("Where does everything stand?")
    dwh("board", "--html", "board.html")
    dwh("board")


def say(text: str) -> None:
    """Print what comes next."""
    print(f"\n{BOLD}# {text}{PLAIN}", flush=True)


def dwh(*arguments: str, fails: bool = False) -> None:
    """Run a `dwh` command in the demo's folder, showing it first; stop when it does not end as it should."""
    from dwh.migrate.cli import run_words

    print(f"{BOLD}$ {shlex.join(['dwh', *arguments])}{PLAIN}", flush=True)
    expected, code = int(fails), run_words(arguments)
    sys.stdout.flush()
    if code != expected:
        sys.exit(f"this step ended with exit code {code} instead of {expected}")


def read_from_python() -> None:
    """Run a reader's own script, which would do the same in a process of its own."""
    Path("read.py").write_text(READ_FROM_PYTHON)
    print(f"{DIM}{READ_FROM_PYTHON}{PLAIN}{BOLD}$ python read.py{PLAIN}", flush=True)
    runpy.run_path("read.py")


def read_by_sql() -> None:
    """Ask DuckDB, which opens the newest metadata that the catalog names. Its extensions come as packages."""
    import duckdb
    from pyiceberg.catalog import load_catalog

    print(f"{BOLD}{READ_BY_SQL}{PLAIN}", flush=True)
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    for name in ("avro", "iceberg"):
        brought = files(f"duckdb-extension-{name}") or ()
        path = next(file for file in brought if file.suffix == ".duckdb_extension").locate()
        connection.execute(f"LOAD '{path}'")
    table = "prod_flights.carrier_delays"
    metadata = (
        load_catalog("lake", type="sql", uri="sqlite:///catalog.db").load_table(table).metadata_location
    )
    print(connection.sql(READ_BY_SQL.replace(f'"{table}"', f"iceberg_scan('{metadata}')")), flush=True)


if __name__ == "__main__":
    main()

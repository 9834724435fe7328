"""What a catalog costs that follows a table of 5,000 logical dates: a date, a cutover, a rollback.

`nox -s bench` runs it. Nothing here needs Spark, and no file of data is there: a catalog takes what runs have
recorded. Each figure is what a commit of the ledger waits for, of a published table and of its line's:
processor milliseconds with a catalog on SQLite, its own work included, the files of Iceberg that it reads and
writes then, and requests to a REST catalog.
`--quick` takes fewer rounds.
"""

from __future__ import annotations

import argparse
import gc
import os
import secrets
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import chdir
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import ClassVar

sys.path.insert(0, str(Path(__file__).parents[2] / "shared" / "dwh-catalog" / "tests"))

from pyiceberg.io.pyarrow import PyArrowFile, PyArrowFileIO
from rest_server import TOKEN, rest_server
from warehousing import Runs, table

from dwh.catalog.following import FOLLOWER
from dwh.core.config import load_config
from dwh.core.contract import Table
from dwh.core.ledger import ColumnStatistics, WrittenFile
from dwh.core.warehouse import Warehouse

NAME, DATES, DAILY = "shop.takings", 5_000, 120
DAYS = [date(2010, 1, 1) + timedelta(number) for number in range(DATES)]
NUMBERS = tuple(f"n{number} bigint" for number in range(8))
OLD = table(NAME, "day date", "shop string", *NUMBERS)
NEW = table(NAME, "day date", "shop string", *NUMBERS[1:], "revenue decimal(12,2)", "note string")
SETTINGS = """
environment = "prod"

[catalogs.lake]
type = "{type}"
environments = ["prod"]
timeout_seconds = 600
properties = {{ uri = "{uri}", token = "{token}", py-io-impl = "{io}" }}
"""
IO = f"{__name__}.CountedIO"
# What is measured, and the aims: processor milliseconds, and requests.
AIMS: Mapping[str, tuple[float | None, int | None]] = {
    "first publication": (None, None),
    "one date again": (150, 5),
    "cutover with other columns": (3_000, None),
    "the same cutover again": (3_000, None),
    "rollback": (3_000, None),
    "one date more, with two lines": (150, None),
    "one date of half a rollout": (150, None),
    f"the same after {DAILY} others": (150, None),
}


class CountedIO(PyArrowFileIO):
    """The files of this machine, which keeps what is done with them."""

    done: ClassVar[list[str]] = []

    def new_input(self, location: str) -> PyArrowFile:
        self.done.append("read")
        return super().new_input(location)

    def new_output(self, location: str) -> PyArrowFile:
        self.done.append("written")
        return super().new_output(location)


@dataclass
class Bench:
    """A warehouse whose catalog is brought to the ledger's state by hand, to be measured."""

    runs: Runs
    requests: list[str]
    spent: dict[str, list[float]] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)
    files: dict[str, Counter[str]] = field(default_factory=dict)

    def commit(self, contract: Table, days: Iterable[date], line: str) -> str:
        """Record a run that has written a file of ten rows for each date; return its id."""
        days = list(days)
        run = self.runs.record(contract, days, line)
        said = {column.name: _statistics(column.type) for column in contract.columns[1:]}
        files = {day: [WrittenFile(_path(day), 10_000, 10, said)] for day in days}
        ledger = self.runs.warehouse.ledger
        ledger.start_run(run)
        ledger.commit_run(run, dict.fromkeys(days, 10), files)
        return run.id

    def publish(self, what: str, days: Iterable[date], run_id: str) -> None:
        """Publish dates of a run, and measure what the catalog takes to follow."""
        self.runs.publish(NAME, dict.fromkeys(days, run_id))
        CountedIO.done.clear()
        if what in AIMS:  # else it falls to one of them to look through all that Python has imported
            gc.collect()
        asked, started = len(self.requests), time.process_time()
        self.follow()
        self.spent.setdefault(what, []).append((time.process_time() - started) * 1000)
        self.asked[what] = len(self.requests) - asked
        self.files.setdefault(what, Counter(CountedIO.done))

    def follow(self) -> None:
        """Do what a commit of the ledger does."""
        problems = FOLLOWER.follow(self.runs.warehouse.config, [NAME])
        assert not problems, problems


def main() -> None:
    """Measure with either catalog, and print the figures beside the aims."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--scale", type=float, help="for the other benchmarks; not used here")
    rounds = 3 if parser.parse_args().quick else 5
    in_sql = _measured(
        rounds, lambda home: ([], SETTINGS.format(type="sql", uri="sqlite:///c.db", token="", io=IO))
    )
    requests: list[str] = []
    with tempfile.TemporaryDirectory() as folder, rest_server(Path(folder), requests) as address:
        settings = SETTINGS.format(type="rest", uri=address, token=TOKEN, io=IO)
        over_rest = _measured(2, lambda home: (requests, settings))
    print(f"\na catalog of {DATES:,} logical dates; load average {os.getloadavg()[0]:.1f}")
    for what, aims in AIMS.items():
        told = _told(statistics.median(in_sql.spent[what]), aims[0], "ms")
        files = "{read:3} files read, {written:3} written".format_map(in_sql.files[what])
        print(f"  {what:<30} {told}  {_told(over_rest.asked[what], aims[1], 'requests')} {files}", flush=True)


def _measured(rounds: int, made: Callable[[Path], tuple[list[str], str]]) -> Bench:
    with tempfile.TemporaryDirectory(prefix="dwh-bench-") as folder, chdir(folder):
        home = Path(folder)
        requests, settings = made(home)
        (home / "dwh.toml").write_text(settings)
        warehouse = Warehouse.create(load_config(home, {}))
        warehouse.ledger.told = lambda names: None
        bench = Bench(Runs(warehouse), requests)
        _story(bench, rounds)
    return bench


def _story(bench: Bench, rounds: int) -> None:
    old = bench.commit(OLD, DAYS, "0.1")
    bench.publish("first publication", DAYS, old)
    for day in DAYS[1000 : 1000 + rounds + 1]:
        bench.publish("one date again", [day], bench.commit(OLD, [day], "0.1"))
    new = bench.commit(NEW, DAYS, "0.2")
    bench.follow()
    for number in range(rounds):
        bench.publish("the same cutover again" if number else "cutover with other columns", DAYS, new)
        bench.publish("rollback", DAYS, old)
    bench.publish("others", DAYS[: DATES // 2], new)
    for number in range(rounds):
        day, (contract, line) = DAYS[100 + number], ((NEW, "0.2"), (OLD, "0.1"))[number % 2]
        bench.publish("one date of half a rollout", [day], bench.commit(contract, [day], line))
    bench.publish("others", DAYS, old)
    for number in range(DAILY + rounds):
        day = DAYS[-1] + timedelta(number + 1)
        run_id = bench.commit(OLD, [day], "0.1")
        what = "one date more, with two lines" if number < rounds else "others"
        bench.publish(what if number < DAILY else f"the same after {DAILY} others", [day], run_id)


def _statistics(type_: str) -> ColumnStatistics:
    return ColumnStatistics(0, 1, 2) if type_ == "bigint" else ColumnStatistics(0)


def _path(day: date) -> str:
    return f"day={day}/part-00000-{secrets.token_hex(16)}-c000.snappy.parquet"


def _told(value: float, aim: float | None, unit: str) -> str:
    verdict = "" if aim is None else f"   aim {aim:,.0f}: {'met' if value <= aim else 'missed'}"
    return f"{value:7,.0f} {unit}{verdict:<20}"


if __name__ == "__main__":
    main()

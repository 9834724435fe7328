"""Small jobs of every shape, in two lines, and the commands that play them: on whatever engine `dwh` takes.

`python tests/shapes.py DAY,DAY JOB…` plays some of them in this process, in the current folder.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from dwh.core.testing import local_session
from dwh.core.testing.lines import install_line

Typed = Callable[..., tuple[int, str, str]]
Row = dict[str, object]

SITES = ("north", "south")
SOURCES = '[sources.readings]\nformat = "csv"\npath = "readings.csv"\noptions = { header = true }\n'
HEAD = """
from pyspark.sql import Window
from pyspark.sql import functions as F

from dwh.core import Added, Column, Input, Job, Table

AMOUNT, SITE = Column("amount", "bigint"), Column("site", "string")
AT, DAY = Column("at", "timestamp"), Column("day", "date")
READINGS = Table("readings", (AT, SITE, AMOUNT), partition_by="at")
HOURS = Table("m.hours", (AT, SITE, AMOUNT), partition_by="at")
DAYS = Table("m.days", (DAY, SITE, AMOUNT), partition_by="day")
LATEST = Table("m.latest", (SITE, AMOUNT))
NEW = ()


class Shape(Job):
    '''One of the shapes.'''
"""
JOBS = {
    "hours": """
    reads = (READINGS,)
    writes = Table("m.hours", (AT, SITE, AMOUNT, *NEW), key=("at", "site"), partition_by="at")

    def transform(self, readings):
        by_hour = readings.groupBy(F.date_trunc("hour", "at").alias("at"), "site")
        found = by_hour.agg(F.sum("amount").alias("amount"))
        return found
""",
    "days": """
    reads = (HOURS,)
    writes = Table("m.days", (DAY, SITE, AMOUNT, *NEW), key=("day", "site"), partition_by=("day", "site"))

    def transform(self, hours):
        found = hours.groupBy(F.to_date("at").alias("day"), "site").agg(F.sum("amount").alias("amount"))
        return found
""",
    "recent": """
    reads = (Input(DAYS, back=1, may_lack=True),)
    writes = Table("m.recent", (DAY, SITE, AMOUNT, *NEW), key=("day", "site"), partition_by="day")

    def transform(self, days):
        near = Window.partitionBy("site").orderBy(F.unix_date("day")).rangeBetween(-1, 0)
        found = days.select("day", "site", F.sum("amount").over(near).alias("amount"))
        return found
""",
    "months": """
    reads = (Input(DAYS, may_lack=True),)
    writes = Table(
        "m.months", (DAY, SITE, AMOUNT, *NEW), key=("day", "site"), partition_by="day", grain="month"
    )

    def transform(self, days):
        by_month = days.groupBy(F.trunc("day", "month").alias("day"), "site")
        found = by_month.agg(F.sum("amount").alias("amount"))
        return found
""",
    "latest": """
    reads = (DAYS,)
    writes = Table("m.latest", (SITE, AMOUNT, *NEW), key=("site",))

    def transform(self, days):
        found = days.select("site", "amount")
        return found
""",
    "beside": """
    reads = (DAYS, LATEST)
    writes = Table("m.beside", (DAY, SITE, AMOUNT, *NEW), key=("day", "site"), partition_by="day")

    def transform(self, days, latest):
        found = days.join(latest.select("site"), "site").select("day", "site", "amount")
        return found
""",
    "totals": """
    reads = (DAYS, Input.previous())
    writes = Table("m.totals", (SITE, AMOUNT, *NEW), key=("site",))

    def transform(self, days, previous, *, dates):
        both = previous.select("site", "amount").unionByName(days.select("site", "amount"))
        found = both.groupBy("site").agg(F.sum("amount").alias("amount"))
        return found
""",
    "running": """
    reads = (DAYS, Input.previous())
    writes = Table("m.running", (DAY, SITE, AMOUNT, *NEW), key=("day", "site"), partition_by="day")

    def transform(self, days, previous, *, dates):
        both = previous.select("site", "amount").unionByName(days.select("site", "amount"))
        found = both.groupBy("site").agg(F.sum("amount").alias("amount"))
        found = found.withColumn("day", F.lit(str(dates.first)).cast("date"))
        return found
""",
}
"""What each job reads and writes, and how; a job that others read stands before them."""

OF_LINE_82 = {  # a column that may be null, which is compatible; it fails where it is told to
    "NEW = ()": 'NEW = (Column("note", "string", nullable=True),)',
    "return found": 'return found.withColumn("note", F.lit(None).cast("string"))',
    "    def transform": '    changes = (Added("note", "asked for"),)\n\n    def transform',
    "*, dates):\n": "*, dates):\n        assert str(dates.last) != os.environ.get('BROKEN'), 'broken'\n",
    "from pyspark": "import os\n\nfrom pyspark",
}
WHOLE = ("latest", "totals")
BY_DATE = (*WHOLE, "beside", "running")  # of which a run is of one date
AT_ONCE = (*WHOLE, "running")


def installed(site: Path, folder: Path, *days: str) -> None:
    """Install the jobs in lines 8.1 and 8.2, over two readings in each hour of some days."""
    for line in ("8.1", "8.2"):
        jobs = {name: HEAD + source for name, source in JOBS.items()}
        for old, new in OF_LINE_82.items() if line == "8.2" else ():
            jobs = {name: source.replace(old, new) for name, source in jobs.items()}
        install_line(site, line, jobs)
    rows = [
        f"{at + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ},{site},{amount(at, site)}"
        for day in days
        for at in hours_of(day)
        for minutes in (0, 30)
        for site in SITES
    ]
    (folder / "readings.csv").write_text("\n".join(["at,site,amount", *rows, ""]))
    (folder / "dwh.toml").write_text(SOURCES)


def hours_of(day: str) -> Iterator[datetime]:
    """Yield the hours of a day of UTC."""
    first = datetime.fromisoformat(day).replace(tzinfo=timezone.utc)
    yield from (first + timedelta(hours=number) for number in range(24))


def amount(at: datetime, site: str) -> int:
    """Return what each reading of an hour and site is."""
    return at.hour + 7 * at.day + SITES.index(site)


def model(job: str, days: Sequence[str]) -> list[Row]:
    """Return what readers of a job's table get after it has run for neighbouring days of one month."""
    of_day = {
        (day, site): 2 * sum(amount(at, site) for at in hours_of(day)) for day in days for site in SITES
    }
    so_far = {
        (day, site): sum(of_day[before, site] for before in days[: days.index(day) + 1])
        for day, site in of_day
    }
    if job == "hours":
        hours = ((at, site) for day in days for at in hours_of(day) for site in SITES)
        return [
            {"at": f"{at:%Y-%m-%d %H}:00:00Z", "site": site, "amount": 2 * amount(at, site)}
            for at, site in hours
        ]
    if job in WHOLE:
        found = of_day if job == "latest" else so_far
        return [{"site": site, "amount": found[days[-1], site]} for site in SITES]
    if job == "months":
        return [
            {"day": f"{days[0][:7]}-01", "site": site, "amount": so_far[days[-1], site]} for site in SITES
        ]
    if job == "recent":
        near = {of: of_day[of] + of_day.get((_before(days, of[0]), of[1]), 0) for of in of_day}
    else:
        near = so_far if job == "running" else of_day
    return [{"day": day, "site": site, "amount": near[day, site]} for day, site in of_day]


def _before(days: Sequence[str], day: str) -> str:
    return days[days.index(day) - 1] if day != days[0] else ""


@dataclass
class Play:
    """Types commands, and holds what they give against `model`."""

    typed: Typed
    days: Sequence[str]

    def dwh(self, words: str, *more: str, code: int = 0) -> str:
        """Type a command, and return what it prints."""
        found, printed, said = self.typed(*words.split(), *more)
        assert found == code, f"dwh {words}: {found}\n{printed}\n{said}"
        return printed if code == 0 else said

    def dates(self, job: str, first: int = 0, last: int = -1) -> str:
        """Return the options that name days, as dates of a job."""
        since, until = self.days[first], self.days[last]
        if job == "hours":
            return f"--from {since}T00 --to {until}T23"
        if job == "months":
            return f"--from {since[:7]} --to {until[:7]}"
        return f"--from {since} --to {until}"

    def reads(self, job: str, *where: str, new: bool = False) -> None:
        """Assert that readers of a table get what they should, with line 8.2's new column or without."""
        rows = json.loads(self.dwh(f"show m.{job} --limit 999 --json", *where))
        others = {"note": None} if new else {}
        assert rows == [{**row, **others} for row in model(job, self.days)], (job, where, rows)

    def run(self, job: str) -> None:
        """Run a job for the first time, and publish it."""
        verb = "backfill" if job in BY_DATE and job != "totals" else "run"
        self.dwh(f"{verb} {job}@8.1 {self.dates(job)}")
        self.dwh(f"pin {job} 8.1 --publish --reason start")
        self.reads(job)
        found = json.loads(self.dwh(f"history m.{job} --inputs --json"))
        assert {one["input"] for one in found} == {
            "hours": {"readings"},
            "days": {"m.hours"},
            "beside": {"m.days", "m.latest"},
        }.get(job, {"m.days", f"m.{job}"} if job in ("totals", "running") else {"m.days"})

    def compare(self, job: str) -> None:
        """A range is what its dates are, where they are not runs of their own; both lines give the same."""
        span = self.dates(job) if job != "hours" else f"--from {self.days[0]}T01 --to {self.days[0]}T02"
        if job != "months":
            one_by_one = f"compare {job}@8.1 {job}@8.1 --run --one-by-one --json {span}"
            if job in BY_DATE:
                assert "[DWH101]" in self.dwh(one_by_one, code=2)
            else:
                assert json.loads(self.dwh(one_by_one))["verdict"] == "pass"
        first = self.dates(job, 0, 0)
        if job in ("totals", "running"):  # beside a history, the new line does not begin its own anew
            lacks = self.dwh(f"compare {job}@8.1 {job}@8.2 --run {self.dates(job, -1)}", code=1)
            assert "[DWH304]" in lacks and self.days[0] in lacks
        report = json.loads(self.dwh(f"compare {job}@8.1 {job}@8.2 --run --json {first}"))
        assert (report["verdict"], report["rows"]["matched"] > 0) == ("pass", True)
        if job not in ("months", "hours"):
            report = json.loads(
                self.dwh(f"compare {job}@8.1 {job}@8.2 --run --exact --json {self.dates(job)}")
            )
            assert report["rows"]["matched"] == 2 * len(self.days)

    def roll_out(self, job: str) -> None:
        """Both lines run, the new one is published, and the old one again."""
        steps = "shadow,cutover" if job in AT_ONCE else "shadow,100%"
        planned = json.loads(self.dwh(f"rollout plan {job} 8.1 8.2 --gate 1 --json --steps {steps}"))
        assert planned["way"] == ("cutover" if job in AT_ONCE else "ramp")
        self.dwh(f"rollout start {job} --reason try")
        self.dwh(f"backfill {job}@8.2 {self.dates(job)}")
        if job == "totals":
            self.stumble(job)
        last = self.dates(job, -1)
        if job == "latest":
            assert "[DWH109]" in self.dwh(f"run {job} {self.dates(job)}", code=2)
            last = f"--date {self.days[-1]}"
        assert all(one["shadow"] == "pass" for one in json.loads(self.dwh(f"run {job} {last} --json")))
        self.dwh(f"rollout advance {job}")
        if job not in AT_ONCE:
            self.dwh(f"run {job} {last} --version current")
        self.reads(job, new=True)
        self.dwh(f"rollout rollback {job} --reason back")
        self.reads(job)
        assert f"{job} in dev" in self.dwh("board")
        assert "rolled back" in next(
            line for line in self.dwh("pins").splitlines() if line.split()[1:2] == [job]
        )

    def stumble(self, job: str) -> None:
        """A new line that fails halfway is held back, shows nothing, and goes on where it stopped."""
        os.environ["BROKEN"] = self.days[-1]
        served = json.loads(self.dwh(f"run {job} {self.dates(job)} --json"))
        del os.environ["BROKEN"]
        assert [(one["shadow"], one["consequence"]) for one in served] == [("pass", None), ("error", "hold")]
        self.reads(job)
        (failed,) = json.loads(self.dwh(f"history m.{job} --all --json"))["runs"]
        assert (failed["status"], failed["dates"]) == ("failed", self.days[-1])
        self.dwh(f"rollout resume {job} --reason mended")

    def promote(self, job: str) -> None:
        """Another environment gets what was run here."""
        self.dwh(f"pin {job} 8.1 --env prod --reason start")
        dates = self.dates(job).replace("--from", "--from-date").replace("--to", "--to-date")
        self.dwh(f"promote {job}@8.1 --from dev --to prod {dates}")
        self.reads(job, "--env", "prod")

    def keep(self, jobs: Sequence[str]) -> None:
        """What nobody needs goes; readers, and who runs the newest date again, notice nothing."""
        self.dwh("gc --keep 1 --older-than 0")
        for job in jobs:
            self.reads(job)
            self.reads(job, "--env", "prod")
        for job in set(jobs) & {"totals", "running"}:
            self.dwh(f"run {job} --env prod --date {self.days[-1]}")
            self.reads(job, "--env", "prod")

    def outdate(self, jobs: Sequence[str]) -> None:
        """A day that is run again outdates what was made of it, wherever nothing newer was read."""
        self.dwh(f"run days {self.dates('days', -1)}")
        for job in set(jobs) - {"hours", "days"}:
            found = json.loads(self.dwh(f"history m.{job} --line 8.1 --json"))["outputs"]
            newest = [one for one in found if one["state"] == "newest"]
            assert "m.days" in newest[-1]["outdated"], (job, newest)


def play(typed: Typed, days: Sequence[str], jobs: Sequence[str] = tuple(JOBS)) -> None:
    """Play some jobs, those that they read before them, through the commands.

    Parameters:
        typed: types a command; returns its exit code, what it printed and what it said.
        days: neighbouring days of one month, for which there are readings.
    """
    story = Play(typed, days)
    for job in jobs:
        story.run(job)
    for job in jobs:
        story.compare(job)
        story.promote(job)
    for job in jobs:
        story.roll_out(job)
    story.keep(jobs)
    if "days" in jobs:
        story.outdate(jobs)


def typed_here(*words: str) -> tuple[int, str, str]:
    """Type a command in this process, whose engine goes on."""
    from dwh.migrate.cli import main
    from dwh.migrate.console import engine_kept

    sys.argv, code = ["dwh", *words], 0
    with (
        contextlib.redirect_stdout(io.StringIO()) as printed,
        contextlib.redirect_stderr(io.StringIO()) as said,
    ):
        try:
            with engine_kept():
                main()
        except SystemExit as stop:
            code = int(stop.code or 0)
    return code, printed.getvalue(), said.getvalue()


if __name__ == "__main__":
    here, played, chosen = Path.cwd(), sys.argv[1].split(","), sys.argv[2:]
    (here / "jobs").mkdir()
    sys.path.insert(0, str(here / "jobs"))
    installed(here / "jobs", here, *played)
    # A server that the configuration names has settings of its own.
    with contextlib.nullcontext() if "DWH_SPARK" in os.environ else local_session():
        play(typed_here, played, chosen or tuple(JOBS))

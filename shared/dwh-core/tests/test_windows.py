"""Jobs that look back and ahead: a range in one run gives what its dates give one by one."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from dwh.core.errors import RunError
from dwh.core.warehouse import read_table

FIRST = date(2024, 1, 1)
MEAN = '''
from pyspark.sql import Window
from pyspark.sql import functions as F

from dwh.core import Column, Input, Job, Table

TAKINGS = Table("takings", columns=(Column("day", "date"), Column("amount", "double")), partition_by="day")


class Mean(Job):
    """The mean of what was taken on a day and the six before it."""

    reads = (READS,)
    writes = Table(
        "shop.mean",
        columns=(Column("day", "date"), Column("mean", "double"), Column("days", "bigint")),
        key=("day",),
        partition_by="day",
    )

    def transform(self, takings):
        number = F.datediff("day", F.lit("2000-01-01"))
        week = Window.partitionBy(F.lit(1)).orderBy(number).rangeBetween(-6, 0)
        mean = F.round(F.avg("amount").over(week), 2)
        return takings.select("day", mean.alias("mean"), F.count("*").over(week).alias("days"))
'''


@pytest.fixture
def mean(installed_line, tmp_path, config):
    """Install the job with its `reads`, over nine days of takings; run it, and read what it wrote."""
    from dataclasses import replace

    from dwh.core.config import SourcePlace
    from dwh.core.lines import find_job
    from dwh.core.warehouse import Warehouse

    amounts = [29_611.93] * 6 + [24_228.93, 10.0, 10.0]
    for number, amount in enumerate(amounts):
        folder = tmp_path / "takings" / f"day={FIRST + timedelta(number)}"
        folder.mkdir(parents=True)
        (folder / "part.csv").write_text(f"amount\n{amount}\n")
    place = SourcePlace("csv", str(tmp_path / "takings"), {"header": "true"})
    warehouse = Warehouse.create(replace(config, sources={"takings": place}))

    def make(reads):
        installed_line("7.1", {"mean": MEAN.replace("READS", reads)})
        job = find_job("mean@7.1")()

        def run(spark, start, end=None):
            job.run(start=start, end=end or start, spark=spark, warehouse=warehouse)
            found = read_table(
                spark, "shop.mean", line="7.1", start=start, end=end or start, warehouse=warehouse
            )
            return {row["day"].day: (row["mean"], row["days"]) for row in found.collect()}

        run.warehouse = warehouse
        return run

    return make


def test_a_date_alone_gives_what_it_gives_in_a_range(spark, mean):
    """Looking back six days, the seventh day has the same mean however it is run; without, it has not."""
    blind = mean("TAKINGS")
    assert blind(spark, "2024-01-01", "2024-01-07")[7] == (28_842.93, 7)
    assert blind(spark, "2024-01-07") == {7: (24_228.93, 1)}


def test_a_window_reads_the_dates_around(spark, mean):
    """What the window brings in is read and left out of the result, and the ledger says how far it was."""
    run = mean("Input(TAKINGS, back=6)")
    assert run(spark, "2024-01-07") == {7: (28_842.93, 7)}
    in_a_range = run(spark, "2024-01-07", "2024-01-09")
    assert in_a_range == {7: (28_842.93, 7), 8: in_a_range[8], 9: in_a_range[9]}
    for day in (8, 9):
        assert run(spark, f"2024-01-0{day}") == {day: in_a_range[day]}
    *_, last = run.warehouse.ledger.find_runs()
    assert (last.inputs[0]["back"], last.inputs[0]["ahead"]) == (6, 0)


def test_a_window_beyond_the_first_date(spark, mean):
    """Dates that are not at a place that Spark reads have no rows: the mean is of what there is."""
    run = mean("Input(TAKINGS, back=6)")
    assert run(spark, "2024-01-02") == {2: (29_611.93, 2)}
    with pytest.raises(RunError, match="0001-01-02"):  # beyond the first of all dates
        run(spark, "0001-01-02")


def test_without_a_window_other_dates_are_an_error(spark, mean, installed_line):
    """Rows for dates that were not asked for fail the run, unless an input looks around."""
    ahead = mean("Input(TAKINGS, ahead=1)")
    assert set(ahead(spark, "2024-01-07")) == {7}
    source = MEAN.replace("READS", "TAKINGS").replace(
        'select("day"', 'select(F.date_add("day", 1).alias("day")'
    )
    installed_line("7.2", {"mean": source})
    from dwh.core.lines import find_job

    with pytest.raises(RunError, match="dates that were not asked for: 2024-01-08"):
        find_job("mean@7.2")().run(date="2024-01-07", spark=spark, warehouse=ahead.warehouse)

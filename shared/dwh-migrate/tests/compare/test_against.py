"""Comparing what is at a path with what a version wrote."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from dwh.compare import Comparison, ComparisonError
from dwh.core.dates import DateRange
from dwh.core.testing import frame_of_rows
from dwh.migrate.compare.against import Against, compare_with_source
from dwh.migrate.compare.outputs import OutputOptions
from dwh.migrate.compare.sources import look_at_source, source_of

pytestmark = pytest.mark.usefixtures("interpreted")
DAYS = (date(2013, 1, 1), date(2013, 1, 2))
ROWS = [(DAYS[0], "02134", 1.5, 1), (DAYS[0], "02135", None, 2), (DAYS[1], "02134", 2.5, 3)]
SCHEMA = "day date, zip string, mean double, n bigint"
CONTRACT = {
    "name": "t", "key": ["day", "zip"], "partition_by": "day", "may_be_empty": False,
    "columns": [{"name": name, "type": kind} for name, kind in map(str.split, SCHEMA.split(", "))],
}  # fmt: skip


@dataclass
class Written:
    """A version's outputs, which stand in for those of a warehouse: what is tested here is the path."""

    frame: DataFrame
    label: str = "job@0.1"
    job: str = "job"
    line: str = "0.1"
    contract: Any = None
    outputs: Any = None

    def provenance(self) -> dict[str, Any]:
        return {}

    def read(self, spark: SparkSession, outputs: list[Any]) -> DataFrame:
        return self.frame.where(self.frame.day.isin([output.partition_date for output in outputs]))

    @property
    def ledger(self) -> Any:
        return SimpleNamespace(find_runs=lambda *_: [])  # none was removed


def output(day: date) -> SimpleNamespace:
    rows = sum(row[0] == day for row in ROWS)
    return SimpleNamespace(run_id="run", partition_date=day, row_count=rows, table_name="t")


@pytest.fixture
def written(spark: SparkSession) -> Written:
    """Three rows of two dates."""
    return Written(
        frame_of_rows(spark, ROWS, SCHEMA), contract=CONTRACT, outputs={day: output(day) for day in DAYS}
    )


def compared(
    spark: SparkSession, text: str, written: Any, options: OutputOptions | None = None, left: bool = True
) -> Comparison:
    source = source_of(text, {})
    both = Against(source, look_at_source(source), written, left, {})
    return compare_with_source(spark, written, both, options or OutputOptions())


@pytest.mark.parametrize("left", [True, False])
def test_parquet_with_partitions_compares_by_the_contracts_types(
    spark: SparkSession, written: Written, tmp_path: Path, left: bool
) -> None:
    """Names of folders are text, and mean the date."""
    written.frame.write.partitionBy("day").parquet(str(tmp_path / "old"))
    result = compared(spark, str(tmp_path / "old"), written, left=left)
    assert (result.verdict, result.rows.matched) == ("pass", 3)
    assert [(c.name, c.reason) for c in result.schema if c.status == "type_changed"] == [
        ("day", "names of folders are text")
    ]


@pytest.mark.breadth
def test_csv_is_text_that_means_something(spark: SparkSession, written: Written, tmp_path: Path) -> None:
    """Every column compares by its type in the contract; what differs is shown as it was written."""
    file = tmp_path / "old.csv"
    file.write_text("day,zip,mean,n\n2013-01-01,02134,1.50,1\n2013-01-01,02135,,2\n2013-01-02,02134,2.5,3\n")
    assert compared(spark, f"csv:{file}", written).verdict == "pass"
    file.write_text("day,zip,mean,n\n2013-01-01,02134,1.5,1\n2013-01-01,02135,x,2\n2013-01-02,2134,2.5,3\n")
    result = compared(spark, f"csv:{file}", written)
    rows = result.rows
    assert (result.verdict, rows.changed.count, rows.left_only.count, rows.right_only.count) == (
        "fail",
        1,
        1,
        1,
    )


def test_json_is_read_as_text_too(spark: SparkSession, written: Written, tmp_path: Path) -> None:
    """A number in JSON has the digits that were written."""
    written.frame.selectExpr("CAST(day AS string) AS day", "zip", "mean", "n").write.json(
        str(tmp_path / "old")
    )
    assert compared(spark, f"json:{tmp_path / 'old'}", written).verdict == "pass"


def test_rows_are_limited_to_the_dates(spark: SparkSession, written: Written, tmp_path: Path) -> None:
    """Other dates at the path do not count when dates are asked for, and are a gap otherwise."""
    written.frame.write.parquet(str(tmp_path / "old"))
    written.outputs = {DAYS[0]: output(DAYS[0])}
    asked = OutputOptions(dates=DateRange(DAYS[0], DAYS[0]))
    assert compared(spark, str(tmp_path / "old"), written, asked).verdict == "pass"
    result = compared(spark, str(tmp_path / "old"), written)
    assert result.verdict == "incomplete"
    assert "has no output" in result.reasons[0]
    both_days = OutputOptions(dates=DateRange(*DAYS))
    assert compared(spark, str(tmp_path / "old"), written, both_days).verdict == "incomplete"


def test_names_in_other_cases_belong_together_when_asked(
    spark: SparkSession, written: Written, tmp_path: Path
) -> None:
    """So that rows are limited to the dates by them, and text means what the contract says."""
    file = tmp_path / "old.csv"
    file.write_text("DAY,ZIP,Mean,N\n2013-01-01,02134,1.5,1\n2013-01-01,02135,,2\n2013-01-02,x,2,3\n")
    written.outputs = {DAYS[0]: output(DAYS[0])}
    asked = OutputOptions(dates=DateRange(DAYS[0], DAYS[0]), ignore_case=True)
    result = compared(spark, f"csv:{file}", written, asked)
    assert (result.verdict, result.rows.matched) == ("pass", 2)


def test_a_path_without_the_dates_is_refused_where_dates_are_asked_for(
    spark: SparkSession, written: Written, tmp_path: Path
) -> None:
    """It cannot be limited to them; neither can a version without outputs be compared."""
    written.frame.drop("day").write.parquet(str(tmp_path / "old"))
    with pytest.raises(ComparisonError, match="has no column day"):
        compared(spark, str(tmp_path / "old"), written, OutputOptions(dates=DateRange(*DAYS)))
    written.outputs = {}
    with pytest.raises(ComparisonError, match="has no output"):
        compared(spark, str(tmp_path / "old"), written)


def test_formats_are_named_before_the_path() -> None:
    """Parquet needs no name; an object store's address is a path."""
    assert source_of("./x", {"sep": ";"}).options == {}
    assert (source_of("csv:./x", {"sep": ";"}).format, source_of("csv:./x", {"sep": ";"}).options) == (
        "csv", {"sep": ";"},
    )  # fmt: skip
    assert source_of("s3a://bucket/x", {}).path == "s3a://bucket/x"

"""The same answers on every engine: on Sail, and on the Spark 3.5 that Glue has (nox -s sail, nox -s glue).

What each case is about has tests of its own, on the Spark of `nox -s tests`.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import pytest
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

sys.path.insert(0, str(Path(__file__).parent))

from engine_cases import CASES

from dwh.compare import ComparisonError, compare
from dwh.core.engine import is_sail
from dwh.core.errors import UsageError
from dwh.migrate.compare.sources import look_at_source, read_source, source_of

pytestmark = pytest.mark.sail


@pytest.mark.parametrize("name", CASES)
def test_the_answer_is_that_of_every_engine(spark: SparkSession, name: str) -> None:
    """Connect is asked the same in `test_connect`."""
    case, answer = CASES[name]
    assert case(spark) == answer


def test_a_number_of_json_that_sail_would_cut_is_refused(spark: SparkSession, tmp_path: Path) -> None:
    """Spark compares it as it was written."""
    (tmp_path / "a.json").write_text('{"id": 1, "v": 1234567890123456789012345}\n')
    source = source_of(f"json:{tmp_path}/a.json", {})
    if not is_sail(spark):
        assert read_source(spark, source, look_at_source(source)).frame.collect()[0].v[-2:] == "45"
        return
    with pytest.raises(ComparisonError, match="compare on Spark"):
        read_source(spark, source, look_at_source(source))


def test_an_option_of_csv_that_sail_does_not_know_is_refused(spark: SparkSession, tmp_path: Path) -> None:
    """It would read é and è of Latin-1 as one letter, though it was told what they are."""
    if not is_sail(spark):
        pytest.skip("Spark knows it")
    (tmp_path / "a.csv").write_bytes("id,v\n1,é\n".encode("latin-1"))
    source = source_of(f"csv:{tmp_path}/a.csv", {"encoding": "ISO-8859-1"})
    with pytest.raises(UsageError, match="found encoding"):
        read_source(spark, source, look_at_source(source))


@pytest.mark.parametrize(("field", "said"), [('""', "null to Sail"), ('"a""b"', "set the option escape")])
def test_quotes_of_csv_that_sail_reads_in_another_way_are_refused(
    spark: SparkSession, tmp_path: Path, field: str, said: str
) -> None:
    """It would find `""` equal to nothing, and a doubled quote equal to one, which Spark does not."""
    found = []
    for name, text in (("a", field), ("b", "" if field == '""' else 'a"b')):
        (tmp_path / f"{name}.csv").write_text(f"id,v\n1,{text}\n")
        source = source_of(f"csv:{tmp_path}/{name}.csv", {})
        found.append(partial(read_source, spark, source, look_at_source(source)))
    try:
        verdict = compare(*(read().frame for read in found), key="id").verdict
    except (UsageError, PySparkException) as error:
        assert is_sail(spark) and said in str(error)
    else:
        assert verdict == "fail" and not is_sail(spark)

"""Which Spark a line supports: the range in its metadata, and versions as platforms write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dwh.core.errors import SparkVersionError
from dwh.core.lines import installed_lines
from dwh.core.supported import check_spark

DAY = "2024-01-01"


@pytest.fixture
def requiring(installed_line, site: Path):
    """Install line 7.1 with these requirements in its metadata; return the line."""

    def install(*requirements: str):
        installed_line("7.1")
        metadata = site / "dwh_v7_1-7.1.0.dist-info" / "METADATA"
        metadata.write_text(metadata.read_text() + "".join(f"Requires-Dist: {r}\n" for r in requirements))
        return installed_lines()["7.1"]

    return install


@pytest.mark.parametrize("version", ["3.5.0", "3.5.4-amzn-0", "4.1.4", "4.2.0.dev1"])
def test_a_supported_spark(requiring, version):
    """Both ends of the range, what a platform adds to a number, and a version before its release."""
    check_spark(requiring("dwh-core>=0.1", "pyspark>=3.5,<=4.2"), version)


@pytest.mark.parametrize("version", ["3.4.9", "4.2.0", "10.0", "3.3.0-databricks"])
def test_an_unsupported_spark(requiring, version):
    """The error names the release, what it supports and what was found."""
    with pytest.raises(
        SparkVersionError, match=rf"dwh-v7_1 7\.1\.0 supports pyspark .* Spark {version}:"
    ) as caught:
        check_spark(requiring("pyspark<4.2,>=3.5"), version)
    assert (caught.value.supported, caught.value.found) == ("<4.2,>=3.5", version)


def test_a_requirement_for_another_python_does_not_count(requiring):
    """A range under a marker that does not hold here, or of an extra, is none."""
    check_spark(requiring('pyspark<3; python_version < "3"', 'pyspark<2; extra == "old"'), "4.1.4")


def test_a_run_on_an_unsupported_spark_is_refused(spark, warehouse, requiring):
    """It is refused before anything is recorded."""
    job = requiring("pyspark>=9").job("takings")()
    with pytest.raises(SparkVersionError, match=f"pyspark >=9, but this is Spark {spark.version}"):
        job.run(date=DAY, spark=spark, warehouse=warehouse)
    assert warehouse.ledger.find_runs() == []

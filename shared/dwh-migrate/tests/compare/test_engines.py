"""The same answers on every engine: on Sail, and on the Spark 3.5 that Glue has (nox -s sail, nox -s glue).

What each case is about has tests of its own, on the Spark of `nox -s tests`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

sys.path.insert(0, str(Path(__file__).parent))

from engine_cases import CASES

pytestmark = pytest.mark.sail


@pytest.mark.parametrize("name", CASES)
def test_the_answer_is_that_of_every_engine(spark: SparkSession, name: str) -> None:
    """Connect is asked the same in `test_connect`."""
    case, answer = CASES[name]
    assert case(spark) == answer

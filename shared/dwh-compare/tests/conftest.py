"""One small Spark session in a zone that shows mistakes, the brute-force oracle, and a choice of step."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

sys.path.insert(0, str(Path(__file__).parent))

from frames import frame_of_rows
from oracle import Found, brute_force, meaning  # found by the path above

QUICK = {
    # To compile a plan, or to adapt it, takes far longer than to run it on ten rows.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    # Rows that a test writes down are read as others are, not worked out while the plan is made.
    "spark.sql.optimizer.excludedRules": "org.apache.spark.sql.catalyst.optimizer.ConvertToLocalRelation",
}
APPLICATION = {
    **QUICK,
    "spark.master": "local[2]",
    # A third of all calls into the JVM would tell it which line of Python comes next.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "2g",
    # What the parser remembers of all expressions, in a process with many tests, would fill the memory.
    "spark.sql.parser.manageParserCaches": "true",
    "spark.sql.parser.parserDfaCacheFlushThreshold": "60000",
    "spark.default.parallelism": "1",
    "spark.log.level": "OFF",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "2",
    "spark.ui.enabled": "false",
}
"""What the tests of all packages may share: where they run in one process, the first of them starts Spark."""
SESSION = {**QUICK, "spark.sql.session.timeZone": "Asia/Kathmandu", "spark.sql.shuffle.partitions": "1"}


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """A session in Kathmandu, 5 h 45 min east of UTC, in the application of this process."""
    before = SparkSession.getActiveSession()
    builder = SparkSession.builder
    for name, value in APPLICATION.items():
        builder = builder.config(name, value)
    application = before or builder.getOrCreate()
    session = application.newSession()
    for name, value in SESSION.items():
        session.conf.set(name, value)
    yield session
    if before is None:
        application.stop()


@pytest.fixture
def oracle() -> Callable[..., Found]:
    """The brute-force comparison."""
    return brute_force


@pytest.fixture
def mean() -> Callable[[Any], Any]:
    """What a Python value means: equal for values that mean the same."""
    return meaning


@contextmanager
def _on_the_ladder() -> Iterator[None]:
    module = importlib.import_module("dwh.compare.comparing")  # the package has a function of this name
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "collected", lambda *_: None)
        yield


@pytest.fixture
def on_the_ladder() -> Callable[[], AbstractContextManager[None]]:
    """A context in which small tables are compared by the steps for large ones."""
    return _on_the_ladder


@pytest.fixture
def ladder() -> Iterator[None]:
    """Compare small tables by the steps for large ones."""
    with _on_the_ladder():
        yield


@pytest.fixture(params=["collected", pytest.param("ladder", marks=pytest.mark.breadth)])
def either_step(request: pytest.FixtureRequest) -> str:
    """Compare small tables as such, then by the steps for large ones; return which."""
    if request.param == "ladder":
        request.getfixturevalue("ladder")
    return str(request.param)


@pytest.fixture
def table(spark: SparkSession) -> Callable[..., DataFrame]:
    """Make a DataFrame from a schema and rows."""

    def make(schema: str, *rows: Any) -> DataFrame:
        return frame_of_rows(spark, list(rows), schema)

    return make

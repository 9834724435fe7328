"""Run a job on rows that a test writes down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dwh.core.audit import audit_key, audit_schema, conform
from dwh.core.contract import Table, ddl
from dwh.core.engine import is_remote

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from dwh.core.dates import DateRange
    from dwh.core.job import Job

__all__ = ["frame_of", "frame_of_rows", "local_session", "output_of"]

INTERPRETED = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
}
"""To compile a plan, or to adapt it, takes far longer than to run it on ten rows."""

_SMALL = {
    "spark.master": "local[2]",
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "1",
    "spark.driver.memory": "2g",
    # What the parser remembers of all expressions, in a process with many tests, would fill the memory.
    "spark.sql.parser.manageParserCaches": "true",
    "spark.sql.parser.parserDfaCacheFlushThreshold": "60000",
    "spark.log.level": "OFF",
    **INTERPRETED,
    # A third of all calls into the JVM would tell it which line of Python comes next.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
    # Rows that a test writes down are read as others are, not worked out while the plan is made.
    "spark.sql.optimizer.excludedRules": "org.apache.spark.sql.catalyst.optimizer.ConvertToLocalRelation",
}


@contextmanager
def local_session(settings: Mapping[str, str] | None = None) -> Iterator[SparkSession]:
    """Give a small session in this process, of the engine that `dwh` takes here: Spark or Sail.

    Starting it takes seconds: make it once for all tests, in a fixture whose scope is `session`. The block
    that started Spark stops it; others, meanwhile, get a session of their own in the same application.

    Parameters:
        settings: of Spark SQL, such as a line's `LINE.settings`.
    """
    from pyspark.sql import SparkSession

    from dwh.core.session import line_session, spark_session

    before = SparkSession.getActiveSession()
    application = spark_session(_SMALL)
    try:
        with line_session(application, settings or {}) as session:
            yield session
    finally:
        if before is None:
            application.stop()


def frame_of(
    spark: SparkSession, table: Table, *rows: Mapping[str, Any], usual: Mapping[str, Any] | None = None
) -> DataFrame:
    """Return rows as a DataFrame with the columns of an input, in the types that it declares.

    Parameters:
        rows: the values that matter to the test, by column.
        usual: the values of columns that a row does not mention; null where it has none either.
    """
    columns = [column.to_dict() for column in table.columns]
    filled = [{**(usual or {}), **row} for row in rows]
    return frame_of_rows(
        spark, [tuple(row.get(column["name"]) for column in columns) for row in filled], ddl(columns)
    )


def frame_of_rows(spark: SparkSession, rows: Sequence[tuple[Any, ...]], schema: str) -> DataFrame:
    """Return rows as a DataFrame, as `createDataFrame` does, in a tenth of its time.

    `createDataFrame` of classic Spark gives rows to Python workers, each time the frame is read. Here Spark
    holds them itself, from version 4.1 on and where PyArrow is installed.

    Parameters:
        schema: names and types as in SQL: `day date, amount double`.
    """
    try:
        from pyspark.sql.conversion import LocalDataToArrowConversion
        from pyspark.sql.pandas.utils import require_minimum_pyarrow_version

        require_minimum_pyarrow_version()
    except ImportError:  # an older Spark, or no PyArrow, which a line need not have
        return spark.createDataFrame(list(rows), schema)
    if is_remote(spark) or not rows:
        return spark.createDataFrame(list(rows), schema)
    from pyspark.sql.types import StructType

    types: Any = StructType.fromDDL(schema)
    table: Any = LocalDataToArrowConversion.convert(list(rows), types, False)
    frame: DataFrame = spark.createDataFrame(table, types)
    return frame


def output_of(job: Job, *, dates: DateRange | None = None, **inputs: DataFrame) -> DataFrame:
    """Return what a job makes of its inputs, held to its contract as a run holds it.

    Parameters:
        dates: the logical dates of the run, for a job whose `transform` takes them.
        inputs: a DataFrame for each table of `reads`, by its short name.

    Raises AuditError when a column is missing, has another type or is not in the contract, or when the key
    is not unique. A null in a required column fails the action that meets it.
    """
    frame = job.transform(**inputs, **({} if dates is None else {"dates": dates}))
    audit_schema(frame, job.writes)
    output = conform(frame, job.writes)
    audit_key(output, job.writes)
    return output

"""Comparing on a real Spark Connect server, which has no JVM on this side."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("grpc", reason="Spark Connect's client is not installed: pip install 'pyspark[connect]'")
pytestmark = pytest.mark.connect

PROGRAM = """
import json
from pyspark.sql import SparkSession
from dwh.core import Expected
from dwh.compare import compare, compare_stored, fingerprint

spark = SparkSession.builder.remote("local[1]").getOrCreate()
spark.conf.set("spark.sql.shuffle.partitions", "1")
spark.conf.set("spark.sql.adaptive.enabled", "false")  # it and compiling take longer than running on ten rows
spark.conf.set("spark.sql.codegen.wholeStage", "false")
spark.conf.set("spark.sql.codegen.factoryMode", "NO_CODEGEN")
schema = "k int, s string, x double, m map<string,int>"
old = spark.createDataFrame([(1, "a", 1.0, {"p": 1}), (2, "b", 2.0, {}), (3, "c", None, None)], schema)
new = spark.createDataFrame([(1, "a", 1.0, {"p": 1}), (2, "b", 2.5, {}), (4, "d", None, None)], schema)
meant = (Expected("x", kind="value", where="new.x - old.x < 1", reason="measured better"),)
result = compare(old, new, key=["k"], changes=meant)
rows = result.rows
stored = fingerprint(old, ["k"], unique=True)
same = [compare(old, old, key=["k"]), compare(old, old), compare_stored(stored, stored)]
from engine_cases import CASES

wrong = {name: str(found) for name, (case, answer) in CASES.items() if (found := case(spark)) != answer}
print(json.dumps({
    "wrong": wrong,
    "type": type(spark).__module__,
    "differs": [result.verdict, rows.matched, rows.changed.expected, rows.left_only.unexpected],
    "same": [found.verdict for found in same],
}))
"""


def test_connect_gives_the_same_answers():
    """Counts, expectations, multisets, stored fingerprints and `engine_cases` work over Spark Connect."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    for name in ("SPARK_REMOTE", "SPARK_LOCAL_REMOTE", "SPARK_CONNECT_MODE_ENABLED"):  # a session's, here
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment, timeout=600
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["type"].startswith("pyspark.sql.connect")
    assert found["differs"] == ["fail", 1, 1, 1]
    assert found["same"] == ["pass", "pass", "pass"]
    assert found["wrong"] == {}

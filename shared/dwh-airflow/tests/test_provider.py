"""What Airflow knows of the provider, what importing it costs, and what is said without Airflow."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from installation import DAGS, airflow

pytestmark = [pytest.mark.airflow, pytest.mark.smoke]

WITHOUT_AIRFLOW = """
import sys
sys.modules["airflow"] = None  # as if it were not installed
import dwh.airflow
try:
    dwh.airflow.DwhRunOperator
except ImportError as error:
    print(type(error).__name__, error)
"""
IMPORTED = """
import json, sys, time
import airflow.providers.standard.operators.empty
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, BaseSensorOperator, CronDataIntervalTimetable
import airflow.sdk.exceptions
before, began = set(sys.modules), time.process_time()
exec(compile(open(sys.argv[1]).read(), sys.argv[1], "exec"), {})
seconds = time.process_time() - began
print(json.dumps({"seconds": seconds, "modules": sorted(set(sys.modules) - before)}))
"""


def run_python(program: str, *arguments: str) -> str:
    """Run a program in a Python of its own, in an empty configuration; return the last line it prints."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("DWH_")}
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


def test_airflow_lists_the_provider(airflow_home):
    """`airflow providers list` shows it, and `providers links` its link to reports."""
    listed = json.loads(airflow("providers", "list", "--output", "json", home=airflow_home).stdout)
    assert [row["version"] for row in listed if row["package_name"] == "dwh-airflow"] == ["0.1.0"]
    links = airflow("providers", "links", "--output", "json", home=airflow_home).stdout
    assert "dwh.airflow.links.ReportLink" in links


@pytest.mark.parametrize("dag", ["flights.py", "operators.py"])
def test_importing_a_dag_file_imports_neither_spark_nor_a_database(dag, airflow_home, say):
    """A DAG file imports no pyspark, no ledger and no command; how long it takes is printed."""
    found = json.loads(run_python(IMPORTED, str(DAGS / dag)))
    say(f"{dag}: {found['seconds']:.3f} s of CPU on top of Airflow's own import")
    dear = ("pyspark", "alembic", "dwh.core.ledger", "dwh.core.run", "dwh.core.warehouse", "dwh.migrate")
    assert [name for name in found["modules"] if name.startswith(dear)] == []


def test_without_airflow_it_says_what_to_install():
    """Where Airflow is missing, or too old, an operator cannot be imported, and the error says why."""
    said = run_python(WITHOUT_AIRFLOW)
    assert said.startswith("AirflowMissingError [DWH941] dwh.airflow needs Airflow 3.1 or later")
    assert "pip install dwh-airflow 'apache-airflow>=3.1'" in said

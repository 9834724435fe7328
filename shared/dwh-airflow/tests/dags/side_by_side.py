"""Two releases beside each other, each on a Spark that the other does not support."""

from importlib.metadata import version

from airflow.sdk import DAG

from dwh.airflow import DwhRunOperator

with DAG("side_by_side") as dag:
    old = DwhRunOperator(
        task_id="old",
        job=f"carrier_delays@{version('dwh-v0_1')}",
        isolated=True,
        requirements=["pyspark==3.5.*"],
    )
    new = DwhRunOperator(
        task_id="new",
        job=f"carrier_delays@{version('dwh-v0_2')}",
        isolated=True,
        requirements=["pyspark==4.3.*"],
    )

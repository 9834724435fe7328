"""Two releases beside each other, each on a Spark that the other does not support."""

from airflow.sdk import DAG

from dwh.airflow import DwhRunOperator

with DAG("side_by_side") as dag:
    old = DwhRunOperator(
        task_id="old", job="carrier_delays@0.1.1", isolated=True, requirements=["pyspark==3.5.*"]
    )
    new = DwhRunOperator(
        task_id="new", job="carrier_delays@0.2.0", isolated=True, requirements=["pyspark==4.3.*"]
    )

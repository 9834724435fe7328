"""Two versions beside each other, and what they differ in."""

from airflow.sdk import DAG

from dwh.airflow import DwhCompareOperator, DwhRunOperator

with DAG("operators") as dag:
    legacy = DwhRunOperator(task_id="legacy", job="carrier_delays@0.1")
    new = DwhRunOperator(task_id="new", job="carrier_delays@{{ params.new }}", params={"new": "0.2"})
    compare = DwhCompareOperator(task_id="compare", left="carrier_delays@0.1", right="carrier_delays@0.2")
    [legacy, new] >> compare

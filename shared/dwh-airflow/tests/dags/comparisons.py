"""The same version compared with its output before, which fails or skips what depends on it."""

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

from dwh.airflow import DwhCompareOperator

with DAG("comparisons") as dag:
    same = {"left": "my_job@0.1", "right": "my_job@0.1"}
    fails = DwhCompareOperator(task_id="fails", **same)
    skips = DwhCompareOperator(
        task_id="skips", **same, on_fail="skip", report_url="https://reports.example.org/dwh/"
    )
    fails >> EmptyOperator(task_id="after_fails")
    skips >> EmptyOperator(task_id="after_skips")

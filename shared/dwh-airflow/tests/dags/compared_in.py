"""A version compared with its output before, in an environment that is named and in the default one."""

from airflow.sdk import DAG

from dwh.airflow import DwhCompareOperator

with DAG("compared_in", params={"where": "prod"}) as dag:
    same = {"left": "my_job@0.1", "right": "my_job@0.1"}
    DwhCompareOperator(task_id="in_prod", **same, environment="{{ params.where }}")
    DwhCompareOperator(task_id="in_dev", **same)

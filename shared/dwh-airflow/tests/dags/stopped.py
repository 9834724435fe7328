"""A task that takes minutes, unless somebody stops it."""

from airflow.sdk import DAG

from dwh.airflow import DwhRunOperator

with DAG("stopped") as dag:
    DwhRunOperator(task_id="long", job="my_job@0.1", date="2013-01-17")

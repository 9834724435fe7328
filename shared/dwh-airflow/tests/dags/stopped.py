"""A task that goes on until somebody stops it: its input is a pipe into which nobody writes."""

from airflow.sdk import DAG

from dwh.airflow import DwhRunOperator

with DAG("stopped") as dag:
    DwhRunOperator(task_id="endless", job="my_job@0.1", date="2013-01-17")

"""A date that whoever triggers the DAG is asked for, handed on by hand and by itself."""

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, Param

from dwh.jobs.v0_1_0.my_job import MyJob

with DAG(
    "asked", params={"date": Param(None, type=["null", "string"], format="date"), "day": "2013-01-16"}
) as dag:
    PythonOperator(task_id="by_itself", python_callable=MyJob().run)
    PythonOperator(task_id="by_hand", python_callable=MyJob().run, op_kwargs={"date": "{{ params.day }}"})
    PythonOperator(
        task_id="a_range",
        python_callable=MyJob().run,
        op_kwargs={"start": "{{ params.date or ds }}", "end": "{{ params.day }}"},
    )

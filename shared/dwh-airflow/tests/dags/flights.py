"""Both versions of a job in one DAG, as the README has it."""

from datetime import datetime, timezone

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, CronDataIntervalTimetable

# fmt: off
from dwh.jobs.v0_1_0.my_job import MyJob as MyJobV1
from dwh.jobs.v0_2_0.my_job import MyJob as MyJobV2

with DAG(
    "flights",
    schedule=CronDataIntervalTimetable("@daily", timezone="UTC"),
    start_date=datetime(2013, 1, 15, tzinfo=timezone.utc),
    end_date=datetime(2013, 1, 16, tzinfo=timezone.utc),
    catchup=True,
) as dag:
    legacy_task = PythonOperator(task_id="legacy_job", python_callable=MyJobV1().run)
    new_task = PythonOperator(task_id="new_job", python_callable=MyJobV2().run)
# fmt: on

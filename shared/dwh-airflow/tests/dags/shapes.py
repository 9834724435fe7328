"""An hourly job, a monthly one, one that reads what another has published, and a table with its history."""

from airflow.sdk import DAG, CronDataIntervalTimetable

from dwh.airflow import DwhRunOperator

with DAG("hours", schedule=CronDataIntervalTimetable("@hourly", timezone="UTC")) as hours:
    DwhRunOperator(task_id="weather", job="weather@0.2", grain="hour")

with DAG("months", schedule=CronDataIntervalTimetable("@monthly", timezone="UTC")) as months:
    DwhRunOperator(task_id="traffic", job="monthly_traffic@0.2", grain="month")

with DAG("chain", schedule=CronDataIntervalTimetable("@daily", timezone="UTC")) as chain:
    delays = DwhRunOperator(task_id="delays", job="carrier_delays", environment="prod")
    delays >> DwhRunOperator(task_id="punctuality", job="punctuality", environment="prod")
    DwhRunOperator(task_id="carriers", job="carriers@0.2")

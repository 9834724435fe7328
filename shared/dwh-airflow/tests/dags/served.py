"""What an environment decides, and whoever waits for it."""

from airflow.sdk import DAG

from dwh.airflow import DwhPublishedSensor, DwhRunOperator

with DAG("served") as dag:
    served = DwhRunOperator(task_id="served", job="airport_traffic", environment="prod")
    waits = DwhPublishedSensor(
        task_id="waits",
        table="flights.airport_traffic",
        environment="prod",
        mode="reschedule",
        poke_interval=1,
    )
    looks = DwhPublishedSensor(task_id="looks", table="flights.airport_traffic", environment="prod")
    served >> [waits, looks]

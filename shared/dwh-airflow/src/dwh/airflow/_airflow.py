"""The parts of Airflow that this provider stands on, and what is said where they are missing."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from dwh.airflow.errors import AirflowMissingError

__all__ = [
    "AirflowException",
    "AirflowFailException",
    "AirflowSkipException",
    "BaseOperator",
    "BaseOperatorLink",
    "BaseSensorOperator",
    "PokeReturnValue",
    "conf",
]


def _found() -> str:
    try:
        return f"apache-airflow {version('apache-airflow')}"
    except PackageNotFoundError:
        return "none"


try:
    from airflow.sdk import BaseOperator, BaseOperatorLink, BaseSensorOperator, PokeReturnValue
except ImportError as error:
    raise AirflowMissingError(_found()) from error

try:
    from airflow.sdk import conf
    from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
except ImportError:  # before Airflow 3.2
    from airflow.configuration import conf
    from airflow.exceptions import AirflowException, AirflowFailException, AirflowSkipException

"""The Airflow provider: operators that run versions of jobs, and a sensor for what is published.

    from dwh.airflow import DwhCompareOperator, DwhPublishedSensor, DwhRunOperator

The operators are thin: each runs the `dwh` command as a process of its own and keeps what it printed as
the XCom. So Spark never lives in an Airflow worker, and a DAG file imports neither Spark nor the database
library. `operators` has them, `sensors` the sensor, `links` the link to a comparison's report; `provider`
is what Airflow asks for. How a process is led is in `_command`, what the operators share in `_base`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dwh.airflow.operators import DwhCompareOperator, DwhRunOperator
    from dwh.airflow.sensors import DwhPublishedSensor

__all__ = ["DwhCompareOperator", "DwhPublishedSensor", "DwhRunOperator"]


def __getattr__(name: str) -> Any:
    """Import Airflow's base classes only when an operator is asked for: Airflow itself asks for less."""
    if name in ("DwhCompareOperator", "DwhRunOperator"):
        from dwh.airflow import operators

        return getattr(operators, name)
    if name == "DwhPublishedSensor":
        from dwh.airflow.sensors import DwhPublishedSensor

        return DwhPublishedSensor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""What Airflow asks a provider for, through the entry point `apache_airflow_provider`."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

__all__ = ["get_provider_info"]

_NAME = "dwh"


def get_provider_info() -> dict[str, Any]:
    """Return what this provider brings, as Airflow's schema of provider information has it."""
    return {
        "package-name": "dwh-airflow",
        "name": _NAME,
        "description": "Run versions of PySpark jobs, compare them, wait for what is published.",
        "versions": [version("dwh-airflow")],
        "integrations": [{"integration-name": _NAME, "external-doc-url": "", "tags": ["software"]}],
        "operators": [{"integration-name": _NAME, "python-modules": ["dwh.airflow.operators"]}],
        "sensors": [{"integration-name": _NAME, "python-modules": ["dwh.airflow.sensors"]}],
        "extra-links": ["dwh.airflow.links.ReportLink"],
    }

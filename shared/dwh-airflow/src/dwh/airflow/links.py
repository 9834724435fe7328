"""The link from a comparison's task to its report."""

from __future__ import annotations

from typing import Any

from dwh.airflow._airflow import BaseOperatorLink

__all__ = ["ReportLink"]


class ReportLink(BaseOperatorLink):
    """The report of a comparison: where `report_url` says it can be opened, else the file itself."""

    name = "Report"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address, empty where the task wrote no report. The worker keeps it as an XCom."""
        return str(getattr(operator, "report_link", ""))

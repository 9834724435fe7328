"""What the ledger is told of a run at its start: who starts it, with which code, on which machine."""

from __future__ import annotations

import os
import platform
import socket
from dataclasses import asdict
from datetime import datetime, timezone

from dwh.core.dates import DateRange
from dwh.core.definition import JobDefinition
from dwh.core.identity import current_user, new_id
from dwh.core.ledger import RunRecord
from dwh.core.lines import InstalledLine
from dwh.core.process import this_process
from dwh.core.provenance import provenance

__all__ = ["new_run"]


def new_run(job: type[JobDefinition], line: InstalledLine, dates: DateRange, environment: str) -> RunRecord:
    """Return the record of a run that starts now in this process, under an id of its own.

    Location, inputs and engine are left to whoever starts it; `engine` has the version of Python alone.
    """
    now = datetime.now(timezone.utc)
    code, core = provenance(line.distribution, line.package), provenance("dwh-core", "dwh.core")
    return RunRecord(
        id=new_id(now),
        job=job.name(),
        line=line.name,
        release=line.release,
        table_name=job.writes.name,
        environment=environment,
        status="started",
        first_date=dates.first,
        last_date=dates.last,
        started_at=now,
        finished_at=None,
        started_by=current_user(),
        host=socket.gethostname(),
        pid=os.getpid(),
        location="",
        contract=job.writes.to_dict(),
        code={**asdict(code), "core": asdict(core)},
        engine={"python": platform.python_version()},
        inputs=[],
        error=None,
        process=this_process(),
    )

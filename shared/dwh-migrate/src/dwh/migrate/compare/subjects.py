"""What a word of `dwh compare` names: outputs in the warehouse."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from dwh.core.changes import Change
from dwh.core.dates import DateRange, check_grain
from dwh.core.distributions import brought_lines
from dwh.core.errors import DwhError, InvalidNameError, NoOutputError, UnknownTableError
from dwh.core.grain import grain_of_contract
from dwh.core.ledger import Output, RunRecord
from dwh.core.ledger.schema import runs
from dwh.core.lines import Reference, find_job, installed_lines
from dwh.core.names import environment_aside, valid_table
from dwh.core.warehouse import Warehouse
from dwh.migrate.sensitive import contracts_by_now, sensitive_columns

__all__ = [
    "Subject",
    "column_names_of",
    "contract_of",
    "declared_changes",
    "sensitive_in",
    "subject_of",
    "subjects_of",
]

_RUN = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}", re.ASCII)
_VERSIONED = re.compile(r"(?P<name>[^@/]+)@(?P<line>\d+\.\d+)(?P<rest>\.\S+)?", re.ASCII)


@dataclass(frozen=True)
class Subject:
    """Outputs of one table by one line in an environment, at most one for each logical date.

    Attributes:
        label: as it was typed.
        contract: of the run that committed last, if possible of the release, as JSON-able data.
        job: None where the label names a table.
        written_by: the job whose run committed last.
    """

    label: str
    job: str | None
    line: str
    contract: Mapping[str, Any]
    outputs: Mapping[date, Output] = field(default_factory=dict)
    written_by: str = ""

    def provenance(self) -> dict[str, Any]:
        """Return where the data comes from, for the report."""
        found = list(self.outputs.values())
        days = sorted(self.outputs)
        return {
            "table": self.contract["name"],
            "line": self.line,
            "release": ", ".join(sorted({output.release for output in found})),
            "runs": sorted({output.run_id for output in found}),
            "partitions": f"{len(days):,}, {days[0]} to {days[-1]}" if days else "none",
        }


def subjects_of(
    warehouse: Warehouse, left: str, right: str, dates: DateRange | None
) -> tuple[Subject, Subject]:
    """Return two subjects in the warehouse's environment.

    Where both words are the same, the left side is the output before the newest one: a version
    compared with itself. Of whole tables, where no dates are asked for, the newest date of both is compared.
    """
    newest = subject_of(warehouse, right, dates)
    if dates:
        check_grain(dates, grain_of_contract(newest.contract), right)
    if left != right:
        before = subject_of(warehouse, left, dates)
    else:
        before = replace(newest, label=f"{left} (before)", outputs=_earlier(warehouse, newest, dates))
    return _newest_tables(before, newest) if dates is None else (before, newest)


def _newest_tables(left: Subject, right: Subject) -> tuple[Subject, Subject]:
    """Return two subjects of whole tables for the newest logical date of both; others as they are."""
    days = left.outputs.keys() & right.outputs.keys()
    if not days or any(subject.contract["partition_by"] is not None for subject in (left, right)):
        return left, right
    day = max(days)
    one, other = (replace(subject, outputs={day: subject.outputs[day]}) for subject in (left, right))
    return one, other


def subject_of(warehouse: Warehouse, text: str, dates: DateRange | None) -> Subject:
    """Return the outputs that `JOB@LINE`, `JOB@RELEASE`, `TABLE@LINE` or a run's id names.

    They are the environment's. A run's id names what that run wrote, wherever it did. A release that the
    environment has not run for a date has what was run aside, to be compared.
    Raises InvalidNameError, UnknownTableError or NoOutputError; a job that has never run has a
    subject without outputs.
    """
    if _RUN.fullmatch(text):
        return _of_run(warehouse, text, dates)
    match = _VERSIONED.fullmatch(text)
    if match is None:
        allowed = "JOB@LINE, JOB@RELEASE, TABLE@LINE, the id of a run, or a path with a / in it"
        raise InvalidNameError("side of a comparison", text, allowed)
    line = match["line"]
    release = line + match["rest"] if match["rest"] else None
    name = valid_table(match["name"])
    records = _records(warehouse, name, line)
    if not records:
        return _of_installed(warehouse, text, line)
    records = [record for record in records if record.release == release] or records
    job = name if records[-1].job == name else None
    table, environment = records[-1].table_name, warehouse.config.environment
    wanted = _newest(warehouse, environment=environment, table=table, line=line, release=release, dates=dates)
    if release is not None:
        wanted = (
            _newest(
                warehouse,
                environment=environment_aside(environment),
                table=table,
                line=line,
                release=release,
                dates=dates,
            )
            | wanted
        )
    return Subject(text, job, line, contract_of(records, wanted), wanted, records[-1].job)


def declared_changes(left: Subject, right: Subject) -> tuple[Change, ...]:
    """Return what the right line declares to differ from the left one.

    That is what its job says, if it is installed here and the left line is the one before it. A line
    compared with itself declares nothing.
    """
    lines = list(brought_lines())
    job = right.job or left.job
    if left.line == right.line or job is None or right.line not in lines:
        return ()
    before = lines[: lines.index(right.line)]
    return find_job(f"{job}@{right.line}").changes if before and before[-1] == left.line else ()


def sensitive_in(*subjects: Subject) -> tuple[str, ...]:
    """Return the columns of the subjects that a contract calls sensitive."""
    known, lines = column_names_of(*subjects), installed_lines()
    contracts = (
        contract
        for subject in subjects
        for contract in contracts_by_now(
            subject.contract, job=subject.job or subject.written_by, installed=lines.get(subject.line)
        )
    )
    return tuple(name for name in sensitive_columns(contracts) if name in known)


def column_names_of(*subjects: Subject) -> set[str]:
    """Return the columns of the contracts that were recorded with the subjects' runs."""
    return {str(column["name"]) for subject in subjects for column in subject.contract["columns"]}


def _newest(
    warehouse: Warehouse,
    *,
    environment: str,
    table: str,
    line: str,
    release: str | None,
    dates: DateRange | None,
) -> dict[date, Output]:
    outputs = warehouse.ledger.outputs(environment=environment, table=table, line=line, dates=dates)
    return {o.partition_date: o for o in outputs if release is None or o.release == release}


def contract_of(records: Sequence[RunRecord], outputs: Mapping[date, Output]) -> Mapping[str, Any]:
    """Return the contract of the run whose output came last; where there is none, of the last run."""
    last = max(outputs.values(), key=lambda output: output.sequence, default=None)
    found = [record.contract for record in records if last and record.id == last.run_id]
    return found[-1] if found else records[-1].contract


def _records(warehouse: Warehouse, name: str, line: str) -> list[RunRecord]:
    named = (runs.c.job == name) | (runs.c.table_name == name)
    return warehouse.ledger.find_runs(named, runs.c.line == line, runs.c.status == "committed")


def _of_run(warehouse: Warehouse, run_id: str, dates: DateRange | None) -> Subject:
    found = warehouse.ledger.find_runs(runs.c.id == run_id)
    if not found or found[0].status != "committed":
        state = found[0].status if found else "unknown"
        raise NoOutputError(run_id, f"this run is {state}", "type: dwh history TABLE --all")
    run = found[0]
    outputs = warehouse.ledger.outputs(
        environment=run.environment, table=run.table_name, line=run.line, dates=dates
    )
    mine = {output.partition_date: output for output in outputs if output.run_id == run_id}
    return Subject(run_id, run.job, run.line, run.contract, mine, run.job)


def _of_installed(warehouse: Warehouse, text: str, line: str) -> Subject:
    """Return a subject without outputs for a job that has never run, so that it can be run."""
    try:
        parsed = Reference.parse(text)
        return Subject(text, parsed.job, line, find_job(text).writes.to_dict())
    except DwhError:
        if "." in text.partition("@")[0]:
            raise UnknownTableError(text, warehouse.ledger.table_names()) from None
        raise


def _earlier(warehouse: Warehouse, newest: Subject, dates: DateRange | None) -> dict[date, Output]:
    environment, table = warehouse.config.environment, newest.contract["name"]
    outputs = warehouse.ledger.outputs(environment=environment, table=table, line=newest.line, dates=dates)
    return {
        output.partition_date: output
        for output in outputs
        if (last := newest.outputs.get(output.partition_date)) and output.sequence < last.sequence
    }

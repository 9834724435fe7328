"""Runs as Spark leaves them, by PyArrow: files in the folders of their dates, and receipts."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import Any
from urllib.parse import quote

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from dwh.core.contract import Column, Table
from dwh.core.dates import DateRange
from dwh.core.layout import folder_of
from dwh.core.ledger import RunRecord, WrittenFile
from dwh.core.ledger.environments import add_publications
from dwh.core.storage.footers import read_footers
from dwh.core.warehouse import Warehouse

Row = Mapping[str, Any]

_ARROW = {
    "bigint": pa.int64(),
    "int": pa.int32(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "string": pa.string(),
    "double": pa.float64(),
    "float": pa.float32(),
    "boolean": pa.bool_(),
    "binary": pa.binary(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "timestamp_ntz": pa.timestamp("us"),
    "decimal(12,2)": pa.decimal128(12, 2),
    "decimal(38,10)": pa.decimal128(38, 10),
    "array<string>": pa.list_(pa.string()),
    "array<struct<a:int>>": pa.list_(pa.struct([("a", pa.int32())])),
    "map<string,bigint>": pa.map_(pa.string(), pa.int64()),
    "struct<a:string>": pa.struct([("a", pa.string())]),
    "struct<A:string>": pa.struct([("A", pa.string())]),
    "struct<b:string>": pa.struct([("b", pa.string())]),
    "struct<b:string,a:string>": pa.struct([("b", pa.string()), ("a", pa.string())]),
    "struct<name:string,`a:b`:int>": pa.struct([("name", pa.string()), ("a:b", pa.int32())]),
}


def table(name: str, *columns: str, **more: Any) -> Table:
    """Return a contract from columns such as `day date`, partitioned by the first unless `more` says."""
    made = tuple(Column(*text.split(" ", 1), nullable=place > 0) for place, text in enumerate(columns))
    return Table(name, made, **{"partition_by": made[0].name, "may_be_empty": True, **more})


def partitioned(name: str, *columns: str, by: tuple[str, ...]) -> Table:
    """Return a contract with further partition columns, which are never null."""
    made = tuple(Column(*text.split(" ", 1), nullable=text.split(" ")[0] not in by) for text in columns)
    return Table(name, made, partition_by=by)


@dataclass
class Runs:
    """Runs of one warehouse in one environment."""

    warehouse: Warehouse
    environment: str = "prod"

    def commit(
        self, contract: Table, rows: Mapping[date, Sequence[Row]], line: str = "0.1", job: str | None = None
    ) -> str:
        """Write and commit a run; return its id."""
        run = self.record(contract, rows, line, job)
        files = {day: self._write(contract, run, day, found) for day, found in rows.items()}
        self.warehouse.ledger.start_run(run)
        self.warehouse.ledger.commit_run(run, {day: len(found) for day, found in rows.items()}, files)
        return run.id

    def publish(self, table: str, runs: Mapping[date, str | None]) -> None:
        """Let the environment publish these runs, in one transaction."""
        with self.warehouse.ledger.holding(table) as (connection, sequence):
            add_publications(
                connection,
                environment=self.environment,
                table=table,
                run_ids=runs,
                sequence=sequence,
                now=datetime.now(timezone.utc),
            )

    def forget_files(self) -> None:
        """Let the ledger know no files, as it does of outputs of older releases."""
        with self.warehouse.ledger.writing() as connection:
            connection.execute(sa.text("DELETE FROM output_files"))

    def record(
        self, contract: Table, days: Collection[date], line: str = "0.1", job: str | None = None
    ) -> RunRecord:
        """Return a run that has begun, for some dates. Nothing is recorded."""
        run_id = f"r{secrets.token_hex(6)}"
        dates = DateRange(min(days), max(days))
        return RunRecord(
            id=run_id,
            job=job or contract.short_name,
            line=line,
            release=f"{line}.0",
            table_name=contract.name,
            environment=self.environment,
            status="started",
            first_date=dates.first,
            last_date=dates.last,
            started_at=datetime.now(timezone.utc),
            finished_at=None,
            started_by="somebody",
            host="here",
            pid=1,
            location=f"{contract.name}/{line}/_run={run_id}",
            contract=contract.to_dict(),
            code={"state": "installed"},
            engine={},
            inputs=[],
            error=None,
        )

    def _write(self, contract: Table, run: RunRecord, day: date, rows: Sequence[Row]) -> list[WrittenFile]:
        groups: dict[str, list[Row]] = {}
        for row in rows:
            groups.setdefault(_folder(contract, day, row), []).append(row)
        return [self._file(contract, run, folder, found) for folder, found in groups.items()]

    def _file(self, contract: Table, run: RunRecord, folder: str, rows: Sequence[Row]) -> WrittenFile:
        name = f"{folder}part-00000-{secrets.token_hex(4)}.snappy.parquet"
        place = f"{self.warehouse.config.warehouse}/{run.location}"
        in_folders = {folder_of(contract), *contract.partitions[1:]}
        columns = [column for column in contract.columns if column.name not in in_folders]
        schema = pa.schema([(column.name, _ARROW[column.type]) for column in columns])
        data = [{column.name: row.get(column.name) for column in columns} for row in rows]
        with fsspec.open(f"{place}/{name}", "wb", auto_mkdir=True) as file:
            pq.write_table(pa.Table.from_pylist(data, schema), file)
        (written,) = read_footers(place, [name])
        return written


def _folder(contract: Table, day: date, row: Row) -> str:
    first = folder_of(contract)
    parts = [f"{first}={day}/"] if first else []
    parts += [f"{name}={quote(str(row[name]), safe=' ')}/" for name in contract.partitions[1:]]
    return "".join(parts)

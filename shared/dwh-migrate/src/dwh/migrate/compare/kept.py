"""Fingerprints in the ledger: computed once for each output, valid for good.

What a fingerprint is, and what two of them prove, is `stored`'s to say. Here its parts are kept by
run and logical date, apart from the encoding that many of them share.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dwh.compare.stored import ENCODING, fingerprint
from dwh.core.contract import Table
from dwh.core.layout import date_sql
from dwh.core.ledger import insert_if_absent, one_transaction
from dwh.core.ledger.schema import encodings, fingerprints, runs
from dwh.core.warehouse import Warehouse
from dwh.migrate.compare.dated import dated, read_dated
from dwh.migrate.compare.lost import check_counted
from dwh.migrate.compare.subjects import Subject

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["add_fingerprints", "known_fingerprint"]


def known_fingerprint(warehouse: Warehouse, subject: Subject, days: Sequence[date]) -> dict[str, Any] | None:
    """Return the fingerprint of a subject's outputs for some dates, or None if the ledger lacks a part."""
    for digest, parts in _known(warehouse, subject).items():
        if set(days) <= set(parts):
            with warehouse.ledger.reading() as connection:
                head = connection.scalar(sa.select(encodings.c.value).where(encodings.c.digest == digest))
            return {**(head or {}), "parts": [parts[day] for day in days if parts[day]["rows"]]}
    return None


def add_fingerprints(
    spark: SparkSession, warehouse: Warehouse, subject: Subject, days: Sequence[date]
) -> None:
    """Compute, in one scan, the fingerprints of the dates that the ledger lacks, and keep them there.

    Raises LostFilesError where other rows were read than were committed, as their files went meanwhile.
    """
    known = {day for parts in _known(warehouse, subject).values() for day in parts}
    missing = {str(day): subject.outputs[day] for day in days if day not in known}
    if not missing:
        return
    contract = dated(subject.contract)
    found = fingerprint(
        read_dated(spark, warehouse, subject.contract, missing.values()),
        contract["key"],
        by=contract["partition_by"],
        part=date_sql(Table.from_dict(contract), "{}"),
        unique=_is_unique(warehouse, subject.contract["key"], {output.run_id for output in missing.values()}),
    )
    parts = {part["by"]: part for part in found.pop("parts")}
    check_counted(
        {output.partition_date: output for output in missing.values()},
        {output.partition_date: parts[day]["rows"] for day, output in missing.items() if day in parts},
    )
    digest = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()
    rows = [
        {
            "run_id": o.run_id,
            "partition_date": o.partition_date,
            "encoding": digest,
            "value": parts.get(day, {"rows": 0}),
        }
        for day, o in missing.items()
    ]
    _keep(warehouse, {"digest": digest, "value": found}, rows)


@one_transaction
def _keep(warehouse: Warehouse, encoding: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    with warehouse.ledger.writing() as connection:
        insert_if_absent(connection, encodings, [encoding])
        insert_if_absent(connection, fingerprints, rows)


def _is_unique(warehouse: Warehouse, key: Sequence[str], run_ids: Collection[str]) -> bool:
    """Return whether each run was audited for the key that its line has now."""
    made = warehouse.ledger.find_runs(runs.c.id.in_(run_ids))
    return bool(key) and all(run.contract["key"] == key for run in made)


def _known(warehouse: Warehouse, subject: Subject) -> dict[str, dict[date, Mapping[str, Any]]]:
    """Return what the ledger has of a subject's outputs, by encoding and logical date."""
    run_ids = {day: output.run_id for day, output in subject.outputs.items()}
    query = (
        sa.select(fingerprints)
        .join(encodings, encodings.c.digest == fingerprints.c.encoding)
        .where(fingerprints.c.run_id.in_(set(run_ids.values())))
        .where(encodings.c.value["encoding"].as_string() == ENCODING)
    )
    with warehouse.ledger.reading() as connection:
        return _by_encoding(
            row for row in connection.execute(query) if run_ids.get(row.partition_date) == row.run_id
        )


def _by_encoding(rows: Iterable[Any]) -> dict[str, dict[date, Mapping[str, Any]]]:
    found: dict[str, dict[date, Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(row.encoding, {})[row.partition_date] = row.value
    return found

"""Whether keys are unique, as Python finds in files of this machine, so that the engine need not look.

An engine would read its own output back, and shuffle it. Here the keys of several folders at
a time are looked at: where a key has the column that folders are named by, equal keys lie in one folder.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from dwh.core.audit import has_hashes
from dwh.core.contract import Table
from dwh.core.layout import folder_of
from dwh.core.ledger.records import WrittenFile

__all__ = ["surely_unique"]

_ROWS = 10_000_000
"""Rows whose keys are held in memory at once, some 100 bytes for each of two numbers."""


def surely_unique(place: str, table: Table, files: Iterable[WrittenFile]) -> bool:
    """Return whether no key repeats in the files of a run; False where that is not certain.

    Parameters:
        place: the run's folder on this machine.
        files: all that the run has written.
    """
    if not table.key:
        return True
    if not has_hashes(table):  # 0.0 and -0.0 are equal to engines
        return False
    named = {name for name in (folder_of(table), *table.partitions[1:]) if name}
    columns = [name for name in table.key if name not in named]
    meeting = _where_keys_meet(table, files)
    try:
        with ThreadPoolExecutor(_threads(meeting)) as pool:  # Arrow holds no lock while it reads and groups
            return all(pool.map(lambda met: _is_unique(place, columns, met), meeting))
    except Exception:  # of every kind, by library and disk: what matters is that the engine can say
        return False


def _where_keys_meet(table: Table, files: Iterable[WrittenFile]) -> list[list[WrittenFile]]:
    """Return the files apart that have no key in common, as the names of their folders tell."""
    telling = set(table.key).intersection(table.partitions)
    if table.date_column in telling:
        telling.add(str(folder_of(table)))
    found: dict[tuple[str, ...], list[WrittenFile]] = defaultdict(list)
    for file in files:
        folders = file.path.split("/")[:-1]
        found[tuple(name for name in folders if name.partition("=")[0] in telling)].append(file)
    return list(found.values())


def _threads(meeting: Iterable[Sequence[WrittenFile]]) -> int:
    """Return how many may work at a time, so that together they hold few enough rows."""
    largest = max((sum(file.rows for file in met) for met in meeting), default=0)
    return max(1, min(os.cpu_count() or 1, _ROWS // max(largest, 1)))


def _is_unique(place: str, columns: list[str], files: Sequence[WrittenFile]) -> bool:
    """Return whether the values of some columns, at most a number of rows, are all different."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    rows = sum(file.rows for file in files)
    if not columns or rows > _ROWS:
        return rows <= 1
    keys = pa.concat_tables(
        ParquetFile(f"{place}/{file.path}").read(columns=columns, use_threads=False) for file in files
    )
    # Arrow's own threads would cost more than what they do: they put together what each has found.
    distinct = keys.group_by(columns, use_threads=False).aggregate([])
    return bool(distinct.num_rows == keys.num_rows)

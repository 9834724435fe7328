"""Whether a table that something else wrote keeps a contract, as far as that shows without its rows."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time, timezone

from dwh.compare.safe_text import plural
from dwh.core.contract import Table
from dwh.core.dates import parse_any_date
from dwh.core.errors import AuditError, InvalidDateError, UsageError, listed
from dwh.core.grain import DAY, MONTH, Grain
from dwh.core.ledger import WrittenFile
from dwh.migrate.compare.errors import FilesError
from dwh.migrate.found_tables import FoundTable

__all__ = ["check_columns", "check_layout", "files_by_date", "null_problem"]

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d(?::\d\d:\d\d)?)(?:\.(\d{1,6}))?(?:Z|\+00:00)?", re.ASCII)
_BOUND = 16  # characters that bounds of text are cut at
_BITS = {"tinyint": 8, "smallint": 16, "int": 32, "bigint": 64}


def check_layout(table: Table, found: FoundTable) -> None:
    """Raise FilesError unless folders name the columns that they name in outputs of runs, or nothing."""
    wanted, named = set(table.partitions), set(found.partitioned_by)
    fits = named == wanted or (not named and len(wanted) < 2)
    if not fits:
        raise FilesError(
            f"{found.place}: its folders name {listed(found.partitioned_by) or 'nothing'}, and those of "
            f"{table.name} name {listed(table.partitions) or 'nothing'}; "
            "write the files into such folders first"
        )


def check_columns(table: Table, found: FoundTable) -> tuple[str, ...]:
    """Return the required columns of which nobody has counted nulls; raises AuditError for other problems."""
    there = {column.name: column for column in found.columns}
    wanted = {column.name: column for column in table.columns}
    problems = [f"column {name} is missing" for name in wanted if name not in there]
    problems += [f"column {name} is not in the contract" for name in there if name not in wanted]
    both = {name: column for name, column in wanted.items() if name in there}
    named = found.partitioned_by if found.by_folders else ()
    problems += [
        f"column {name} is {there[name].type}, the contract says {column.type}"
        for name, column in both.items()
        if name not in named and there[name].type != column.type
    ]
    problems += [*_misfits(table, found), *(_contradictions(table, found) if found.by_folders else ())]
    unsure = []
    for name in (name for name, column in both.items() if not column.nullable and there[name].nullable):
        counted = [(file.written.columns or {}).get(name) for file in found.files]
        nulls = sum(one.nulls for one in counted if one is not None and one.nulls is not None)
        if nulls or name in named:
            problems.append(null_problem(name, nulls))
        else:
            unsure.append(name)
    if problems:
        raise AuditError(table.name, problems)
    return tuple(unsure)


def null_problem(name: str, rows: int) -> str:
    """Say that a required column is null in some rows, or in all of a folder."""
    if not rows:
        return f"a folder's {name} is null"
    return f"required column {name} is null in {plural(rows, 'row')}"


def files_by_date(table: Table, found: FoundTable, day: str | None) -> dict[date, list[WrittenFile]]:
    """Return the files of each logical date.

    Parameters:
        day: which one a whole table is of.

    Raises UsageError, FilesError and InvalidDateError.
    """
    if (day is None) == (table.date_column is None):
        said = "say of which with --date" if day is None else "its files say which: leave out --date"
        what = "is whole for each logical date" if day is None else "has logical dates of its own"
        raise UsageError(f"{table.name} {what}; {said}")
    dated: dict[date, list[WrittenFile]] = defaultdict(list)
    for file in found.files:
        text = file.partition.get(str(table.date_column))
        if day is not None:
            one = parse_any_date(day)
        elif text is None:
            one = _only_date(table, found, file.written)
        else:
            one = _named_date(table, found, text)
        dated[_begun(one, table.logical_grain)].append(file.written)
    return dict(sorted(dated.items()))


def _misfits(table: Table, found: FoundTable) -> Iterator[str]:
    """Say which values of further columns, in the names of folders, are not of their type."""
    types = {name: table.column(name).type for name in table.partitions[1:] if name in found.partitioned_by}
    for name, type_ in types.items():
        values = dict.fromkeys(file.partition[name] for file in found.files)
        wrong = next((value for value in values if value is not None and not _is_of(value, type_)), None)
        if wrong is not None:
            yield f"a folder's {name} is {wrong!r}, the contract says {type_}"


def _contradictions(table: Table, found: FoundTable) -> Iterator[str]:
    """Say which files hold another value than their folder names: engines differ in which they take."""
    types = {name: table.column(name).type for name in table.partitions if name in found.partitioned_by}
    for file, name in ((file, name) for file in found.files for name in types):
        value, said = file.partition[name], (file.written.columns or {}).get(name)
        ends = [end for end in (said.lower, said.upper) if end] if said and value else []
        wrong = next((end for end in ends if not _is_same(end, str(value), types[name])), None)
        if wrong is not None:
            yield f"{file.written.path} holds {wrong!r} as {name}, which is not what its folder says"


def _is_same(bound: str, value: str, type_: str) -> bool:
    """Tell whether the bound of a column may be the value that a folder names."""
    if type_ == "timestamp":
        return not _INSTANT.fullmatch(value) or _instant(bound) == _instant(value)
    if type_ == "date":
        return bound in (value, f"{value}-01")  # as months may be written
    return bound == value or len(value) > _BOUND


def _is_of(text: str, type_: str) -> bool:
    if type_ == "boolean":
        return text in ("true", "false")
    if type_ in _BITS:
        limit = 2 ** (_BITS[type_] - 1)
        return bool(re.fullmatch(r"0|-?[1-9]\d*", text, re.ASCII)) and -limit <= int(text) < limit
    return type_ != "date" or _is_day(text)


def _is_day(text: str) -> bool:
    try:
        DAY.parse(text)
    except ValueError:
        return False
    return True


def _only_date(table: Table, found: FoundTable, file: WrittenFile) -> date:
    """Return the logical date of a file that no folder names, by the bounds of its column."""
    name = str(table.date_column)
    said = (file.columns or {}).get(name)
    if said is None or said.lower is None or said.upper is None:
        what = "its footer" if found.by_folders else "the table's log"
        raise FilesError(
            f"{found.place}: {what} does not say which {name} the rows of {file.path} have; "
            f"partition the files by {name} first"
        )
    first, last = (_date_of(text, table) for text in (said.lower, said.upper))
    if first != last:
        raise FilesError(
            f"{found.place}: {file.path} has rows of several dates, {first} to {last}; write one file or "
            f"more for each date first, such as: frame.write.partitionBy({name!r}).parquet(…)"
        )
    return first


def _named_date(table: Table, found: FoundTable, text: str) -> date:
    """Return the logical date of a file by the value that all its rows have; raises FilesError."""
    try:
        return _date_of(text, table)
    except ValueError:
        is_date = table.column(str(table.date_column)).type == "date"
        month = " or 2013-01" if table.logical_grain == MONTH else ""
        forms = f"2013-01-15{month}" if is_date else "2013-01-15 07:00:00, in UTC"
        raise FilesError(
            f"{found.place}: a folder's {table.date_column} is {text!r}; rename it to a value such as {forms}"
        ) from None


def _date_of(text: str, table: Table) -> date:
    """Return the logical date that holds a value of a table's date column; raises ValueError.

    Parameters:
        text: as Spark names folders by it. An instant is one of UTC, a month may be written without its day.
    """
    grain = table.logical_grain
    if table.column(str(table.date_column)).type != "date":
        return grain.holding(_instant(text))
    whole = f"{text}-01" if grain == MONTH and len(text) == len(MONTH.example) else text
    return grain.holding(datetime.combine(DAY.parse(whole), time.min, timezone.utc))


def _instant(text: str) -> datetime:
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise ValueError(text)
    day, clock, fraction = match.groups("")
    found = datetime.fromisoformat(f"{day} {clock}")
    return found.replace(microsecond=int(fraction.ljust(6, "0")), tzinfo=timezone.utc)


def _begun(day: date, grain: Grain) -> date:
    if day > grain.holding(datetime.now(timezone.utc)):
        raise InvalidDateError(str(day), f"it is not {grain.described} that has begun", None)
    return day

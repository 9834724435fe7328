"""What a line promises about a table, and what a job needs of its inputs: Table and Column.

A contract is plain data: it can be read, compared and printed without Spark. Checking an output
against it is `dwh.core.audit`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from dwh.core.errors import DefinitionError, InvalidTypeError
from dwh.core.grain import DAY, GRAINS, HOUR, Grain
from dwh.core.names import valid_column, valid_table
from dwh.core.sql_types import ALLOWED, can_group, canonical_type, quoted

__all__ = ["MASK", "Column", "Table", "ddl"]

MASK = "•••"
"""What stands for a value of a sensitive column."""

_IN_FOLDERS = ("string", "date", "boolean", "tinyint", "smallint", "int", "bigint")


@dataclass(frozen=True)
class Column:
    """One column of a contract.

    Parameters:
        name: letters, digits and underscores.
        type: a Spark SQL type, kept in its short form: `bigint`, `decimal(12,2)`, `array<string>`.
        doc: what a value means, its unit, and what null means where null is allowed.
        nullable: whether null is allowed. A required column with a null in it fails the audit.
        sensitive: whether nobody is to see its values who does not read the table: reports of comparisons
            and `dwh show` mask them. It promises readers nothing, so it may change in any release.

    Raises InvalidNameError or DefinitionError when that is not so.
    """

    name: str
    type: str
    doc: str = ""
    nullable: bool = False
    sensitive: bool = False

    def __post_init__(self) -> None:
        valid_column(self.name)
        try:
            object.__setattr__(self, "type", canonical_type(self.type))
        except InvalidTypeError as error:
            raise DefinitionError(f"column {self.name}", f"{error.message}; write one of {ALLOWED}") from None

    def to_dict(self) -> dict[str, Any]:
        """Return the column as JSON-able data. `sensitive` is there only where it is true."""
        found = {"name": self.name, "type": self.type, "nullable": self.nullable, "doc": self.doc}
        return {**found, "sensitive": True} if self.sensitive else found

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Column:
        """Return the column of which `to_dict` of this or an older release made data."""
        return cls(**{field.name: data[field.name] for field in fields(cls) if field.name in data})


@dataclass(frozen=True)
class Table:
    """The contract of a table.

    Parameters:
        name: one to three words joined by dots, such as `flights.carrier_delays`.
        columns: in the order that readers see.
        key: the columns whose values identify a row; unique, and never null.
        partition_by: the column that holds the logical date, of type `date` in a daily table, of type
            `timestamp` in an hourly one; or that and further columns, by whose values the files of a date
            are laid out: `("flight_date", "country")`. None for a whole table: each logical date's output is
            all of the table as of then.
        grain: what a logical date covers, `hour`, `day` or `month` of UTC, where the column's type does not
            say it: a value of the column belongs to the logical date that holds it.
        doc: what one row is.
        may_be_empty: whether a logical date without any row is a result. Otherwise it fails the
            audit, because it most often means that an input is late.

    Raises InvalidNameError or DefinitionError when the parts do not fit together.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    partition_by: str | tuple[str, ...] | None = None
    doc: str = ""
    may_be_empty: bool = False
    grain: str | None = None

    def __post_init__(self) -> None:
        valid_table(self.name)
        names = [column.name for column in self.columns]
        if not names:
            self._reject("it has no columns")
        if len({name.lower() for name in names}) < len(names):
            self._reject(f"two columns have the same name (case does not count): {', '.join(names)}")
        used = (*self.key, *self.partitions)
        for name in used:
            if name not in names:
                self._reject(f"{name!r} is used as key or partition but is not a column ({', '.join(names)})")
        self._check_partitions()
        if len(set(self.key)) < len(self.key):
            self._reject(f"its key names a column twice: {', '.join(self.key)}")
        for name in used:
            if self.column(name).nullable:
                self._reject(f"{name!r} is used as key or partition, so it must not be nullable")
            if not can_group(self.column(name).type):
                self._reject(
                    f"{name!r} is used as key, and no rows are told apart by a {self.column(name).type}"
                )

    def _check_partitions(self) -> None:
        date_column, *others = self.partitions or (None,)
        if date_column and self.column(date_column).type not in ("date", "timestamp"):
            wanted = "a column of type date, or timestamp for an hourly table"
            self._reject(f"partition_by={self.partition_by!r}: {date_column} must be {wanted}")
        if self.grain is not None and self.grain not in GRAINS:
            self._reject(f"grain={self.grain!r}: write one of {', '.join(GRAINS)}")
        if self.grain is not None and date_column is None:
            self._reject(f"grain={self.grain!r} needs partition_by: a whole table is that of a day")
        if self.logical_grain == HOUR and date_column and self.column(date_column).type == "date":
            self._reject(f'grain="hour": {date_column} must be a column of type timestamp')
        if len(set(self.partitions)) < len(self.partitions):
            self._reject(f"partition_by names a column twice: {', '.join(self.partitions)}")
        for name in filter(None, others):
            if (found := self.column(name).type) not in _IN_FOLDERS:
                allowed = ", ".join(_IN_FOLDERS)
                self._reject(f"partition_by: folders name values of {allowed}; {name} is {found}")

    def _reject(self, problem: str) -> None:
        raise DefinitionError(f"table {self.name}", problem)

    @property
    def partitions(self) -> tuple[str, ...]:
        """The columns by which files are laid out, that of the logical date first; none for a whole table."""
        if isinstance(self.partition_by, tuple):
            return self.partition_by
        return () if self.partition_by is None else (self.partition_by,)

    @property
    def date_column(self) -> str | None:
        """The column that holds the logical date, None where there is none."""
        return self.partitions[0] if self.partitions else None

    @property
    def logical_grain(self) -> Grain:
        """What one logical date covers: as `grain` says, else as the column's type does."""
        if self.grain is not None:
            return GRAINS[self.grain]
        return self._implied_grain

    @property
    def _implied_grain(self) -> Grain:
        return HOUR if self.date_column and self.column(self.date_column).type == "timestamp" else DAY

    @property
    def short_name(self) -> str:
        """The last word of the name: what an input is called in `transform`."""
        return self.name.rpartition(".")[2]

    def column(self, name: str) -> Column:
        """Return the column of that name; raises KeyError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def to_dict(self) -> dict[str, Any]:
        """Return the contract as JSON-able data; `partition_by` is the column of the logical date."""
        further = {"further_partitions": list(self.partitions[1:])} if self.partitions[1:] else {}
        grain = {} if self.logical_grain == self._implied_grain else {"grain": self.grain}
        return {
            "name": self.name,
            "columns": [column.to_dict() for column in self.columns],
            "key": list(self.key),
            "partition_by": self.date_column,
            **further,
            **grain,
            "doc": self.doc,
            "may_be_empty": self.may_be_empty,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Table:
        """Return the contract of which `to_dict` of this or an older release made data."""
        known = {field.name: data[field.name] for field in fields(cls) if field.name in data}
        columns = tuple(map(Column.from_dict, data["columns"]))
        further = data.get("further_partitions", ())
        partition = (data["partition_by"], *further) if further else data["partition_by"]
        return cls(**{**known, "columns": columns, "key": tuple(data["key"]), "partition_by": partition})


def ddl(columns: Iterable[Mapping[str, Any]]) -> str:
    """Return columns, each with `name` and `type`, as Spark's readers take a schema."""
    return ", ".join(f"{quoted(column['name'])} {column['type']}" for column in columns)

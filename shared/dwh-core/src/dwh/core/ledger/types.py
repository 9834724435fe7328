"""Types of the ledger's columns that take what people, errors and clocks give, on every database."""

from __future__ import annotations

import re
from datetime import date, datetime, timezone
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, DateTime, String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeDecorator, TypeEngine

from dwh.core.grain import grain_of

__all__ = ["FreeJson", "FreeText", "LogicalDate", "UtcDateTime"]

# NUL and half of a surrogate pair, which no database keeps as text.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. SQLite has no time zones, so that it is stored in UTC and comes back as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(timezone.utc)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)


class _DeclaredDate(String):
    """Text in a column that SQLite knows as DATE, which says nothing about what it keeps."""

    __visit_name__ = "DATE"


class LogicalDate(TypeDecorator[date]):
    """A logical date, as text in its grain: `2013-01-15T07`, `2013-01-15` or `2013-01`.

    Within a grain, texts have the order of time. SQLite has kept days like that from the beginning, in
    columns that were declared DATE and still are: to change the name would be to copy every table.
    """

    impl = String(13)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[str]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(_DeclaredDate())
        # By bytes, as SQLite does: the order of a language is slower, and its own.
        return dialect.type_descriptor(String(13, collation="C" if dialect.name == "postgresql" else None))

    def process_bind_param(self, value: date | None, dialect: Dialect) -> str | None:
        return None if value is None else value.isoformat()

    def process_result_value(self, value: str | None, dialect: Dialect) -> date | None:
        return None if value is None else _logical_date(value)


@lru_cache(1 << 16)  # one decision about a year of hours asks for each of them a dozen times
def _logical_date(text: str) -> date:
    return grain_of(text).parse(text)


class FreeText(TypeDecorator[str]):
    r"""What people and errors say. A character that no database keeps becomes U+FFFD.

    One that the encoding of a PostgreSQL lacks is spelled: `\u2192`.

    Parameters:
        length: the text is cut to this many characters; None keeps all of it.
    """

    impl = String
    cache_ok = True

    def __init__(self, length: int | None = None) -> None:
        super().__init__()
        self.length = length
        self.impl = String(length) if length else Text()  # type: ignore[assignment]  # as SQLAlchemy does

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        kept, more = str(_storable(value)), "…"
        encoding: str | None = getattr(dialect, "dwh_encoding", None)
        if encoding:
            kept, more = kept.encode(encoding, "backslashreplace").decode(encoding), "-"
        return kept if self.length is None or len(kept) <= self.length else kept[: self.length - 1] + more


class FreeJson(TypeDecorator[Any]):
    """JSON whose texts may hold anything. A character that cannot be stored becomes U+FFFD."""

    impl = JSON
    cache_ok = True

    def coerce_compared_value(self, op: OperatorType | None, value: Any) -> Any:
        return self.impl_instance.coerce_compared_value(op, value)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return _storable(value)


def _storable(value: Any) -> Any:
    """Return a value in which each text can be stored, however deep it lies."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(item) for item in value]
    return value

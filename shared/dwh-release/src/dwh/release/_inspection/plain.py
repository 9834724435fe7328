"""Values as text: the same text for equal values, on every machine and in every process."""

from __future__ import annotations

import dataclasses
import decimal
import enum
import fractions
import pathlib
import re
import uuid
from collections.abc import Mapping, Set
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

__all__ = ["is_fixed", "plain_text"]

_ATOMS = (
    bool, int, float, complex, str, bytes, type(None), type(...), range, timedelta, timezone,
    decimal.Decimal, fractions.Fraction, uuid.UUID, pathlib.PurePath,
)  # fmt: skip


def plain_text(value: object) -> str | None:
    """Return a value as text, or None for what is more than data, such as a function or a connection."""
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, date | time):
        return f"{_kind(value)}({value.isoformat()})"
    if isinstance(value, _ATOMS):
        return repr(value)
    if isinstance(value, re.Pattern):
        return f"re.compile({value.pattern!r}, {value.flags})"
    if isinstance(value, list | tuple):
        return _joined("[]" if isinstance(value, list) else "()", [plain_text(item) for item in value])
    if isinstance(value, Set):
        return _joined("{}", [plain_text(item) for item in value], in_order=False)
    if isinstance(value, Mapping):
        return _joined("{}", [_pair(*item) for item in value.items()], in_order=False)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [_pair(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]
        text = _joined("()", fields)
        return None if text is None else f"{type(value).__name__}{text}"
    return None


def _kind(value: date | time) -> str:
    return next(kind.__name__ for kind in (datetime, date, time) if isinstance(value, kind))


def is_fixed(value: object) -> bool:
    """Tell whether a value is data that cannot be changed in place: a list may be a module's memory."""
    return not isinstance(value, list | dict | set) and plain_text(value) is not None


def _pair(key: Any, value: object) -> str | None:
    name, text = plain_text(key), plain_text(value)
    return None if name is None or text is None else f"{name}: {text}"


def _joined(brackets: str, texts: list[str | None], in_order: bool = True) -> str | None:
    known = [text for text in texts if text is not None]
    if len(known) < len(texts):
        return None
    return brackets[0] + ", ".join(known if in_order else sorted(known)) + brackets[1]

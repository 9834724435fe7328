"""What the options of `dwh compare` say, from the words that were typed; each raises UsageError."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from dwh.core.errors import UsageError

if TYPE_CHECKING:
    from dwh.compare.rules import Rule
    from dwh.compare.tolerance import Tolerance

__all__ = ["column_rules", "column_tolerance", "key_columns", "reader_settings", "share_of_rows"]

_RULE = re.compile(r"(?P<column>(?:`(?:[^`]|``)+`|[^=`])+)=(?P<rules>.+)", re.DOTALL)


def key_columns(text: str | None) -> dict[str, str]:
    """Return the left names of a key's columns with those on the right."""
    words = [word.partition("=") for word in text.split(",")] if text else []
    twice = len({old for old, _, _ in words}) < len(words)
    if twice or not all(old and (new or not equals) for old, equals, new in words):
        raise UsageError(f"--key {text!r}: write columns with commas, such as id,day, or old=new")
    return {old: new or old for old, _, new in words}


def column_tolerance(text: str) -> tuple[str, Tolerance]:
    """Return a tolerance with its column, which is `EVERY` where none is named."""
    from dwh.compare.arguments import tolerance_of
    from dwh.compare.options import EVERY

    column, separator, number = text.rpartition("=")
    try:
        if column or not separator:
            return column or EVERY, tolerance_of(column or EVERY, number)
    except UsageError:
        pass
    raise UsageError(
        f"--tolerance {text!r}: write COLUMN=0.01 (absolute) or COLUMN=0.1% (relative), "
        "or the number alone for every column of numbers"
    )


def column_rules(texts: Sequence[str]) -> dict[str, tuple[Rule, ...]]:
    """Return the rules by column; what is said of a column twice adds up."""
    from dwh.compare.ruling import chosen_rules

    given: dict[str, list[Rule | str]] = {}
    for text in texts:
        match = _RULE.fullmatch(text)
        if match is None:
            raise UsageError(f"--rule {text!r}: write COLUMN=RULE, such as name=trim,ignore_case")
        given.setdefault(match["column"], []).append(match["rules"])
    return chosen_rules(given)


def share_of_rows(text: str) -> Decimal | None:
    """Return how many rows of all may differ, between 0 and 1."""
    from dwh.compare.arguments import share

    return share("--max-changed", text)


def reader_settings(texts: Sequence[str]) -> dict[str, str]:
    """Return options of Spark's reader by name."""
    words = [text.partition("=") for text in texts]
    if wrong := [text for text, (name, equals, _) in zip(texts, words, strict=True) if not (name and equals)]:
        raise UsageError(f"--option {wrong[0]!r}: write NAME=VALUE, such as sep=;")
    return {name: value for name, _, value in words}

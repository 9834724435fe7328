"""What happens to published tables, step by step, and what readers must get after each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

from warehousing import Runs, partitioned, table

from dwh.core.grain import Hour, Month

Rows = list[tuple[Any, ...]]
ONE, TWO, THREE, FOUR = date(2013, 1, 1), date(2013, 12, 31), date(2014, 1, 1), date(2014, 1, 2)
OLD = table("shop.takings", "day date", "shop string", "amount bigint")
WIDER = table("shop.takings", "day date", "shop string", "amount bigint", "note string")
NEW = table("shop.takings", "day date", "shop string", "revenue bigint", "currency string")


@dataclass(frozen=True)
class Read:
    """What a reader must get.

    Attributes:
        table: the name in the catalog.
        columns: what is read, in this order.
        rows: sorted.
        where: a condition, as column, operator and value; None for all rows.
    """

    table: str
    columns: tuple[str, ...]
    rows: Rows
    where: tuple[str, str, Any] | None = None


Story = Callable[[Runs], Iterator[list[Read]]]
PUBLISHED, LINE = "prod_shop.takings", "prod_shop.takings__v7_1"
COLUMNS = ("day", "shop", "amount")


def amounts(*values: int, shop: str = "north", **more: Any) -> list[dict[str, Any]]:
    return [{"shop": shop, "amount": value, **more} for value in values]


def first_publication(runs: Runs) -> Iterator[list[Read]]:
    run = runs.commit(OLD, {ONE: amounts(1, 2), TWO: amounts(3), THREE: amounts(4)}, "7.1")
    runs.publish("shop.takings", {ONE: run, THREE: run})
    rows: Rows = [(ONE, "north", 1), (ONE, "north", 2), (THREE, "north", 4)]
    yield [
        Read(PUBLISHED, COLUMNS, rows),
        Read(PUBLISHED, COLUMNS, rows[2:], ("day", "=", THREE)),
        Read(PUBLISHED, COLUMNS, rows[1:], ("amount", ">=", 2)),
        Read(LINE, COLUMNS, [*rows[:2], (TWO, "north", 3), *rows[2:]]),
    ]


def one_date_again(runs: Runs) -> Iterator[list[Read]]:
    yield from first_publication(runs)
    again = runs.commit(OLD, {THREE: amounts(40, 41)}, "7.1")
    kept: Rows = [(ONE, "north", 1), (ONE, "north", 2)]
    yield [Read(PUBLISHED, COLUMNS, [*kept, (THREE, "north", 4)])]
    runs.publish("shop.takings", {THREE: again})
    yield [Read(PUBLISHED, COLUMNS, [*kept, (THREE, "north", 40), (THREE, "north", 41)])]
    runs.publish("shop.takings", {ONE: None, THREE: None})
    yield [Read(PUBLISHED, COLUMNS, [])]


def half_on_another_line(runs: Runs) -> Iterator[list[Read]]:
    yield from first_publication(runs)
    new = runs.commit(WIDER, {THREE: amounts(7, note="gift")}, "7.2")
    runs.publish("shop.takings", {THREE: new})
    yield [
        Read(
            PUBLISHED,
            (*COLUMNS, "note"),
            [(ONE, "north", 1, None), (ONE, "north", 2, None), (THREE, "north", 7, "gift")],
        )
    ]


def cutover_and_rollback(runs: Runs) -> Iterator[list[Read]]:
    """Line 7.2, which is installed, renames `amount` and adds a column."""
    old = runs.commit(OLD, {ONE: amounts(1), THREE: amounts(3)}, "7.1")
    runs.publish("shop.takings", {ONE: old, THREE: old})
    before = [Read(PUBLISHED, COLUMNS, [(ONE, "north", 1), (THREE, "north", 3)])]
    yield before
    rows = {day: [{"shop": "north", "revenue": n, "currency": "EUR"}] for day, n in ((ONE, 10), (THREE, 30))}
    new = runs.commit(NEW, rows, "7.2")
    runs.publish("shop.takings", {ONE: new, THREE: new})
    columns = ("day", "shop", "revenue", "currency")
    yield [
        Read(PUBLISHED, columns, [(ONE, "north", 10, "EUR"), (THREE, "north", 30, "EUR")]),
        Read(PUBLISHED, columns, [(THREE, "north", 30, "EUR")], ("revenue", ">", 10)),
    ]
    runs.publish("shop.takings", {ONE: old, THREE: old})
    yield before


def whole_table(runs: Runs) -> Iterator[list[Read]]:
    shops = table("shop.shops", "shop string", "opened date", partition_by=None)
    first = runs.commit(shops, {ONE: [{"shop": "north", "opened": ONE}]}, "7.1")
    runs.publish("shop.shops", {ONE: first})
    columns = ("shop", "opened")
    yield [Read("prod_shop.shops", columns, [("north", ONE)])]
    second = runs.commit(shops, {TWO: [{"shop": "north", "opened": ONE}, {"shop": "west"}]}, "7.1")
    runs.publish("shop.shops", {TWO: second})
    yield [Read("prod_shop.shops", columns, [("north", ONE), ("west", None)])]


def hourly(runs: Runs) -> Iterator[list[Read]]:
    clicks = table("web.clicks", "clicked timestamp", "page string", "clicked_hour int")
    hours = [Hour(2013, 1, 15, 7, tzinfo=timezone.utc), Hour(2013, 1, 15, 8, tzinfo=timezone.utc)]
    instants = [datetime(2013, 1, 15, hour, 59, 59, 999999, tzinfo=timezone.utc) for hour in (7, 8)]
    rows = {hour: [{"clicked": at, "page": "home"}] for hour, at in zip(hours, instants, strict=True)}
    run = runs.commit(clicks, rows, "7.1")
    runs.publish("web.clicks", dict.fromkeys(hours, run))
    found: Rows = [(at, "home") for at in instants]
    eight = ("clicked", ">=", datetime(2013, 1, 15, 8, tzinfo=timezone.utc))
    yield [
        Read("prod_web.clicks", ("clicked", "page"), found),
        Read("prod_web.clicks", ("clicked", "page"), found[1:], eight),
    ]


def monthly(runs: Runs) -> Iterator[list[Read]]:
    sums = table("shop.sums", "first date", "total decimal(12,2)", grain="month")
    early = date(1969, 12, 5)
    rows = {
        Month(2013, 1, 1): [{"first": ONE, "total": 1}],
        Month(1969, 12, 1): [{"first": early, "total": 2}],
    }
    run = runs.commit(sums, rows, "7.1")
    runs.publish("shop.sums", dict.fromkeys(rows, run))
    columns = ("first", "total")
    yield [
        Read("prod_shop.sums", columns, [(early, 2), (ONE, 1)]),
        Read("prod_shop.sums", columns, [(early, 2)], ("first", "<", date(1970, 1, 1))),
    ]


def further_columns(runs: Runs) -> Iterator[list[Read]]:
    by = ("day", "country", "level")
    visits = partitioned("web.visits", "day date", "country string", "level int", "n bigint", by=by)
    places = ("a/b c=%2F", "é", "x")
    rows = [{"country": place, "level": level, "n": level + 1} for level, place in enumerate(places)]
    run = runs.commit(visits, {ONE: rows, TWO: rows[:1]}, "7.1")
    runs.publish("web.visits", {ONE: run, TWO: run})
    columns = ("day", "country", "level", "n")
    written = [(ONE, row) for row in rows] + [(TWO, rows[0])]
    every: Rows = sorted((day, *row.values()) for day, row in written)
    yield [
        Read("prod_web.visits", columns, every),
        Read("prod_web.visits", columns, [row for row in every if row[1] == "é"], ("country", "=", "é")),
        Read("prod_web.visits", columns, [row for row in every if row[2] == 0], ("level", "=", 0)),
    ]


def other_partitions(runs: Runs) -> Iterator[list[Read]]:
    """A cutover to partitions by a column of the same name and another type, and back."""
    columns = ("day", "level", "n")
    by_text = partitioned("web.levels", "day date", "level string", "n bigint", by=("day", "level"))
    by_number = partitioned("web.levels", "day date", "level int", "n bigint", by=("day", "level"))
    old = runs.commit(by_text, {ONE: [{"level": "low", "n": 1}, {"level": "7", "n": 2}]}, "7.1")
    new = runs.commit(by_number, {ONE: [{"level": 1, "n": 1}, {"level": 7, "n": 2}]}, "7.2")
    of_old = [
        Read("prod_web.levels", columns, [(ONE, "7", 2), (ONE, "low", 1)]),
        Read("prod_web.levels", columns, [(ONE, "low", 1)], ("level", "=", "low")),
    ]
    of_new = [
        Read("prod_web.levels", columns, [(ONE, 1, 1), (ONE, 7, 2)]),
        Read("prod_web.levels", columns, [(ONE, 7, 2)], ("level", ">", 1)),
    ]
    for run, reads in ((old, of_old), (new, of_new), (old, of_old), (new, of_new)):
        runs.publish("web.levels", {ONE: run})
        yield reads


def every_type(runs: Runs) -> Iterator[list[Read]]:
    """Values at the edges, which bounds must not hide: NaN, infinity, nulls, years before 1970."""
    columns = {
        "flag": ("boolean", True, None),
        "tiny": ("tinyint", -128, 127),
        "small": ("smallint", -32768, None),
        "whole": ("int", -(2**31), 2**31 - 1),
        "large": ("bigint", -(2**63), 2**63 - 1),
        "single": ("float", float("inf"), 0.5),
        "double": ("double", 1.5, None),
        "exact": ("decimal(12,2)", Decimal("-9999999999.99"), Decimal("0.01")),
        "widest": ("decimal(38,10)", Decimal(f"-{'9' * 28}.9999999999"), Decimal("0.0000000001")),
        "text": ("string", "", "\ud7ff" * 20),
        "raw": ("binary", b"", b"\xff" * 20),
        "on_date": ("date", date(1582, 10, 15), date(9999, 12, 31)),
        "at_time": ("timestamp", datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=timezone.utc), None),
        "at_local": ("timestamp_ntz", datetime(1900, 1, 1), datetime(2200, 1, 1, 0, 0, 0, 1)),
        "many": ("array<string>", ["a", None], []),
        "named": ("struct<name:string,`a:b`:int>", {"name": "x", "a:b": None}, {"name": None, "a:b": 1}),
    }
    odd = table("web.types", "day date", *(f"{name} {one[0]}" for name, one in columns.items()))
    rows = [{name: one[place] for name, one in columns.items()} for place in (1, 2)]
    run = runs.commit(odd, {ONE: rows[:1], TWO: rows[1:]}, "7.1")
    runs.publish("web.types", {ONE: run, TWO: run})
    for name, (_, first, second) in columns.items():
        yield [Read("prod_web.types", ("day", name), [(ONE, first), (TWO, second)])]
    yield [
        Read("prod_web.types", ("day",), [(ONE,)], ("whole", "<", 0)),
        Read("prod_web.types", ("day",), [(TWO,)], ("large", ">", 0)),
        Read("prod_web.types", ("day",), [(ONE,)], ("single", ">", 1)),
        Read("prod_web.types", ("day",), [(TWO,)], ("on_date", ">", TWO)),
        Read("prod_web.types", ("day",), [(ONE,)], ("widest", "<", 0)),
    ]


STORIES: dict[str, Story] = {
    "first publication": first_publication,
    "one date again": one_date_again,
    "half on another line": half_on_another_line,
    "cutover and rollback": cutover_and_rollback,
    "whole table": whole_table,
    "hourly": hourly,
    "monthly": monthly,
    "further columns": further_columns,
    "other partitions": other_partitions,
    "every type": every_type,
}

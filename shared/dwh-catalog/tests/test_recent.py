"""After a few dates have changed a table is what a look at all of its dates would make it."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from cataloging import Lake
from sqlalchemy import make_url
from stories import NEW, OLD, ONE, PUBLISHED, THREE, TWO, WIDER, amounts
from warehousing import Runs, table

from dwh.catalog import recent, sync
from dwh.core.grain import HOUR, Hour

DAYS = [ONE + timedelta(days=100 * number) for number in range(6)]


@pytest.fixture
def published(runs: Runs, lake: Lake) -> str:
    """The run of a line by which six dates are published, and synced."""
    run = runs.commit(OLD, {day: amounts(1) for day in DAYS})
    runs.publish("shop.takings", dict.fromkeys(DAYS, run))
    lake.sync()
    return run


def is_what_a_full_look_makes(lake: Lake) -> None:
    lake.sync(wholly=False)
    assert set(lake.sync().values()) == {"unchanged"}


def test_a_ledger_that_was_brought_back_from_a_copy_is_looked_at_anew(
    runs: Runs, lake: Lake, home: Path
) -> None:
    """What it gives the sequence of a change that was lost is another change."""
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(1)})})
    copy = sqlite3.connect(home / "copy.db")
    with closing(sqlite3.connect(make_url(runs.warehouse.config.ledger).database)) as ledger:
        ledger.backup(copy)
        runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(2)})})
        lake.sync()
        copy.backup(ledger)
    assert lake.standings()[PUBLISHED].state == "behind"
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(3)})})
    stands = lake.standings()[PUBLISHED]
    assert (stands.state, stands.ledger) == ("behind", stands.catalog)
    assert lake.sync(wholly=False)[PUBLISHED] == "updated"
    assert [row["amount"] for row in lake.rows(PUBLISHED)] == [3]
    assert lake.standings()[PUBLISHED].is_current
    assert set(lake.sync().values()) == {"unchanged"}


def test_one_date_again_looks_at_its_span_alone(
    runs: Runs, lake: Lake, published: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.publish("shop.takings", {DAYS[2]: runs.commit(OLD, {DAYS[2]: amounts(7)})})
    with monkeypatch.context() as patched:
        patched.setattr(sync, "wanted_state", None)  # which looks at all
        assert lake.sync(wholly=False)[PUBLISHED] == "updated"
    assert sorted(row["amount"] for row in lake.rows(PUBLISHED)) == [1, 1, 1, 1, 1, 7]
    is_what_a_full_look_makes(lake)


def test_what_is_published_meanwhile_is_there_wholly_or_not_at_all(
    runs: Runs, lake: Lake, published: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = (runs.commit(OLD, {day: amounts(amount) for day in DAYS}) for amount in (10, 100))
    looked_up, moves = recent.outputs_of, [two]

    def overtaken(*arguments):  # type: ignore[no-untyped-def]
        if moves:
            runs.publish("shop.takings", dict.fromkeys(DAYS, moves.pop()))
        return looked_up(*arguments)

    monkeypatch.setattr(recent, "outputs_of", overtaken)
    runs.publish("shop.takings", {DAYS[0]: one, DAYS[1]: one})
    lake.sync(wholly=False)
    assert {row["amount"] for row in lake.rows(PUBLISHED)} == {100}


def test_an_hour_more_looks_at_its_month_alone(
    runs: Runs, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    clicks = table("web.clicks", "clicked timestamp", "page string")
    hours = [Hour.at(datetime(2013, month, 28, 23, tzinfo=timezone.utc)) for month in (1, 2, 3)]
    run = runs.commit(clicks, {hour: [{"clicked": HOUR.begins(hour)}] for hour in hours})
    runs.publish("web.clicks", dict.fromkeys(hours[:2], run))
    lake.sync()
    again = runs.commit(clicks, {hours[2]: [{"clicked": HOUR.begins(hours[2])}] * 2})
    runs.publish("web.clicks", {hours[2]: again, hours[0]: None})
    with monkeypatch.context() as patched:
        patched.setattr(sync, "wanted_state", None)
        lake.sync(wholly=False)
    assert len(lake.rows("prod_web.clicks")) == 3
    is_what_a_full_look_makes(lake)


def test_a_contract_or_a_line_that_changes_is_seen(runs: Runs, lake: Lake, published: str) -> None:
    steps = [
        (WIDER, amounts(2, note="gift"), "0.1"),  # a release that adds a column
        (NEW, [{"shop": "west", "revenue": 3}], "0.2"),
        (OLD, amounts(4), "0.1"),
    ]
    for contract, rows, line in steps:
        runs.publish("shop.takings", {DAYS[3]: runs.commit(contract, {DAYS[3]: rows}, line)})
        is_what_a_full_look_makes(lake)


def test_the_newest_output_that_goes_takes_its_contract_with_it(
    runs: Runs, lake: Lake, published: str
) -> None:
    wider = runs.commit(WIDER, {DAYS[0]: amounts(2, note="gift"), DAYS[5]: amounts(3, note="gift")})
    for moves in ({DAYS[0]: wider}, {DAYS[0]: published}, {DAYS[5]: wider}, {DAYS[5]: None}):
        runs.publish("shop.takings", moves)
        is_what_a_full_look_makes(lake)
        columns = lake.table(PUBLISHED).schema().column_names
        assert ("note" in columns) == (wider in moves.values())


def test_a_ledger_that_was_brought_back_from_a_copy_is_looked_at_wholly(
    runs: Runs,
    lake: Lake,
    home,
    published: str,  # type: ignore[no-untyped-def]
) -> None:
    ledger = home / str(runs.warehouse.ledger.url.database)
    copy = ledger.read_bytes()
    runs.publish("shop.takings", {DAYS[1]: runs.commit(OLD, {DAYS[1]: amounts(50)})})
    lake.sync(wholly=False)
    ledger.write_bytes(copy)
    for number in (2, 3, 4):
        runs.publish("shop.takings", {DAYS[number]: runs.commit(OLD, {DAYS[number]: amounts(number)})})
    lake.sync(wholly=False)
    assert sorted(row["amount"] for row in lake.rows(PUBLISHED)) == [1, 1, 1, 2, 3, 4]


def test_with_two_lines_in_a_table_one_date_looks_at_its_span_alone(
    runs: Runs, lake: Lake, published: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever line it is of: the columns of the newest come first, and no kept span is written again."""
    west = [{"shop": "west", "revenue": 3}]
    new = runs.commit(NEW, dict.fromkeys(DAYS[3:], west), "0.2")
    runs.publish("shop.takings", dict.fromkeys(DAYS[3:], new))
    lake.sync()
    for day, contract, rows, line in [
        (DAYS[1], OLD, amounts(9), "0.1"),
        (DAYS[4], NEW, west, "0.2"),
        (DAYS[2], NEW, west, "0.2"),  # a date more on the new line
        (DAYS[0], OLD, amounts(8), "0.1"),
    ]:
        runs.publish("shop.takings", {day: runs.commit(contract, {day: rows}, line)})
        with monkeypatch.context() as patched:
            patched.setattr(sync, "wanted_state", None)  # which looks at all
            assert lake.sync(wholly=False)[PUBLISHED] == "updated"
        newest = [column.name for column in contract.columns]
        assert lake.table(PUBLISHED).schema().column_names[: len(newest)] == newest
        is_what_a_full_look_makes(lake)
    assert sorted(row["amount"] or 0 for row in lake.rows(PUBLISHED)) == [0, 0, 0, 0, 8, 9]


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_published_in_whatever_order(seed: int, runs: Runs, lake: Lake, published: str) -> None:
    chance = random.Random(seed)
    contracts = {"0.1": (OLD, WIDER), "0.2": (WIDER, WIDER, NEW)}
    known: list[tuple[list[date], str | None]] = [(DAYS, published), ([*DAYS, TWO, THREE], None)]
    for _ in range(12):
        line = chance.choice(["0.1", "0.1", "0.2"])
        days = chance.sample([*DAYS, TWO, THREE], chance.choice([1, 1, 2, 6]))
        run = runs.commit(chance.choice(contracts[line]), dict.fromkeys(days, amounts(5)), line)
        known.append((days, run))
        days, chosen = chance.choice([known[-1], known[-1], *known])
        runs.publish("shop.takings", dict.fromkeys(chance.sample(days, chance.randint(1, len(days))), chosen))
        is_what_a_full_look_makes(lake)

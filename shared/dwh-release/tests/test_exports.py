"""What a package exports is recorded, a line for each name; a change is told until it is recorded."""

from __future__ import annotations

import pytest
from monorepo import Monorepo

LIB = "shared/dwh-extra"
SOURCE = f"{LIB}/src/dwh/extra/__init__.py"
RECORDED = """\
# dwh.extra
Money: class
Money.__init__(self, cents: int) -> None
Money.currency: str = 'EUR'
Money.euros(self, exact: bool = False) -> float
PRECISION = 2
rounded(value: float, digits: int = PRECISION) -> float
"""


@pytest.fixture
def recorded(repo: Monorepo) -> Monorepo:
    """A monorepo whose library has recorded what it exports."""
    assert repo.run("exports", "dwh-extra", "--renew").code == 0
    return repo


def test_each_public_name_is_a_line_with_its_signature(recorded: Monorepo) -> None:
    """Private names are not there; what is as recorded is told in no words."""
    assert recorded.read(f"{LIB}/exports.txt") == RECORDED
    said = recorded.run("exports", "dwh-extra")
    assert (said.code, said.all.strip()) == (0, "")


def test_a_change_is_told_until_it_is_recorded(recorded: Monorepo) -> None:
    """A parameter more, a name less: each line that differs, and what to type if that is meant."""
    recorded.replace(SOURCE, "digits: int = PRECISION)", "digits: int = PRECISION, *, up: bool = False)")
    recorded.replace(SOURCE, '"PRECISION", ', "")
    said = recorded.run("exports", "dwh-extra")
    assert said.code == 1
    assert said.out.splitlines() == [
        "dwh-extra:",
        "-PRECISION = 2",
        "-rounded(value: float, digits: int = PRECISION) -> float",
        "+rounded(value: float, digits: int = PRECISION, *, up: bool = False) -> float",
    ]
    assert "type: dwh-release exports dwh-extra --renew" in said.err
    assert recorded.run("exports", "dwh-extra", "--renew").code == 0
    assert recorded.run("exports", "dwh-extra").code == 0


def test_a_name_that_is_passed_on_is_told_once(recorded: Monorepo) -> None:
    """Its members are listed where it is defined, whatever module passes it on."""
    recorded.write(f"{LIB}/src/dwh/extra/coins.py", "class Coin:\n    value: int\n")
    recorded.replace(SOURCE, '"Money",', '"Coin", "Money",')
    recorded.replace(SOURCE, "__all__ =", "from dwh.extra.coins import Coin\n\n__all__ =")
    told = recorded.run("exports", "dwh-extra").out.splitlines()
    assert told == ["dwh-extra:", "+Coin is coins.Coin", "+coins.Coin: class", "+coins.Coin.value: int"]


def test_every_package_is_looked_at_where_none_is_named(recorded: Monorepo) -> None:
    """A package without a record is one whose names are all new."""
    said = recorded.run("exports")
    assert said.code == 1 and "+sales.Sales: class(Job)" in said.out
    assert "type: dwh-release exports dwh-v0_1 dwh-v0_2 --renew" in said.err

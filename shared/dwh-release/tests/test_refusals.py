"""Every way of getting a release wrong that we could think of, and the words of its refusal."""

# ruff: noqa: E501  # a table is read across

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from monorepo import Monorepo

NEXT_MONTH = date.today() + timedelta(days=30)
OLD, MAIN, LIB = "packages/dwh-v0_1", "packages/dwh-v0_2", "shared/dwh-extra"
OLD_SRC, MAIN_SRC = f"{OLD}/src/dwh/shops/v0_1_0", f"{MAIN}/src/dwh/shops/v0_2_0"
LIB_SRC = f"{LIB}/src/dwh/extra/__init__.py"
SALES, VISITS = f"{MAIN_SRC}/sales.py", f"{MAIN_SRC}/visits.py"

Edit = Callable[[Monorepo], object]


@dataclass(frozen=True)
class Wrong:
    """A way of getting it wrong: what was done, what is tried, the words that must be said."""

    name: str
    edit: Edit
    package: str
    says: tuple[str, ...]
    code: int = 1
    step: str | None = None
    command: tuple[str, ...] = ()


def edit(path: str, old: str, new: str) -> Edit:
    return lambda repo: repo.replace(path, old, new)


def both(*edits: Edit) -> Edit:
    return lambda repo: [one(repo) for one in edits]


def fragment(package: str, kind: str, text: str = "Something that readers notice.") -> Edit:
    return lambda repo: repo.write(f"{package}/changes/some-change.{kind}.md", f"{text}\n")


def remove(path: str) -> Edit:
    return lambda repo: (repo.root / path).unlink()


def rename_job(repo: Monorepo) -> None:
    (repo.root / VISITS).rename(repo.root / MAIN_SRC / "calls.py")


NOTE = '            Column("note", "string", "null where nobody wrote one", nullable=True),\n'
REVENUE = '            Column("revenue", "bigint", "cents, before tax"),\n'
ORDERS = '            Column("orders", "bigint", "orders placed"),\n'
BREAK = fragment(MAIN, "breaking", "The `sales` job differs.\n\n## Migration\n\nRead the sales anew.")

CONTRACT = [
    Wrong("a removed column", edit(SALES, NOTE, ""), "dwh-v0_2", ("column note is gone", "dwh-release line 0.3"), step="major"),
    Wrong("a renamed column", edit(SALES, '"revenue", "big', '"turnover", "big'), "dwh-v0_2", ("column revenue is gone",), step="major"),
    Wrong("a narrowed type", edit(SALES, '"orders", "bigint"', '"orders", "int"'), "dwh-v0_2", ("sales.py:30", "bigint → int"), step="major"),
    Wrong("a widened type", edit(SALES, '"orders", "bigint"', '"orders", "decimal(38,0)"'), "dwh-v0_2", ("bigint → decimal(38,0)",), step="major"),
    Wrong("reordered columns", edit(SALES, ORDERS + REVENUE, REVENUE + ORDERS), "dwh-v0_2", ("another order",), step="major"),
    Wrong(
        "a column in the middle", edit(SALES, REVENUE, '            Column("tax", "bigint", "cents", nullable=True),\n' + REVENUE),
        "dwh-v0_2", ("column tax is new, but not at the end",), step="major",
    ),
    Wrong(
        "a required column at the end", edit(SALES, NOTE, NOTE + '            Column("tax", "bigint", "cents"),\n'),
        "dwh-v0_2", ("column tax is new and never null",), step="major",
    ),
    Wrong(
        "a nullable column at the end, as a fix",
        both(edit(SALES, NOTE, NOTE + '            Column("tax", "bigint", "cents", nullable=True),\n'), fragment(MAIN, "fix")),
        "dwh-v0_2", ("a fix at most", "column tax is new", "a feature"), step="minor",
    ),
    Wrong("a null where none was", edit(SALES, '"orders placed")', '"orders placed", nullable=True)'), "dwh-v0_2", ("orders may now be null",), step="major"),
    Wrong("a changed key", edit(SALES, 'key=("day", "shop")', 'key=("day",)'), "dwh-v0_2", ("the key changed: day, shop → day",), step="major"),
    Wrong("no key any more", edit(SALES, '        key=("day", "shop"),\n', ""), "dwh-v0_2", ("the key changed: day, shop → none",), step="major"),
    Wrong(
        "another partitioning",
        both(edit(SALES, ORDERS, ORDERS + '            Column("paid", "date", "UTC"),\n'), edit(SALES, '        key=("day", "shop"),\n        partition_by="day"', '        partition_by="paid"')),
        "dwh-v0_2", ("the partitioning changed: day → paid",), step="major",
    ),
    Wrong("another table", edit(SALES, '"shop.sales"', '"shop.sold"'), "dwh-v0_2", ("shop.sales → shop.sold",), step="major"),
    Wrong("another meaning of a column", edit(SALES, '"cents, before tax"),\n            Column("note', '"cents, after tax"),\n            Column("note'), "dwh-v0_2", ("the meaning of revenue changed", "before tax", "after tax"), step="major"),
    Wrong("another grain", edit(SALES, "one shop on one day on which it sold", "one shop on one day"), "dwh-v0_2", ("what one row is changed",), step="major"),
    Wrong("empty dates as a result", edit(SALES, '        doc="one shop', '        may_be_empty=True,\n        doc="one shop'), "dwh-v0_2", ("a date without rows is now valid",), step="major"),
    Wrong("a removed job", remove(VISITS), "dwh-v0_2", ("job visits is gone, it wrote shop.visits",), step="major"),
    Wrong("a renamed job", rename_job, "dwh-v0_2", ("job visits is gone", "now written by calls"), step="major"),
    Wrong(
        "an input more",
        both(edit(SALES, "reads = (ORDERS,)", "reads = (ORDERS, SHOPS)"), edit(SALES, "import ORDERS", "import ORDERS, SHOPS"),
             edit(f"{MAIN_SRC}/_inputs.py", "ORDERS = ", 'SHOPS = Table("shops", columns=(Column("shop", "string"),))\nORDERS = ')),
        "dwh-v0_2", ("sales.reads.shops: the job now needs this input",), step="major",
    ),
    Wrong("an input column more", edit(f"{MAIN_SRC}/_inputs.py", '        Column("shop", "string"),\n', '        Column("shop", "string"),\n        Column("town", "string"),\n'), "dwh-v0_2", ("the job needs column town",), step="major"),
    Wrong("an input of another type", edit(f"{MAIN_SRC}/_inputs.py", '"cents", "bigint"', '"cents", "double"'), "dwh-v0_2", ("_inputs.py:10", "bigint → double"), step="major"),
    Wrong("another Spark setting", edit(f"{MAIN_SRC}/__init__.py", '"UTC"', '"Europe/Berlin"'), "dwh-v0_2", ("spark.sql.session.timeZone changed: UTC → Europe/Berlin",), step="major"),
    Wrong("a new job in a maintenance line", lambda repo: repo.write(f"{OLD_SRC}/more.py", repo.read(f"{OLD_SRC}/visits.py").replace("shop.visits", "shop.more")), "dwh-v0_1", ("job more is new", "takes fixes only", "goes to the main line, dwh-v0_2"), step="minor"),
    Wrong("a break in a maintenance line", edit(f"{OLD_SRC}/sales.py", NOTE, ""), "dwh-v0_1", ("column note is gone", "takes fixes only"), step="major"),
    Wrong(
        "a declared change that is none",
        both(edit(SALES, '    def transform', '    changes = (Renamed("turnover", "revenue", reason="shorter"),)\n\n    def transform'), edit(SALES, "Job, Table", "Job, Renamed, Table")),
        "dwh-v0_2", ("sales declares Renamed(turnover, revenue)", "no column turnover"), step="patch",
    ),
]  # fmt: skip

API = [
    Wrong("a removed function", both(edit(LIB_SRC, "def rounded", "def _rounded"), edit(LIB_SRC, ', "rounded"', "")), "dwh-extra", ("rounded is gone",), step="major"),
    Wrong("a changed default", edit(LIB_SRC, "exact: bool = False", "exact: bool = True"), "dwh-extra", ("Money.euros(exact)", "False → True", "extra/__init__.py:23"), step="major"),
    Wrong("sync to async", edit(LIB_SRC, "    def euros", "    async def euros"), "dwh-extra", ("Money.euros became async",), step="major"),
    Wrong("a changed return type", edit(LIB_SRC, "PRECISION) -> float", "PRECISION) -> str"), "dwh-extra", ("rounded: its return type changed: float → str",), step="major"),
    Wrong("a changed parameter type", edit(LIB_SRC, "value: float", "value: int"), "dwh-extra", ("rounded(value): its type changed: float → int",), step="major"),
    Wrong("a required parameter more", edit(LIB_SRC, "value: float,", "value: float, unit: str,"), "dwh-extra", ("rounded(unit)",), step="major"),
    Wrong("a parameter less", edit(LIB_SRC, ", exact: bool = False", ""), "dwh-extra", ("Money.euros(exact)", "removed"), step="major"),
    Wrong("a renamed parameter", edit(LIB_SRC, "digits", "places"), "dwh-extra", ("rounded(digits)", "removed"), step="major"),
    Wrong("a keyword-only parameter", edit(LIB_SRC, "value: float, digits", "value: float, *, digits"), "dwh-extra", ("rounded(digits)", "positional or keyword → keyword-only"), step="major"),
    Wrong("a changed constant", edit(LIB_SRC, "PRECISION = 2", "PRECISION = 3"), "dwh-extra", ("PRECISION: its value changed: 2 → 3",), step="major"),
    Wrong("a changed attribute type", edit(LIB_SRC, 'currency: str = "EUR"', 'currency: bytes = "EUR"'), "dwh-extra", ("Money.currency: its annotation changed: str → bytes",), step="major"),
    Wrong("a method as a property", edit(LIB_SRC, "    def euros(self, exact: bool = False)", "    @property\n    def euros(self)"), "dwh-extra", ("Money.euros",), step="major"),
    Wrong("a base class less", both(edit(LIB_SRC, "class Money:", "class Money(_Base):"), edit(LIB_SRC, "class Money", "class _Base:\n    pass\n\n\nclass Money"), fragment(LIB, "fix")), "dwh-extra", ("Money: its bases changed",), step="minor"),
    Wrong("a new name as a fix", both(edit(LIB_SRC, '"Money"', '"CENT", "Money"'), edit(LIB_SRC, "PRECISION = 2", "PRECISION = 2\nCENT = 1"), fragment(LIB, "fix")), "dwh-extra", ("CENT is new", "a fix at most"), step="minor"),
    Wrong("a removed command", edit(f"{LIB}/pyproject.toml", 'dwh-extra = "dwh.extra:rounded"', ""), "dwh-extra", ("scripts dwh-extra is gone",), step="major"),
    Wrong("a break without migration text", both(edit(LIB_SRC, "PRECISION = 2", "PRECISION = 3"), fragment(LIB, "breaking")), "dwh-extra", ("a breaking change needs its migration text",), code=2),
    Wrong("a break called a feature", both(edit(LIB_SRC, "PRECISION = 2", "PRECISION = 3"), fragment(LIB, "feature")), "dwh-extra", ("a feature at most", "a breaking change"), step="major"),
]  # fmt: skip

HOUSE = [
    Wrong("a change nobody tells of", edit(SALES, "Sum the orders up.", "Add the orders up."), "dwh-v0_2", ("sales.py changed", "no fragment says so", "dwh-release change dwh-v0_2 --kind fix"), step="patch"),
    Wrong("VERSION forgotten", lambda repo: repo.write("VERSION", "0.1.9\n"), "dwh-v0_2", ("VERSION says '0.1.9'", "dwh-v0_2 is 0.2.0")),
    Wrong("no VERSION", remove("VERSION"), "dwh-v0_1", ("there is no file VERSION",)),
    Wrong("a bump without VERSION", edit(f"{MAIN}/pyproject.toml", 'version = "0.2.0"', 'version = "0.2.1"'), "dwh-v0_2", ("VERSION says '0.2.0'",)),
    Wrong("a version that goes backwards", edit(f"{OLD}/pyproject.toml", 'version = "0.1.0"', 'version = "0.0.9"'), "dwh-v0_1", ("version 0.0.9 goes backwards", "0.1.0 is released")),
    Wrong("a version that skips", edit(f"{OLD}/pyproject.toml", 'version = "0.1.0"', 'version = "0.1.5"'), "dwh-v0_1", ("0.1.5 skips releases after 0.1.0",)),
    Wrong("a version of another line", both(edit(f"{MAIN}/pyproject.toml", 'version = "0.2.0"', 'version = "0.3.0"'), lambda repo: repo.write("VERSION", "0.3.0\n")), "dwh-v0_2", ("version 0.3.0 is not in line 0.2",)),
    Wrong("a version that is none", edit(f"{OLD}/pyproject.toml", 'version = "0.1.0"', 'version = "0.1"'), "dwh-v0_1", ("'0.1' is not a release",), code=2),
    Wrong("a bump too small", both(edit(LIB_SRC, "PRECISION = 2", "PRECISION = 3"), edit(f"{LIB}/pyproject.toml", 'version = "0.4.0"', 'version = "0.4.1"')), "dwh-extra", ("0.4.0 → 0.4.1 allows a feature at most", "the smallest step is major (0.5.0)"), step="major"),
    Wrong("a released file edited", edit(f"{MAIN}/released/0.2.0.json", "cents, before tax", "cents, after tax"), "dwh-v0_2", ("released/0.2.0.json", "a released file was edited", "git checkout")),
    Wrong("a released file corrupt", lambda repo: repo.write(f"{MAIN}/released/0.2.0.json", "{"), "dwh-v0_2", ("released/0.2.0.json", "it is corrupt")),
    Wrong("a released file emptied", lambda repo: repo.write(f"{MAIN}/released/0.2.0.json", "{}"), "dwh-v0_2", ("it is corrupt: format, package",)),
    Wrong("a released file missing", remove(f"{MAIN}/released/0.2.0.json"), "dwh-v0_2", ("released/0.2.0.json", "it is missing", "CHANGELOG.md says there was a release")),
    Wrong("notes of a release gone", lambda repo: repo.write(f"{MAIN}/CHANGELOG.md", "# Changelog\n"), "dwh-v0_2", ("CHANGELOG.md has no section for release 0.2.0",)),
    Wrong("a fragment that says nothing", fragment(MAIN, "fix", ""), "dwh-v0_2", ("some-change.fix.md: it says nothing",), code=2),
    Wrong("a fragment that says TODO", fragment(MAIN, "fix", "TODO"), "dwh-v0_2", ("it says nothing (found: 'TODO')",), code=2),
    Wrong("a fragment of no kind", fragment(MAIN, "bugfix"), "dwh-v0_2", ("some-change.bugfix.md: it is not a fragment", "fix|security|"), code=2),
    Wrong("a migration text that says nothing", fragment(MAIN, "breaking", "Sales are different now.\n\n## Migration\n\nn/a"), "dwh-v0_2", ("a breaking change needs its migration text",), code=2),
    Wrong("a feature in a maintenance line's notes", fragment(OLD, "feature"), "dwh-v0_1", ("some-change.feature.md: a feature change", "takes fixes only"), step="minor"),
    Wrong("a job that cannot be imported", edit(SALES, "from dwh.core import Column", "from dwh.cure import Column"), "dwh-v0_2", ("reading the jobs of dwh-v0_2", "dwh.cure")),
    Wrong("a job that is no Python", edit(SALES, "class Sales(Job):", "class Sales(Job)"), "dwh-v0_2", ("sales.py", "expected ':'")),
    Wrong("two main lines", both(edit(f"{OLD_SRC}/__init__.py", 'status="maintenance"', 'status="main"')), "dwh-v0_2", ("exactly one line has the status main", "dwh-v0_1, dwh-v0_2"), code=2),
    Wrong("no main line", edit(f"{MAIN_SRC}/__init__.py", 'status="main"', 'status="ended"'), "dwh-v0_2", ("exactly one line has the status main, found: none",), code=2),
    Wrong("a waiver that is over", lambda repo: repo.write(f"{MAIN}/waivers.toml", '[[waiver]]\nfinding = "a:b"\nreason = "a good reason"\nexpires = 2020-01-01\n'), "dwh-v0_2", ("the waiver of a:b expired on 2020-01-01",)),
    Wrong("a waiver of nothing", lambda repo: repo.write(f"{MAIN}/waivers.toml", f'[[waiver]]\nfinding = "a:b"\nreason = "a good reason"\nexpires = {NEXT_MONTH}\n'), "dwh-v0_2", ("the waiver of a:b covers nothing",)),
    Wrong("a waiver for longer than a year", lambda repo: repo.write(f"{MAIN}/waivers.toml", '[[waiver]]\nfinding = "a:b"\nreason = "a good reason"\nexpires = 2099-01-01\n'), "dwh-v0_2", ("lasts until 2099-01-01, and a year is the longest",)),
    Wrong("waivers that are none", lambda repo: repo.write(f"{MAIN}/waivers.toml", "waiver = 3\n"), "dwh-v0_2", ("waiver is 3", "[[waiver]]"), code=2),
    Wrong("decisions that are none", lambda repo: repo.write(f"{MAIN}/unported.toml", "fix = 3\n"), "dwh-v0_2", ("fix is 3", "[[fix]]"), code=2),
    Wrong("a waiver with a time", lambda repo: repo.write(f"{MAIN}/waivers.toml", '[[waiver]]\nfinding = "a:b"\nreason = "a good reason"\nexpires = 2099-01-01T00:00:00Z\n'), "dwh-v0_2", ("is not a date",), code=2),
    Wrong("a waiver without reason", lambda repo: repo.write(f"{MAIN}/waivers.toml", '[[waiver]]\nfinding = "a:b"\nexpires = 2099-01-01\n'), "dwh-v0_2", ("is not a waiver",), code=2),
    Wrong("a security fix nobody decided about", lambda repo: repo.write(f"{MAIN}/changes/leak.security.md", "Names of shops no longer leak.\n"), "dwh-v0_1", ("nobody decided about the security fix leak of dwh-v0_2", "dwh-release port COMMIT --to dwh-v0_1")),
    Wrong("a change to a line that ended", both(edit(f"{OLD_SRC}/__init__.py", "date(2030, 12, 31)", "date(2020, 12, 31)"), fragment(OLD, "fix")), "dwh-v0_1", ("line 0.1 ended on 2020-12-31",), step="patch"),
    Wrong("a package that is unknown", lambda repo: None, "dwh-v0_7", ("no package 'dwh-v0_7'", "dwh-v0_1, dwh-v0_2"), code=2),
    Wrong("a release of another version", lambda repo: None, "dwh-v0_2@0.2.7", ("looking for dwh-v0_2@0.2.7", "the tree has dwh-v0_2@0.2.0"), code=2),
]  # fmt: skip


@pytest.mark.parametrize("wrong", [pytest.param(wrong, id=wrong.name) for wrong in (*CONTRACT, *API, *HOUSE)])
def test_the_gate_refuses(wrong: Wrong, repo: Monorepo) -> None:
    """Each is refused with the exit code that says whose mistake it is, and a message that names the thing."""
    wrong.edit(repo)
    before = repo.state()
    said = repo.run("check", wrong.package)
    assert said.code == wrong.code, said.all
    for words in wrong.says:
        assert words in said.all
    assert "Traceback" not in said.all
    assert repo.state() == before
    if wrong.step:
        assert f"; {wrong.step}, to " in said.out


def test_there_are_more_than_thirty_ways() -> None:
    """The table has at least the thirty ways that were asked for, each with a name of its own."""
    names = [wrong.name for wrong in (*CONTRACT, *API, *HOUSE)]
    assert len(set(names)) == len(names) >= 30


def test_what_is_as_released_passes(repo: Monorepo) -> None:
    """Nothing is refused where nothing is wrong."""
    said = repo.run("check")
    assert said.code == 0, said.all
    assert said.out.count("ok; no step needed") == 3

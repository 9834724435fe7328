"""Breaks that do not show in the words of the source, and what only looks like one."""

# ruff: noqa: E501  # a table is read across

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from monorepo import Monorepo

pytestmark = pytest.mark.breadth  # test_refusals has a case of each rule
LIB = "shared/dwh-extra/src/dwh/extra"
MAIN = "packages/dwh-v0_2/src/dwh/shops/v0_2_0"
SALES = f"{MAIN}/sales.py"
RUN = '''
    def run(self, day: str) -> None:
        """Run on a day."""

    def transform'''

Edit = Callable[[Monorepo], object]


def edit(path: str, *pairs: str) -> Edit:
    def apply(repo: Monorepo) -> None:
        for old, new in zip(pairs[::2], pairs[1::2], strict=True):
            repo.replace(path, old, new)

    return apply


def lib(*pairs: str) -> Edit:
    return edit(f"{LIB}/__init__.py", *pairs)


def checked(repo: Monorepo, package: str) -> dict[str, Any]:
    """Return the gate's report on a package."""
    said = repo.run("check", package, "--json")
    assert "Traceback" not in said.all, said.all
    report: dict[str, Any] = json.loads(said.out)[0]
    return report


BREAKS = [
    ("a constant by +=", lib("PRECISION = 2", "PRECISION = 2\nPRECISION += 1"), "PRECISION: its value changed: 2 → 3"),
    ("a constant by if", lib("PRECISION = 2", "PRECISION = 2\nif PRECISION:\n    PRECISION = 3"), "2 → 3"),
    ("a constant by for", lib("PRECISION = 2", "PRECISION = 2\nfor PRECISION in (3, 4):\n    pass"), "2 → 4"),
    ("a constant by globals", lib("class Money", 'globals()["PRECISION"] = 5\n\n\nclass Money'), "2 → 5"),
    ("a constant behind a private one", lib("PRECISION = 2", "_DIGITS = 3\nPRECISION = _DIGITS"), "2 → 3"),
    ("a constant behind an import", lambda repo: (repo.write(f"{LIB}/_n.py", "PRECISION = 3\n"), repo.replace(f"{LIB}/__init__.py", "PRECISION = 2", "from dwh.extra._n import PRECISION")), "2 → 3"),
    ("a constant of a class", lib("    currency: str", "    _other = 'USD'\n    currency: str", '= "EUR"', "= _other"), "Money.currency: its value changed: 'EUR' → 'USD'"),
    ("a constant of a class, from outside", lib("class Money", "class Money", "        return self._cents / 100 if", "        return self._cents / 10 if", "rounded(self._cents / 100)", "rounded(self._cents / 100)\n\n\nMoney.currency = 'USD'"), "'EUR' → 'USD'"),
    ("a default behind a private constant", lib("digits: int = PRECISION", "digits: int = _DIGITS", "PRECISION = 2", "PRECISION = 2\n_DIGITS = 4"), "rounded(digits): its default changed"),
    ("a parameter behind **kwargs", lib("exact: bool = False", "**kwargs: object"), "Money.euros(exact): the parameter was removed"),
    ("a parameter behind *args and **kwargs", lib("value: float, digits: int = PRECISION", "value: float, *args: int, **kwargs: object"), "rounded(digits): the parameter was removed"),
    ("a constructor with __new__", lib("    def __init__(self, cents: int) -> None:", "    def __new__(cls, cents: int, unit: str) -> Money:\n        return super().__new__(cls)\n\n    def _init(self, cents: int) -> None:"), "Money.__init__(unit): it is new, and required"),
    ("a function wrapped into another call", lib("def rounded(", "def _any(function):\n    return lambda *given: function(*given)\n\n\n@_any\ndef rounded("), "rounded(digits): the parameter was removed"),
    ("a function that is taken away", lib("class Money", "_rounded = rounded\ndel rounded\n\n\nclass Money", '"Money", "rounded"', '"Money"', "else rounded(self", "else _rounded(self"), "rounded is gone"),
    ("a method that is taken away", lambda repo: repo.write(f"{LIB}/__init__.py", repo.read(f"{LIB}/__init__.py") + "\n\ndel Money.euros\n"), "Money.euros is gone"),
    ("a method from outside", lambda repo: repo.write(f"{LIB}/__init__.py", repo.read(f"{LIB}/__init__.py") + "\n\nMoney.euros = lambda self: 1.0\n"), "Money.euros(exact): the parameter was removed"),
    ("a class that a decorator takes away", lib("class Money:", "def _none(found):\n    return None\n\n\n@_none\nclass Money:"), "Money: it was a class and is a attribute"),
    ("a class that its own class makes", lib("class Money:", "class _Made(type):\n    def __call__(cls, cents: int, unit: str) -> object:\n        return cents\n\n\nclass Money(metaclass=_Made):"), "Money.__init__(unit): it is new, and required"),
    ("a class that nobody can make", lib("class Money:", "import abc\n\n\nclass Money(abc.ABC):", "    def euros(", "    @abc.abstractmethod\n    def name(self) -> str:\n        ...\n\n    def euros("), "Money became abstract"),
    ("a constant by the globals' update", lib("class Money", "globals().update(PRECISION=5)\n\n\nclass Money"), "2 → 5"),
    ("a constant by setattr", lib("class Money", 'import sys\n\nsetattr(sys.modules[__name__], "PRECISION", 6)\n\n\nclass Money'), "2 → 6"),
    ("a constant by another module", lambda repo: repo.write(f"{LIB}/side.py", '"""Sides."""\n\nimport dwh.extra\n\ndwh.extra.PRECISION = 8\n'), "2 → 8"),
    ("a value that is made one after the other", lib("    return round(value, digits)\n", "    yield round(value, digits)\n"), "rounded became a generator"),
    ("a class that nobody may extend", lib("class Money:", "from typing import final\n\n\n@final\nclass Money:"), "Money became final"),
    ("a class that is no key any more", lib("    def euros(", "    __hash__ = None\n\n    def euros("), "Money became unhashable"),
    ("no constructor any more", lib("    def __init__(self, cents: int) -> None:\n        self._cents = cents\n", "    _cents = 0\n"), "Money.__init__(cents): the parameter was removed"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "words"), [pytest.param(*case, id=name) for name, *case in BREAKS])
def test_the_imported_package_is_looked_at(repo: Monorepo, change: Edit, words: str) -> None:
    """However a name comes to its value or its call, it is what callers get that counts."""
    change(repo)
    report = checked(repo, "dwh-extra")
    assert report["step"] == "major", report
    assert any(words in finding["message"] for finding in report["findings"]), report["findings"]


def lazily(repo: Monorepo, where: str = '"_all"', told: str = "__all__ = list(_WHERE)") -> None:
    """Let the library's module make its names when it is asked for them."""
    repo.write(f"{LIB}/_all.py", repo.read(f"{LIB}/__init__.py"))
    lines = [
        '"""Small helpers."""\n\nimport importlib\n',
        f'_WHERE = dict.fromkeys(("Money", "PRECISION", "rounded"), "_all") | {{"Money": {where}}}',
        f"{told}\n\n\ndef __getattr__(name: str) -> object:\n    if name not in _WHERE:",
        "        raise AttributeError(name)",
        '    return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)\n',
    ]
    repo.write(f"{LIB}/__init__.py", "\n".join(lines))


SAME = [
    ("a constant written otherwise", lib("PRECISION = 2", "PRECISION = 1 + 1")),
    ("a constant that moved", lambda repo: (repo.write(f"{LIB}/_n.py", "PRECISION = 2\n"), repo.replace(f"{LIB}/__init__.py", "PRECISION = 2", "from dwh.extra._n import PRECISION"))),
    ("a function that moved", lambda repo: (repo.write(f"{LIB}/_n.py", 'def rounded(value: float, digits: int = 2) -> float:\n    """Round."""\n    return round(value, digits)\n'), repo.replace(f"{LIB}/__init__.py", "def rounded(value: float, digits: int = PRECISION) -> float:\n    \"\"\"Round a value.\"\"\"\n    return round(value, digits)\n", ""), repo.replace(f"{LIB}/__init__.py", "PRECISION = 2", "from dwh.extra._n import rounded\n\nPRECISION = 2"))),
    ("a method that moved to a base", lib("class Money:", "class _Base:\n    _cents = 0\n\n    def euros(self, exact: bool = False) -> float:\n        return 0.0\n\n\nclass Money(_Base):", "    def euros(self, exact: bool = False) -> float:\n        \"\"\"Return the amount in euros.\"\"\"\n", "    def _euros(self, exact: bool = False) -> float:\n")),
    ("a class of an extra that is not here", lib('"Money", "rounded"', '"Cents", "Money", "rounded"', "class Money", "def __getattr__(name: str) -> object:\n    import no_such_extra\n\n\nclass Money")),
    ("a quoted annotation", lib("value: float,", 'value: "float",', "PRECISION) -> float", 'PRECISION) -> "float"')),
    ("an annotation by its home", lib("from __future__ import annotations\n", "from __future__ import annotations\n\nimport builtins\n", "value: float,", "value: builtins.float,")),
    ("an annotation of a constant", lib("PRECISION = 2", "PRECISION: int = 2")),
    ("a parameter that takes more", lib("value: float,", "value: float | str,")),
    ("a function that is cached", lib("def rounded(", "from functools import lru_cache\n\n\n@lru_cache\ndef rounded(")),
    ("a class that is no longer listed", lib('["PRECISION", "Money", "rounded"]', '["PRECISION", "rounded"]')),
    ("a script among the modules", lambda repo: repo.write(f"{LIB}/tool.py", '"""A tool."""\n\nraise SystemExit(0)\n')),
    ("a module that prints", lambda repo: repo.write(f"{LIB}/tool.py", '"""A tool."""\n\nimport os\n\nos.write(1, b"hello")\n')),
    ("all names made when asked for", lazily),
    ("all names made and told when asked for", lambda repo: lazily(repo, told="\n\ndef __dir__() -> list[str]:\n    return list(_WHERE)")),
    ("a property that can be set, too", lib("class Money:", "class Money:\n    @property\n    def shown(self) -> str:\n        return ''\n\n    @shown.setter\n    def shown(self, value: str) -> None:\n        pass\n")),
    ("a name made when asked for", lib('PRECISION = 2', '', "= PRECISION", "= 2", "class Money", 'def __getattr__(name: str) -> int:\n    if name == "PRECISION":\n        return 2\n    raise AttributeError(name)\n\n\nclass Money')),
]  # fmt: skip


@pytest.mark.parametrize("change", [pytest.param(change, id=name) for name, change in SAME])
def test_what_can_still_be_imported_is_no_break(repo: Monorepo, change: Edit) -> None:
    """Where a name is defined is nobody's promise."""
    change(repo)
    report = checked(repo, "dwh-extra")
    assert report["step"] in ("patch", "minor"), report["findings"]


@pytest.mark.parametrize("told", ["__all__ = list(_WHERE)", "def __dir__():\n    return list(_WHERE)"])
def test_what_a_module_makes_when_asked_is_promised(fresh: Callable[[], Monorepo], told: str) -> None:
    """From its first release on: by `__all__` or `__dir__` the module says which names it has."""
    repo = fresh()
    lazily(repo, told=told)
    repo.write("shared/dwh-extra/changes/first-release.notice.md", "The first release of it all.\n")
    repo.commit()
    repo.release("dwh-extra")
    repo.replace(f"{LIB}/_all.py", "exact: bool = False", "")
    repo.replace(f"{LIB}/__init__.py", '"rounded")', '"half")')
    repo.replace(
        f"{LIB}/_all.py",
        "class Money",
        "def half(value: float) -> float:\n    return value / 2\n\n\nclass Money",
    )
    found = {(one["step"], one["message"]) for one in checked(repo, "dwh-extra")["findings"]}
    assert found >= {
        ("major", "rounded is gone"), ("minor", "function half is new"),
        ("major", "Money.euros(exact): the parameter was removed"),
    }  # fmt: skip


def test_a_library_that_is_not_installed_is_named(repo: Monorepo) -> None:
    """A name that needs it cannot be looked at: it is not gone, and may not be released unseen."""
    lazily(repo, where='"_money"')
    repo.write(f"{LIB}/_money.py", "import no_such_library\n\n\nclass Money: ...\n")
    report = checked(repo, "dwh-extra")
    assert not any("gone" in one["message"] for one in report["findings"]), report["findings"]
    assert any(
        "Money cannot be looked at, for want of the library no_such_library" in p for p in report["problems"]
    )


ORDERED = "from dataclasses import dataclass\n\n\n@dataclass(order=True)\nclass Money:\n    cents: int\n    unit: str = 'EUR'\n\n    def __enter__(self) -> object:\n        return self\n\n    def __exit__(self, *_: object) -> None:\n        pass\n"
LESS = [
    ("frozen", ("order=True", "order=True, frozen=True"), "Money became frozen"),
    ("__setattr__", ("    def __enter__", "    def __setattr__(self, name: str, value: object) -> None:\n        raise AttributeError(name)\n\n    def __enter__"), "Money became frozen"),
    ("slots", ("order=True", "order=True, slots=True"), "Money became closed to other attributes"),
    ("__slots__", ("    cents: int\n    unit: str = 'EUR'\n", "    __slots__ = ('cents', 'unit')\n    cents: int\n    unit: str\n"), "Money became closed to other attributes"),
    ("keywords only", ("order=True", "order=True, kw_only=True"), "Money.__init__(cents): it is given in another way"),
    ("no order", ("(order=True)", ""), "Money is no longer ordered"),
    ("no equality", ("order=True", "eq=False"), "Money is no longer compared by value"),
    ("no pattern", ("order=True", "order=True, match_args=False"), "Money is no longer matched by position"),
    ("no context", ("def __enter__", "def enter"), "Money is no longer a context manager"),
]  # fmt: skip


@pytest.fixture(scope="session")
def ordered(released: Monorepo, tmp_path_factory: pytest.TempPathFactory) -> Monorepo:
    """A monorepo that has released an ordered class. Not to be edited."""
    repo = released.copy(tmp_path_factory.mktemp("ordered") / "repo")
    text = repo.read(f"{LIB}/__init__.py")
    repo.write(f"{LIB}/__init__.py", text.partition("class Money")[0] + ORDERED)
    repo.write(
        "shared/dwh-extra/changes/money.breaking.md",
        "Amounts have an order.\n\n## Migration\n\nName their cents.\n",
    )
    repo.commit()
    repo.release("dwh-extra")
    return repo


@pytest.mark.parametrize(("change", "words"), [pytest.param(*case, id=name) for name, *case in LESS])
def test_a_class_whose_instances_can_do_less_is_a_break(
    ordered: Monorepo, tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    """Setting an attribute, comparing, `with`: whoever does it would get an error."""
    repo = ordered.copy(tmp_path / "repo")
    repo.replace(f"{LIB}/__init__.py", *change)
    found = [one["message"] for one in checked(repo, "dwh-extra")["findings"] if one["step"] == "major"]
    assert any(words in message for message in found), found


SLOTS = "    __slots__ = ('cents', '_seen', 'unit')\n"
OTHER_SLOTS = [
    ("    __slots__ = ('cents', '_seen')\n", ["is no longer open at its slot unit"], "major"),
    ("    __slots__ = ('cents', 'units')\n", ["is no longer open at its slot unit", "became open at its slot units"], "major"),
    ("    __slots__ = ('cents', 'unit', 'size')\n", ["became open at its slot size"], "minor"),
    ("    _known = 1\n", ["is no longer closed to other attributes (it has __slots__)"], "minor"),
    ("    __slots__ = ('unit', 'cents')\n", [], "patch"),
]  # fmt: skip


def test_an_attribute_that_instances_no_longer_take_is_a_break(repo: Monorepo) -> None:
    """A name that left `__slots__`; a class without any takes every name, and those with `_` are nobody's."""
    text = repo.read(f"{LIB}/__init__.py").partition("class Money")[0] + "class Money:\n"
    repo.write(f"{LIB}/__init__.py", text + SLOTS)
    notes = "Amounts take two attributes.\n\n## Migration\n\nName their cents.\n"
    repo.write("shared/dwh-extra/changes/money.breaking.md", notes)
    repo.commit()
    repo.release("dwh-extra")
    for slots, messages, step in OTHER_SLOTS:
        repo.write(f"{LIB}/__init__.py", text + slots)
        report = checked(repo, "dwh-extra")
        found = [one["message"] for one in report["findings"] if one["message"].startswith("Money")]
        assert (found, report["step"]) == ([f"Money {message}" for message in messages], step), slots


def test_a_class_whose_instances_can_do_more_is_a_feature(ordered: Monorepo, tmp_path: Path) -> None:
    """Nobody counted on an error."""
    repo = ordered.copy(tmp_path / "repo")
    repo.replace(
        f"{LIB}/__init__.py",
        "    def __enter__",
        "    def __len__(self) -> int:\n        return 1\n\n    def __enter__",
    )
    report = checked(repo, "dwh-extra")
    assert (report["step"], report["findings"][0]["message"]) == ("minor", "Money became sized")


PROJECT = "packages/dwh-v0_1/pyproject.toml"


@pytest.mark.parametrize("table", ["scripts", "gui-scripts", 'entry-points."shop.plugins"'])
def test_a_new_command_is_a_feature(repo: Monorepo, table: str) -> None:
    """A maintenance line gets none, and the main line loses none."""
    entry = f'[project.{table}]\nshop = "dwh.shops.v0_{{0}}_0.sales:is_large"\n\n[tool.dwh]'
    for number in "12":
        repo.replace(f"packages/dwh-v0_{number}/pyproject.toml", "[tool.dwh]", entry.format(number))
    assert any(
        "shop is new; dwh-v0_1 is a maintenance line" in said
        for said in checked(repo, "dwh-v0_1")["problems"]
    )
    assert (
        repo.run("change", "dwh-v0_2", "--kind", "feature", "--text", "There is a command `shop`.").code == 0
    )
    repo.commit()
    assert repo.run("prepare", "dwh-v0_2").code == 0
    repo.replace("packages/dwh-v0_2/pyproject.toml", 'shop = "', 'shops = "')
    assert any("shop is gone" in one["message"] for one in checked(repo, "dwh-v0_2")["findings"])


@pytest.mark.parametrize("source", ["bin/shop.sh", "bin"])
def test_a_script_that_hatch_installs_is_a_command(repo: Monorepo, source: str) -> None:
    """A file or a folder of them: a new one is a feature, one that is gone a break, other content a fix."""
    name, folder = ("shop.sh", "packages/dwh-v0_2") if source != "bin" else ("", "packages/dwh-v0_2")
    table = f'[tool.hatch.build.targets.wheel.shared-scripts]\n"{source}" = "{name}"\n\n[tool.dwh]'
    repo.replace(f"{folder}/pyproject.toml", "[tool.dwh]", table)
    repo.write(f"{folder}/bin/shop.sh", "#!/bin/sh\necho open\n")
    assert any("shop.sh is new" in one["message"] for one in checked(repo, "dwh-v0_2")["findings"])
    repo.run("change", "dwh-v0_2", "--kind", "feature", "--text", "There is a command `shop.sh`.")
    repo.commit()
    assert repo.run("prepare", "dwh-v0_2").code == 0
    repo.write(f"{folder}/bin/shop.sh", "#!/bin/sh\necho closed\n")
    assert [one["step"] for one in checked(repo, "dwh-v0_2")["findings"]] == ["patch"]
    repo.replace(f"{folder}/pyproject.toml", table, "[tool.dwh]")
    assert "major" in {one["step"] for one in checked(repo, "dwh-v0_2")["findings"]}


@pytest.mark.parametrize(
    "python", ["~=3.10", ">=3.10,<4", ">=3.10,<4.0", "==3.*,>=3.10", ">=3.10,!=4.*", ">=3.9"]
)
def test_the_same_pythons_said_otherwise_are_no_fewer(repo: Monorepo, python: str) -> None:
    """Which minors of Python 3 a line runs on is what counts: there is no Python 4."""
    repo.replace(PROJECT, 'requires-python = ">=3.10"', f'requires-python = "{python}"')
    assert checked(repo, "dwh-v0_1")["step"] == "patch"


@pytest.mark.parametrize("python", [">=3.11", ">=3.10,<3.15", "~=3.10.0", ">=3.10,!=3.12.*"])
def test_fewer_pythons_are_no_fix(repo: Monorepo, python: str) -> None:
    """Also those that are to come."""
    repo.replace(PROJECT, 'requires-python = ">=3.10"', f'requires-python = "{python}"')
    assert any("it no longer runs on Python 3" in said for said in checked(repo, "dwh-v0_1")["problems"])


def test_a_name_that_moved_stays_promised(repo: Monorepo) -> None:
    """After a release from its new place, too."""
    constant = "LARGE_CENTS = 10_000\n"
    repo.write(f"{MAIN}/_limits.py", constant)
    repo.replace(SALES, constant, "from dwh.shops.v0_2_0._limits import LARGE_CENTS\n")
    repo.run("change", "dwh-v0_2", "--kind", "fix", "--text", "Limits are in one place.")
    repo.commit()
    assert repo.run("prepare", "dwh-v0_2").code == 0
    repo.write(f"{MAIN}/_limits.py", "LARGE_CENTS = 20_000\n")
    assert any("10000 → 20000" in f["message"] for f in checked(repo, "dwh-v0_2")["findings"])


def test_a_method_of_a_private_mixin_is_promised(repo: Monorepo) -> None:
    """Whoever has the class can call it."""
    mixin = "class _Words:\n    def words(self) -> str:\n        return 'x'\n\n\nclass Money(_Words):"
    repo.replace(f"{LIB}/__init__.py", "class Money:", mixin)
    repo.run("change", "dwh-extra", "--kind", "feature", "--text", "Amounts have words.")
    repo.commit()
    assert repo.run("prepare", "dwh-extra").code == 0
    repo.replace(f"{LIB}/__init__.py", "    def words(self) -> str:\n        return 'x'\n", "    pass\n")
    assert [f["message"] for f in checked(repo, "dwh-extra")["findings"] if f["step"] == "major"] == [
        "Money.words is gone"
    ]


UNCALLABLE = [
    ("__init__ with an argument", "    def __init__(self, limit: int) -> None:\n        self.limit = limit\n\n    def transform", "Sales() must need no argument"),
    ("__new__ with an argument", "    def __new__(cls, limit: int) -> Sales:\n        return super().__new__(cls)\n\n    def transform", "Sales() must need no argument"),
    ("a method that nobody wrote", "    @__import__('abc').abstractmethod\n    def later(self) -> None:\n        ...\n\n    def transform", "Sales() cannot be made: later is abstract"),
    ("run of another kind", RUN, "Sales.run must take date, as Job.run does"),
    ("run that needs more", RUN.replace("day: str", "*, shop: str, **context: object"), "Sales.run must not need shop"),
    ("run without a context", RUN.replace("day: str", "*, date=None, start=None, end=None, spark=None, warehouse=None"), "Sales.run must take **context"),
    ("run that is awaited", RUN.replace("def run", "async def run").replace("day: str", "**context: object"), "Sales.run must return its result"),
    ("run that is none", "    run = None\n\n    def transform", "Sales.run must be a function, as Job.run is"),
    ("name of another kind", '    @classmethod\n    def name(cls, long: bool) -> str:\n        return "sales"\n\n    def transform', "Sales.name must not need long"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), [pytest.param(*case, id=name) for name, *case in UNCALLABLE])
def test_a_job_is_called_as_every_job(repo: Monorepo, text: str, words: str) -> None:
    """Whatever calls it knows `MyJob().run(date=…)` alone."""
    repo.replace(SALES, "    def transform", text.strip("\n"))
    report = checked(repo, "dwh-v0_2")
    assert any(words in problem for problem in report["problems"]), report["problems"]


UNSTEADY = [
    ("the Python", "import sys", "sys.version_info < (3, 11)", "with Python 3.10"),
    ("a newer Python", "import sys", "sys.version_info >= (3, 14)", "with Python 3.40"),
    ("a variable that is there", "import os", 'os.environ.get("STRICT") is None', "environment variable STRICT"),
    ("a variable's value", "import os", 'os.getenv("DWH_STAGE", "dev") == "prod"', "environment variable DWH_STAGE"),
    ("the system", "import platform", 'platform.system() == "Darwin"', "on another machine"),
    ("the host", "import socket", 'socket.gethostname() == "elsewhere"', "on another machine"),
    ("the home", "from pathlib import Path", 'str(Path.home()) == "/elsewhere"', "on another machine"),
    ("the second", "import time", "time.time_ns() > 3 * 10**18", "at another time"),
    ("the year", "import time", 'time.strftime("%Y") > "2090"', "at another time"),
    ("the local day", "import time", "time.localtime().tm_year > 2090", "at another time"),
    ("the time zone", "import time", 'time.tzname[0] == "+0545"', "in another time zone"),
    ("the locale", "import locale", '"9" in locale.getpreferredencoding()', "with another locale"),
    ("the order of bytes", "import sys", 'sys.byteorder == "big"', "on another machine"),
    ("the kind of Python", "import sys", 'sys.implementation.name == "other"', "on another machine"),
    ("the name of the system", "import os", 'os.name == "nt"', "on another machine"),
    ("the system as Python was built", "import sys", 'sys.platform == "win32"', "on another machine"),
    ("the other system", "import platform", 'platform.system() == "Windows"', "on another machine"),
    ("the end of a row", "from os import linesep", 'linesep == "\\r\\n"', "on another machine"),
    ("a file that is there", "import os", 'os.path.exists("/etc/passwd")', "without the file /etc/passwd"),
    ("a file that is not there", "from pathlib import Path", 'Path("/srv/strict").is_file()', "with another file /srv/strict"),
    ("a folder that is not there", "from pathlib import Path", 'Path("/srv/strict").is_dir()', "with a folder /srv/strict"),
    ("a link", "import os", 'os.path.lexists("/srv/strict")', "with another file /srv/strict"),
    ("what may be read", "import os", 'os.access("/etc/passwd", os.R_OK)', "without the file /etc/passwd"),
    ("what a folder holds", "import glob", 'bool(glob.glob("/etc/pass*"))', "without the file /etc"),
    ("what a file says", "from pathlib import Path", '"root" in Path("/etc/passwd").read_text()', "the file /etc/passwd"),
    ("the day", "from datetime import date", "date.today().year > 2090", "at another time"),
    ("a library that is there", "import importlib.util", 'importlib.util.find_spec("griffe") is None', "without the library griffe"),
    ("a library that is not there", "from importlib.util import find_spec", 'find_spec("no_such_library") is not None', "with the library no_such_library"),
    ("a library that is tried", "try:\n    import no_such_library\nexcept ImportError:\n    no_such_library = None", "no_such_library is not None", "with the library no_such_library"),
    ("a module of a library", "try:\n    from no_such.library import fast\nexcept ImportError:\n    fast = None", "fast is not None", "with the library no_such"),
    ("a library by its name", "import contextlib\nimport importlib\n\nhas = False\nwith contextlib.suppress(ImportError):\n    has = bool(importlib.import_module('no_such_library'))", "has", "with the library no_such_library"),
    ("a module of some Pythons", "try:\n    import tomllib\nexcept ImportError:\n    tomllib = None", "tomllib is None", "without the library tomllib"),
    ("a library's version", "from importlib.metadata import version", 'version("griffe") > "99"', "with griffe 999.0.0"),
    ("what a library says of itself", "import packaging", 'packaging.__version__ < "1"', "with packaging 0.0.1"),
    ("a distribution", "from importlib import metadata\n\ntry:\n    metadata.distribution('griffe')\n    has = True\nexcept metadata.PackageNotFoundError:\n    has = False", "not has", "without the distribution griffe"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("imports", "condition", "words"), [pytest.param(*case, id=name) for name, *case in UNSTEADY]
)
def test_a_contract_is_the_same_everywhere(repo: Monorepo, imports: str, condition: str, words: str) -> None:
    """It is read under other conditions; what differs is named."""
    repo.replace(SALES, "from typing import TYPE_CHECKING", f"{imports}\nfrom typing import TYPE_CHECKING")
    repo.replace(SALES, "nullable=True", f"nullable=not ({condition})")
    problems = checked(repo, "dwh-v0_2")["problems"]
    assert any("is not the same everywhere" in said and words in said for said in problems), problems


def test_an_extra_that_is_gone_is_a_break(repo: Monorepo) -> None:
    """Whoever installs `dwh-v0_2[fast]` would get less; what an extra brings may change."""
    project = "packages/dwh-v0_2/pyproject.toml"
    repo.replace(project, "[tool.dwh]", '[project.optional-dependencies]\nfast = ["packaging"]\n\n[tool.dwh]')
    repo.run("change", "dwh-v0_2", "--kind", "feature", "--text", "Jobs run faster with the extra `fast`.")
    repo.commit()
    assert repo.run("prepare", "dwh-v0_2").code == 0
    repo.replace(project, 'fast = ["packaging"]', 'quick = ["packaging"]')
    found = {(one["step"], one["message"]) for one in checked(repo, "dwh-v0_2")["findings"]}
    assert any(step == "major" and "fast" in message for step, message in found), found


def test_a_line_may_read_files_of_its_own(repo: Monorepo) -> None:
    """They are in its wheel, and so the same everywhere."""
    repo.write(f"{MAIN}/limits.txt", "100\n")
    imports = "from pathlib import Path\nfrom typing import TYPE_CHECKING"
    repo.replace(SALES, "from typing import TYPE_CHECKING", imports)
    text = 'Path(__file__).with_name("limits.txt").read_text() == "100\\n"'
    repo.replace(SALES, "nullable=True", f"nullable={text}")
    assert not any("the same everywhere" in said for said in checked(repo, "dwh-v0_2")["problems"])


def test_a_contract_without_an_order_is_refused(repo: Monorepo) -> None:
    """Another process would have the members of a set in another order."""
    repo.replace(SALES, 'key=("day", "shop")', 'key=tuple({"day", "shop"})')
    assert any("is not the same everywhere" in said for said in checked(repo, "dwh-v0_2")["problems"])


def test_a_setting_is_the_same_everywhere(repo: Monorepo) -> None:
    """Those of Spark change every value."""
    repo.replace(f"{MAIN}/__init__.py", "from dwh.core", "import os\n\nfrom dwh.core")
    repo.replace(f"{MAIN}/__init__.py", '"UTC"', 'os.environ.get("ZONE", "UTC")')
    assert any("environment variable ZONE" in said for said in checked(repo, "dwh-v0_2")["problems"])


def test_a_dependency_may_be_spelled_otherwise(repo: Monorepo) -> None:
    """What it means is compared."""
    repo.replace("packages/dwh-v0_1/pyproject.toml", '"dwh-core>=0.1,<1"', '"dwh_core <1, >=0.1"')
    report = checked(repo, "dwh-v0_1")
    assert (report["findings"], report["problems"]) == ([], [])


@pytest.mark.parametrize("named", ["HEAD:VERSION", "main~3"])
def test_a_tag_names_a_commit_that_holds_the_release(repo: Monorepo, named: str) -> None:
    """A tag elsewhere would have a release built from what it was not."""
    repo.git("tag", "dwh-v0_2@0.2.0", repo.git("rev-parse", named))
    assert any("it is not that release" in said for said in checked(repo, "dwh-v0_2")["problems"])

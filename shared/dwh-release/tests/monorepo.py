"""Monorepos for tests: real git repositories of lines and a shared library, with names of their own."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from unittest.mock import patch

from dwh.release.cli import main
from dwh.release.prepare import carry_out, plan_release
from dwh.release.repository import Repository

TODAY = date(2026, 11, 22)

_LINE_TOML = """\
[build-system]
requires = ["hatchling==1.33.0"]
build-backend = "hatchling.build"

[project]
name = "{dist}"
version = "{line}.0"
description = "Line {line} of the {what}: {role}."
readme = "README.md"
requires-python = ">=3.10"
dependencies = ["dwh-core>=0.1,<1"]

[project.entry-points."dwh.lines"]
"{line}" = "{module}:LINE"

[tool.hatch.build.targets.wheel]
packages = ["src/{top}"]

[tool.hatch.build.targets.sdist]
include = ["/src", "/tests", "/CHANGELOG.md"]

[tool.dwh]
line = "{line}"
"""

_SHARED_TOML = """\
[build-system]
requires = ["hatchling==1.33.0"]
build-backend = "hatchling.build"

[project]
name = "{dist}"
version = "0.4.0"
description = "What the jobs share."
readme = "README.md"
requires-python = ">=3.10"
dependencies = []

[project.scripts]
{dist} = "{module}:rounded"

[tool.hatch.build.targets.wheel]
packages = ["src/{top}"]

[tool.dwh]
shared = true
"""

_INIT = '''\
"""Line {line} of the {what}: one job a module. {says}"""

{imports}from dwh.core import Line

LINE = Line(
    status="{status}",{ends}
    settings={{"spark.sql.session.timeZone": "UTC"}},
)
'''

_INPUTS = '''\
"""The inputs of this line's jobs."""

from dwh.core import Column, Table

ORDERS = Table(
    "orders",
    columns=(
        Column("day", "date", "UTC date of the order"),
        Column("shop", "string"),
        Column("cents", "bigint", "price in cents, before tax"),
    ),
    partition_by="day",
    doc="one order",
)
'''

_SALES = '''\
"""Sales of each shop, each day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dwh.core import Column, Job, Table
from {module}._inputs import ORDERS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

LARGE_CENTS = 10_000


def is_large(cents: int, limit: int = LARGE_CENTS) -> bool:
    """Tell whether an order is large."""
    return cents > limit


class Sales(Job):
    """Sales of each shop, each day."""

    reads = (ORDERS,)
    writes = Table(
        "shop.sales",
        columns=(
            Column("day", "date", "UTC date of the order"),
            Column("shop", "string", "the shop's name"),
            Column("orders", "bigint", "orders placed"),
            Column("revenue", "bigint", "cents, before tax"),
            Column("note", "string", "null where nobody wrote one", nullable=True),
        ),
        key=("day", "shop"),
        partition_by="day",
        doc="one shop on one day on which it sold",
    )

    def transform(self, orders: DataFrame) -> DataFrame:
        """Sum the orders up."""
        from pyspark.sql import functions as F

        found = orders.groupBy("day", "shop")
        revenue = F.sum("cents").alias("revenue")
        return found.agg(F.count("*").alias("orders"), revenue, F.lit(None).alias("note"))
'''

_VISITS = '''\
"""Orders of each day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dwh.core import Column, Job, Table
from {module}._inputs import ORDERS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


class Visits(Job):
    """Orders of each day."""

    reads = (ORDERS,)
    writes = Table(
        "shop.visits",
        columns=(Column("day", "date", "UTC date of the order"), Column("orders", "bigint", "orders placed")),
        key=("day",),
        partition_by="day",
        doc="one day",
    )

    def transform(self, orders: DataFrame) -> DataFrame:
        """Count the orders."""
        return orders.groupBy("day").count().withColumnRenamed("count", "orders")
'''

_SHARED = '''\
"""Small helpers."""

from __future__ import annotations

__all__ = ["PRECISION", "Money", "rounded"]

PRECISION = 2


def rounded(value: float, digits: int = PRECISION) -> float:
    """Round a value."""
    return round(value, digits)


class Money:
    """An amount."""

    currency: str = "EUR"

    def __init__(self, cents: int) -> None:
        self._cents = cents

    def euros(self, exact: bool = False) -> float:
        """Return the amount in euros."""
        return self._cents / 100 if exact else rounded(self._cents / 100)
'''

_TEST = '''\
"""The line's jobs, without Spark."""

from {module} import LINE
from {module}.sales import Sales, is_large


def test_large_orders_are_told_from_small_ones() -> None:
    assert is_large(10_001) and not is_large(10_000)


def test_sales_have_a_row_a_shop_and_day() -> None:
    assert Sales.writes.key == ("day", "shop")
    assert "timeZone" in next(iter(LINE.settings))
'''


@dataclass(frozen=True)
class Names:
    """How a monorepo calls things; `{0}` is the first number of a line and `{1}` the second."""

    packages: str = "packages"
    dist: str = "dwh-v{0}_{1}"
    module: str = "dwh.shops.v{0}_{1}_0"
    shared: str = "shared/dwh-extra"
    shared_module: str = "dwh.extra"
    what: str = "shop jobs"
    lines: tuple[tuple[str, str], ...] = (("0.1", "maintenance"), ("0.2", "main"))


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return f"{self.out}\n{self.err}"


class Monorepo:
    """A git repository that a test edits, and the tool run on it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def read(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def write(self, path: str, content: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")

    def replace(self, path: str, old: str, new: str) -> None:
        text = self.read(path)
        assert old in text, f"{old!r} is not in {path}"
        self.write(path, text.replace(old, new))

    def commit(self, message: str = "Change something") -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def state(self) -> tuple[str, str, dict[str, bytes]]:
        """Return everything that a refused command must leave alone."""
        files = {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file()
            and ".git" not in path.relative_to(self.root).parts
            and "__pycache__" not in path.parts
        }
        return self.git("for-each-ref"), self.git("status", "--porcelain"), files

    def run(self, *arguments: str) -> Said:
        return run(self.root, *arguments)

    def repository(self) -> Repository:
        return Repository(self.root)

    def release(self, name: str) -> None:
        repository = self.repository()
        plan = plan_release(repository, repository.package(name), None, TODAY)
        carry_out(repository, plan, TODAY)

    def copy(self, root: Path) -> Monorepo:
        shutil.copytree(self.root, root)
        return Monorepo(root)


def run(folder: Path, *arguments: str, stdin: str = "") -> Said:
    """Run the command in this process, in a folder."""
    out, err, before, code = io.StringIO(), io.StringIO(), Path.cwd(), 0
    os.chdir(folder)
    try:
        with (
            patch.object(sys, "argv", ["dwh-release", *arguments]),
            patch.object(sys, "stdin", io.StringIO(stdin)),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                main()
            except SystemExit as error:
                code = int(error.code or 0)
    finally:
        os.chdir(before)
    return Said(code, out.getvalue(), err.getvalue())


def make(root: Path, names: Names = Names()) -> Monorepo:  # frozen
    """Make a monorepo with nothing released yet."""
    repo = Monorepo(root)
    root.mkdir(parents=True)
    repo.git("init", "--quiet", "--initial-branch=main")
    repo.write(".gitignore", "__pycache__/\ndist/\n")
    repo.write("VERSION", f"{names.lines[-1][0]}.0\n")
    for line, status in names.lines:
        _write_line(repo, names, line, status)
    folder = Path(names.shared)
    where = {"dist": folder.name, "module": names.shared_module, "top": names.shared_module.split(".")[0]}
    repo.write(f"{folder}/pyproject.toml", _SHARED_TOML.format(**where))
    repo.write(f"{folder}/README.md", "# Helpers\n\nWhat the jobs share.\n")
    repo.write(f"{folder}/src/{names.shared_module.replace('.', '/')}/__init__.py", _SHARED)
    repo.commit("Begin")
    return repo


def make_released(root: Path, names: Names = Names()) -> Monorepo:  # frozen
    """Make a monorepo whose packages have all had their first release, with the tool itself."""
    repo = make(root, names)
    packages = [path_of(names, line) for line, _ in names.lines]
    for path in [*packages, names.shared]:
        repo.write(f"{path}/changes/first-release.notice.md", "The first release of it all.\n")
    repo.commit("Say what the first releases hold")
    for path in [*packages, names.shared]:
        repo.release(Path(path).name)
    # Copies have what the gate has read, and few files.
    assert repo.run("check").code == 0
    repo.git("gc", "--quiet", "--prune=now")
    return repo


def path_of(names: Names, line: str) -> str:
    """Return the folder of a line's package."""
    return f"{names.packages}/{names.dist.format(*line.split('.'))}"


def _write_line(repo: Monorepo, names: Names, line: str, status: str) -> None:
    dist, module = names.dist.format(*line.split(".")), names.module.format(*line.split("."))
    folder, source = path_of(names, line), module.replace(".", "/")
    main_line = status == "main"
    words = {
        "dist": dist, "module": module, "line": line, "what": names.what, "status": status,
        "top": module.split(".")[0], "role": "the main line" if main_line else "maintenance, fixes only",
        "says": "The main line." if main_line else "Maintenance: it gets fixes only.",
        "ends": "" if main_line else "\n    ends=date(2030, 12, 31),",
        "imports": "" if main_line else "from datetime import date\n\n",
    }  # fmt: skip
    repo.write(f"{folder}/pyproject.toml", _LINE_TOML.format(**words))
    repo.write(f"{folder}/README.md", f"# {dist}\n\nLine {line} of the {names.what}.\n")
    repo.write(f"{folder}/src/{source}/__init__.py", _INIT.format(**words))
    repo.write(f"{folder}/src/{source}/_inputs.py", _INPUTS)
    repo.write(f"{folder}/src/{source}/sales.py", _SALES.format(module=module))
    repo.write(f"{folder}/src/{source}/visits.py", _VISITS.format(module=module))
    repo.write(f"{folder}/src/{source}/py.typed", "")
    repo.write(
        f"{folder}/tests/test_{dist.replace('-', '_').replace('.', '_')}.py", _TEST.format(module=module)
    )

"""Lines that a test installs as pip would, and the small job that they hold."""

from __future__ import annotations

import base64
import hashlib
import importlib
import sys
from collections.abc import Mapping
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["TAKINGS", "declared_release", "install_line"]

TAKINGS = '''
"""What each shop took, each day."""

from pyspark.sql import functions as F

from dwh.core import Added, Column, Expected, Job, Removed, Renamed, Table

ORDERS = Table(
    "orders",
    columns=(Column("day", "date"), Column("shop", "string"), Column("amount", "double", nullable=True)),
    partition_by="day",
)


class Takings(Job):
    """What each shop took, each day."""

    reads = (ORDERS,)
    writes = Table(
        "shop.takings",
        columns=(
            Column("day", "date"),
            Column("shop", "string"),
            Column("orders", "bigint"),
            Column("amount", "double", nullable=True),
        ),
        key=("day", "shop"),
        partition_by="day",
    )

    def transform(self, orders):
        figures = (F.count("*").alias("orders"), F.sum("amount").alias("amount"))
        takings = orders.groupBy("day", "shop").agg(*figures)
        return takings
'''
"""The source of the job `takings`."""

_INIT = """
from dwh.core import Line

LINE = Line(status={status!r}, settings={settings!r})
"""


def install_line(
    site: Path,
    name: str = "7.1",
    jobs: Mapping[str, str] | None = None,
    *,
    release: str | None = None,
    status: str = "main",
    settings: Mapping[str, str] | None = None,
    init: str | None = None,
) -> Path:
    """Install a line into a folder of `sys.path`: an import package, and metadata that lists its files.

    Parameters:
        jobs: the source of each job by its name; by default `TAKINGS`.
        release: by default the line's first.
        init: the source of the package's `__init__.py`, in place of status and settings.

    Returns:
        The folder of the import package.
    """
    label = f"v{name.replace('.', '_')}"
    sources = {f"{job}.py": source for job, source in (jobs or {"takings": TAKINGS}).items()}
    sources["__init__.py"] = init or _INIT.format(status=status, settings=dict(settings or {}))
    package = site / "dwh" / "jobs" / f"{label}_0"
    package.mkdir(parents=True, exist_ok=True)
    for file, source in sources.items():
        (package / file).write_text(source, "utf-8")
    _write_metadata(site, name, release or f"{name}.0", sources)
    importlib.invalidate_caches()
    return package


def declared_release(package: Path) -> str:
    """Return the release that a package's pyproject.toml declares.

    Parameters:
        package: the folder of a Hatch project.
    """
    text = (package / "pyproject.toml").read_text("utf-8")
    return str(tomllib.loads(text)["project"]["version"])


def _write_metadata(site: Path, line: str, release: str, sources: Mapping[str, str]) -> None:
    label = f"v{line.replace('.', '_')}"
    info = site / f"dwh_{label}-{release}.dist-info"
    recorded = [
        f"dwh/jobs/{label}_0/{file},sha256={_digest(source)},{len(source.encode())}"
        for file, source in sources.items()
    ]
    files = {
        "METADATA": f"Metadata-Version: 2.1\nName: dwh-{label}\nVersion: {release}\n",
        "entry_points.txt": f"[dwh.lines]\n{line} = dwh.jobs.{label}_0:LINE\n",
        "RECORD": "\n".join([*recorded, f"{info.name}/RECORD,,", ""]),
    }
    info.mkdir()
    for file, text in files.items():
        (info / file).write_text(text, "utf-8")


def _digest(text: str) -> str:
    """Return a SHA-256 as a RECORD writes it."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()

"""TPC-H's lineitem, and a line whose jobs pass it through, installed for the benchmark alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["install_line", "lineitem"]

JOB = '''
"""lineitem, passed through as it is."""
from dwh.core import Column, Job, Table

COLUMNS = (
    Column("l_orderkey", "bigint"), Column("l_partkey", "bigint"), Column("l_suppkey", "bigint"),
    Column("l_linenumber", "int"), Column("l_quantity", "decimal(15,2)"),
    Column("l_extendedprice", "decimal(15,2)"), Column("l_discount", "decimal(15,2)"),
    Column("l_tax", "decimal(15,2)"), Column("l_returnflag", "string"), Column("l_linestatus", "string"),
    Column("l_shipdate", "date"), Column("l_commitdate", "date"), Column("l_receiptdate", "date"),
    Column("l_shipinstruct", "string"), Column("l_shipmode", "string"), Column("l_comment", "string"),
)


class PassThrough(Job):
    reads = (Table("lineitem", columns=COLUMNS),)
    writes = Table(
        "bench.{name}", columns=(*COLUMNS, Column("ship_month", "date")), key={key},
        partition_by="ship_month", may_be_empty=True,
    )

    def transform(self, lineitem):
        from pyspark.sql import functions as F

        return lineitem.withColumn("ship_month", F.trunc("l_shipdate", "month"))
'''
KEYS = {"lineitem": (), "lineitem_keyed": ("ship_month", "l_orderkey", "l_linenumber")}


def lineitem(folder: Path, scale: float) -> Path:
    """Return lineitem at a scale factor as Parquet, made by tpchgen-cli unless it is there."""
    target = folder / f"scale-{scale:g}"
    if not target.exists():
        unfinished = folder / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        command = [shutil.which("tpchgen-cli") or "tpchgen-cli", "parquet", "--tables=lineitem"]
        # Several files, as a table of this size has in real life, so that every core has work.
        where = [f"--scale-factor={scale:g}", "--parts=4", f"--output-dir={unfinished}"]
        subprocess.run([*command, *where], check=True)
        unfinished.rename(target)
    return target / "lineitem"


def install_line(site: Path, source: Path, configuration: Path) -> None:
    """Install a line 9.0 into a folder on sys.path, and name its source in dwh.toml."""
    package, metadata = site / "bench_line", site / "bench_line-9.0.0.dist-info"
    for folder in (package, metadata):
        folder.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text('from dwh.core import Line\n\nLINE = Line(status="main")\n')
    for name, key in KEYS.items():
        (package / f"{name}.py").write_text(JOB.replace("{name}", name).replace("{key}", repr(key)))
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: bench-line\nVersion: 9.0.0\n")
    (metadata / "entry_points.txt").write_text("[dwh.lines]\n9.0 = bench_line:LINE\n")
    (metadata / "RECORD").write_text("")
    sys.path.insert(0, str(site))
    with configuration.open("a") as text:
        text.write(f'\n[sources.lineitem]\nformat = "parquet"\npath = "{source}"\n')

"""The tables of the ledger, as the newest migration leaves them.

A change here needs a migration in `dwh.core.migrations`; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    column,
    table,
)

from dwh.core.ledger.types import FreeJson, FreeText, LogicalDate, UtcDateTime

__all__ = [
    "compared",
    "comparisons",
    "decisions",
    "encodings",
    "fingerprints",
    "ledger_version",
    "metadata",
    "output_files",
    "plans",
    "promotions",
    "publications",
    "reads",
    "receipts",
    "resolutions",
    "runs",
    "shadows",
    "tables",
]


# Alembic's own table, not by its default name: another application in the database would use that too.
ledger_version = table("ledger_version", column("version_num", String))


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

tables = Table(
    "tables",
    metadata,
    Column("name", String(255), primary_key=True),
    # Whatever happens to a table takes the next number: commits, decisions, publications, resolutions.
    # Updating this row is the lock that orders them.
    Column("sequence", BigInteger, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("job", String(63), nullable=False),
    Column("line", String(20), nullable=False),
    Column("release", String(40), nullable=False),
    Column("table_name", String(255), nullable=False),
    Column("environment", String(63), nullable=False),
    Column("status", String(20), nullable=False),  # started, committed, failed, abandoned or removed
    Column("first_date", LogicalDate, nullable=False),
    Column("last_date", LogicalDate, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("started_by", FreeText(255), nullable=False),
    Column("host", FreeText(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("location", Text, nullable=False),  # of the data, from the root of the warehouse, or absolute
    Column("contract", FreeJson, nullable=False),
    Column("code", FreeJson, nullable=False),  # provenance of the line's distribution and of dwh-core
    Column("engine", FreeJson, nullable=False),  # versions of Spark and Python
    Column("inputs", FreeJson, nullable=False),
    Column("error", FreeText),
    Column("process", FreeJson(none_as_null=True)),  # see dwh.core.process; null in runs of older releases
    # What wrote the location: see dwh.core.storage.
    Column("storage", String(20), nullable=False, server_default="parquet"),
    Index(None, "status", "started_at"),
    Index(None, "table_name", "started_at"),
)

# Which outputs of other tables a run has read as inputs, in spans of neighbouring logical dates.
reads = Table(
    "reads",
    metadata,
    Column("run_id", String(40), ForeignKey("runs.id"), primary_key=True),
    Column("table_name", String(255), primary_key=True),
    Column("read_run_id", String(40), ForeignKey("runs.id"), primary_key=True),
    Column("first_date", LogicalDate, primary_key=True),
    Column("last_date", LogicalDate, nullable=False),
    Index(None, "read_run_id", "first_date"),
)

receipts = Table(
    "receipts",
    metadata,
    # Whose output it is: that of its run's environment, or of one that it was promoted to.
    Column("environment", String(63), primary_key=True),
    Column("run_id", String(40), ForeignKey("runs.id"), primary_key=True),
    Column("partition_date", LogicalDate, primary_key=True),
    Column("sequence", BigInteger, primary_key=True),  # of the commit or the promotion
    Column("table_name", String(255), nullable=False),
    Column("line", String(20), nullable=False),
    Column("row_count", BigInteger, nullable=False),
    Column("committed_at", UtcDateTime, nullable=False),  # to this environment
    Column("promoted_from", String(63)),  # null: its run wrote it here
    Index("ix_receipts_newest", "environment", "table_name", "line", "partition_date", "sequence"),
)

promotions = Table(
    "promotions",
    metadata,
    Column("environment", String(63), primary_key=True),
    Column("table_name", String(255), primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    Column("reason", FreeText, nullable=False),
    Column("promoted_by", FreeText(255), nullable=False),
    Column("promoted_at", UtcDateTime, nullable=False),
)

# Which files an output consists of: what its run wrote, whoever's receipts name it. There is no row for
# outputs of older releases.
output_files = Table(
    "output_files",
    metadata,
    Column("run_id", String(40), ForeignKey("runs.id"), primary_key=True),
    Column("partition_date", LogicalDate, primary_key=True),
    Column("files", FreeJson, nullable=False),  # path below the run's location, size, rows; time
    # By the name of each column its nulls, lower and upper bound, for each of the files; null where unknown.
    Column("statistics", FreeJson(none_as_null=True)),
)

# What environments have chosen. Rows are only ever added: the newest counts, the others are history.
decisions = Table(
    "decisions",
    metadata,
    Column("environment", String(63), primary_key=True),
    Column("job", String(63), primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    Column("table_name", String(255), nullable=False),
    Column("action", String(20), nullable=False),  # pin, or what was done to a rollout
    Column("line", String(20), nullable=False),  # the pin from now on
    Column("rollout", FreeJson(none_as_null=True)),  # its whole state from now on, if there is one
    Column("reason", FreeText, nullable=False),
    Column("decided_by", FreeText(255), nullable=False),
    Column("decided_at", UtcDateTime, nullable=False),
)

resolutions = Table(
    "resolutions",
    metadata,
    Column("environment", String(63), primary_key=True),
    Column("job", String(63), primary_key=True),
    Column("partition_date", LogicalDate, primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    Column("line", String(20), nullable=False),
)

publications = Table(
    "publications",
    metadata,
    Column("environment", String(63), primary_key=True),
    Column("table_name", String(255), primary_key=True),
    Column("partition_date", LogicalDate, primary_key=True),
    Column("sequence", BigInteger, primary_key=True),  # of the commit or the decision that made it
    Column("run_id", String(40), ForeignKey("runs.id")),  # null: nothing is shown from now on
    Column("published_at", UtcDateTime, nullable=False),
)

# What rollouts showed before they began, and what they have compared since. `dwh.migrate` writes these.
plans = Table(
    "plans",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("environment", String(63), nullable=False),
    Column("job", String(63), nullable=False),
    Column("plan", FreeJson, nullable=False),
    Column("planned_by", FreeText(255), nullable=False),
    Column("planned_at", UtcDateTime, nullable=False),
    Index(None, "environment", "job", "planned_at"),
)

shadows = Table(
    "shadows",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("environment", String(63), nullable=False),
    Column("job", String(63), nullable=False),
    Column("rollout", BigInteger, nullable=False),  # sequence of the decision that started it
    Column("decision", BigInteger, nullable=False),  # sequence of the decision that held then
    Column("first_date", LogicalDate, nullable=False),
    Column("last_date", LogicalDate, nullable=False),
    Column("served_run", String(40), ForeignKey("runs.id"), nullable=False),
    Column("candidate_run", String(40), ForeignKey("runs.id")),
    Column("comparison", String(40), ForeignKey("comparisons.id")),
    Column("outcome", String(20), nullable=False),  # a verdict, or error
    Column("error", FreeText),
    Column("shadowed_at", UtcDateTime, nullable=False),
    Index(None, "environment", "job", "rollout"),
)

# What `dwh.migrate` has found out about outputs, which never change: so it stays true.
encodings = Table(
    "encodings",
    metadata,
    Column("digest", String(64), primary_key=True),
    # How rows become hashes, without which a fingerprint means nothing. Many outputs share one.
    Column("value", FreeJson, nullable=False),
)

fingerprints = Table(
    "fingerprints",
    metadata,
    Column("run_id", String(40), ForeignKey("runs.id"), primary_key=True),
    Column("partition_date", LogicalDate, primary_key=True),
    Column("encoding", String(64), ForeignKey("encodings.digest"), primary_key=True),
    Column("value", FreeJson, nullable=False),
)

comparisons = Table(
    "comparisons",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("left_label", FreeText(255), nullable=False),
    Column("right_label", FreeText(255), nullable=False),
    Column("environment", String(63), nullable=False),
    Column("verdict", String(20), nullable=False),  # pass, fail or incomplete
    Column("first_date", LogicalDate),
    Column("last_date", LogicalDate),
    Column("compared_at", UtcDateTime, nullable=False),
    Column("compared_by", FreeText(255), nullable=False),
    Column("result", FreeJson, nullable=False),  # the model of dwh.compare
    Index(None, "left_label", "right_label", "compared_at"),
)

# Exactly which outputs a comparison was about, if the rules of the job alone decided its verdict.
compared = Table(
    "compared",
    metadata,
    Column("environment", String(63), primary_key=True),
    Column("left_run", String(40), ForeignKey("runs.id"), primary_key=True),
    Column("right_run", String(40), ForeignKey("runs.id"), primary_key=True),
    Column("partition_date", LogicalDate, primary_key=True),
    Column("comparison", String(40), ForeignKey("comparisons.id"), primary_key=True),
)

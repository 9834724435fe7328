"""Runs and receipts."""

import sqlalchemy as sa
from alembic import op

from dwh.core.ledger.types import UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "tables",
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_tables"),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("job", sa.String(63), nullable=False),
        sa.Column("line", sa.String(20), nullable=False),
        sa.Column("release", sa.String(40), nullable=False),
        sa.Column("table_name", sa.String(255), nullable=False),
        sa.Column("environment", sa.String(63), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("first_date", sa.Date, nullable=False),
        sa.Column("last_date", sa.Date, nullable=False),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("finished_at", UtcDateTime),
        sa.Column("started_by", sa.String(255), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("location", sa.Text, nullable=False),
        sa.Column("contract", sa.JSON, nullable=False),
        sa.Column("code", sa.JSON, nullable=False),
        sa.Column("engine", sa.JSON, nullable=False),
        sa.Column("inputs", sa.JSON, nullable=False),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_status_started_at", "runs", ["status", "started_at"])
    op.create_index("ix_runs_table_name_started_at", "runs", ["table_name", "started_at"])
    op.create_table(
        "receipts",
        sa.Column("run_id", sa.String(40), nullable=False),
        sa.Column("partition_date", sa.Date, nullable=False),
        sa.Column("table_name", sa.String(255), nullable=False),
        sa.Column("line", sa.String(20), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("row_count", sa.BigInteger, nullable=False),
        sa.Column("committed_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "partition_date", name="pk_receipts"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_receipts_run_id_runs"),
    )
    op.create_index(
        "ix_receipts_table_name_line_partition_date_sequence",
        "receipts",
        ["table_name", "line", "partition_date", "sequence"],
    )

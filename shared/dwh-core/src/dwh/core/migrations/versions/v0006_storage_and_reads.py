"""Which storage wrote a run's location, and which outputs a run has read."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("runs", sa.Column("storage", sa.String(20), nullable=False, server_default="parquet"))
    op.create_table(
        "reads",
        sa.Column("run_id", sa.String(40), nullable=False),
        sa.Column("table_name", sa.String(255), nullable=False),
        sa.Column("read_run_id", sa.String(40), nullable=False),
        sa.Column("first_date", sa.Date, nullable=False),
        sa.Column("last_date", sa.Date, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "table_name", "read_run_id", "first_date", name="pk_reads"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_reads_run_id_runs"),
        sa.ForeignKeyConstraint(["read_run_id"], ["runs.id"], name="fk_reads_read_run_id_runs"),
    )
    op.create_index("ix_reads_read_run_id_first_date", "reads", ["read_run_id", "first_date"])

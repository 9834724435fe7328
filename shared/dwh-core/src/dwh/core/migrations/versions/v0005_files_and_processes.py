"""The files of outputs, and which process began a run."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("runs", sa.Column("process", sa.JSON))
    op.create_table(
        "output_files",
        sa.Column("run_id", sa.String(40), nullable=False),
        sa.Column("partition_date", sa.Date, nullable=False),
        sa.Column("files", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "partition_date", name="pk_output_files"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_output_files_run_id_runs"),
    )

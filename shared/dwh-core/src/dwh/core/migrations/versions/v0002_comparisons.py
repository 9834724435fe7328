"""Fingerprints and comparisons."""

import sqlalchemy as sa
from alembic import op

from dwh.core.ledger.types import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "encodings",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("value", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_encodings"),
    )
    op.create_table(
        "fingerprints",
        sa.Column("run_id", sa.String(40), nullable=False),
        sa.Column("partition_date", sa.Date, nullable=False),
        sa.Column("encoding", sa.String(64), nullable=False),
        sa.Column("value", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "partition_date", "encoding", name="pk_fingerprints"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_fingerprints_run_id_runs"),
        sa.ForeignKeyConstraint(
            ["encoding"], ["encodings.digest"], name="fk_fingerprints_encoding_encodings"
        ),
    )
    op.create_table(
        "comparisons",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("left_label", sa.String(255), nullable=False),
        sa.Column("right_label", sa.String(255), nullable=False),
        sa.Column("environment", sa.String(63), nullable=False),
        sa.Column("verdict", sa.String(20), nullable=False),
        sa.Column("first_date", sa.Date),
        sa.Column("last_date", sa.Date),
        sa.Column("compared_at", UtcDateTime, nullable=False),
        sa.Column("compared_by", sa.String(255), nullable=False),
        sa.Column("result", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_comparisons"),
    )
    op.create_index(
        "ix_comparisons_left_label_right_label_compared_at",
        "comparisons",
        ["left_label", "right_label", "compared_at"],
    )

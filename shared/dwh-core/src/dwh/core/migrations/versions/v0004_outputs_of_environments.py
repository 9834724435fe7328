"""Outputs belong to an environment; promotions; what comparisons compared."""

import sqlalchemy as sa
from alembic import op

from dwh.core.ledger.types import UtcDateTime

revision = "0004"
down_revision = "0003"

# An output belongs to the environment that its run recorded.
_OWN = """
    INSERT INTO receipts
        (environment, run_id, partition_date, sequence, table_name, line, row_count, committed_at)
    SELECT runs.environment, run_id, partition_date, sequence, old.table_name, old.line, row_count,
        committed_at
    FROM receipts_0003 AS old JOIN runs ON runs.id = old.run_id
"""
# What an environment has published of another's came in with its first publication.
_PUBLISHED = """
    INSERT INTO receipts
        (environment, run_id, partition_date, sequence, table_name, line, row_count, committed_at,
        promoted_from)
    SELECT published.environment, published.run_id, published.partition_date, published.sequence,
        old.table_name, old.line, old.row_count, published.published_at, runs.environment
    FROM receipts_0003 AS old
    JOIN runs ON runs.id = old.run_id
    JOIN (
        SELECT environment, run_id, partition_date, MIN(sequence) AS sequence,
            MIN(published_at) AS published_at
        FROM publications WHERE run_id IS NOT NULL GROUP BY environment, run_id, partition_date
    ) AS published ON published.run_id = old.run_id AND published.partition_date = old.partition_date
    WHERE published.environment <> runs.environment
"""
_PROMOTED = """
    INSERT INTO promotions (environment, table_name, sequence, reason, promoted_by, promoted_at)
    SELECT environment, table_name, sequence, 'published here before outputs belonged to environments',
        'dwh ledger upgrade', MIN(committed_at)
    FROM receipts WHERE promoted_from IS NOT NULL GROUP BY environment, table_name, sequence
"""
# Shadow runs have recorded their pair; of other comparisons the label alone is known.
_COMPARED = """
    INSERT INTO compared (environment, left_run, right_run, partition_date, comparison)
    SELECT shadows.environment,
        CASE WHEN served_is_left THEN served_run ELSE candidate_run END,
        CASE WHEN served_is_left THEN candidate_run ELSE served_run END,
        partition_date, comparison
    FROM (
        SELECT shadows.*, comparisons.left_label = served.job || '@' || served.line AS served_is_left
        FROM shadows
        JOIN comparisons ON comparisons.id = shadows.comparison
        JOIN runs AS served ON served.id = shadows.served_run
        WHERE candidate_run IS NOT NULL
    ) AS shadows
    JOIN receipts_0003 AS old
        ON old.run_id = served_run AND old.partition_date BETWEEN first_date AND last_date
"""


def upgrade() -> None:
    _set_receipts_aside()
    op.create_table(
        "receipts",
        sa.Column("environment", sa.String(63), nullable=False),
        sa.Column("run_id", sa.String(40), nullable=False),
        sa.Column("partition_date", sa.Date, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("table_name", sa.String(255), nullable=False),
        sa.Column("line", sa.String(20), nullable=False),
        sa.Column("row_count", sa.BigInteger, nullable=False),
        sa.Column("committed_at", UtcDateTime, nullable=False),
        sa.Column("promoted_from", sa.String(63)),
        sa.PrimaryKeyConstraint("environment", "run_id", "partition_date", "sequence", name="pk_receipts"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_receipts_run_id_runs"),
    )
    op.create_table(
        "promotions",
        sa.Column("environment", sa.String(63), nullable=False),
        sa.Column("table_name", sa.String(255), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("promoted_by", sa.String(255), nullable=False),
        sa.Column("promoted_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("environment", "table_name", "sequence", name="pk_promotions"),
    )
    op.create_table(
        "compared",
        sa.Column("environment", sa.String(63), nullable=False),
        sa.Column("left_run", sa.String(40), nullable=False),
        sa.Column("right_run", sa.String(40), nullable=False),
        sa.Column("partition_date", sa.Date, nullable=False),
        sa.Column("comparison", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint(
            "environment", "left_run", "right_run", "partition_date", "comparison", name="pk_compared"
        ),
        sa.ForeignKeyConstraint(["left_run"], ["runs.id"], name="fk_compared_left_run_runs"),
        sa.ForeignKeyConstraint(["right_run"], ["runs.id"], name="fk_compared_right_run_runs"),
        sa.ForeignKeyConstraint(
            ["comparison"], ["comparisons.id"], name="fk_compared_comparison_comparisons"
        ),
    )
    for statement in (_OWN, _PUBLISHED, _PROMOTED, _COMPARED):
        op.execute(statement)
    op.drop_table("receipts_0003")
    op.create_index(
        "ix_receipts_newest",
        "receipts",
        ["environment", "table_name", "line", "partition_date", "sequence"],
    )


def _set_receipts_aside() -> None:
    """Rename the table whose primary key changes, which SQLite cannot alter."""
    op.drop_index("ix_receipts_table_name_line_partition_date_sequence", "receipts")
    op.rename_table("receipts", "receipts_0003")
    if op.get_bind().dialect.name == "postgresql":  # where the name of a key is that of an index, too
        op.drop_constraint("pk_receipts", "receipts_0003", type_="primary")

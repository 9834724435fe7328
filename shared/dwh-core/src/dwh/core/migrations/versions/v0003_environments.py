"""Environments: decisions, resolutions, publications, plans and shadows."""

import sqlalchemy as sa
from alembic import op

from dwh.core.ledger.types import UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "decisions",
        sa.Column("environment", sa.String(63), nullable=False),
        sa.Column("job", sa.String(63), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("table_name", sa.String(255), nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("line", sa.String(20), nullable=False),
        sa.Column("rollout", sa.JSON),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("decided_by", sa.String(255), nullable=False),
        sa.Column("decided_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("environment", "job", "sequence", name="pk_decisions"),
    )
    op.create_table(
        "resolutions",
        sa.Column("environment", sa.String(63), nullable=False),
        sa.Column("job", sa.String(63), nullable=False),
        sa.Column("partition_date", sa.Date, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("line", sa.String(20), nullable=False),
        sa.PrimaryKeyConstraint("environment", "job", "partition_date", "sequence", name="pk_resolutions"),
    )
    op.create_table(
        "publications",
        sa.Column("environment", sa.String(63), nullable=False),
        sa.Column("table_name", sa.String(255), nullable=False),
        sa.Column("partition_date", sa.Date, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("run_id", sa.String(40)),
        sa.Column("published_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint(
            "environment", "table_name", "partition_date", "sequence", name="pk_publications"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_publications_run_id_runs"),
    )
    op.create_table(
        "plans",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("environment", sa.String(63), nullable=False),
        sa.Column("job", sa.String(63), nullable=False),
        sa.Column("plan", sa.JSON, nullable=False),
        sa.Column("planned_by", sa.String(255), nullable=False),
        sa.Column("planned_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_plans"),
    )
    op.create_index("ix_plans_environment_job_planned_at", "plans", ["environment", "job", "planned_at"])
    op.create_table(
        "shadows",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("environment", sa.String(63), nullable=False),
        sa.Column("job", sa.String(63), nullable=False),
        sa.Column("rollout", sa.BigInteger, nullable=False),
        sa.Column("decision", sa.BigInteger, nullable=False),
        sa.Column("first_date", sa.Date, nullable=False),
        sa.Column("last_date", sa.Date, nullable=False),
        sa.Column("served_run", sa.String(40), nullable=False),
        sa.Column("candidate_run", sa.String(40)),
        sa.Column("comparison", sa.String(40)),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("shadowed_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shadows"),
        sa.ForeignKeyConstraint(["served_run"], ["runs.id"], name="fk_shadows_served_run_runs"),
        sa.ForeignKeyConstraint(["candidate_run"], ["runs.id"], name="fk_shadows_candidate_run_runs"),
        sa.ForeignKeyConstraint(["comparison"], ["comparisons.id"], name="fk_shadows_comparison_comparisons"),
    )
    op.create_index("ix_shadows_environment_job_rollout", "shadows", ["environment", "job", "rollout"])

"""Logical dates of hours and months: text in their grain, where a database had kept days as dates."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_COLUMNS = {
    "runs": ("first_date", "last_date"),
    "reads": ("first_date", "last_date"),
    "receipts": ("partition_date",),
    "output_files": ("partition_date",),
    "resolutions": ("partition_date",),
    "publications": ("partition_date",),
    "shadows": ("first_date", "last_date"),
    "fingerprints": ("partition_date",),
    "comparisons": ("first_date", "last_date"),
    "compared": ("partition_date",),
}


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        return  # which has kept them as text all along
    for table, columns in _COLUMNS.items():
        for column in columns:
            op.alter_column(
                table,
                column,
                type_=sa.String(13, collation="C"),
                postgresql_using=f"to_char({column}, 'YYYY-MM-DD')",
            )

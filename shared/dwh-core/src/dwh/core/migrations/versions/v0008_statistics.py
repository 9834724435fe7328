"""What the footers of outputs' files say of their columns."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("output_files", sa.Column("statistics", sa.JSON))

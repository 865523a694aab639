"""What features and tiers read as in other languages."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

COLUMNS = {"features": "name_in", "subscription_tiers": "description_in"}


def upgrade() -> None:
    for table, column in COLUMNS.items():
        with op.batch_alter_table(table) as rows:
            rows.add_column(sa.Column(column, sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    for table, column in COLUMNS.items():
        with op.batch_alter_table(table) as rows:
            rows.drop_column(column)

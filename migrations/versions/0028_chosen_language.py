"""No language until one is chosen; nobody could choose before this."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("users") as users:
        users.alter_column("locale", existing_type=sa.String(16), nullable=True)
    op.execute("UPDATE users SET locale = NULL")


def downgrade() -> None:
    op.execute("UPDATE users SET locale = 'en' WHERE locale IS NULL")
    with op.batch_alter_table("users") as users:
        users.alter_column("locale", existing_type=sa.String(16), nullable=False)

"""Plans that an admin gives for a while."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

UtcDateTime = sa.DateTime(timezone=True)
INDEX = "ix_user_subscriptions_complimentary_until"


def upgrade() -> None:
    with op.batch_alter_table("user_subscriptions") as subscriptions:
        subscriptions.add_column(sa.Column("complimentary_until", UtcDateTime, nullable=True))
        subscriptions.create_index(op.f(INDEX), ["complimentary_until"])


def downgrade() -> None:
    with op.batch_alter_table("user_subscriptions") as subscriptions:
        subscriptions.drop_index(op.f(INDEX))
        subscriptions.drop_column("complimentary_until")

"""Sessions in which an admin sees an account as its user does."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FOREIGN_KEY = "fk_user_sessions_acting_admin_id_users"


def upgrade() -> None:
    with op.batch_alter_table("user_sessions") as sessions:
        sessions.add_column(sa.Column("acting_admin_id", BigInt, nullable=True))
        sessions.create_foreign_key(op.f(FOREIGN_KEY), "users", ["acting_admin_id"], ["id"])
        sessions.create_index(op.f("ix_user_sessions_acting_admin_id"), ["acting_admin_id"])


def downgrade() -> None:
    with op.batch_alter_table("user_sessions") as sessions:
        sessions.drop_index(op.f("ix_user_sessions_acting_admin_id"))
        sessions.drop_constraint(op.f(FOREIGN_KEY), type_="foreignkey")
        sessions.drop_column("acting_admin_id")

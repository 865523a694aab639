"""The token ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UtcDateTime = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "user_token_balances",
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("balance", BigInt, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_token_balances_user_id_users")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_token_balances")),
    )


def downgrade() -> None:
    op.drop_table("user_token_balances")

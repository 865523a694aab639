"""Customers that were deleted at Stripe stay known: their refunds and disputes still come."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UtcDateTime = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "former_customers",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("stripe_customer_id", sa.String(255), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_former_customers_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_customers")),
        sa.UniqueConstraint(
            "stripe_customer_id", name=op.f("uq_former_customers_stripe_customer_id")
        ),
    )
    op.create_index(op.f("ix_former_customers_user_id"), "former_customers", ["user_id"])


def downgrade() -> None:
    op.drop_table("former_customers")

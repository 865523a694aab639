"""What an open invoice asks for: how much, how often it was tried, when it is tried again."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UtcDateTime = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("invoices") as invoices:
        invoices.add_column(sa.Column("billing_reason", sa.String(40), nullable=True))
        invoices.add_column(
            sa.Column("amount_due_minor", BigInt, nullable=False, server_default="0")
        )
        invoices.add_column(
            sa.Column("attempt_count", sa.Integer(), nullable=False, server_default="0")
        )
        invoices.add_column(sa.Column("next_attempt_at", UtcDateTime, nullable=True))
        invoices.add_column(
            sa.Column("needs_confirmation", sa.Boolean(), nullable=False, server_default=sa.false())
        )


def downgrade() -> None:
    with op.batch_alter_table("invoices") as invoices:
        invoices.drop_column("needs_confirmation")
        invoices.drop_column("next_attempt_at")
        invoices.drop_column("attempt_count")
        invoices.drop_column("amount_due_minor")
        invoices.drop_column("billing_reason")

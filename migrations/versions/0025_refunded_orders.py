"""How much of an order went back, for the list of receipts."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("orders") as orders:
        orders.add_column(
            sa.Column("amount_refunded_minor", BigInt, nullable=False, server_default="0")
        )


def downgrade() -> None:
    with op.batch_alter_table("orders") as orders:
        orders.drop_column("amount_refunded_minor")

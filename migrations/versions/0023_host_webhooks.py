"""The outbox of webhooks to the host."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UtcDateTime = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "host_webhooks",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("event_id", sa.String(length=40), nullable=False),
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("dedupe_key", sa.String(length=200), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.String(length=200), nullable=True),
        sa.Column("next_attempt_at", UtcDateTime, nullable=True),
        sa.Column("delivered_at", UtcDateTime, nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_host_webhooks_attempts")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_host_webhooks_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_host_webhooks")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_host_webhooks_dedupe_key")),
        sa.UniqueConstraint("event_id", name=op.f("uq_host_webhooks_event_id")),
    )
    op.create_index(
        "ix_host_webhooks_pending", "host_webhooks", ["delivered_at", "next_attempt_at"]
    )
    op.create_index(op.f("ix_host_webhooks_user_id"), "host_webhooks", ["user_id"])


def downgrade() -> None:
    op.drop_table("host_webhooks")

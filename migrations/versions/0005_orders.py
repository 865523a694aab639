"""Orders."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UtcDateTime = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "orders",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("item", sa.String(length=80), nullable=False),
        sa.Column("tier_version_id", BigInt, nullable=True),
        sa.Column("interval", sa.String(length=5), nullable=True),
        sa.Column("token_package_id", BigInt, nullable=True),
        sa.Column("tokens", BigInt, nullable=False),
        sa.Column("bonus_tokens", BigInt, nullable=False),
        sa.Column("expires_after_months", sa.Integer(), nullable=True),
        sa.Column("amount_minor", BigInt, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("person_hash", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("stripe_session_id", sa.String(length=255), nullable=True),
        sa.Column("stripe_session_url", sa.String(length=2000), nullable=True),
        sa.Column("stripe_session_expires_at", UtcDateTime, nullable=True),
        sa.Column("stripe_payment_intent_id", sa.String(length=255), nullable=True),
        sa.Column("amount_paid_minor", BigInt, nullable=True),
        sa.Column("paid_at", UtcDateTime, nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.CheckConstraint(
            "(kind = 'subscription') = (tier_version_id IS NOT NULL) AND (kind = 'subscription') = (interval IS NOT NULL) AND (kind = 'tokens') = (token_package_id IS NOT NULL)",
            name=op.f("ck_orders_item_fits_kind"),
        ),
        sa.CheckConstraint(
            "(state = 'paid') = (paid_at IS NOT NULL)", name=op.f("ck_orders_paid_has_time")
        ),
        sa.CheckConstraint("interval IN ('month', 'year')", name=op.f("ck_orders_interval")),
        sa.CheckConstraint("kind IN ('subscription', 'tokens')", name=op.f("ck_orders_kind")),
        sa.CheckConstraint(
            "state IN ('open', 'processing', 'paid', 'failed', 'expired')",
            name=op.f("ck_orders_state"),
        ),
        sa.CheckConstraint(
            "amount_minor BETWEEN 0 AND 1000000000000000", name=op.f("ck_orders_amount")
        ),
        sa.CheckConstraint(
            "bonus_tokens BETWEEN 0 AND 1000000000000000", name=op.f("ck_orders_bonus_tokens")
        ),
        sa.CheckConstraint("tokens BETWEEN 0 AND 1000000000000000", name=op.f("ck_orders_tokens")),
        sa.ForeignKeyConstraint(
            ["tier_version_id"],
            ["tier_versions.id"],
            name=op.f("fk_orders_tier_version_id_tier_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["token_package_id"],
            ["token_packages.id"],
            name=op.f("fk_orders_token_package_id_token_packages"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_orders_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint(
            "stripe_payment_intent_id", name=op.f("uq_orders_stripe_payment_intent_id")
        ),
        sa.UniqueConstraint("stripe_session_id", name=op.f("uq_orders_stripe_session_id")),
    )
    op.create_index(op.f("ix_orders_tier_version_id"), "orders", ["tier_version_id"], unique=False)
    op.create_index(
        op.f("ix_orders_token_package_id"), "orders", ["token_package_id"], unique=False
    )
    op.create_index("ix_orders_user_id_id", "orders", ["user_id", "id"], unique=False)
    op.create_index(
        "uq_orders_open_item",
        "orders",
        ["user_id", "item"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )


def downgrade() -> None:
    op.drop_table("orders")

"""Subscriptions and feature overrides."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UtcDateTime = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "user_subscriptions",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("tier_version_id", BigInt, nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("interval", sa.String(length=5), nullable=True),
        sa.Column("anchor", UtcDateTime, nullable=False),
        sa.Column("current_period_start", UtcDateTime, nullable=True),
        sa.Column("current_period_end", UtcDateTime, nullable=True),
        sa.Column("cancel_at_period_end", sa.Boolean(), nullable=False),
        sa.Column("cancel_at", UtcDateTime, nullable=True),
        sa.Column("trial_end", UtcDateTime, nullable=True),
        sa.Column("grace_until", UtcDateTime, nullable=True),
        sa.Column("grace_invoice_id", sa.String(length=255), nullable=True),
        sa.Column("ended_at", UtcDateTime, nullable=True),
        sa.Column("stripe_subscription_id", sa.String(length=255), nullable=True),
        sa.Column("stripe_price_id", sa.String(length=255), nullable=True),
        sa.Column("read_ticket", BigInt, nullable=False),
        sa.Column("applied_ticket", BigInt, nullable=False),
        sa.Column("card_brand", sa.String(length=20), nullable=True),
        sa.Column("card_last4", sa.String(length=4), nullable=True),
        sa.Column("card_exp_month", sa.Integer(), nullable=True),
        sa.Column("card_exp_year", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.CheckConstraint(
            "interval IN ('month', 'year')", name=op.f("ck_user_subscriptions_interval")
        ),
        sa.CheckConstraint(
            "status IN ('active', 'trialing', 'past_due', 'unpaid', 'paused', 'incomplete', 'incomplete_expired', 'canceled')",
            name=op.f("ck_user_subscriptions_status"),
        ),
        sa.ForeignKeyConstraint(
            ["tier_version_id"],
            ["tier_versions.id"],
            name=op.f("fk_user_subscriptions_tier_version_id_tier_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_subscriptions_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_subscriptions")),
        sa.UniqueConstraint(
            "stripe_subscription_id", name=op.f("uq_user_subscriptions_stripe_subscription_id")
        ),
        sa.UniqueConstraint("user_id", name=op.f("uq_user_subscriptions_user_id")),
    )
    op.create_index(
        op.f("ix_user_subscriptions_tier_version_id"),
        "user_subscriptions",
        ["tier_version_id"],
        unique=False,
    )
    op.create_table(
        "feature_overrides",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("feature_id", BigInt, nullable=False),
        sa.Column("is_allowed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["feature_id"], ["features.id"], name=op.f("fk_feature_overrides_feature_id_features")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_feature_overrides_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feature_overrides")),
        sa.UniqueConstraint(
            "user_id", "feature_id", name=op.f("uq_feature_overrides_user_id_feature_id")
        ),
    )
    op.create_index(
        op.f("ix_feature_overrides_feature_id"), "feature_overrides", ["feature_id"], unique=False
    )


def downgrade() -> None:
    op.drop_table("feature_overrides")
    op.drop_table("user_subscriptions")

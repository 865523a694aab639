"""The catalog: features, tiers, tier versions, token packages."""

import sqlalchemy as sa
from alembic import op

from migrations import triggers

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TERMS = (
    "tier_id",
    "version",
    "price_month_minor",
    "price_year_minor",
    "currency",
    "ai_requests_per_month",
    "trial_days",
)
"""What subscribers agreed to; only Stripe's price ids are filled in later."""

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UtcDateTime = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "features",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("token_cost", BigInt, nullable=False),
        sa.Column("is_metered", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.CheckConstraint(
            "NOT is_metered OR token_cost > 0", name=op.f("ck_features_metered_costs")
        ),
        sa.CheckConstraint(
            "token_cost BETWEEN 0 AND 1000000000000000", name=op.f("ck_features_token_cost")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_features")),
        sa.UniqueConstraint("key", name=op.f("uq_features_key")),
    )
    op.create_table(
        "subscription_tiers",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("description", sa.String(length=300), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("archived_at", UtcDateTime, nullable=True),
        sa.Column("stripe_product_id", sa.String(length=255), nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription_tiers")),
        sa.UniqueConstraint("slug", name=op.f("uq_subscription_tiers_slug")),
        sa.UniqueConstraint(
            "stripe_product_id", name=op.f("uq_subscription_tiers_stripe_product_id")
        ),
    )
    op.create_index(
        "uq_subscription_tiers_default",
        "subscription_tiers",
        ["is_default"],
        unique=True,
        sqlite_where=sa.text("is_default"),
        postgresql_where=sa.text("is_default"),
    )
    op.create_table(
        "tier_versions",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("tier_id", BigInt, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("price_month_minor", BigInt, nullable=False),
        sa.Column("price_year_minor", BigInt, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("ai_requests_per_month", BigInt, nullable=True),
        sa.Column("trial_days", sa.Integer(), nullable=False),
        sa.Column("stripe_price_month_id", sa.String(length=255), nullable=True),
        sa.Column("stripe_price_year_id", sa.String(length=255), nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.CheckConstraint(
            "ai_requests_per_month BETWEEN 0 AND 1000000000000000",
            name=op.f("ck_tier_versions_ai_requests"),
        ),
        sa.CheckConstraint(
            "price_month_minor BETWEEN 0 AND 1000000000000000",
            name=op.f("ck_tier_versions_price_month"),
        ),
        sa.CheckConstraint(
            "price_year_minor BETWEEN 0 AND 1000000000000000",
            name=op.f("ck_tier_versions_price_year"),
        ),
        sa.CheckConstraint(
            "trial_days BETWEEN 0 AND 730", name=op.f("ck_tier_versions_trial_days")
        ),
        sa.ForeignKeyConstraint(
            ["tier_id"],
            ["subscription_tiers.id"],
            name=op.f("fk_tier_versions_tier_id_subscription_tiers"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tier_versions")),
        sa.UniqueConstraint(
            "stripe_price_month_id", name=op.f("uq_tier_versions_stripe_price_month_id")
        ),
        sa.UniqueConstraint(
            "stripe_price_year_id", name=op.f("uq_tier_versions_stripe_price_year_id")
        ),
        sa.UniqueConstraint("tier_id", "version", name=op.f("uq_tier_versions_tier_id_version")),
    )
    op.create_table(
        "tier_version_features",
        sa.Column("tier_version_id", BigInt, nullable=False),
        sa.Column("feature_id", BigInt, nullable=False),
        sa.ForeignKeyConstraint(
            ["feature_id"],
            ["features.id"],
            name=op.f("fk_tier_version_features_feature_id_features"),
        ),
        sa.ForeignKeyConstraint(
            ["tier_version_id"],
            ["tier_versions.id"],
            name=op.f("fk_tier_version_features_tier_version_id_tier_versions"),
        ),
        sa.PrimaryKeyConstraint(
            "tier_version_id", "feature_id", name=op.f("pk_tier_version_features")
        ),
    )
    op.create_index(
        op.f("ix_tier_version_features_feature_id"),
        "tier_version_features",
        ["feature_id"],
        unique=False,
    )
    op.create_table(
        "token_packages",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("tokens", BigInt, nullable=False),
        sa.Column("bonus_tokens", BigInt, nullable=False),
        sa.Column("price_minor", BigInt, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("expires_after_months", sa.Integer(), nullable=True),
        sa.Column("archived_at", UtcDateTime, nullable=True),
        sa.Column("stripe_product_id", sa.String(length=255), nullable=True),
        sa.Column("stripe_price_id", sa.String(length=255), nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.CheckConstraint(
            "bonus_tokens BETWEEN 0 AND 1000000000000000",
            name=op.f("ck_token_packages_bonus_tokens"),
        ),
        sa.CheckConstraint(
            "expires_after_months BETWEEN 1 AND 120", name=op.f("ck_token_packages_expires_after")
        ),
        sa.CheckConstraint(
            "price_minor BETWEEN 1 AND 1000000000000000", name=op.f("ck_token_packages_price")
        ),
        sa.CheckConstraint(
            "tokens BETWEEN 1 AND 1000000000000000", name=op.f("ck_token_packages_tokens")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token_packages")),
        sa.UniqueConstraint("slug", name=op.f("uq_token_packages_slug")),
        sa.UniqueConstraint("stripe_price_id", name=op.f("uq_token_packages_stripe_price_id")),
        sa.UniqueConstraint("stripe_product_id", name=op.f("uq_token_packages_stripe_product_id")),
    )
    triggers.create_refusal_function()
    triggers.refuse_changes("tier_versions", columns=TERMS)
    triggers.refuse_changes("tier_version_features")


def downgrade() -> None:
    triggers.allow_changes("tier_version_features")
    triggers.allow_changes("tier_versions")
    triggers.drop_refusal_function()
    op.drop_table("token_packages")
    op.drop_table("tier_version_features")
    op.drop_table("tier_versions")
    op.drop_table("subscription_tiers")
    op.drop_table("features")

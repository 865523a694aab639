"""Metering: AI requests, refusals, closed quota periods, holds, usage by day."""

import sqlalchemy as sa
from alembic import op

from migrations import triggers

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UtcDateTime = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "ai_requests",
        sa.Column("user_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("entry", BigInt, autoincrement=False, nullable=False),
        sa.Column("feature_id", BigInt, nullable=False),
        sa.Column("tier_version_id", BigInt, nullable=False),
        sa.Column("quantity", BigInt, nullable=False),
        sa.Column("from_quota", BigInt, nullable=False),
        sa.Column("tokens_charged", BigInt, nullable=False),
        sa.Column("quota_limit", BigInt, nullable=True),
        sa.Column("quota_used", BigInt, nullable=False),
        sa.Column("quota_held", BigInt, nullable=False),
        sa.Column("period_start", UtcDateTime, nullable=False),
        sa.Column("resets_at", UtcDateTime, nullable=False),
        sa.Column("balance_after", BigInt, nullable=False),
        sa.Column("spent_total", BigInt, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("hold_id", BigInt, nullable=True),
        sa.Column("idempotency_key", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("user_id", "entry", name=op.f("pk_ai_requests")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "uq_ai_requests_user_id_idempotency_key",
        "ai_requests",
        ["user_id", "idempotency_key"],
        unique=True,
        sqlite_where=sa.text("idempotency_key IS NOT NULL"),
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )
    op.create_table(
        "ai_refusals",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("tier_version_id", BigInt, nullable=False),
        sa.Column("feature_key", sa.String(length=64), nullable=False),
        sa.Column("quantity", BigInt, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("quota_limit", BigInt, nullable=True),
        sa.Column("quota_used", BigInt, nullable=False),
        sa.Column("quota_held", BigInt, nullable=False),
        sa.Column("resets_at", UtcDateTime, nullable=False),
        sa.Column("balance", BigInt, nullable=False),
        sa.Column("held", BigInt, nullable=False),
        sa.Column("required", BigInt, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["tier_version_id"],
            ["tier_versions.id"],
            name=op.f("fk_ai_refusals_tier_version_id_tier_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_ai_refusals_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_refusals")),
    )
    op.create_index(
        op.f("ix_ai_refusals_tier_version_id"), "ai_refusals", ["tier_version_id"], unique=False
    )
    op.create_index("ix_ai_refusals_user_id_id", "ai_refusals", ["user_id", "id"], unique=False)
    op.create_table(
        "quota_periods",
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("period_start", UtcDateTime, nullable=False),
        sa.Column("period_end", UtcDateTime, nullable=False),
        sa.Column("tier_version_id", BigInt, nullable=False),
        sa.Column("quota_limit", BigInt, nullable=True),
        sa.Column("used", BigInt, nullable=False),
        sa.Column("held", BigInt, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.CheckConstraint("period_start < period_end", name=op.f("ck_quota_periods_period")),
        sa.CheckConstraint(
            "used >= 0 AND held >= 0 AND (quota_limit IS NULL OR used + held <= quota_limit)",
            name=op.f("ck_quota_periods_used"),
        ),
        sa.ForeignKeyConstraint(
            ["tier_version_id"],
            ["tier_versions.id"],
            name=op.f("fk_quota_periods_tier_version_id_tier_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_quota_periods_user_id_users")
        ),
        sa.PrimaryKeyConstraint("user_id", "period_start", name=op.f("pk_quota_periods")),
    )
    op.create_index(
        op.f("ix_quota_periods_tier_version_id"), "quota_periods", ["tier_version_id"], unique=False
    )
    op.create_table(
        "holds",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("feature_id", BigInt, nullable=False),
        sa.Column("tier_version_id", BigInt, nullable=False),
        sa.Column("quantity", BigInt, nullable=False),
        sa.Column("from_quota", BigInt, nullable=False),
        sa.Column("tokens", BigInt, nullable=False),
        sa.Column("token_cost", BigInt, nullable=False),
        sa.Column("period_start", UtcDateTime, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("settled_entry", BigInt, nullable=True),
        sa.Column("shortfall", BigInt, nullable=False),
        sa.Column("idempotency_key", sa.String(length=255), nullable=True),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("closed_at", UtcDateTime, nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.CheckConstraint("(state = 'open') = (closed_at IS NULL)", name=op.f("ck_holds_closed")),
        sa.CheckConstraint(
            "state IN ('open', 'settled', 'released', 'expired')", name=op.f("ck_holds_state")
        ),
        sa.CheckConstraint("from_quota BETWEEN 0 AND quantity", name=op.f("ck_holds_from_quota")),
        sa.CheckConstraint("quantity BETWEEN 1 AND 1000000", name=op.f("ck_holds_quantity")),
        sa.CheckConstraint(
            "tokens = (quantity - from_quota) * token_cost", name=op.f("ck_holds_tokens")
        ),
        sa.ForeignKeyConstraint(
            ["feature_id"], ["features.id"], name=op.f("fk_holds_feature_id_features")
        ),
        sa.ForeignKeyConstraint(
            ["tier_version_id"],
            ["tier_versions.id"],
            name=op.f("fk_holds_tier_version_id_tier_versions"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_holds_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
    )
    op.create_index(op.f("ix_holds_feature_id"), "holds", ["feature_id"], unique=False)
    op.create_index(
        "ix_holds_open",
        "holds",
        ["user_id", "expires_at"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(op.f("ix_holds_tier_version_id"), "holds", ["tier_version_id"], unique=False)
    op.create_index(
        "uq_holds_user_id_idempotency_key",
        "holds",
        ["user_id", "idempotency_key"],
        unique=True,
        sqlite_where=sa.text("idempotency_key IS NOT NULL"),
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )
    op.create_table(
        "hold_lots",
        sa.Column("hold_id", BigInt, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("lot_id", BigInt, nullable=False),
        sa.Column("tokens", BigInt, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.CheckConstraint("tokens > 0", name=op.f("ck_hold_lots_tokens")),
        sa.ForeignKeyConstraint(["hold_id"], ["holds.id"], name=op.f("fk_hold_lots_hold_id_holds")),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["token_lots.id"], name=op.f("fk_hold_lots_lot_id_token_lots")
        ),
        sa.PrimaryKeyConstraint("hold_id", "position", name=op.f("pk_hold_lots")),
    )
    op.create_index(op.f("ix_hold_lots_lot_id"), "hold_lots", ["lot_id"], unique=False)
    op.create_table(
        "usage_days",
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("period_start", UtcDateTime, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("feature_id", BigInt, nullable=False),
        sa.Column("quantity", BigInt, nullable=False),
        sa.Column("from_quota", BigInt, nullable=False),
        sa.Column("tokens_charged", BigInt, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["feature_id"], ["features.id"], name=op.f("fk_usage_days_feature_id_features")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_usage_days_user_id_users")
        ),
        sa.PrimaryKeyConstraint(
            "user_id", "period_start", "day", "feature_id", name=op.f("pk_usage_days")
        ),
    )
    # ### end Alembic commands ###
    triggers.refuse_changes("ai_requests")
    triggers.refuse_changes("ai_refusals")


def downgrade() -> None:
    triggers.allow_changes("ai_requests")
    triggers.allow_changes("ai_refusals")
    op.drop_table("usage_days")
    op.drop_table("hold_lots")
    op.drop_table("holds")
    op.drop_table("quota_periods")
    op.drop_table("ai_refusals")
    op.drop_table("ai_requests")

"""Alerts: what users want to hear of, and a trigger that notes each mark that is reached."""

import sqlalchemy as sa
from alembic import op

from migrations import alert_trigger

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UtcDateTime = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "usage_alerts",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("mark", sa.Integer(), nullable=False),
        sa.Column("period_start", UtcDateTime, nullable=False),
        sa.Column("period_end", UtcDateTime, nullable=False),
        sa.Column("quota_used", BigInt, nullable=False),
        sa.Column("quota_limit", BigInt, nullable=True),
        sa.Column("balance", BigInt, nullable=False),
        sa.Column("told_at", UtcDateTime, nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.CheckConstraint("kind IN ('quota', 'tokens')", name=op.f("ck_usage_alerts_kind")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_usage_alerts_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_alerts")),
        sa.UniqueConstraint(
            "user_id",
            "kind",
            "mark",
            "period_start",
            name=op.f("uq_usage_alerts_user_id_kind_mark_period_start"),
        ),
    )
    untold = sa.text("told_at IS NULL")
    op.create_index(
        "ix_usage_alerts_untold",
        "usage_alerts",
        ["id"],
        sqlite_where=untold,
        postgresql_where=untold,
    )
    op.create_table(
        "alert_settings",
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("quota_percent", sa.Integer(), nullable=True),
        sa.Column("tokens_below", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_alert_settings_user_id_users")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_alert_settings")),
    )
    alert_trigger.create()


def downgrade() -> None:
    alert_trigger.drop()
    op.drop_table("alert_settings")
    op.drop_table("usage_alerts")

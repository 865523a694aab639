"""Changes of tier that wait for the end of the period, and who had a trial."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UtcDateTime = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("user_subscriptions") as subscriptions:
        subscriptions.add_column(sa.Column("scheduled_tier_version_id", BigInt, nullable=True))
        subscriptions.add_column(sa.Column("scheduled_interval", sa.String(5), nullable=True))
        subscriptions.add_column(sa.Column("scheduled_at", UtcDateTime, nullable=True))
        subscriptions.add_column(sa.Column("stripe_schedule_id", sa.String(255), nullable=True))
        subscriptions.create_foreign_key(
            op.f("fk_user_subscriptions_scheduled_tier_version_id_tier_versions"),
            "tier_versions",
            ["scheduled_tier_version_id"],
            ["id"],
        )
        subscriptions.create_check_constraint(
            op.f("ck_user_subscriptions_scheduled_interval"),
            "scheduled_interval IN ('month', 'year')",
        )
        subscriptions.create_index(
            op.f("ix_user_subscriptions_scheduled_tier_version_id"), ["scheduled_tier_version_id"]
        )
    op.create_table(
        "trial_uses",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("person_hash", sa.String(64), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trial_uses")),
        sa.UniqueConstraint("person_hash", name=op.f("uq_trial_uses_person_hash")),
    )


def downgrade() -> None:
    op.drop_table("trial_uses")
    with op.batch_alter_table("user_subscriptions") as subscriptions:
        subscriptions.drop_index(op.f("ix_user_subscriptions_scheduled_tier_version_id"))
        subscriptions.drop_constraint(
            op.f("ck_user_subscriptions_scheduled_interval"), type_="check"
        )
        subscriptions.drop_constraint(
            op.f("fk_user_subscriptions_scheduled_tier_version_id_tier_versions"),
            type_="foreignkey",
        )
        subscriptions.drop_column("stripe_schedule_id")
        subscriptions.drop_column("scheduled_at")
        subscriptions.drop_column("scheduled_interval")
        subscriptions.drop_column("scheduled_tier_version_id")

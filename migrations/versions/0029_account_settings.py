"""Changing an address, when a password was changed, and the quota of who closed an account."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UtcDateTime = sa.DateTime(timezone=True)
PURPOSE = "ck_one_time_links_purpose"


def upgrade() -> None:
    op.create_table(
        "quota_uses",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("person_hash", sa.String(length=64), nullable=False),
        sa.Column("used", BigInt, nullable=False),
        sa.Column("resets_at", UtcDateTime, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quota_uses")),
        sa.UniqueConstraint("person_hash", name=op.f("uq_quota_uses_person_hash")),
    )
    op.add_column("users", sa.Column("password_changed_at", UtcDateTime, nullable=True))
    with op.batch_alter_table("one_time_links") as table:
        table.add_column(sa.Column("email", sa.String(length=254), nullable=True))
        table.drop_constraint(op.f(PURPOSE), type_="check")
        table.create_check_constraint(
            op.f(PURPOSE), "purpose IN ('verify_email', 'reset_password', 'change_email')"
        )


def downgrade() -> None:
    op.execute(
        "UPDATE emails SET link_id = NULL WHERE link_id IN "
        "(SELECT id FROM one_time_links WHERE purpose = 'change_email')"
    )
    op.execute("DELETE FROM one_time_links WHERE purpose = 'change_email'")
    with op.batch_alter_table("one_time_links") as table:
        table.drop_constraint(op.f(PURPOSE), type_="check")
        table.create_check_constraint(
            op.f(PURPOSE), "purpose IN ('verify_email', 'reset_password')"
        )
        table.drop_column("email")
    op.drop_column("users", "password_changed_at")
    op.drop_table("quota_uses")

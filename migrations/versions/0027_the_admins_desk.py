"""What the admin's desk needs to know: when a password was typed last, and where a change was made."""

import sqlalchemy as sa
from alembic import op

from migrations import triggers

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

UtcDateTime = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("user_sessions", sa.Column("confirmed_at", UtcDateTime, nullable=True))
    op.add_column("audit_log", sa.Column("ip_address", sa.String(length=45), nullable=True))
    op.add_column("audit_log", sa.Column("request_id", sa.String(length=64), nullable=True))
    op.create_index(op.f("ix_audit_log_ip_address"), "audit_log", ["ip_address"])


def downgrade() -> None:
    op.drop_index(op.f("ix_audit_log_ip_address"), "audit_log")
    # SQLite before 3.35 cannot drop a column in place, and a table made anew has lost its triggers.
    triggers.allow_changes("audit_log")
    with op.batch_alter_table("audit_log") as audit_log:
        audit_log.drop_column("request_id")
        audit_log.drop_column("ip_address")
    triggers.refuse_changes("audit_log")
    with op.batch_alter_table("user_sessions") as sessions:
        sessions.drop_column("confirmed_at")

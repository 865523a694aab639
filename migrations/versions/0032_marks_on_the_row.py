"""The next alert stands on the user's row: the trigger that looked for it cost every request."""

import sqlalchemy as sa
from alembic import op

from migrations import alert_trigger

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# As in billing/domain/alerts.py at the time of this migration.
TOKEN_MARKS = (1000, 500, 100, 50, 10, 1)


def upgrade() -> None:
    alert_trigger.drop()
    for name in ("quota_mark", "token_mark"):
        column = sa.Column(name, BigInt, nullable=False, server_default="0")
        op.add_column("user_token_balances", column)
    # The next use of each quota goes the slow way, and sets its mark.
    marks = " ".join(f"WHEN balance >= {mark} THEN {mark}" for mark in TOKEN_MARKS)
    op.execute(f"UPDATE user_token_balances SET token_mark = CASE {marks} ELSE 0 END")


def downgrade() -> None:
    for name in ("token_mark", "quota_mark"):
        op.drop_column("user_token_balances", name)
    alert_trigger.create()

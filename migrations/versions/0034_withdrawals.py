"""Tokens that an admin takes out of a balance."""

import sqlalchemy as sa
from alembic import op

from migrations import triggers

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

KINDS_BEFORE = "'grant', 'expire', 'clawback', 'repay', 'restore', 'freeze', 'thaw'"
KINDS = f"{KINDS_BEFORE}, 'withdraw'"
PARTS_BEFORE = (
    "remaining >= 0 AND burned >= 0 AND expired >= 0 AND clawed_back >= 0 AND repaid >= 0 "
    "AND remaining + burned + expired + clawed_back + repaid = tokens"
)
PARTS = (
    "remaining >= 0 AND burned >= 0 AND expired >= 0 AND clawed_back >= 0 AND repaid >= 0 "
    "AND withdrawn >= 0 AND remaining + burned + expired + clawed_back + repaid + withdrawn = tokens"
)


def upgrade() -> None:
    with op.batch_alter_table("token_lots") as lots:
        lots.add_column(sa.Column("withdrawn", BigInt, nullable=False, server_default="0"))
        lots.drop_constraint(op.f("ck_token_lots_nothing_lost"), type_="check")
        lots.create_check_constraint(op.f("ck_token_lots_nothing_lost"), PARTS)
    _constrain_kinds(KINDS)
    op.create_index("ix_token_transactions_created_at", "token_transactions", ["created_at"])


def downgrade() -> None:
    op.drop_index("ix_token_transactions_created_at", "token_transactions")
    _constrain_kinds(KINDS_BEFORE)
    with op.batch_alter_table("token_lots") as lots:
        lots.drop_constraint(op.f("ck_token_lots_nothing_lost"), type_="check")
        lots.drop_column("withdrawn")
        lots.create_check_constraint(op.f("ck_token_lots_nothing_lost"), PARTS_BEFORE)


def _constrain_kinds(kinds: str) -> None:
    # SQLite builds the table anew, and its triggers go with the old one.
    triggers.allow_changes("token_transactions")
    with op.batch_alter_table("token_transactions") as lines:
        lines.drop_constraint(op.f("ck_token_transactions_kind"), type_="check")
        lines.create_check_constraint(op.f("ck_token_transactions_kind"), f"kind IN ({kinds})")
    triggers.refuse_changes("token_transactions")

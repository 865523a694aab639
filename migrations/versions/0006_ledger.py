"""The token ledger: the hot row of each user, lots, burns, transactions."""

import sqlalchemy as sa
from alembic import op

from migrations import triggers

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UtcDateTime = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "user_token_balances",
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("tier_version_id", BigInt, nullable=False),
        sa.Column("balance", BigInt, nullable=False),
        sa.Column("held", BigInt, nullable=False),
        sa.Column("debt", BigInt, nullable=False),
        sa.Column("spent_total", BigInt, nullable=False),
        sa.Column("settled_total", BigInt, nullable=False),
        sa.Column("entries", BigInt, nullable=False),
        sa.Column("rolled_up", BigInt, nullable=False),
        sa.Column("quota_limit", BigInt, nullable=True),
        sa.Column("quota_used", BigInt, nullable=False),
        sa.Column("quota_held", BigInt, nullable=False),
        sa.Column("last_from_quota", BigInt, nullable=False),
        sa.Column("anchor", UtcDateTime, nullable=False),
        sa.Column("period_start", UtcDateTime, nullable=False),
        sa.Column("period_end", UtcDateTime, nullable=False),
        sa.Column("grace_until", UtcDateTime, nullable=True),
        sa.Column("due_at", UtcDateTime, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.CheckConstraint(
            "held >= 0 AND balance BETWEEN held AND 1000000000000000 AND debt >= 0 "
            "AND settled_total >= 0 AND spent_total >= settled_total "
            "AND quota_used >= 0 AND quota_held >= 0 AND quota_used + quota_held <= quota_limit",
            name=op.f("ck_user_token_balances_numbers"),
        ),
        sa.ForeignKeyConstraint(
            ["tier_version_id"],
            ["tier_versions.id"],
            name=op.f("fk_user_token_balances_tier_version_id_tier_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_token_balances_user_id_users")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_token_balances")),
        postgresql_with={"fillfactor": 50},
    )
    op.create_index(
        op.f("ix_user_token_balances_due_at"), "user_token_balances", ["due_at"], unique=False
    )
    op.create_index(
        op.f("ix_user_token_balances_tier_version_id"),
        "user_token_balances",
        ["tier_version_id"],
        unique=False,
    )
    op.create_table(
        "token_lots",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("order_id", BigInt, nullable=True),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("tokens", BigInt, nullable=False),
        sa.Column("remaining", BigInt, nullable=False),
        sa.Column("held", BigInt, nullable=False),
        sa.Column("burned", BigInt, nullable=False),
        sa.Column("expired", BigInt, nullable=False),
        sa.Column("clawed_back", BigInt, nullable=False),
        sa.Column("repaid", BigInt, nullable=False),
        sa.Column("owed", BigInt, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.CheckConstraint(
            "source IN ('order', 'bonus', 'grant')", name=op.f("ck_token_lots_source")
        ),
        sa.CheckConstraint("held BETWEEN 0 AND remaining", name=op.f("ck_token_lots_held")),
        sa.CheckConstraint("owed BETWEEN 0 AND tokens", name=op.f("ck_token_lots_owed")),
        sa.CheckConstraint(
            "remaining >= 0 AND burned >= 0 AND expired >= 0 AND clawed_back >= 0 AND repaid >= 0 "
            "AND remaining + burned + expired + clawed_back + repaid = tokens",
            name=op.f("ck_token_lots_nothing_lost"),
        ),
        sa.CheckConstraint(
            "tokens BETWEEN 1 AND 1000000000000000", name=op.f("ck_token_lots_tokens")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_token_lots_order_id_orders")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_token_lots_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token_lots")),
    )
    op.create_index(
        "ix_token_lots_burn_order",
        "token_lots",
        ["user_id", "expires_at", "id"],
        unique=False,
        sqlite_where=sa.text("remaining > 0"),
        postgresql_where=sa.text("remaining > 0"),
    )
    op.create_index(op.f("ix_token_lots_order_id"), "token_lots", ["order_id"], unique=False)
    op.create_index("ix_token_lots_user_id_id", "token_lots", ["user_id", "id"], unique=False)
    op.create_table(
        "lot_burns",
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("spent_from", BigInt, nullable=False),
        sa.Column("spent_to", BigInt, nullable=False),
        sa.Column("lot_id", BigInt, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.CheckConstraint("spent_from < spent_to", name=op.f("ck_lot_burns_stretch")),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["token_lots.id"], name=op.f("fk_lot_burns_lot_id_token_lots")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_lot_burns_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", "spent_from", name=op.f("pk_lot_burns")),
    )
    op.create_index(op.f("ix_lot_burns_lot_id"), "lot_burns", ["lot_id"], unique=False)
    op.create_table(
        "token_transactions",
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("entry", BigInt, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("delta", BigInt, nullable=False),
        sa.Column("balance_after", BigInt, nullable=False),
        sa.Column("debt_after", BigInt, nullable=False),
        sa.Column("lot_id", BigInt, nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("actor", sa.String(length=255), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("idempotency_key", sa.String(length=255), nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.CheckConstraint(
            "kind IN ('grant', 'expire', 'clawback', 'repay')",
            name=op.f("ck_token_transactions_kind"),
        ),
        sa.CheckConstraint(
            "balance_after >= 0 AND debt_after >= 0", name=op.f("ck_token_transactions_after")
        ),
        sa.CheckConstraint(
            "delta <> 0 AND delta BETWEEN -1000000000000000 AND 1000000000000000",
            name=op.f("ck_token_transactions_delta"),
        ),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["token_lots.id"], name=op.f("fk_token_transactions_lot_id_token_lots")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_token_transactions_user_id_users")
        ),
        sa.PrimaryKeyConstraint("user_id", "entry", name=op.f("pk_token_transactions")),
    )
    op.create_index(
        op.f("ix_token_transactions_lot_id"), "token_transactions", ["lot_id"], unique=False
    )
    op.create_index(
        "uq_token_transactions_user_id_idempotency_key",
        "token_transactions",
        ["user_id", "idempotency_key"],
        unique=True,
        sqlite_where=sa.text("idempotency_key IS NOT NULL"),
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )
    # ### end Alembic commands ###
    triggers.refuse_changes("token_transactions")
    triggers.refuse_changes("lot_burns")


def downgrade() -> None:
    triggers.allow_changes("token_transactions")
    triggers.allow_changes("lot_burns")
    op.drop_table("token_transactions")
    op.drop_table("lot_burns")
    op.drop_table("token_lots")
    op.drop_table("user_token_balances")

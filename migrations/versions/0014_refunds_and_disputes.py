"""Refunds, disputes, frozen tokens, and when an event of the inbox is tried again."""

import sqlalchemy as sa
from alembic import op

from migrations import triggers

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UtcDateTime = sa.DateTime(timezone=True)

KINDS_BEFORE = "kind IN ('grant', 'expire', 'clawback', 'repay')"
KINDS = "kind IN ('grant', 'expire', 'clawback', 'repay', 'restore', 'freeze', 'thaw')"
DELTA_BEFORE = "delta <> 0 AND delta BETWEEN -1000000000000000 AND 1000000000000000"
DELTA = (
    "(delta <> 0) = (kind NOT IN ('freeze', 'thaw')) "
    "AND delta BETWEEN -1000000000000000 AND 1000000000000000"
)


def upgrade() -> None:
    _create_refunds()
    _create_disputes()
    with op.batch_alter_table("users") as users:
        users.add_column(sa.Column("disputed_at", UtcDateTime, nullable=True))
    with op.batch_alter_table("invoices") as invoices:
        invoices.add_column(
            sa.Column("amount_refunded_minor", BigInt, nullable=False, server_default="0")
        )
    with op.batch_alter_table("webhook_events") as events:
        events.add_column(sa.Column("next_attempt_at", UtcDateTime, nullable=True))
        events.create_index(op.f("ix_webhook_events_next_attempt_at"), ["next_attempt_at"])
    with op.batch_alter_table("token_lots") as lots:
        lots.add_column(sa.Column("frozen", BigInt, nullable=False, server_default="0"))
        lots.drop_constraint(op.f("ck_token_lots_held"), type_="check")
        lots.create_check_constraint(
            op.f("ck_token_lots_held"), "held >= 0 AND frozen >= 0 AND held + frozen <= remaining"
        )
    _constrain_transactions(kind=KINDS, delta=DELTA)


def downgrade() -> None:
    _constrain_transactions(kind=KINDS_BEFORE, delta=DELTA_BEFORE)
    with op.batch_alter_table("token_lots") as lots:
        lots.drop_constraint(op.f("ck_token_lots_held"), type_="check")
        lots.drop_column("frozen")
        lots.create_check_constraint(op.f("ck_token_lots_held"), "held BETWEEN 0 AND remaining")
    with op.batch_alter_table("webhook_events") as events:
        events.drop_index(op.f("ix_webhook_events_next_attempt_at"))
        events.drop_column("next_attempt_at")
    with op.batch_alter_table("invoices") as invoices:
        invoices.drop_column("amount_refunded_minor")
    with op.batch_alter_table("users") as users:
        users.drop_column("disputed_at")
    op.drop_table("disputes")
    op.drop_table("refunds")


def _constrain_transactions(*, kind: str, delta: str) -> None:
    # SQLite builds the table anew, and its triggers go with the old one.
    triggers.allow_changes("token_transactions")
    with op.batch_alter_table("token_transactions") as lines:
        lines.drop_constraint(op.f("ck_token_transactions_kind"), type_="check")
        lines.drop_constraint(op.f("ck_token_transactions_delta"), type_="check")
        lines.create_check_constraint(op.f("ck_token_transactions_kind"), kind)
        lines.create_check_constraint(op.f("ck_token_transactions_delta"), delta)
    triggers.refuse_changes("token_transactions")


def _create_refunds() -> None:
    op.create_table(
        "refunds",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("order_id", BigInt, nullable=True),
        sa.Column("invoice_id", BigInt, nullable=True),
        sa.Column("stripe_refund_id", sa.String(length=255), nullable=False),
        sa.Column("stripe_charge_id", sa.String(length=255), nullable=False),
        sa.Column("stripe_payment_intent_id", sa.String(length=255), nullable=True),
        sa.Column("amount_minor", BigInt, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("status", sa.String(length=30), nullable=False),
        sa.Column("reason", sa.String(length=100), nullable=True),
        sa.Column("applied_ticket", BigInt, nullable=False),
        sa.Column("issued_at", UtcDateTime, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_refunds_user_id_users")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_refunds_order_id_orders")
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoices.id"], name=op.f("fk_refunds_invoice_id_invoices")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("stripe_refund_id", name=op.f("uq_refunds_stripe_refund_id")),
    )
    op.create_index("ix_refunds_user_id_id", "refunds", ["user_id", "id"])
    for column in ("order_id", "invoice_id", "stripe_payment_intent_id"):
        op.create_index(op.f(f"ix_refunds_{column}"), "refunds", [column])


def _create_disputes() -> None:
    op.create_table(
        "disputes",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("order_id", BigInt, nullable=True),
        sa.Column("invoice_id", BigInt, nullable=True),
        sa.Column("stripe_dispute_id", sa.String(length=255), nullable=False),
        sa.Column("stripe_charge_id", sa.String(length=255), nullable=False),
        sa.Column("stripe_payment_intent_id", sa.String(length=255), nullable=True),
        sa.Column("amount_minor", BigInt, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("status", sa.String(length=30), nullable=False),
        sa.Column("reason", sa.String(length=100), nullable=False),
        sa.Column("is_withdrawn", sa.Boolean(), nullable=False),
        sa.Column("evidence_due_at", UtcDateTime, nullable=True),
        sa.Column("applied_ticket", BigInt, nullable=False),
        sa.Column("opened_at", UtcDateTime, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_disputes_user_id_users")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_disputes_order_id_orders")
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoices.id"], name=op.f("fk_disputes_invoice_id_invoices")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disputes")),
        sa.UniqueConstraint("stripe_dispute_id", name=op.f("uq_disputes_stripe_dispute_id")),
    )
    op.create_index("ix_disputes_user_id_id", "disputes", ["user_id", "id"])
    for column in ("order_id", "invoice_id", "stripe_payment_intent_id"):
        op.create_index(op.f(f"ix_disputes_{column}"), "disputes", [column])

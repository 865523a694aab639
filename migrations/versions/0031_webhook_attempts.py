"""Each try to apply an event, whom an event is about, and how often it came."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UtcDateTime = sa.DateTime(timezone=True)
STATES = "state IN ('pending', 'processed', 'ignored', 'parked', 'failed')"
ROWS_AT_ONCE = 500


def upgrade() -> None:
    with op.batch_alter_table("webhook_events") as events:
        events.add_column(sa.Column("stripe_customer_id", sa.String(length=255), nullable=True))
        events.add_column(sa.Column("deliveries", sa.Integer(), nullable=False, server_default="1"))
        events.create_check_constraint(op.f("ck_webhook_events_deliveries"), "deliveries >= 1")
        events.create_index(op.f("ix_webhook_events_stripe_customer_id"), ["stripe_customer_id"])
    _find_customers()
    op.create_table(
        "webhook_attempts",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("webhook_event_id", BigInt, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.Column("actor", sa.String(length=255), nullable=False),
        sa.Column("touched", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.CheckConstraint(STATES, name=op.f("ck_webhook_attempts_state")),
        sa.ForeignKeyConstraint(
            ["webhook_event_id"],
            ["webhook_events.id"],
            name=op.f("fk_webhook_attempts_webhook_event_id_webhook_events"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempts")),
    )
    op.create_index(
        op.f("ix_webhook_attempts_webhook_event_id"), "webhook_attempts", ["webhook_event_id"]
    )


def downgrade() -> None:
    op.drop_table("webhook_attempts")
    with op.batch_alter_table("webhook_events") as events:
        events.drop_index(op.f("ix_webhook_events_stripe_customer_id"))
        events.drop_constraint(op.f("ck_webhook_events_deliveries"), type_="check")
        events.drop_column("deliveries")
        events.drop_column("stripe_customer_id")


def _find_customers() -> None:
    """Read from the payloads that are kept whom each event is about."""
    connection = op.get_bind()
    events = sa.table(
        "webhook_events",
        sa.column("id"),
        sa.column("payload"),
        sa.column("stripe_customer_id"),
    )
    last_id = 0
    while rows := connection.execute(
        sa.select(events.c.id, events.c.payload)
        .where(events.c.id > last_id)
        .order_by(events.c.id)
        .limit(ROWS_AT_ONCE)
    ).all():
        last_id = rows[-1].id
        found = [(row.id, _customer_of(row.payload)) for row in rows]
        for event_id, customer_id in found:
            if customer_id is not None:
                connection.execute(
                    sa.update(events)
                    .where(events.c.id == event_id)
                    .values(stripe_customer_id=customer_id)
                )


def _customer_of(payload: str) -> str | None:
    try:
        subject = json.loads(payload)["data"]["object"]
        found = subject.get("id" if subject.get("object") == "customer" else "customer")
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return found if isinstance(found, str) else None

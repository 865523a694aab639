"""The inbox: each Stripe event that reached us, kept as it came, and each try to apply it."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, select, union_all
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from billing import clock
from billing.database import BigInt, Model, UtcDateTime, one_of
from billing.domain.statuses import SETTLED_STATES, EventState
from billing.models.former_customer import FormerCustomer
from billing.models.user import User

# Whose customer it is, or was until it was deleted at Stripe.
OWNERS = union_all(
    select(User.id.label("user_id"), User.stripe_customer_id),
    select(FormerCustomer.user_id, FormerCustomer.stripe_customer_id),
).subquery("owners")


class WebhookEvent(Model):
    """One event with what came of it; Stripe's id makes a second delivery the same row."""

    __tablename__ = "webhook_events"
    __table_args__ = (
        one_of("state", EventState),
        CheckConstraint("deliveries >= 1", name="deliveries"),
        Index("ix_webhook_events_state_received_at", "state", "received_at"),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    stripe_event_id: Mapped[str] = mapped_column(String(255), unique=True)
    type: Mapped[str] = mapped_column(String(100))
    stripe_object_id: Mapped[str | None] = mapped_column(String(255), index=True)
    # Whom it is about, where its object says so: what the admin finds it by.
    stripe_customer_id: Mapped[str | None] = mapped_column(String(255), index=True)
    api_version: Mapped[str | None] = mapped_column(String(50))
    payload: Mapped[str] = mapped_column(Text)
    state: Mapped[EventState] = mapped_column(String(20), default=EventState.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    # How often it reached us; the deliveries after the first that was applied change nothing.
    deliveries: Mapped[int] = mapped_column(default=1, server_default="1")
    last_error: Mapped[str | None] = mapped_column(String(500))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    processed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # When the worker tries it; None where nothing is left to do, or only a person can.
    next_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)

    user: Mapped[User | None] = relationship(
        secondary=OWNERS,
        primaryjoin=stripe_customer_id == foreign(OWNERS.c.stripe_customer_id),
        secondaryjoin=foreign(OWNERS.c.user_id) == User.id,
        viewonly=True,
    )

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to do for it."""
        return self.state in SETTLED_STATES

    @property
    def needs_a_person(self) -> bool:
        """Whether nobody tries it again by themselves."""
        return not self.is_settled and self.next_attempt_at is None


class WebhookAttempt(Model):
    """One try to apply an event: by whom, what came of it, and which rows it touched."""

    __tablename__ = "webhook_attempts"
    __table_args__ = (one_of("state", EventState),)

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    webhook_event_id: Mapped[int] = mapped_column(
        ForeignKey(WebhookEvent.id, ondelete="CASCADE"), index=True
    )
    state: Mapped[EventState] = mapped_column(String(20))
    error: Mapped[str | None] = mapped_column(String(500))
    actor: Mapped[str] = mapped_column(String(255))
    touched: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

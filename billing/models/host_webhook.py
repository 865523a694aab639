"""Webhooks to the host: written with the change that they tell of, sent after its commit."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billing import clock
from billing.database import BigInt, Model, UtcDateTime
from billing.models.user import User


class HostWebhook(Model):
    """One event for the host; `event_id` stays the same however often it is sent."""

    __tablename__ = "host_webhooks"
    __table_args__ = (
        CheckConstraint("attempts >= 0", name="attempts"),
        Index("ix_host_webhooks_pending", "delivered_at", "next_attempt_at"),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    event_id: Mapped[str] = mapped_column(String(40), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id), index=True)
    type: Mapped[str] = mapped_column(String(64))
    dedupe_key: Mapped[str] = mapped_column(String(200), unique=True)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    attempts: Mapped[int] = mapped_column(default=0)
    last_status: Mapped[int | None] = mapped_column()
    last_error: Mapped[str | None] = mapped_column(String(200))
    next_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=clock.now)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    user: Mapped[User] = relationship()

    @property
    def is_given_up(self) -> bool:
        """Whether the host has not taken it, and nobody tries it again."""
        return self.delivered_at is None and self.next_attempt_at is None

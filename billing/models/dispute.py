"""Disputes: payments that somebody contests at their bank."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billing import clock
from billing.database import BigInt, Model, UtcDateTime
from billing.domain.money import Money
from billing.domain.reversals import DisputeEffect, effect_of_dispute
from billing.models.invoice import Invoice
from billing.models.order import Order
from billing.models.user import User


class Dispute(Model):
    """A copy of one Stripe dispute, of an order of tokens or of a subscription's invoice."""

    __tablename__ = "disputes"
    __table_args__ = (Index("ix_disputes_user_id_id", "user_id", "id"),)

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), index=True)
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey("invoices.id"), index=True)
    stripe_dispute_id: Mapped[str] = mapped_column(String(255), unique=True)
    stripe_charge_id: Mapped[str] = mapped_column(String(255))
    stripe_payment_intent_id: Mapped[str | None] = mapped_column(String(255), index=True)
    amount_minor: Mapped[int] = mapped_column(BigInt)
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(30))
    reason: Mapped[str] = mapped_column(String(100))
    is_withdrawn: Mapped[bool] = mapped_column()
    evidence_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The reading that the row is from; one that began earlier does not change it.
    applied_ticket: Mapped[int] = mapped_column(BigInt)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    user: Mapped[User] = relationship()
    order: Mapped[Order | None] = relationship()
    invoice: Mapped[Invoice | None] = relationship()

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def effect(self) -> DisputeEffect:
        return effect_of_dispute(self.status, is_withdrawn=self.is_withdrawn)

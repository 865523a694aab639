"""Refunds: the money that went back, as Stripe has it."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billing import clock
from billing.database import BigInt, Model, UtcDateTime
from billing.domain.money import Money
from billing.domain.reversals import FAILED_REFUNDS
from billing.models.invoice import Invoice
from billing.models.order import Order
from billing.models.user import User


class Refund(Model):
    """A copy of one Stripe refund, of an order of tokens or of a subscription's invoice."""

    __tablename__ = "refunds"
    __table_args__ = (Index("ix_refunds_user_id_id", "user_id", "id"),)

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), index=True)
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey("invoices.id"), index=True)
    stripe_refund_id: Mapped[str] = mapped_column(String(255), unique=True)
    stripe_charge_id: Mapped[str] = mapped_column(String(255))
    stripe_payment_intent_id: Mapped[str | None] = mapped_column(String(255), index=True)
    amount_minor: Mapped[int] = mapped_column(BigInt)
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(30))
    reason: Mapped[str | None] = mapped_column(String(100))
    # The reading that the row is from; one that began earlier does not change it.
    applied_ticket: Mapped[int] = mapped_column(BigInt)
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    user: Mapped[User] = relationship()
    order: Mapped[Order | None] = relationship()
    invoice: Mapped[Invoice | None] = relationship()

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def has_failed(self) -> bool:
        """Whether the money stayed with us after all."""
        return self.status in FAILED_REFUNDS

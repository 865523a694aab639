"""Invoices: what the account page lists, as Stripe issued it."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billing import clock
from billing.database import BigInt, Model, UtcDateTime
from billing.domain.money import Money
from billing.models.user import User


class Invoice(Model):
    """A copy of one Stripe invoice; the amounts are facts and only Stripe changes them."""

    __tablename__ = "invoices"
    __table_args__ = (Index("ix_invoices_user_id_issued_at", "user_id", "issued_at"),)

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    stripe_invoice_id: Mapped[str] = mapped_column(String(255), unique=True)
    stripe_subscription_id: Mapped[str | None] = mapped_column(String(255))
    number: Mapped[str | None] = mapped_column(String(100))
    status: Mapped[str] = mapped_column(String(20))
    description: Mapped[str] = mapped_column(String(300))
    total_minor: Mapped[int] = mapped_column(BigInt)
    amount_paid_minor: Mapped[int] = mapped_column(BigInt)
    amount_refunded_minor: Mapped[int] = mapped_column(BigInt, default=0, server_default="0")
    currency: Mapped[str] = mapped_column(String(3))
    billing_reason: Mapped[str | None] = mapped_column(String(40))
    amount_due_minor: Mapped[int] = mapped_column(BigInt, default=0)
    attempt_count: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    needs_confirmation: Mapped[bool] = mapped_column(default=False)
    hosted_invoice_url: Mapped[str | None] = mapped_column(String(2000))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    user: Mapped[User] = relationship()

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)

    @property
    def amount_due(self) -> Money:
        return Money(self.amount_due_minor, self.currency)

    @property
    def refunded(self) -> Money:
        return Money(self.amount_refunded_minor, self.currency)

    @property
    def is_refunded(self) -> bool:
        """Whether all that was paid went back."""
        return 0 < self.amount_paid_minor <= self.amount_refunded_minor

    @property
    def is_partly_refunded(self) -> bool:
        return 0 < self.amount_refunded_minor < self.amount_paid_minor

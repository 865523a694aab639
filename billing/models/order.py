"""Orders: one row for each checkout, made before Stripe hears of it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billing import clock
from billing.database import MAX_AMOUNT, BigInt, Model, UtcDateTime, one_of
from billing.domain.interval import Interval
from billing.domain.money import Money
from billing.domain.statuses import OrderKind, OrderState
from billing.models.catalog import TierVersion, TokenPackage
from billing.models.user import User


class Order(Model):
    """What a person set out to buy, at the price that we showed, and what came of it."""

    __tablename__ = "orders"
    __table_args__ = (
        one_of("kind", OrderKind),
        one_of("state", OrderState),
        one_of("interval", Interval),
        CheckConstraint(f"amount_minor BETWEEN 0 AND {MAX_AMOUNT}", name="amount"),
        CheckConstraint(f"tokens BETWEEN 0 AND {MAX_AMOUNT}", name="tokens"),
        CheckConstraint(f"bonus_tokens BETWEEN 0 AND {MAX_AMOUNT}", name="bonus_tokens"),
        CheckConstraint(
            "(kind = 'subscription') = (tier_version_id IS NOT NULL) AND "
            "(kind = 'subscription') = (interval IS NOT NULL) AND "
            "(kind = 'tokens') = (token_package_id IS NOT NULL)",
            name="item_fits_kind",
        ),
        CheckConstraint("(state = 'paid') = (paid_at IS NOT NULL)", name="paid_has_time"),
        Index(
            "uq_orders_open_item",
            "user_id",
            "item",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_orders_user_id_id", "user_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[OrderKind] = mapped_column(String(20))
    item: Mapped[str] = mapped_column(String(80))
    tier_version_id: Mapped[int | None] = mapped_column(ForeignKey("tier_versions.id"), index=True)
    interval: Mapped[Interval | None] = mapped_column(String(5))
    token_package_id: Mapped[int | None] = mapped_column(
        ForeignKey("token_packages.id"), index=True
    )
    tokens: Mapped[int] = mapped_column(BigInt, default=0)
    bonus_tokens: Mapped[int] = mapped_column(BigInt, default=0)
    expires_after_months: Mapped[int | None] = mapped_column()
    amount_minor: Mapped[int] = mapped_column(BigInt)
    currency: Mapped[str] = mapped_column(String(3))
    person_hash: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[OrderState] = mapped_column(String(20), default=OrderState.OPEN)
    stripe_session_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    stripe_session_url: Mapped[str | None] = mapped_column(String(2000))
    stripe_session_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stripe_payment_intent_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    amount_paid_minor: Mapped[int | None] = mapped_column(BigInt)
    amount_refunded_minor: Mapped[int] = mapped_column(BigInt, default=0, server_default="0")
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    user: Mapped[User] = relationship()
    tier_version: Mapped[TierVersion | None] = relationship()
    token_package: Mapped[TokenPackage | None] = relationship()

    @property
    def stripe_key(self) -> str:
        """The idempotency key of its session: the time keeps two databases' orders apart."""
        return f"order:{self.id}:{self.created_at:%Y%m%d%H%M%S%f}"

    @property
    def paid(self) -> Money:
        """What was paid in the end, with discount and tax; nothing yet counts as nothing."""
        return Money(self.amount_paid_minor or 0, self.currency)

    @property
    def refunded(self) -> Money:
        return Money(self.amount_refunded_minor, self.currency)

    @property
    def price(self) -> Money:
        return Money(self.amount_minor, self.currency)

"""Subscriptions: which tier a user is on, and what Stripe says about it."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billing import clock
from billing.database import BigInt, Model, UtcDateTime, one_of
from billing.domain.interval import Interval
from billing.domain.money import Money
from billing.domain.revenue import monthly
from billing.domain.statuses import PAID_STATUSES, SubscriptionStatus
from billing.models.catalog import Feature, SubscriptionTier, TierVersion
from billing.models.user import User


class UserSubscription(Model):
    """The one subscription of a user: free from the first moment, or as Stripe holds it."""

    __tablename__ = "user_subscriptions"
    __table_args__ = (
        one_of("status", SubscriptionStatus),
        one_of("interval", Interval),
        one_of("scheduled_interval", Interval),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), unique=True)
    tier_version_id: Mapped[int] = mapped_column(ForeignKey("tier_versions.id"), index=True)
    status: Mapped[SubscriptionStatus] = mapped_column(String(20))
    interval: Mapped[Interval | None] = mapped_column(String(5))
    anchor: Mapped[datetime] = mapped_column(UtcDateTime)
    current_period_start: Mapped[datetime | None] = mapped_column(UtcDateTime)
    current_period_end: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancel_at_period_end: Mapped[bool] = mapped_column(default=False)
    cancel_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    trial_end: Mapped[datetime | None] = mapped_column(UtcDateTime)
    grace_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    grace_invoice_id: Mapped[str | None] = mapped_column(String(255))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The tier was given by an admin, and Stripe knows nothing of it.
    complimentary_until: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    scheduled_tier_version_id: Mapped[int | None] = mapped_column(
        ForeignKey("tier_versions.id"), index=True
    )
    scheduled_interval: Mapped[Interval | None] = mapped_column(String(5))
    scheduled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stripe_schedule_id: Mapped[str | None] = mapped_column(String(255))
    stripe_subscription_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    stripe_price_id: Mapped[str | None] = mapped_column(String(255))
    read_ticket: Mapped[int] = mapped_column(BigInt, default=0)
    applied_ticket: Mapped[int] = mapped_column(BigInt, default=0)
    card_brand: Mapped[str | None] = mapped_column(String(20))
    card_last4: Mapped[str | None] = mapped_column(String(4))
    card_exp_month: Mapped[int | None] = mapped_column()
    card_exp_year: Mapped[int | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now, onupdate=clock.now)

    user: Mapped[User] = relationship(back_populates="subscription")
    tier_version: Mapped[TierVersion] = relationship(foreign_keys=[tier_version_id], lazy="joined")
    scheduled_tier_version: Mapped[TierVersion | None] = relationship(
        foreign_keys=[scheduled_tier_version_id]
    )

    @property
    def tier(self) -> SubscriptionTier:
        return self.tier_version.tier

    @property
    def is_paid(self) -> bool:
        """Whether Stripe holds a live subscription for it."""
        return self.stripe_subscription_id is not None and self.ended_at is None

    @property
    def monthly_revenue(self) -> Money:
        """What it brings a month at list price; nothing while nothing is paid for it."""
        if not self.is_paid or self.interval is None or self.status not in PAID_STATUSES:
            return Money(0, self.tier_version.currency)
        interval = Interval(self.interval)
        return monthly(self.tier_version.price(interval), interval)

    @property
    def is_past_due(self) -> bool:
        """Whether a renewal is unpaid and Stripe still tries."""
        return self.status == SubscriptionStatus.PAST_DUE

    def is_grace_over(self, now: datetime) -> bool:
        """Whether a renewal has stayed unpaid for as long as the tier stays on."""
        return self.is_past_due and self.grace_until is not None and self.grace_until <= now

    def is_complimentary_over(self, now: datetime) -> bool:
        """Whether a tier that was given has lasted as long as it was given for."""
        return self.complimentary_until is not None and self.complimentary_until <= now

    @property
    def ends_at(self) -> datetime | None:
        """When it ends of its own; the portal sets `cancel_at`, we set the flag: both mean it."""
        if self.cancel_at is not None:
            return self.cancel_at
        return self.current_period_end if self.cancel_at_period_end else None


class FeatureOverride(Model):
    """A right that one user has, or has not, whatever the tier says."""

    __tablename__ = "feature_overrides"
    __table_args__ = (UniqueConstraint("user_id", "feature_id"),)

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    feature_id: Mapped[int] = mapped_column(ForeignKey("features.id"), index=True)
    is_allowed: Mapped[bool] = mapped_column()
    reason: Mapped[str] = mapped_column(String(300))
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    feature: Mapped[Feature] = relationship()


class QuotaUse(Model):
    """What a person who closed an account had used of its period: a new account begins there."""

    __tablename__ = "quota_uses"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    person_hash: Mapped[str] = mapped_column(String(64), unique=True)
    used: Mapped[int] = mapped_column(BigInt)
    resets_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)


class TrialUse(Model):
    """That a person had a trial: a keyed hash of the address, so that no address is kept."""

    __tablename__ = "trial_uses"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    person_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

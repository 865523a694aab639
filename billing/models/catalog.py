"""The catalog: features, tiers with their immutable versions, and token packages."""

from datetime import datetime

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billing import clock
from billing.database import MAX_AMOUNT, BigInt, Model, UtcDateTime
from billing.domain.interval import Interval
from billing.domain.money import Money
from billing.messages import Wording


class Feature(Model):
    """Something that a tier may include; a metered one costs quota or tokens at each use."""

    __tablename__ = "features"
    __table_args__ = (
        CheckConstraint(f"token_cost BETWEEN 0 AND {MAX_AMOUNT}", name="token_cost"),
        CheckConstraint("NOT is_metered OR token_cost > 0", name="metered_costs"),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    name_in: Mapped[dict[str, str]] = mapped_column(JSON, default=dict, server_default="{}")
    token_cost: Mapped[int] = mapped_column(BigInt, default=0)
    is_metered: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    @property
    def wording(self) -> Wording:
        """The name, for a page to show in its reader's language."""
        return Wording(self.name, self.name_in)


tier_version_features = Table(
    "tier_version_features",
    Model.metadata,
    Column("tier_version_id", ForeignKey("tier_versions.id"), primary_key=True),
    Column("feature_id", ForeignKey("features.id"), primary_key=True, index=True),
)


class SubscriptionTier(Model):
    """What is sold under one name; its price, quota and features stand in its versions."""

    __tablename__ = "subscription_tiers"
    __table_args__ = (
        Index(
            "uq_subscription_tiers_default",
            "is_default",
            unique=True,
            sqlite_where=text("is_default"),
            postgresql_where=text("is_default"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    description: Mapped[str] = mapped_column(String(300), default="")
    description_in: Mapped[dict[str, str]] = mapped_column(JSON, default=dict, server_default="{}")
    rank: Mapped[int] = mapped_column()
    is_default: Mapped[bool] = mapped_column(default=False)
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stripe_product_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    versions: Mapped[list["TierVersion"]] = relationship(
        back_populates="tier", order_by="TierVersion.version"
    )

    @property
    def wording(self) -> Wording:
        """The description, for a page to show in its reader's language; the name is a name."""
        return Wording(self.description, self.description_in)

    @property
    def current_version(self) -> "TierVersion":
        """The newest terms: what a new subscriber gets."""
        return self.versions[-1]


class TierVersion(Model):
    """One set of terms of a tier; the database refuses to change it, subscribers keep it."""

    __tablename__ = "tier_versions"
    __table_args__ = (
        UniqueConstraint("tier_id", "version"),
        CheckConstraint(f"price_month_minor BETWEEN 0 AND {MAX_AMOUNT}", name="price_month"),
        CheckConstraint(f"price_year_minor BETWEEN 0 AND {MAX_AMOUNT}", name="price_year"),
        CheckConstraint(f"ai_requests_per_month BETWEEN 0 AND {MAX_AMOUNT}", name="ai_requests"),
        CheckConstraint("trial_days BETWEEN 0 AND 730", name="trial_days"),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    tier_id: Mapped[int] = mapped_column(ForeignKey("subscription_tiers.id"))
    version: Mapped[int] = mapped_column()
    price_month_minor: Mapped[int] = mapped_column(BigInt)
    price_year_minor: Mapped[int] = mapped_column(BigInt)
    currency: Mapped[str] = mapped_column(String(3))
    ai_requests_per_month: Mapped[int | None] = mapped_column(BigInt)
    trial_days: Mapped[int] = mapped_column(default=0)
    stripe_price_month_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    stripe_price_year_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    tier: Mapped[SubscriptionTier] = relationship(back_populates="versions", lazy="joined")
    features: Mapped[list[Feature]] = relationship(
        secondary=tier_version_features, order_by=Feature.position
    )

    @property
    def is_free(self) -> bool:
        return self.price_month_minor == 0 and self.price_year_minor == 0

    @property
    def is_unlimited(self) -> bool:
        return self.ai_requests_per_month is None

    def price(self, interval: Interval) -> Money:
        """Return what one interval of this version costs."""
        is_year = interval == Interval.YEAR
        return Money(self.price_year_minor if is_year else self.price_month_minor, self.currency)

    def stripe_price_id(self, interval: Interval) -> str | None:
        """Return Stripe's id of the price, None before the catalog was pushed."""
        is_year = interval == Interval.YEAR
        return self.stripe_price_year_id if is_year else self.stripe_price_month_id


class TokenPackage(Model):
    """Prepaid tokens at a price; an order keeps a snapshot, so a package may change."""

    __tablename__ = "token_packages"
    __table_args__ = (
        CheckConstraint(f"tokens BETWEEN 1 AND {MAX_AMOUNT}", name="tokens"),
        CheckConstraint(f"bonus_tokens BETWEEN 0 AND {MAX_AMOUNT}", name="bonus_tokens"),
        CheckConstraint(f"price_minor BETWEEN 1 AND {MAX_AMOUNT}", name="price"),
        CheckConstraint("expires_after_months BETWEEN 1 AND 120", name="expires_after"),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    tokens: Mapped[int] = mapped_column(BigInt)
    bonus_tokens: Mapped[int] = mapped_column(BigInt, default=0)
    price_minor: Mapped[int] = mapped_column(BigInt)
    currency: Mapped[str] = mapped_column(String(3))
    expires_after_months: Mapped[int | None] = mapped_column()
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stripe_product_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    stripe_price_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    @property
    def price(self) -> Money:
        return Money(self.price_minor, self.currency)

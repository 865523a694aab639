"""Revenue movements: each change of what an account pays a month. The database keeps them as is."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from billing import clock
from billing.database import MAX_AMOUNT, BigInt, Model, UtcDateTime, one_of
from billing.domain.revenue import MovementKind
from billing.models.catalog import TierVersion
from billing.models.user import User


class RevenueMovement(Model):
    """One change of an account's monthly recurring revenue, at the moment that we heard of it."""

    __tablename__ = "revenue_movements"
    __table_args__ = (
        one_of("kind", MovementKind),
        CheckConstraint(
            "(delta_minor > 0) = (kind IN ('new', 'expansion', 'reactivation')) "
            "AND delta_minor <> 0",
            name="delta_fits_kind",
        ),
        CheckConstraint(f"monthly_minor BETWEEN 0 AND {MAX_AMOUNT}", name="monthly"),
        CheckConstraint("(kind = 'churn') = (monthly_minor = 0)", name="churn_leaves_nothing"),
        Index("ix_revenue_movements_user_id_id", "user_id", "id"),
        # Every total reads this index alone.
        Index(
            "ix_revenue_movements_currency_occurred_at",
            "currency",
            "occurred_at",
            "kind",
            "delta_minor",
        ),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id))
    kind: Mapped[MovementKind] = mapped_column(String(20))
    currency: Mapped[str] = mapped_column(String(3))
    delta_minor: Mapped[int] = mapped_column(BigInt)
    # What the account pays a month from now on, in this currency.
    monthly_minor: Mapped[int] = mapped_column(BigInt)
    tier_version_id: Mapped[int] = mapped_column(ForeignKey(TierVersion.id), index=True)
    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

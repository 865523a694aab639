"""Alerts: the marks that a user has reached, and those that are wanted."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from billing import clock
from billing.database import BigInt, Model, UtcDateTime, one_of
from billing.domain.alerts import AlertKind
from billing.models.user import User


class UsageAlert(Model):
    """One mark that was reached in one period; written in the transaction that gets there."""

    __tablename__ = "usage_alerts"
    __table_args__ = (
        one_of("kind", AlertKind),
        UniqueConstraint("user_id", "kind", "mark", "period_start"),
        Index(
            "ix_usage_alerts_untold",
            "id",
            sqlite_where=text("told_at IS NULL"),
            postgresql_where=text("told_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id))
    kind: Mapped[AlertKind] = mapped_column(String(10))
    mark: Mapped[int] = mapped_column()
    period_start: Mapped[datetime] = mapped_column(UtcDateTime)
    period_end: Mapped[datetime] = mapped_column(UtcDateTime)
    quota_used: Mapped[int] = mapped_column(BigInt)
    quota_limit: Mapped[int | None] = mapped_column(BigInt)
    balance: Mapped[int] = mapped_column(BigInt)
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)


class AlertSetting(Model):
    """What one user wants to hear of; None is nothing. Without a row the defaults hold."""

    __tablename__ = "alert_settings"

    user_id: Mapped[int] = mapped_column(ForeignKey(User.id), primary_key=True)
    quota_percent: Mapped[int | None] = mapped_column()
    tokens_below: Mapped[int | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

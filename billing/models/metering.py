"""Metering: each AI request and each refusal, closed quota periods, holds, usage by day."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from billing import clock
from billing.database import BigInt, Model, UtcDateTime, one_of
from billing.domain.ledger import HoldState
from billing.domain.metering import MAX_QUANTITY
from billing.models.catalog import Feature
from billing.models.ledger import TokenLot


class AiRequest(Model):
    """One measured fact with all that its receipt said.

    The hottest table: it has no foreign keys, each of which would cost a lock a row, and no CHECK,
    which would be read anew for each row. `verify` looks for what they would have refused.
    """

    __tablename__ = "ai_requests"
    __table_args__ = (
        Index(
            "uq_ai_requests_user_id_idempotency_key",
            "user_id",
            "idempotency_key",
            unique=True,
            sqlite_where=text("idempotency_key IS NOT NULL"),
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        # One tree less to write: the rows stand in the primary key itself.
        {"sqlite_with_rowid": False},
    )

    user_id: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    entry: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    feature_id: Mapped[int] = mapped_column(BigInt)
    tier_version_id: Mapped[int] = mapped_column(BigInt)
    quantity: Mapped[int] = mapped_column(BigInt)
    from_quota: Mapped[int] = mapped_column(BigInt)
    tokens_charged: Mapped[int] = mapped_column(BigInt)
    quota_limit: Mapped[int | None] = mapped_column(BigInt)
    quota_used: Mapped[int] = mapped_column(BigInt)
    quota_held: Mapped[int] = mapped_column(BigInt)
    period_start: Mapped[datetime] = mapped_column(UtcDateTime)
    resets_at: Mapped[datetime] = mapped_column(UtcDateTime)
    balance_after: Mapped[int] = mapped_column(BigInt)
    spent_total: Mapped[int] = mapped_column(BigInt)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    hold_id: Mapped[int | None] = mapped_column(BigInt)
    idempotency_key: Mapped[str | None] = mapped_column(String(255))

    @property
    def reference(self) -> str:
        return f"air_{self.user_id}_{self.entry}"


class AiRefusal(Model):
    """A request that was refused, with the numbers at that moment."""

    __tablename__ = "ai_refusals"
    __table_args__ = (Index("ix_ai_refusals_user_id_id", "user_id", "id"),)

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    tier_version_id: Mapped[int] = mapped_column(ForeignKey("tier_versions.id"), index=True)
    feature_key: Mapped[str] = mapped_column(String(64))
    quantity: Mapped[int] = mapped_column(BigInt)
    code: Mapped[str] = mapped_column(String(40))
    quota_limit: Mapped[int | None] = mapped_column(BigInt)
    quota_used: Mapped[int] = mapped_column(BigInt)
    quota_held: Mapped[int] = mapped_column(BigInt)
    resets_at: Mapped[datetime] = mapped_column(UtcDateTime)
    balance: Mapped[int] = mapped_column(BigInt)
    held: Mapped[int] = mapped_column(BigInt)
    required: Mapped[int] = mapped_column(BigInt)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    feature: Mapped[Feature | None] = relationship(
        primaryjoin=lambda: foreign(AiRefusal.feature_key) == Feature.key, viewonly=True
    )

    @property
    def reference(self) -> str:
        return f"ref_{self.id}"


class QuotaPeriod(Model):
    """A closed period; a hold of that time may still move from held to used."""

    __tablename__ = "quota_periods"
    __table_args__ = (
        CheckConstraint("period_start < period_end", name="period"),
        CheckConstraint(
            "used >= 0 AND held >= 0 AND (quota_limit IS NULL OR used + held <= quota_limit)",
            name="used",
        ),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    period_start: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    period_end: Mapped[datetime] = mapped_column(UtcDateTime)
    tier_version_id: Mapped[int] = mapped_column(ForeignKey("tier_versions.id"), index=True)
    quota_limit: Mapped[int | None] = mapped_column(BigInt)
    used: Mapped[int] = mapped_column(BigInt)
    held: Mapped[int] = mapped_column(BigInt)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)


class Hold(Model):
    """A reservation for work whose cost is known only at its end."""

    __tablename__ = "holds"
    __table_args__ = (
        one_of("state", HoldState),
        CheckConstraint(f"quantity BETWEEN 1 AND {MAX_QUANTITY}", name="quantity"),
        CheckConstraint("from_quota BETWEEN 0 AND quantity", name="from_quota"),
        CheckConstraint("tokens = (quantity - from_quota) * token_cost", name="tokens"),
        CheckConstraint("(state = 'open') = (closed_at IS NULL)", name="closed"),
        Index(
            "uq_holds_user_id_idempotency_key",
            "user_id",
            "idempotency_key",
            unique=True,
            sqlite_where=text("idempotency_key IS NOT NULL"),
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        Index(
            "ix_holds_open",
            "user_id",
            "expires_at",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    feature_id: Mapped[int] = mapped_column(ForeignKey("features.id"), index=True)
    tier_version_id: Mapped[int] = mapped_column(ForeignKey("tier_versions.id"), index=True)
    quantity: Mapped[int] = mapped_column(BigInt)
    from_quota: Mapped[int] = mapped_column(BigInt)
    tokens: Mapped[int] = mapped_column(BigInt)
    token_cost: Mapped[int] = mapped_column(BigInt)
    period_start: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[HoldState] = mapped_column(String(20), default=HoldState.OPEN)
    # The AI request that it was settled into; what was drawn beyond the hold is the next entry.
    settled_entry: Mapped[int | None] = mapped_column(BigInt)
    shortfall: Mapped[int] = mapped_column(BigInt, default=0)
    idempotency_key: Mapped[str | None] = mapped_column(String(255))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    feature: Mapped[Feature] = relationship()
    lots: Mapped[list["HoldLot"]] = relationship(order_by="HoldLot.position")

    @property
    def reference(self) -> str:
        return f"hold_{self.id}"

    @property
    def is_open(self) -> bool:
        return self.state == HoldState.OPEN


class HoldLot(Model):
    """The tokens that a hold reserves in one lot, in the order in which it burns them."""

    __tablename__ = "hold_lots"
    __table_args__ = (CheckConstraint("tokens > 0", name="tokens"),)

    hold_id: Mapped[int] = mapped_column(ForeignKey("holds.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    lot_id: Mapped[int] = mapped_column(ForeignKey("token_lots.id"), index=True)
    tokens: Mapped[int] = mapped_column(BigInt)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    lot: Mapped[TokenLot] = relationship()


class UsageDay(Model):
    """What a user did with one feature on one UTC day, up to the balance's `rolled_up`."""

    __tablename__ = "usage_days"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    period_start: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    feature_id: Mapped[int] = mapped_column(ForeignKey("features.id"), primary_key=True)
    quantity: Mapped[int] = mapped_column(BigInt)
    from_quota: Mapped[int] = mapped_column(BigInt)
    tokens_charged: Mapped[int] = mapped_column(BigInt)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

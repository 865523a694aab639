"""The token ledger: the hot row of each user, the lots, and the append-only transactions."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billing import clock
from billing.database import MAX_AMOUNT, BigInt, Model, UtcDateTime, one_of
from billing.domain.ledger import LotSource, TransactionKind
from billing.domain.metering import Quota
from billing.domain.periods import Period
from billing.models.catalog import TierVersion
from billing.models.user import User


class UserTokenBalance(Model):
    """The one mutex of a user: tokens, the current quota period, and until when both hold true.

    A spend moves `balance` and `spent_total` only; which lots it burned is settled later, up to
    `settled_total`. Past `due_at` something is due first: a new period, an expiry, a hold's end.
    """

    __tablename__ = "user_token_balances"
    __table_args__ = (
        # One constraint, and no word too many: PostgreSQL reads it anew in every statement that
        # moves the row. Where the quota is unlimited its term is unknown, and lets the row pass.
        CheckConstraint(
            f"held >= 0 AND balance BETWEEN held AND {MAX_AMOUNT} AND debt >= 0 "
            "AND settled_total >= 0 AND spent_total >= settled_total "
            "AND quota_used >= 0 AND quota_held >= 0 AND quota_used + quota_held <= quota_limit",
            name="numbers",
        ),
        # Half of each page stays free, so that an update finds room beside its old version.
        {"postgresql_with": {"fillfactor": 50}},
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    tier_version_id: Mapped[int] = mapped_column(ForeignKey("tier_versions.id"), index=True)
    balance: Mapped[int] = mapped_column(BigInt, default=0)
    held: Mapped[int] = mapped_column(BigInt, default=0)
    debt: Mapped[int] = mapped_column(BigInt, default=0)
    spent_total: Mapped[int] = mapped_column(BigInt, default=0)
    settled_total: Mapped[int] = mapped_column(BigInt, default=0)
    entries: Mapped[int] = mapped_column(BigInt, default=0)
    rolled_up: Mapped[int] = mapped_column(BigInt, default=0)
    quota_limit: Mapped[int | None] = mapped_column(BigInt)
    quota_used: Mapped[int] = mapped_column(BigInt, default=0)
    quota_held: Mapped[int] = mapped_column(BigInt, default=0)
    # What the newest request took: PostgreSQL below 18 cannot return the old values of an UPDATE.
    last_from_quota: Mapped[int] = mapped_column(BigInt, default=0)
    # How far a charge may go before there is something to note: so many used requests, and so few
    # tokens. The first look at a new row sets them.
    quota_mark: Mapped[int] = mapped_column(BigInt, default=0, server_default="0")
    token_mark: Mapped[int] = mapped_column(BigInt, default=0, server_default="0")
    anchor: Mapped[datetime] = mapped_column(UtcDateTime)
    period_start: Mapped[datetime] = mapped_column(UtcDateTime)
    period_end: Mapped[datetime] = mapped_column(UtcDateTime)
    # While a renewal is unpaid, or the tier is complimentary: until when the tier stays on.
    grace_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    user: Mapped[User] = relationship(back_populates="token_balance")
    tier_version: Mapped[TierVersion] = relationship()

    @property
    def available(self) -> int:
        """How many tokens may be spent: those that neither a hold nor a dispute keeps."""
        return self.balance - self.held

    @property
    def quota(self) -> Quota:
        return Quota(self.quota_limit, self.quota_used, self.period_end, self.quota_held)

    @property
    def period(self) -> Period:
        return Period(self.period_start, self.period_end)

    def next_entry(self) -> int:
        """Take the next number of the user's ledger; the row must be locked."""
        self.entries += 1
        return self.entries


class TokenLot(Model):
    """Tokens that came together, and where each of them is now."""

    __tablename__ = "token_lots"
    __table_args__ = (
        one_of("source", LotSource),
        CheckConstraint(f"tokens BETWEEN 1 AND {MAX_AMOUNT}", name="tokens"),
        CheckConstraint("held >= 0 AND frozen >= 0 AND held + frozen <= remaining", name="held"),
        CheckConstraint(
            "remaining >= 0 AND burned >= 0 AND expired >= 0 AND clawed_back >= 0 AND repaid >= 0 "
            "AND withdrawn >= 0 "
            "AND remaining + burned + expired + clawed_back + repaid + withdrawn = tokens",
            name="nothing_lost",
        ),
        CheckConstraint("owed BETWEEN 0 AND tokens", name="owed"),
        Index(
            "ix_token_lots_burn_order",
            "user_id",
            "expires_at",
            "id",
            sqlite_where=text("remaining > 0"),
            postgresql_where=text("remaining > 0"),
        ),
        Index("ix_token_lots_user_id_id", "user_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), index=True)
    source: Mapped[LotSource] = mapped_column(String(20))
    tokens: Mapped[int] = mapped_column(BigInt)
    remaining: Mapped[int] = mapped_column(BigInt)
    held: Mapped[int] = mapped_column(BigInt, default=0)
    # The payment is disputed: neither spent nor expired until the bank has decided.
    frozen: Mapped[int] = mapped_column(BigInt, default=0, server_default="0")
    burned: Mapped[int] = mapped_column(BigInt, default=0)
    expired: Mapped[int] = mapped_column(BigInt, default=0)
    clawed_back: Mapped[int] = mapped_column(BigInt, default=0)
    # Taken out by an admin; a refund of the order does not owe them again.
    withdrawn: Mapped[int] = mapped_column(BigInt, default=0, server_default="0")
    # Went to the user's debt the moment that the lot came in.
    repaid: Mapped[int] = mapped_column(BigInt, default=0)
    # Clawed back after it was spent: became debt.
    owed: Mapped[int] = mapped_column(BigInt, default=0)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    @property
    def available(self) -> int:
        return self.remaining - self.held - self.frozen

    def is_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now


class LotBurn(Model):
    """The stretch [spent_from, spent_to) of the user's spent tokens came out of this lot."""

    __tablename__ = "lot_burns"
    __table_args__ = (CheckConstraint("spent_from < spent_to", name="stretch"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    spent_from: Mapped[int] = mapped_column(BigInt, primary_key=True)
    spent_to: Mapped[int] = mapped_column(BigInt)
    lot_id: Mapped[int] = mapped_column(ForeignKey("token_lots.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)


class TokenTransaction(Model):
    """A ledger line that is not an AI request: those stand in `ai_requests`, numbered together."""

    __tablename__ = "token_transactions"
    __table_args__ = (
        one_of("kind", TransactionKind),
        CheckConstraint(
            "(delta <> 0) = (kind NOT IN ('freeze', 'thaw')) "
            f"AND delta BETWEEN -{MAX_AMOUNT} AND {MAX_AMOUNT}",
            name="delta",
        ),
        CheckConstraint("balance_after >= 0 AND debt_after >= 0", name="after"),
        Index(
            "uq_token_transactions_user_id_idempotency_key",
            "user_id",
            "idempotency_key",
            unique=True,
            sqlite_where=text("idempotency_key IS NOT NULL"),
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        Index("ix_token_transactions_created_at", "created_at"),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    entry: Mapped[int] = mapped_column(BigInt, primary_key=True)
    kind: Mapped[TransactionKind] = mapped_column(String(20))
    delta: Mapped[int] = mapped_column(BigInt)
    balance_after: Mapped[int] = mapped_column(BigInt)
    debt_after: Mapped[int] = mapped_column(BigInt)
    lot_id: Mapped[int] = mapped_column(ForeignKey("token_lots.id"), index=True)
    source: Mapped[LotSource] = mapped_column(String(20))
    actor: Mapped[str] = mapped_column(String(255))
    reason: Mapped[str] = mapped_column(String(500))
    idempotency_key: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    lot: Mapped[TokenLot] = relationship()
    user: Mapped[User] = relationship()

    @property
    def reference(self) -> str:
        return f"txn_{self.user_id}_{self.entry}"

"""Users: who logs in, who pays, and who the host product knows by its own id."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billing import clock
from billing.database import BigInt, Model, UtcDateTime

if TYPE_CHECKING:
    from billing.models.ledger import UserTokenBalance
    from billing.models.subscription import UserSubscription


class User(Model):
    """One person; the free subscription and the token balance come with the row itself."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    external_id: Mapped[str | None] = mapped_column(String(200), unique=True)
    is_admin: Mapped[bool] = mapped_column(default=False)
    stripe_customer_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    # The language that was chosen; None for who leaves it to the browser.
    locale: Mapped[str | None] = mapped_column(String(16))
    password_changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    email_verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Since when a payment is disputed, open or lost; an admin is to look.
    disputed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    subscription: Mapped["UserSubscription"] = relationship(back_populates="user")
    token_balance: Mapped["UserTokenBalance"] = relationship(back_populates="user")

    @property
    def stripe_key(self) -> str:
        """The idempotency key of its customer: the time keeps two databases' users apart."""
        return f"user:{self.id}:{self.created_at:%Y%m%d%H%M%S%f}"

    @property
    def is_active(self) -> bool:
        """Whether the user may come in: neither disabled by an admin nor closed."""
        return self.disabled_at is None and self.closed_at is None

    @property
    def logs_in(self) -> bool:
        """Whether the person has a log-in here: a host's user comes by its portal links."""
        return self.password_hash is not None

    @property
    def is_authenticated(self) -> bool:
        return True

    @property
    def is_anonymous(self) -> bool:
        return False

"""What proves who somebody is: sessions, one-time links, and how often they were wrong.

Only SHA-256 hashes of tokens are stored: they are 256 random bits, so a plain hash is enough.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billing import clock
from billing.database import BigInt, Model, UtcDateTime, one_of
from billing.models.user import User


class LinkPurpose(StrEnum):
    """What a one-time link may be used for."""

    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 a name
    CHANGE_EMAIL = "change_email"


class UserSession(Model):
    """One logged-in browser; deleting the row logs it out, whatever cookie it still holds."""

    __tablename__ = "user_sessions"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_agent: Mapped[str] = mapped_column(String(200), default="")
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    # An admin who looks at the account as its user sees it.
    acting_admin_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    # When the password was last typed in it.
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # When the second factor was given in this session, if it was.
    second_factor_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    user: Mapped[User] = relationship(foreign_keys=[user_id])
    acting_admin: Mapped[User | None] = relationship(foreign_keys=[acting_admin_id])


class OneTimeLink(Model):
    """A link in an e-mail; it has no token until the e-mail is sent, and works once."""

    __tablename__ = "one_time_links"
    __table_args__ = (one_of("purpose", LinkPurpose),)

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    purpose: Mapped[LinkPurpose] = mapped_column(String(16))
    # The address to change to, which the link is sent to.
    email: Mapped[str | None] = mapped_column(String(254))
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    user: Mapped[User] = relationship()


class CredentialAttempts(Model):
    """How often one subject (an account, an address) tried one action in the open window."""

    __tablename__ = "credential_attempts"
    __table_args__ = (
        UniqueConstraint("action", "subject_hash"),
        CheckConstraint("attempts >= 0", name="attempts"),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    action: Mapped[str] = mapped_column(String(32))
    subject_hash: Mapped[str] = mapped_column(String(64))
    attempts: Mapped[int]
    window_ends_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

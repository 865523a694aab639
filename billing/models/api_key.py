"""API keys: a prefix to recognise one by, and a hash to check it against."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billing import clock
from billing.database import BigInt, Model, UtcDateTime
from billing.models.user import User


class ApiKey(Model):
    """A user key acts for its user; a service key has no user and acts for any."""

    __tablename__ = "api_keys"
    __table_args__ = (CheckConstraint("(user_id IS NULL) = is_service", name="user_or_service"),)

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    prefix: Mapped[str] = mapped_column(String(16), unique=True)
    key_hash: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    is_service: Mapped[bool] = mapped_column(default=False)
    name: Mapped[str] = mapped_column(String(100), default="")
    scopes: Mapped[str] = mapped_column(String(200), default="read write")
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    user: Mapped[User | None] = relationship()

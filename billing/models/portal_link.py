"""Portal links: one-time addresses with which the host logs its user in here."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from billing import clock
from billing.database import BigInt, Model, UtcDateTime
from billing.models.user import User


class PortalLink(Model):
    """One link; its address is signed with the app's secret, so this row alone opens nothing."""

    __tablename__ = "portal_links"
    __table_args__ = (
        Index(
            "uq_portal_links_user_id_idempotency_key",
            "user_id",
            "idempotency_key",
            unique=True,
            sqlite_where=text("idempotency_key IS NOT NULL"),
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        Index("ix_portal_links_user_id", "user_id"),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id))
    nonce: Mapped[str] = mapped_column(String(64), unique=True)
    idempotency_key: Mapped[str | None] = mapped_column(String(255))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

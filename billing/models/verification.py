"""Verifications: each time that the books were held against the logs, and what came of it."""

from datetime import datetime

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from billing import clock
from billing.database import BigInt, Model, UtcDateTime


class Verification(Model):
    """One run of every check; `created_at` is when it began."""

    __tablename__ = "verifications"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    # How many breaches each check has found, zeros too.
    breaches: Mapped[dict[str, int]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

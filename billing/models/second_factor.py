"""Second factors: what a user has beside the password, and the codes for when it is lost."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from billing import clock
from billing.database import BigInt, Model, UtcDateTime
from billing.models.user import User


class SecondFactor(Model):
    """An authenticator app; its secret is made from the salt and a key that is not in here."""

    __tablename__ = "second_factors"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id), unique=True)
    salt: Mapped[str] = mapped_column(String(64))
    # Until the first right code nothing is asked at the log-in.
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The thirty seconds of the last code that was taken: none is taken twice.
    last_step: Mapped[int] = mapped_column(BigInt, default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)


class RecoveryCode(Model):
    """A code on paper, for one log-in without the authenticator app."""

    __tablename__ = "recovery_codes"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id), index=True)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

"""Former customers: those that were deleted at Stripe, where a user may have another one now."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from billing import clock
from billing.database import BigInt, Model, UtcDateTime
from billing.models.user import User


class FormerCustomer(Model):
    """A user's customer that was deleted: nothing is sold to it, but refunds still name it."""

    __tablename__ = "former_customers"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id), index=True)
    stripe_customer_id: Mapped[str] = mapped_column(String(255), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

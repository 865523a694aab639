"""What the account page says of a plan beyond the subscription's row."""

from dataclasses import dataclass

from sqlalchemy import or_, select

from billing.database import db
from billing.models import Invoice, SubscriptionTier, TierVersion, User, UserSubscription
from billing.services import open_invoices


@dataclass(frozen=True, slots=True)
class PlanOverview:
    """What waits for its payment, and the paid tier that has ended."""

    open_invoice: Invoice | None
    former_tier: SubscriptionTier | None


def overview(user: User) -> PlanOverview:
    """Return what the person has to know; Stripe is not asked.

    Args:
        user: whose account page it is.
    """
    return PlanOverview(open_invoices.find(user.id), _former_tier(user.subscription))


def _former_tier(row: UserSubscription) -> SubscriptionTier | None:
    if row.is_paid or row.ended_at is None or row.stripe_price_id is None:
        return None
    version = db.session.scalar(
        select(TierVersion).where(
            or_(
                TierVersion.stripe_price_month_id == row.stripe_price_id,
                TierVersion.stripe_price_year_id == row.stripe_price_id,
            )
        )
    )
    return version.tier if version else None

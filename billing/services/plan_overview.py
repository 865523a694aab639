"""What the account page says of a plan beyond the subscription's row."""

from dataclasses import dataclass

from sqlalchemy import or_, select

from billing.database import db
from billing.models import Invoice, SubscriptionTier, TierVersion, User, UserSubscription
from billing.services import open_invoices


@dataclass(frozen=True, slots=True)
class PlanOverview:
    """What waits for its payment, and the paid tier that is lost."""

    open_invoice: Invoice | None
    former_tier: SubscriptionTier | None


def overview(user: User) -> PlanOverview:
    """Return what the person has to know; Stripe is not asked.

    Args:
        user: whose account page it is.
    """
    row = user.subscription
    former = find_paid_version(row)
    has_lost_it = former is not None and former.tier_id != row.tier_version.tier_id
    return PlanOverview(
        open_invoices.find(user.id), former.tier if former and has_lost_it else None
    )


def find_paid_version(row: UserSubscription) -> TierVersion | None:
    """Return the terms that Stripe charges for, or last did; None where nothing was ever bought.

    They are others than the row's when the plan has ended, or its grace is over.

    Args:
        row: of the person.
    """
    if row.stripe_price_id is None:
        return None
    return db.session.scalar(
        select(TierVersion).where(
            or_(
                TierVersion.stripe_price_month_id == row.stripe_price_id,
                TierVersion.stripe_price_year_id == row.stripe_price_id,
            )
        )
    )

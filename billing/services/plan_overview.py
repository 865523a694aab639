"""What the account page says of a plan beyond the subscription's row."""

from dataclasses import dataclass

from billing.models import Invoice, SubscriptionTier, User
from billing.services import catalog, open_invoices


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
    former = catalog.find_version_at_price(row.stripe_price_id)
    has_lost_it = former is not None and former.tier_id != row.tier_version.tier_id
    return PlanOverview(
        open_invoices.find(user.id), former.tier if former and has_lost_it else None
    )

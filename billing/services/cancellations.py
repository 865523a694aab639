"""What cancelling a plan means for the person, before they do it."""

from dataclasses import dataclass
from datetime import datetime

from billing.errors import NoSubscription, NothingToChange
from billing.messages import Message, Wording
from billing.models import TierVersion, User
from billing.services import catalog, provisioning


@dataclass(frozen=True, slots=True)
class CancellationPreview:
    """Until when the tier works, what follows it, and what is lost."""

    current: TierVersion
    following: TierVersion
    ends_at: datetime | None
    lost: tuple[Wording, ...]

    @property
    def is_immediate(self) -> bool:
        """Whether it ends at once: the period that runs was not paid."""
        return self.ends_at is None


def preview(user: User) -> CancellationPreview:
    """Say what cancelling would do; nothing is changed, and Stripe is not asked.

    Args:
        user: who is on a paid tier.

    Raises:
        NoSubscription: the user has no paid tier.
        NothingToChange: it is cancelled already.
    """
    provisioning.ensure(user)
    row = user.subscription
    if not row.is_paid:
        raise NoSubscription(Message("You have no paid plan."))
    if row.ends_at is not None:
        raise NothingToChange(Message("%(tier)s is cancelled already.", tier=row.tier.name))
    following = catalog.get_default_tier().current_version
    current = catalog.find_version_at_price(row.stripe_price_id) or row.tier_version
    kept = {feature.key for feature in following.features}
    return CancellationPreview(
        current=current,
        following=following,
        ends_at=None if row.is_past_due else row.current_period_end,
        lost=tuple(each.wording for each in current.features if each.key not in kept),
    )

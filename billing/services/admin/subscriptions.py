"""Subscriptions at the desk: everybody who ever paid for a plan, or was given one."""

from sqlalchemy import or_, select
from sqlalchemy.orm import contains_eager, joinedload

from billing.database import db
from billing.domain.interval import Interval
from billing.domain.statuses import SubscriptionStatus
from billing.errors import NotFound
from billing.messages import Message
from billing.models import SubscriptionTier, TierVersion, User, UserSubscription
from billing.services.admin.listing import Condition, Listing


def listing() -> Listing[UserSubscription]:
    """Describe the list of the subscriptions that Stripe knows, or that were given."""
    tiers = db.session.execute(
        select(SubscriptionTier.slug, SubscriptionTier.name).order_by(SubscriptionTier.rank)
    ).all()
    is_live = UserSubscription.ended_at.is_(None)
    is_ending = is_live & (
        UserSubscription.cancel_at_period_end.is_(True) | UserSubscription.cancel_at.is_not(None)
    )
    rows = (
        select(UserSubscription)
        .join(User, User.id == UserSubscription.user_id)
        .join(TierVersion, TierVersion.id == UserSubscription.tier_version_id)
        .join(SubscriptionTier, SubscriptionTier.id == TierVersion.tier_id)
        .where(
            or_(
                UserSubscription.stripe_subscription_id.is_not(None),
                UserSubscription.complimentary_until.is_not(None),
            )
        )
    )
    return Listing(
        rows=rows,
        key=(UserSubscription.id,),
        moment=UserSubscription.anchor,
        options=(
            contains_eager(UserSubscription.user),
            contains_eager(UserSubscription.tier_version).contains_eager(TierVersion.tier),
        ),
        search=_matches,
        sorts={
            "started": UserSubscription.anchor,
            "renews": UserSubscription.current_period_end,
            "email": User.email,
            "tier": SubscriptionTier.rank,
        },
        choices={
            "tier": {tier.slug: SubscriptionTier.slug == tier.slug for tier in tiers},
            "status": {each: UserSubscription.status == each for each in SubscriptionStatus},
            "interval": {each: UserSubscription.interval == each for each in Interval},
            "change": {
                "ending": is_ending,
                "scheduled": UserSubscription.scheduled_at.is_not(None),
                "complimentary": UserSubscription.complimentary_until.is_not(None),
            },
        },
        called={tier.slug: tier.name for tier in tiers},
    )


def get(subscription_id: int) -> UserSubscription:
    """Return a subscription with its user and what it changes to.

    Args:
        subscription_id: our id of it.

    Raises:
        NotFound: there is none.
    """
    found = db.session.scalar(
        select(UserSubscription)
        .where(UserSubscription.id == subscription_id)
        .options(
            joinedload(UserSubscription.user), joinedload(UserSubscription.scheduled_tier_version)
        )
    )
    if found is None:
        raise NotFound(Message("There is no such subscription."))
    return found


def _matches(text: str) -> Condition:
    return or_(
        User.email.icontains(text, autoescape=True),
        UserSubscription.stripe_subscription_id == text,
        User.stripe_customer_id == text,
    )

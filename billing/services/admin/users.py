"""Users at the desk: the list, and the record of one with what belongs to them."""

from sqlalchemy import or_, select
from sqlalchemy.orm import contains_eager, joinedload

from billing.database import db
from billing.domain.statuses import SubscriptionStatus
from billing.errors import UserNotFound
from billing.models import SubscriptionTier, TierVersion, User, UserSubscription, UserTokenBalance
from billing.services.admin.listing import Condition, Listing


def listing() -> Listing[User]:
    """Describe the list of all users, with their subscriptions and balances."""
    tiers = db.session.execute(
        select(SubscriptionTier.slug, SubscriptionTier.name).order_by(SubscriptionTier.rank)
    ).all()
    rows = (
        select(User)
        .join(UserSubscription, UserSubscription.user_id == User.id)
        .join(UserTokenBalance, UserTokenBalance.user_id == User.id)
        .join(TierVersion, TierVersion.id == UserSubscription.tier_version_id)
        .join(SubscriptionTier, SubscriptionTier.id == TierVersion.tier_id)
    )
    return Listing(
        rows=rows,
        key=(User.id,),
        moment=User.created_at,
        options=(
            contains_eager(User.subscription)
            .contains_eager(UserSubscription.tier_version)
            .contains_eager(TierVersion.tier),
            contains_eager(User.token_balance),
        ),
        search=_matches,
        sorts={
            "created": User.id,
            "email": User.email,
            "tier": SubscriptionTier.rank,
            "balance": UserTokenBalance.balance,
            "debt": UserTokenBalance.debt,
        },
        choices={
            "tier": {tier.slug: SubscriptionTier.slug == tier.slug for tier in tiers},
            "status": {status: UserSubscription.status == status for status in SubscriptionStatus},
            "account": {
                "open": User.disabled_at.is_(None) & User.closed_at.is_(None),
                "disabled": User.disabled_at.is_not(None) & User.closed_at.is_(None),
                "closed": User.closed_at.is_not(None),
            },
            "debt": {"yes": UserTokenBalance.debt > 0, "no": UserTokenBalance.debt == 0},
            "role": {"admin": User.is_admin.is_(True), "user": User.is_admin.is_(False)},
        },
        called={tier.slug: tier.name for tier in tiers},
    )


def get(user_id: int) -> User:
    """Return the user with subscription, tier and balance loaded.

    Raises:
        UserNotFound: there is no such user.
    """
    user = db.session.scalar(
        select(User)
        .where(User.id == user_id)
        .options(
            joinedload(User.subscription),
            joinedload(User.token_balance),
        )
    )
    if user is None:
        raise UserNotFound("There is no such user.")
    return user


def _matches(text: str) -> Condition:
    return or_(
        User.email.icontains(text, autoescape=True),
        User.external_id == text,
        User.stripe_customer_id == text,
    )

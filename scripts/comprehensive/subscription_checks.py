"""Checks of subscriptions: what comes with a user, what a tier allows, an upgrade and its end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import delete

from billing import can_access_feature, clock, record_ai_request
from billing.database import db
from billing.domain.periods import add_months
from billing.domain.statuses import SubscriptionStatus
from billing.errors import FeatureNotInTier, UnknownFeature
from billing.gateway import CustomerSubscriptions, StripeSubscription
from billing.models import User, UserSubscription, UserTokenBalance
from billing.services import catalog, provisioning, subscriptions
from scripts.comprehensive.checks import Check, expect, refused
from scripts.comprehensive.stock import (
    CHAT,
    FREE,
    FREE_QUOTA,
    MENTOR,
    PAID,
    PAID_QUOTA,
    RUN,
    balance_of,
    newcomer,
)

CUSTOMER = f"cus_{RUN}"
PRICE = f"price_{RUN}"


def _subscription_comes_by_itself() -> str:
    user = newcomer()
    expect("the tier of a new user", user.subscription.tier.slug, FREE)
    expect("the status", user.subscription.status, SubscriptionStatus.ACTIVE)
    _lose(user, UserSubscription)
    provisioning.ensure(user)
    expect("the tier after the row was lost", user.subscription.tier.slug, FREE)
    return "a new user is on the default tier; a lost row comes back"


def _balance_comes_by_itself() -> str:
    user = newcomer()
    expect("the balance of a new user", user.token_balance.balance, 0)
    expect("the quota of a new user", user.token_balance.quota_limit, FREE_QUOTA)
    _lose(user, UserTokenBalance)
    can_access_feature(user, CHAT)
    expect("the balance after the row was lost", balance_of(user).balance, 0)
    return "a new user has 0 tokens and the tier's quota; a lost row comes back"


def _lose(user: User, row: type[UserSubscription | UserTokenBalance]) -> None:
    db.session.execute(delete(row).where(row.user_id == user.id))
    db.session.expire_all()


def _free_tier_is_restricted() -> str:
    user = newcomer(tokens=100)
    expect("features of the free tier", _features_of(user), [CHAT])
    refused(FeatureNotInTier, lambda: record_ai_request(user, MENTOR))
    expect("tokens after the refusal", balance_of(user).balance, 100)
    return "what the tier lacks is refused and costs nothing, tokens or not"


def _unknown_feature_is_refused() -> str:
    user = newcomer()
    unknown = f"{RUN}-unknown"
    expect("features among the unknown", _features_of(user, unknown), [])
    refused(UnknownFeature, lambda: record_ai_request(user, unknown))
    return "no access, and a request is refused as unknown_feature"


def _upgrade_and_end() -> str:
    user = newcomer()
    record_ai_request(user, CHAT)
    held = _at_stripe(user)
    subscriptions.apply(_reading(held, ticket=1))
    expect("the tier after the upgrade", user.subscription.tier.slug, PAID)
    expect("features after the upgrade", _features_of(user), [CHAT, MENTOR])
    upgraded = balance_of(user)
    quota = (upgraded.quota_used, upgraded.quota_limit)
    expect("used and limit in the same period", quota, (1, PAID_QUOTA))
    ended = replace(held, status=SubscriptionStatus.CANCELED, ended_at=clock.now())
    subscriptions.apply(_reading(ended, ticket=2))
    subscriptions.apply(_reading(held, ticket=1))
    expect("the tier after the end, whatever comes late", user.subscription.tier.slug, FREE)
    expect("features after the end", _features_of(user), [CHAT])
    return "the quota rises and keeps what was used; the end leads back to free, for good"


def _features_of(user: User, *asked: str) -> list[str]:
    return [key for key in asked or (CHAT, MENTOR) if can_access_feature(user, key)]


def _at_stripe(user: User) -> StripeSubscription:
    """Return the paid subscription that Stripe would show for the user."""
    user.stripe_customer_id = CUSTOMER
    catalog.get_tier(PAID).current_version.stripe_price_month_id = PRICE
    db.session.flush()
    anchor = user.subscription.anchor
    return StripeSubscription(
        id=f"sub_{RUN}",
        customer_id=CUSTOMER,
        status=SubscriptionStatus.ACTIVE,
        item_id=f"si_{RUN}",
        price_id=PRICE,
        billing_cycle_anchor=anchor,
        current_period_start=anchor,
        current_period_end=add_months(anchor, 1),
        cancel_at_period_end=False,
        cancel_at=None,
        ended_at=None,
        trial_end=None,
        created_at=anchor - timedelta(seconds=1),
        latest_invoice_id=None,
        schedule_id=None,
        scheduled_change=None,
        card=None,
    )


def _reading(held: StripeSubscription, *, ticket: int) -> CustomerSubscriptions:
    return CustomerSubscriptions(CUSTOMER, ticket, held.id, (held,))


CHECKS = (
    Check("Auto-provisioned subscription", _subscription_comes_by_itself),
    Check("Token balance auto-created", _balance_comes_by_itself),
    Check("Free-tier restrictions", _free_tier_is_restricted),
    Check("Upgrade and its end", _upgrade_and_end),
    Check("Invalid feature", _unknown_feature_is_refused),
)

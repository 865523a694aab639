"""Subscriptions compared: the live ones at Stripe beside the rows that follow them."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from billing import clock
from billing.database import db
from billing.gateway import Gateway, StripeSubscription
from billing.models import User, UserSubscription
from billing.services import catalog, subscriptions
from billing.services.findings import Finding


def compare_subscriptions(gateway: Gateway, _since: datetime) -> Iterator[Finding]:
    """Find live subscriptions that our rows do not follow, and rows that follow ended ones."""
    by_customer: dict[str, list[StripeSubscription]] = {}
    for subscription in gateway.subscriptions.list_live():
        by_customer.setdefault(subscription.customer_id, []).append(subscription)
    for customer_id, live in by_customer.items():
        detail = _detail(_find_row(customer_id), live)
        if detail is not None:
            repair = partial(_apply, customer_id, gateway)
            yield Finding(f"subscription {live[0].id}", detail, repair)
    for customer_id, subscription_id in _list_followed(by_customer):
        repair = partial(_apply, customer_id, gateway)
        yield Finding(f"subscription {subscription_id}", "it is not live at Stripe", repair)


def _apply(customer_id: str, gateway: Gateway) -> None:
    subscriptions.apply(subscriptions.read(customer_id, gateway=gateway))


def _find_row(customer_id: str) -> UserSubscription | None:
    of_customer = (
        select(UserSubscription)
        .join(User, User.id == UserSubscription.user_id)
        .where(User.stripe_customer_id == customer_id)
        .options(joinedload(UserSubscription.tier_version))
    )
    return db.session.scalar(of_customer.execution_options(populate_existing=True))


def _detail(row: UserSubscription | None, live: Sequence[StripeSubscription]) -> str | None:
    if row is None:
        return "it is live, and we follow none of its customer"
    if len(live) > 1:
        return f"it is one of {len(live)} live ones of the customer"
    wrong = [name for name, is_same in _same(row, live[0]).items() if not is_same]
    return f"we have another {', '.join(wrong)}" if wrong else None


def _same(row: UserSubscription, live: StripeSubscription) -> dict[str, bool]:
    charged = row.tier_version
    if row.is_grace_over(clock.now()):
        # The default tier is right then, although Stripe still tries to charge for the paid one.
        charged = catalog.find_version_at_price(row.stripe_price_id) or charged
    price_id = charged.stripe_price_id(row.interval) if row.interval else None
    change = live.scheduled_change
    return {
        "subscription": row.stripe_subscription_id == live.id,
        "status": row.status == live.status,
        "tier": price_id == live.price_id,
        "quota": row.user.token_balance.tier_version_id == row.tier_version_id,
        "period": (row.current_period_start, row.current_period_end)
        == (live.current_period_start, live.current_period_end),
        "end": (row.cancel_at_period_end, row.cancel_at)
        == (live.cancel_at_period_end, live.cancel_at),
        "trial": row.trial_end == live.trial_end,
        "scheduled change": row.scheduled_at == (change.starts_at if change else None),
    }


def _list_followed(live: Collection[str]) -> list[tuple[str, str]]:
    """Return the customers whose rows follow a subscription that has not ended, but is not live."""
    followed = (
        select(User.stripe_customer_id, UserSubscription.stripe_subscription_id)
        .join(User, User.id == UserSubscription.user_id)
        .where(
            UserSubscription.stripe_subscription_id.is_not(None),
            UserSubscription.ended_at.is_(None),
        )
    )
    return [
        (customer_id, subscription_id)
        for customer_id, subscription_id in db.session.execute(followed)
        if customer_id and subscription_id and customer_id not in live
    ]

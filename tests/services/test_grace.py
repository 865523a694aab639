"""Grace: a failed renewal leaves the tier on for a week, with a week's share of the quota."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine

from billing import clock
from billing.database import db
from billing.domain.dunning import GRACE
from billing.domain.statuses import SubscriptionStatus
from billing.errors import FeatureNotInTier
from billing.models import User
from billing.services import checkout, metering, subscriptions
from billing.services.entitlements import can_access_feature
from tests.outbox import Outbox
from tests.shop import Shop

# Seven days' share of 5,000 requests, rounded up, by how many days the month has.
WEEK_OF_A_MONTH = {28: 1250, 29: 1207, 30: 1167, 31: 1130}

Apply = Callable[..., None]


@pytest.fixture
def user(shop: Shop) -> User:
    """Somebody on Pro."""
    user = shop.user()
    session_id = shop.choose_tier(user)
    shop.pay(session_id)
    checkout.confirm(user, session_id, gateway=shop.gateway)
    return user


@pytest.fixture
def stripe_says(shop: Shop, user: User) -> Apply:
    """A reading in which the subscription has another status."""

    def apply(status: SubscriptionStatus, **changes: Any) -> None:
        db.session.rollback()
        read = subscriptions.read(user.stripe_customer_id or "", gateway=shop.gateway)
        held = tuple(replace(each, status=status, **changes) for each in read.subscriptions)
        subscriptions.apply(replace(read, subscriptions=held, unpaid_since=clock.now()))
        db.session.rollback()

    return apply


def test_the_tier_stays_on_with_its_share_of_the_quota(user: User, stripe_says: Apply) -> None:
    stripe_says(SubscriptionStatus.PAST_DUE)

    assert user.subscription.tier.slug == "pro"
    assert user.subscription.grace_until is not None
    assert can_access_feature(user, "ai_mentor")
    period = user.token_balance.period
    days = (period.end - period.start + timedelta(seconds=1)).days
    assert user.token_balance.quota_limit == WEEK_OF_A_MONTH[days]


def test_what_was_used_before_stays_used(user: User, stripe_says: Apply) -> None:
    metering.record(user, "ai_chat", 2000)
    stripe_says(SubscriptionStatus.PAST_DUE)

    assert (user.token_balance.quota_used, user.token_balance.quota_limit) == (2000, 2000)


def test_a_payment_brings_the_whole_quota_back(user: User, stripe_says: Apply) -> None:
    metering.record(user, "ai_chat", 10)
    stripe_says(SubscriptionStatus.PAST_DUE)
    stripe_says(SubscriptionStatus.ACTIVE)

    assert (user.token_balance.quota_used, user.token_balance.quota_limit) == (10, 5000)
    assert user.subscription.grace_until is None


def test_grace_is_given_once_for_a_failure(user: User, stripe_says: Apply) -> None:
    stripe_says(SubscriptionStatus.PAST_DUE)
    first = user.subscription.grace_until
    with time_machine.travel(clock.now() + timedelta(days=3)):
        stripe_says(SubscriptionStatus.PAST_DUE)

    assert first == user.subscription.grace_until


def renew_unpaid(shop: Shop, user: User, *, heard_after: timedelta) -> datetime:
    """Let a renewal fail at Stripe, and hear of it so much later; returns when it was tried."""
    subscription = user.subscription
    assert subscription.current_period_end is not None
    shop.control.fail_payments(subscription.stripe_subscription_id or "", "decline", times=9)
    # The invoice is a draft for an hour, and tried then.
    tried_at = subscription.current_period_end + timedelta(hours=1)
    shop.control.advance(to=int((tried_at + heard_after).timestamp()))
    with time_machine.travel(tried_at + heard_after):
        for event in shop.events():
            assert shop.deliver(event) == 200
    db.session.rollback()
    return tried_at


def test_grace_counts_from_the_failed_payment(shop: Shop, user: User) -> None:
    tried_at = renew_unpaid(shop, user, heard_after=timedelta(days=4))

    assert user.subscription.tier.slug == "pro"
    assert user.subscription.grace_until == tried_at + GRACE


def test_news_that_come_after_the_grace_end_the_tier_at_once(
    shop: Shop, user: User, outbox: Outbox
) -> None:
    tried_at = renew_unpaid(shop, user, heard_after=timedelta(days=9))

    assert user.subscription.tier.slug == "free"
    assert user.subscription.grace_until == tried_at + GRACE
    assert user.token_balance.quota_limit == 20
    with time_machine.travel(tried_at + timedelta(days=10)):
        assert "The renewal of Pro was not paid" in outbox.last("Pro has ended").text
        assert "stays on" not in outbox.last("Your payment of $49.00").text
        assert not [each for each in outbox.subjects() if "Free" in each]


def test_another_unpaid_renewal_has_a_grace_of_its_own(user: User, stripe_says: Apply) -> None:
    stripe_says(SubscriptionStatus.PAST_DUE)
    with time_machine.travel(clock.now() + timedelta(days=30), tick=False):
        # The news that the first one was paid got lost on the way.
        stripe_says(SubscriptionStatus.PAST_DUE, latest_invoice_id="in_of_the_next_month")

        assert user.subscription.tier.slug == "pro"
        assert user.subscription.grace_until == clock.now() + GRACE


def test_the_rights_end_with_the_grace_without_any_event(user: User, stripe_says: Apply) -> None:
    stripe_says(SubscriptionStatus.PAST_DUE)
    with time_machine.travel(clock.now() + GRACE + timedelta(minutes=1)):
        with pytest.raises(FeatureNotInTier):
            metering.record(user, "ai_mentor")

        assert metering.record(user, "ai_chat").quota.limit == 20


def test_the_worker_makes_the_subscription_say_so(user: User, stripe_says: Apply) -> None:
    stripe_says(SubscriptionStatus.PAST_DUE)
    with time_machine.travel(clock.now() + GRACE + timedelta(minutes=1)):
        counts = [subscriptions.end_overdue_graces() for _ in range(2)]

    assert counts == [1, 0]
    assert user.subscription.tier.slug == "free"


def test_a_late_event_does_not_give_the_tier_back(user: User, stripe_says: Apply) -> None:
    stripe_says(SubscriptionStatus.PAST_DUE)
    with time_machine.travel(clock.now() + GRACE + timedelta(minutes=1)):
        stripe_says(SubscriptionStatus.PAST_DUE)

        assert user.subscription.tier.slug == "free"
        assert user.token_balance.quota_limit == 20


def test_a_payment_after_the_grace_does(user: User, stripe_says: Apply) -> None:
    stripe_says(SubscriptionStatus.PAST_DUE)
    with time_machine.travel(clock.now() + GRACE + timedelta(days=1)):
        subscriptions.end_overdue_graces()
        stripe_says(SubscriptionStatus.ACTIVE)

        assert user.subscription.tier.slug == "pro"
        assert user.token_balance.quota_limit == 5000


@pytest.mark.parametrize("status", [SubscriptionStatus.UNPAID, SubscriptionStatus.CANCELED])
def test_unpaid_and_cancelled_fall_to_free_at_once(
    user: User, stripe_says: Apply, status: SubscriptionStatus
) -> None:
    stripe_says(SubscriptionStatus.PAST_DUE)
    stripe_says(status)

    assert user.subscription.tier.slug == "free"
    assert user.subscription.grace_until is None

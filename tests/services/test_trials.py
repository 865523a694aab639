"""Trials: a tier may begin with one, once for each person."""

from __future__ import annotations

import pytest

from billing.domain.catalog_file import parse
from billing.models import User
from billing.services import account_closing, catalog, checkout
from tests import factories
from tests.factories import DEMO_CATALOG
from tests.shop import PERSON_KEY, Shop


@pytest.fixture
def trial_shop(shop: Shop) -> Shop:
    """The shop, where Pro begins with two weeks for nothing."""
    source = DEMO_CATALOG.read_text(encoding="utf-8")
    with_trial = source.replace("[tiers.pro]", "[tiers.pro]\ntrial_days = 14")
    catalog.apply(parse(with_trial.encode()), actor="test")
    catalog.push(shop.gateway)
    return shop


def start(shop: Shop, user: User, tier: str = "pro") -> User:
    session_id = shop.choose_tier(user, tier)
    shop.pay(session_id)
    checkout.confirm(user, session_id, gateway=shop.gateway)
    return user


def leave(shop: Shop, user: User) -> None:
    shop.dashboard.v1.subscriptions.cancel(user.subscription.stripe_subscription_id or "")
    for event in shop.events("customer.subscription.deleted"):
        shop.deliver(event)


def test_a_trial_begins_without_a_payment(trial_shop: Shop) -> None:
    user = start(trial_shop, trial_shop.user())

    assert (user.subscription.tier.slug, user.subscription.status) == ("pro", "trialing")
    assert user.subscription.trial_end is not None
    assert user.token_balance.quota_limit == 5000


def test_there_is_no_second_trial(trial_shop: Shop) -> None:
    user = start(trial_shop, trial_shop.user())
    leave(trial_shop, user)
    start(trial_shop, user)

    assert user.subscription.status == "active"
    assert user.subscription.trial_end is None


def test_nor_for_the_same_address_after_a_closed_account(trial_shop: Shop) -> None:
    first = start(trial_shop, factories.account(email="ada@example.com"))
    account_closing.close(
        first, password=factories.PASSWORD, person_key=PERSON_KEY, gateway=trial_shop.gateway
    )
    second = start(trial_shop, factories.account(email="ADA@example.com"))

    assert first.id != second.id
    assert (second.subscription.tier.slug, second.subscription.status) == ("pro", "active")


def test_a_checkout_that_was_not_finished_uses_no_trial(trial_shop: Shop) -> None:
    user = trial_shop.user()
    trial_shop.choose_tier(user)
    trial_shop.choose_tier(user, "starter")
    start(trial_shop, user)

    assert user.subscription.status == "trialing"

"""Customers deleted in Stripe's dashboard: their users lose the plan, and may buy again."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from billing.database import db, transaction
from billing.errors import NoSubscription, StripeRefused
from billing.models import Order, User, WebhookEvent
from billing.services import checkout, portal, reconciliation
from billing.services.admin import search
from tests.shop import Shop


def delete_customer(shop: Shop, user: User) -> str:
    """Delete the user's customer in the dashboard; returns its id."""
    customer_id = user.stripe_customer_id or ""
    shop.dashboard.v1.customers.delete(customer_id)
    return customer_id


def buy(shop: Shop, user: User, session_id: str) -> Order:
    shop.pay(session_id)
    return checkout.confirm(user, session_id, gateway=shop.gateway)


def hear(shop: Shop) -> None:
    """Deliver everything that Stripe has told, newest first, and then once more."""
    events = shop.events()
    assert {shop.deliver(event) for event in [*reversed(events), *events]} == {200}
    db.session.expire_all()


def state_of(user: User) -> tuple[str, int]:
    db.session.refresh(user)
    return user.subscription.tier.slug, user.token_balance.balance


def test_who_was_deleted_keeps_the_tokens_and_buys_again(shop: Shop) -> None:
    user = shop.user()
    buy(shop, user, shop.choose_tier(user))
    tokens = buy(shop, user, shop.choose_package(user))
    former = delete_customer(shop, user)
    (deleted,) = shop.events("customer.deleted")
    shop.deliver(deleted)
    assert (*state_of(user), user.stripe_customer_id) == ("free", 500, None)

    buy(shop, user, shop.choose_tier(user, "scale"))
    hear(shop)
    assert state_of(user) == ("scale", 500)
    assert user.stripe_customer_id not in {None, former}

    shop.dashboard.v1.refunds.create({"payment_intent": tokens.stripe_payment_intent_id or ""})
    hear(shop)
    assert state_of(user) == ("scale", 0)
    assert {event.state for event in db.session.scalars(select(WebhookEvent))} == {
        "processed",
        "ignored",
    }
    assert search.find(former) == search.find(user.email)
    told = db.session.scalars(select(WebhookEvent).where(WebhookEvent.stripe_customer_id == former))
    assert {event.user for event in told} == {user}


@pytest.mark.one_database
def test_checkout_makes_a_new_customer_where_nobody_told_us(shop: Shop) -> None:
    user = shop.user()
    buy(shop, user, shop.choose_tier(user))
    delete_customer(shop, user)

    order = buy(shop, user, shop.choose_package(user))

    assert order.state == "paid"
    assert state_of(user) == ("free", 500)


@pytest.mark.one_database
def test_what_the_deleted_customer_paid_is_given_however_late(shop: Shop) -> None:
    user = shop.user()
    shop.pay(shop.choose_package(user))
    delete_customer(shop, user)
    for event in reversed(shop.events()):
        shop.deliver(event)

    assert state_of(user) == ("free", 500)
    assert list(reconciliation.reconcile(gateway=shop.gateway)) == []


@pytest.mark.one_database
def test_page_of_a_deleted_customer_is_not_offered_again(shop: Shop) -> None:
    user = shop.user()
    first = shop.choose_package(user)
    delete_customer(shop, user)
    hear(shop)

    assert buy(shop, user, shop.choose_package(user)).stripe_session_id != first


@pytest.mark.one_database
def test_portal_of_a_deleted_customer_has_nothing_to_manage(shop: Shop) -> None:
    user = shop.user()
    buy(shop, user, shop.choose_package(user))
    delete_customer(shop, user)

    with pytest.raises(NoSubscription):
        portal.open(user, return_url="http://shop.test/account", gateway=shop.gateway)


@pytest.mark.one_database
def test_customer_that_stripe_never_had_is_kept(shop: Shop) -> None:
    user = shop.user()
    with transaction():
        user.stripe_customer_id = "cus_of_another_account"

    with pytest.raises(StripeRefused):
        shop.choose_package(user)

    assert user.stripe_customer_id == "cus_of_another_account"
    assert db.session.scalars(select(Order.state)).one() == "failed"


@pytest.mark.one_database
def test_customer_of_nobody_is_not_for_us(shop: Shop) -> None:
    nobody = shop.dashboard.v1.customers.create({"email": "nobody@example.com"})
    shop.dashboard.v1.customers.delete(nobody.id)
    (event,) = shop.events("customer.deleted")

    assert shop.deliver(event) == 200
    assert db.session.scalars(select(WebhookEvent.state)).one() == "ignored"

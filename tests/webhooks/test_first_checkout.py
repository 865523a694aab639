"""The events of a first checkout: however they arrive, they end in one state."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from billing.database import db
from billing.models import Invoice, Order, User, WebhookEvent
from billing.models.ledger import TokenLot
from tests.shop import Shop

PAYS_LATER = "000123456789"
SUBSCRIPTION_EVENTS = (
    "checkout.session.completed",
    "customer.subscription.created",
    "invoice.finalized",
    "invoice.paid",
    "payment_intent.succeeded",
)


def state_of(user: User) -> dict[str, Any]:
    """Return all that a checkout changes about a user."""
    db.session.rollback()  # and so read anew
    orders = db.session.scalars(select(Order).where(Order.user_id == user.id)).all()
    invoices = db.session.scalars(select(Invoice).where(Invoice.user_id == user.id)).all()
    lots = db.session.scalars(select(TokenLot).where(TokenLot.user_id == user.id)).all()
    return {
        "tier": user.subscription.tier.slug,
        "status": user.subscription.status,
        "quota": (user.token_balance.quota_limit, user.token_balance.quota_used),
        "balance": user.token_balance.balance,
        "orders": [(order.item, order.state) for order in orders],
        "invoices": [(invoice.status, invoice.total_minor) for invoice in invoices],
        "lots": [(lot.source, lot.tokens) for lot in lots],
    }


ON_PRO = {
    "tier": "pro",
    "status": "active",
    "quota": (5000, 0),
    "balance": 0,
    "orders": [("tier:pro:month", "paid")],
    "invoices": [("paid", 4900)],
    "lots": [],
}


@pytest.fixture
def paid(shop: Shop) -> tuple[User, list[dict[str, Any]]]:
    """A user who has paid for Pro, and what Stripe has to tell about it."""
    user = shop.user()
    shop.pay(shop.choose_tier(user))
    return user, shop.events(*SUBSCRIPTION_EVENTS)


# The order is for our rules to bear, not for the database; parallel events come on both.
@pytest.mark.one_database
@pytest.mark.parametrize("first", range(len(SUBSCRIPTION_EVENTS)))
def test_every_order_of_the_events_each_twice_ends_on_pro(shop: Shop, first: int) -> None:
    orders = [order for order in permutations(range(len(SUBSCRIPTION_EVENTS))) if order[0] == first]
    buyers = [shop.user(f"buyer{number}") for number in range(len(orders))]
    for buyer in buyers:
        shop.pay(shop.choose_tier(buyer))
    told = events_by_customer(shop)

    for buyer, order in zip(buyers, orders, strict=True):
        events = told[buyer.stripe_customer_id]
        statuses = [shop.deliver(events[index]) for index in order for _ in range(2)]

        assert statuses == [200] * len(statuses)
        assert state_of(buyer) == ON_PRO


def events_by_customer(shop: Shop) -> dict[str | None, list[dict[str, Any]]]:
    """Return what Stripe told of each customer's checkout."""
    told: dict[str | None, list[dict[str, Any]]] = defaultdict(list)
    for event in shop.events(*SUBSCRIPTION_EVENTS):
        told[event["data"]["object"]["customer"]].append(event)
    return told


@pytest.mark.parametrize("missing", range(len(SUBSCRIPTION_EVENTS)))
def test_any_one_event_may_be_lost(
    shop: Shop, paid: tuple[User, list[dict[str, Any]]], missing: int
) -> None:
    user, events = paid
    rest = [event for event in events if event["type"] != SUBSCRIPTION_EVENTS[missing]]

    assert {shop.deliver(event) for event in rest} == {200}

    assert state_of(user)["tier"] == "pro"
    assert state_of(user)["quota"] == (5000, 0)


def test_events_in_parallel_end_on_pro(shop: Shop, paid: tuple[User, list[dict[str, Any]]]) -> None:
    user, events = paid

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(shop.deliver, events * 3))

    assert set(statuses) == {200}
    assert state_of(user) == ON_PRO


def test_eight_copies_of_the_purchase_of_tokens_grant_once(shop: Shop) -> None:
    user = shop.user()
    shop.pay(shop.choose_package(user, "tokens-2000"))
    (event,) = shop.events("checkout.session.completed")

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(shop.deliver, [event] * 8))

    assert set(statuses) == {200}
    assert state_of(user)["balance"] == 2200
    assert state_of(user)["lots"] == [("order", 2000), ("bonus", 200)]


def test_the_same_fact_under_other_event_ids_grants_once(shop: Shop) -> None:
    user = shop.user()
    shop.pay(shop.choose_package(user))
    (event,) = shop.events("checkout.session.completed")

    for number in range(3):
        assert shop.deliver(event | {"id": f"evt_copy_{number}"}) == 200

    assert state_of(user)["balance"] == 500


def test_a_webhook_that_fails_is_kept_and_answers_for_stripe_to_send_again(
    shop: Shop, paid: tuple[User, list[dict[str, Any]]]
) -> None:
    user, events = paid
    shop.control.fail_next("checkout.sessions", 500, times=5)

    assert shop.deliver(events[0]) == 502
    failed = db.session.scalars(select(WebhookEvent)).one()
    assert (failed.state, failed.attempts) == ("failed", 1)
    assert failed.last_error is not None

    shop.control.heal()
    assert shop.deliver(events[0]) == 200
    assert state_of(user)["tier"] == "pro"
    assert db.session.scalars(select(WebhookEvent)).one().state == "processed"


def test_a_checkout_of_somebody_unknown_is_parked_for_a_person(shop: Shop) -> None:
    user = shop.user()
    shop.pay(shop.choose_package(user))
    (event,) = shop.events("checkout.session.completed")
    db.session.execute(delete(Order))
    db.session.commit()

    assert shop.deliver(event) == 200
    assert db.session.scalars(select(WebhookEvent)).one().state == "parked"


def test_a_payment_of_another_amount_gives_nothing(shop: Shop) -> None:
    user = shop.user()
    shop.pay(shop.choose_package(user))
    (event,) = shop.events("checkout.session.completed")
    db.session.execute(update(Order).values(amount_minor=999_999))
    db.session.commit()

    assert shop.deliver(event) == 200
    assert state_of(user)["balance"] == 0
    assert db.session.scalars(select(WebhookEvent)).one().state == "parked"


def test_a_payment_that_comes_later_gives_when_it_came(shop: Shop) -> None:
    user = shop.user()
    session_id = shop.choose_package(user)
    shop.pay(session_id, card=PAYS_LATER)
    (completed,) = shop.events("checkout.session.completed")

    assert shop.deliver(completed) == 200
    assert state_of(user)["orders"] == [("package:tokens-500", "processing")]
    assert state_of(user)["balance"] == 0

    shop.control.settle_checkout(session_id)
    (succeeded,) = shop.events("checkout.session.async_payment_succeeded")
    assert shop.deliver(succeeded) == 200
    assert state_of(user)["balance"] == 500


@pytest.mark.parametrize("is_reversed", [False, True])
def test_a_payment_that_never_comes_gives_nothing(shop: Shop, is_reversed: bool) -> None:
    user = shop.user()
    session_id = shop.choose_package(user)
    shop.pay(session_id, card=PAYS_LATER)
    shop.control.fail_checkout(session_id)
    events = shop.events("checkout.session.completed", "checkout.session.async_payment_failed")

    for event in reversed(events) if is_reversed else events:
        assert shop.deliver(event) == 200

    assert state_of(user)["orders"] == [("package:tokens-500", "failed")]
    assert state_of(user)["balance"] == 0


def test_events_that_are_not_for_us_are_kept_and_ignored(shop: Shop) -> None:
    user = shop.user()
    shop.pay(shop.choose_package(user))

    for event in shop.events("charge.succeeded", "payment_intent.created"):
        assert shop.deliver(event) == 200

    states = db.session.scalars(select(WebhookEvent.state).distinct()).all()
    assert states == ["ignored"]
    assert db.session.scalar(select(func.count()).select_from(WebhookEvent)) == 2

"""Closing an account: Stripe first, then what says who the person was, and never the books."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from billing.database import db
from billing.domain.statuses import OrderKind, OrderState
from billing.models import AiRequest, Email, Order, TokenTransaction, User, WebhookEvent
from billing.services import api_keys, metering, verification
from tests import factories, states
from tests.outbox import Outbox
from tests.page import PageClient
from tests.shop import Shop
from tests.subscribers import Subscriber, subscriber

pytestmark = pytest.mark.one_database

CLOSE = "/account/settings/close"


@pytest.fixture
def mara(shop: Shop, page: PageClient) -> Subscriber:
    """On Pro, with requests, tokens and a key."""
    found = subscriber(shop, page)
    metering.record(found.user, "ai_mentor", 3)
    return found


def test_it_ends_the_plan_at_stripe_and_forgets_the_person(
    mara: Subscriber, page: PageClient, client: FlaskClient, outbox: Outbox
) -> None:
    email, user_id = mara.user.email, mara.user.id
    key = api_keys.create(actor="test", user=mara.user, name="Marathon planner")
    for event in mara.shop.events("customer.created", "charge.succeeded", "invoice.paid"):
        mara.shop.deliver(event)
    page.open(CLOSE)
    assert "Your Pro plan. We will not charge your card again" in page.current.main

    page.press(f"Close {email} now", current_password=factories.PASSWORD)

    assert "Your account is closed." in page.current.main
    status = mara.shop.dashboard.v1.subscriptions.retrieve(mara.subscription_id).status
    assert "canceled" == status
    assert email == outbox.last("account is closed").to
    db.session.expire_all()
    closed = db.session.get_one(User, user_id)
    assert (None, "free") == (closed.password_hash, closed.subscription.tier.slug)
    addresses = {closed.email, *db.session.scalars(select(Email.to_address))}
    assert {f"closed-{user_id}@account.invalid"} == addresses
    assert {"{}"} == set(db.session.scalars(select(WebhookEvent.payload)))
    used = client.get("/api/v1/usage", headers={"Authorization": f"Bearer {key}"})
    assert 401 == used.status_code


def test_the_books_stay(mara: Subscriber, page: PageClient) -> None:
    page.open(CLOSE)

    page.press(f"Close {mara.user.email} now", current_password=factories.PASSWORD)

    assert [3] == list(db.session.scalars(select(AiRequest.quantity)))
    assert ["paid"] == list(db.session.scalars(select(Order.state)))
    assert [] == list(db.session.scalars(select(TokenTransaction.delta)))
    assert [] == list(verification.breaches())


def test_while_stripe_is_away_nothing_is_closed(mara: Subscriber, page: PageClient) -> None:
    page.open(CLOSE)
    mara.shop.control.fail_next("GET /v1/subscriptions", 503, times=10)

    page.press(f"Close {mara.user.email} now", current_password=factories.PASSWORD)

    assert "so nothing was closed" in page.current.main
    assert "pro" == mara.tier
    assert mara.user.is_active


def test_password_is_asked_again(mara: Subscriber, page: PageClient) -> None:
    page.open(CLOSE)

    page.press(f"Close {mara.user.email} now", status=422, current_password="wrong")

    assert "This is not your password" in page.current.main
    assert "pro" == mara.tier


@pytest.mark.usefixtures("shop")
def test_payment_on_its_way_is_waited_for(page: PageClient) -> None:
    user = factories.account()
    states.order(user, OrderKind.TOKENS, OrderState.PROCESSING)
    states.log_in(page, user)
    page.open(CLOSE)

    page.press(f"Close {user.email} now", current_password=factories.PASSWORD)

    assert "A payment is still being confirmed." in page.current.main
    db.session.refresh(user)
    assert user.is_active


@pytest.mark.usefixtures("shop")
def test_free_quota_is_not_given_twice(page: PageClient) -> None:
    user = factories.account("ada@example.com")
    metering.record(user, "ai_chat", 15)
    states.log_in(page, user)
    page.open(CLOSE)
    page.press("Close ada@example.com now", current_password=factories.PASSWORD)

    page.open("/signup")
    page.press("Create account", email="ada@example.com", password=factories.PASSWORD)

    assert "0 of 5" in page.open("/usage").main

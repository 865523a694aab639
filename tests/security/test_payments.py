"""Nobody chooses what is paid but the catalog, and no event gives what was not sold.

W8 (foreign events), W9 (prices), W10 (quantities), W11 and W12 (what a payment must match).
"""

from __future__ import annotations

import json

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from billing.database import db, transaction
from billing.models import Order, User, WebhookEvent
from billing.settings import Settings
from tests.factories import account
from tests.shop import Shop, session_id_of
from tests.web.visitor import EMAIL, log_in, new_browser, post
from tests.webhooks.test_signature import event, sign

pytestmark = pytest.mark.one_database


@pytest.fixture
def buyer(shop: Shop, client: FlaskClient) -> User:
    """A user who is logged in at the browser."""
    user = account(EMAIL)
    log_in(client)
    return user


def test_the_price_is_the_catalogs_whatever_is_sent(
    buyer: User, shop: Shop, client: FlaskClient
) -> None:
    wishes = {"price": "1", "amount": "1", "currency": "jpy", "quantity": "-1", "tokens": "9999"}

    bought = post(client, "/checkout/tokens", package="tokens-500", **wishes)
    refused = [
        post(client, "/checkout/tokens", package=name).status_code
        for name in ("", "tokens-501", "1;2", "NaN", "-1", "tokens-500\0", "x" * 10_000)
    ]

    (session,) = shop.sessions()
    assert (session["amount_total"], session["currency"]) == (2000, "usd")
    assert bought.headers["Location"] == session["url"]
    assert set(refused) <= {404, 422}


def test_coming_back_gives_nothing_that_was_not_paid(
    buyer: User, app: Flask, shop: Shop, client: FlaskClient, settings: Settings
) -> None:
    answer = post(client, "/checkout/tokens", package="tokens-500")
    unpaid = session_id_of(answer.headers["Location"])
    stranger = new_browser(app, settings)
    account("eve@northpier.test")
    log_in(stranger, email="eve@northpier.test")

    seen = {
        "own": client.get(f"/checkout/success?session_id={unpaid}").status_code,
        "somebody's": stranger.get(f"/checkout/success?session_id={unpaid}").status_code,
        "made up": client.get("/checkout/success?session_id=cs_test_1").status_code,
        "none": client.get("/checkout/success").status_code,
    }

    assert seen == {"own": 200, "somebody's": 404, "made up": 404, "none": 404}
    assert _balance(buyer) == 0


def test_a_payment_that_does_not_match_its_order_gives_nothing(shop: Shop, buyer: User) -> None:
    other = account("eve@northpier.test")
    tampered: list[dict[str, object]] = [
        {"amount_minor": 1},
        {"currency": "EUR"},
        {"user_id": other.id},
    ]
    for package, change in zip(("tokens-100", "tokens-500", "tokens-2000"), tampered, strict=True):
        session_id = shop.choose_package(buyer, package)
        shop.pay(session_id)
        with transaction() as session:
            session.execute(
                update(Order).where(Order.stripe_session_id == session_id).values(**change)
            )

    statuses = [shop.deliver(each) for each in shop.events("checkout.session.completed")]

    assert statuses == [200, 200, 200]
    assert [_balance(buyer), _balance(other)] == [0, 0]
    assert {row.state for row in db.session.scalars(select(WebhookEvent))} == {"parked"}


@pytest.mark.usefixtures("sandbox")
def test_an_event_of_another_account_changes_nothing(client: FlaskClient) -> None:
    body = json.dumps(event(type="customer.subscription.deleted", account="acct_1"))

    answer = client.post("/webhooks/stripe", data=body, headers={"Stripe-Signature": sign(body)})

    assert answer.status_code == 200
    assert db.session.scalars(select(WebhookEvent)).one().state == "ignored"


def _balance(user: User) -> int:
    db.session.rollback()
    return user.token_balance.balance

"""The return pages: what they say for each state of the order."""

from __future__ import annotations

import html
from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from billing import clock
from billing.domain.statuses import OrderKind, OrderState
from billing.models import User
from tests import states
from tests.page import PageClient

pytestmark = pytest.mark.one_database


@pytest.fixture
def user(app: Flask, page: PageClient) -> User:
    states.catalog_at_stripe()
    user = states.subscribed()
    states.log_in(page, user)
    return user


def _return(page: PageClient, user: User, kind: OrderKind, state: OrderState) -> str:
    order = states.order(user, kind, state)
    return page.open(f"/checkout/success?session_id={order.stripe_session_id}").main


def test_paid_subscription(page: PageClient, user: User) -> None:
    text = _return(page, user, OrderKind.SUBSCRIPTION, OrderState.PAID)

    assert "You are on Pro" == page.current.h1
    assert "5,000 AI requests a month are ready to use." in text
    assert "Pro, monthly $49.00 Paid $49.00" in text
    assert "Renews on" in text


def test_receipt_of_a_plan_can_be_downloaded_once_it_is_there(page: PageClient, user: User) -> None:
    _return(page, user, OrderKind.SUBSCRIPTION, OrderState.PAID)
    before = set(page.current.links)
    states.open_invoice(user, status="paid", billing_reason="subscription_create")

    page.open(page.current.url)

    assert "Download receipt" not in before
    assert "https://invoice.stripe.com/i/test" == page.current.links["Download receipt"]
    assert "Invoice BH-1987." in page.current.main


def test_paid_tokens(page: PageClient, user: User) -> None:
    text = _return(page, user, OrderKind.TOKENS, OrderState.PAID)

    assert "2,200 tokens added" == page.current.h1
    assert "2,000 tokens $60.00 Paid $60.00" in text


def test_payment_that_takes_its_time(page: PageClient, user: User) -> None:
    text = _return(page, user, OrderKind.SUBSCRIPTION, OrderState.PROCESSING)

    assert "Confirming your payment" == page.current.h1
    assert "Do not pay again." in text
    assert "Check again" in page.current.links
    again = page.current.links["Check again"]
    assert f'<noscript><meta http-equiv="refresh" content="5; url={again}"></noscript>' in (
        html.unescape(page.current.html)
    )
    with time_machine.travel(clock.now() + timedelta(minutes=2)):
        page.open(again)

        assert "This is taking longer than usual" == page.current.h1
        assert "Your payment is safe" in page.current.main
        assert again == page.current.links["Check again"]


def test_payment_that_stripe_cannot_tell_about_now(page: PageClient, user: User) -> None:
    _return(page, user, OrderKind.SUBSCRIPTION, OrderState.OPEN)

    assert "Confirming your payment" == page.current.h1


@pytest.mark.parametrize("state", [OrderState.FAILED, OrderState.EXPIRED])
def test_payment_that_failed(page: PageClient, user: User, state: OrderState) -> None:
    text = _return(page, user, OrderKind.TOKENS, state)

    assert "The payment did not go through" == page.current.h1
    assert "You were not charged." in text
    assert "/pricing#tokens" == page.current.links["Try again"]


def test_someone_elses_checkout_is_not_found(page: PageClient, user: User) -> None:
    other = states.order(states.free(), OrderKind.TOKENS)

    page.open(f"/checkout/success?session_id={other.stripe_session_id}", status=404)

    assert user.email not in page.current.main


def test_whoever_has_no_log_in_here_is_thanked_and_told_nothing(page: PageClient) -> None:
    states.catalog_at_stripe()
    order = states.order(states.free(), OrderKind.TOKENS, OrderState.PAID)

    page.open(f"/checkout/success?session_id={order.stripe_session_id}")

    assert "Thank you" == page.current.h1
    assert order.user.email not in page.current.main
    assert "/login?next=/checkout/success" in page.current.links["Log in to see it here"]


def test_turning_back_keeps_the_choice(page: PageClient, user: User) -> None:
    page.open("/checkout/cancel?tier=scale&interval=year")

    assert "Nothing was charged" == page.current.h1
    form, button = page.current.find_form("Go back to checkout", "/checkout/subscription")
    assert ("tier", "scale") == (button.get("name"), button.get("value"))
    assert "year" in [field.get("value") for field in form.iter("input")]


def test_turning_back_without_a_choice(page: PageClient, user: User) -> None:
    page.open("/checkout/cancel")

    assert "/pricing" == page.current.links["See plans"]

"""Stripe does not answer: the pricing page comes back with a notice, and nothing is half-made."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from billing.database import db
from billing.models import Order, User
from tests import states
from tests.page import PageClient


@pytest.fixture
def user(app: Flask, page: PageClient) -> User:
    """Somebody on Free, in a shop whose Stripe nobody answers for."""
    states.catalog_at_stripe()
    user = states.free()
    states.log_in(page, user)
    return user


@pytest.mark.parametrize("button", ["Choose Pro", "Buy 500 tokens for $20.00"])
def test_the_pricing_page_says_so_and_takes_the_buttons_away(
    page: PageClient, user: User, button: str
) -> None:
    page.open("/pricing")
    page.press(button)

    assert "/pricing" == page.current.path
    assert "We could not reach the payment service. Nothing was charged." in page.current.text
    assert "$49" in page.current.text
    assert button not in page.current.buttons

    db.session.rollback()
    (order,) = db.session.scalars(select(Order)).all()
    assert (order.state, order.stripe_session_id) == ("open", None)
    assert (user.subscription.tier.slug, user.stripe_customer_id) == ("free", None)

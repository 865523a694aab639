"""A runner of scenarios made for Stripe's test clocks drives our customers: the app follows.

The runner is `tests/sandbox/clock_runner.py`, which knows only the official client. The app hears
by its webhooks, and after each step the account page says what the runner did.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import stripe
from flask import Flask

from billing import clock
from billing.database import db, transaction
from billing.domain.interval import Interval
from billing.models import User
from billing.services import catalog, reconciliation, verification
from tests import factories, states
from tests.page import PageClient
from tests.sandbox.clock_runner import ClockRunner
from tests.shop import Shop

pytestmark = [pytest.mark.slow, pytest.mark.one_database]


@dataclass(frozen=True)
class Followed:
    """A customer of ours who lives by a test clock of the runner's."""

    shop: Shop
    page: PageClient
    runner: ClockRunner
    user: User

    @classmethod
    def meet(cls, shop: Shop, page: PageClient, card: str = "pm_card_visa") -> Followed:
        start = f"{clock.now():%Y-%m-%dT%H:%M}"
        runner = ClockRunner(shop.dashboard, start, card)
        user = factories.account()
        with transaction():
            user.stripe_customer_id = runner.customer_id
        return cls(shop, page, runner, user)

    def price(self, tier: str) -> str:
        price_id = catalog.get_tier(tier).current_version.stripe_price_id(Interval.MONTH)
        assert price_id is not None
        return price_id

    def subscribe(self, tier: str, **more: Any) -> stripe.Subscription:
        return self.runner.subscribe(self.price(tier), **more)

    def change(self, subscription: stripe.Subscription, tier: str, proration: str) -> None:
        item_id = self.runner.read(subscription).items.data[0].id
        changes: Any = {
            "items": [{"id": item_id, "price": self.price(tier)}],
            "proration_behavior": proration,
        }
        self.runner.client.v1.subscriptions.update(subscription.id, changes)

    def to_period_end(self, subscription: stripe.Subscription, **after: int) -> None:
        """Advance to when the running period ends, and so much further."""
        end = self.runner.read(subscription).items.data[0].current_period_end
        self.advance_to(end, **after)

    def advance_to(self, moment: int, **after: int) -> None:
        target = moment + int(timedelta(**after).total_seconds())
        clocks = self.runner.client.v1.test_helpers.test_clocks
        clocks.advance(self.runner.clock.id, {"frozen_time": target})
        self.shop.control.wait_until_idle()

    def reads(self) -> str:
        """What the account page says of the plan when all webhooks have come."""
        self.shop.control.wait_until_idle()
        db.session.rollback()
        states.log_in(self.page, self.user)
        account = self.page.open("/account").main
        self.page.press("Log out")
        return account


@pytest.fixture
def listening(shop: Shop, live_app: Flask) -> Shop:
    assert live_app is shop.app
    shop.listen()
    return shop


def test_renewed_changed_both_ways_paused_and_ended(listening: Shop, page: PageClient) -> None:
    ada = Followed.meet(listening, page)
    pro = ada.subscribe("pro")
    assert "$49.00 a month. Renews on" in ada.reads()
    assert ada.user.subscription.card_last4 == "4242"

    ada.to_period_end(pro, hours=2)
    assert ada.reads().count("$49.00 View") == 2

    ada.change(pro, "scale", "always_invoice")
    assert "$149.00 a month" in ada.reads()
    ada.change(pro, "starter", "create_prorations")
    assert "$19.00 a month" in ada.reads()

    ada.runner.client.v1.subscriptions.pause(pro.id)
    assert "Starter is paused: nothing is charged. You are on Free" in ada.reads()
    ada.runner.client.v1.subscriptions.resume(pro.id)
    assert "$19.00 a month" in ada.reads()

    ada.runner.client.v1.subscriptions.update(pro.id, {"cancel_at_period_end": True})
    assert "No more charges" in ada.reads()
    ada.to_period_end(pro, hours=2)
    assert "Starter ended on" in ada.reads()
    everything_agrees(listening)


def test_declined_until_it_is_cancelled(listening: Shop, page: PageClient) -> None:
    bob = Followed.meet(listening, page)
    pro = bob.subscribe("pro")
    bob.runner.use_card("pm_card_chargeCustomerFail")

    bob.to_period_end(pro, hours=2)
    assert "$49.00 is due. Next try on" in bob.reads()

    for days in (3, 5, 7):
        bob.advance_to(bob.runner.clock_now(), days=days)
    assert "Pro ended on" in bob.reads()
    everything_agrees(listening)


def test_a_bank_that_is_never_answered(listening: Shop, page: PageClient) -> None:
    cem = Followed.meet(listening, page, "pm_card_threeDSecure2Required")
    first = cem.subscribe("pro", payment_behavior="default_incomplete")
    assert "We have not received the first payment" in cem.reads()

    cem.advance_to(first.created, hours=24)
    assert "Choose a plan" not in cem.reads()
    assert "No card on file" in cem.reads()
    everything_agrees(listening)


def everything_agrees(shop: Shop) -> None:
    db.session.rollback()
    assert list(reconciliation.reconcile(gateway=shop.gateway)) == []
    assert list(verification.breaches()) == []

"""People who bought a plan at the sandbox, and can log in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import time_machine

from billing.database import db
from billing.models import User, UserSubscription
from billing.services import checkout
from tests import factories, states
from tests.page import PageClient
from tests.shop import Shop


@dataclass(frozen=True)
class Subscriber:
    """A person at their browser, and what Stripe holds for them."""

    shop: Shop
    page: PageClient
    user: User

    @property
    def subscription_id(self) -> str:
        return self.user.subscription.stripe_subscription_id or ""

    @property
    def plan(self) -> UserSubscription:
        """The subscription of this moment, read anew."""
        db.session.rollback()
        db.session.expire_all()
        return self.user.subscription

    @property
    def tier(self) -> str:
        return self.plan.tier.slug

    def pay_with(self, method: str) -> None:
        """Renewals and changes are charged to this card from now on: `pm_card_…`."""
        stripe = self.shop.dashboard.v1
        attached = stripe.payment_methods.attach(
            method, {"customer": self.user.stripe_customer_id or ""}
        )
        stripe.subscriptions.update(self.subscription_id, {"default_payment_method": attached.id})

    @contextmanager
    def at_renewal(self, outcome: str = "normal") -> Iterator[None]:
        """Be where the period has ended and its invoice was tried: `decline`, `authenticate`."""
        end = self.plan.current_period_end
        assert end is not None
        self.shop.control.fail_payments(self.subscription_id, outcome)
        now = end + timedelta(hours=2)
        self.shop.control.advance(to=int(now.timestamp()))
        with time_machine.travel(now):
            self.hear()
            states.log_in(self.page, self.user)
            yield

    def hear(self) -> None:
        """Deliver everything that Stripe has told, newest first, and then once more."""
        events = self.shop.events()
        for event in [*reversed(events), *events]:
            assert self.shop.deliver(event) == 200

    def invoices_paid(self) -> list[int]:
        """Return what was charged so far, newest first, in minor units."""
        found = self.shop.dashboard.v1.invoices.list({"status": "paid", "limit": 100})
        return [invoice.amount_paid for invoice in found]


def subscriber(
    shop: Shop, page: PageClient, tier: str = "pro", interval: str = "month"
) -> Subscriber:
    """Return a person who has bought the tier and is logged in."""
    user = factories.account()
    session_id = shop.choose_tier(user, tier, interval)
    shop.pay(session_id)
    checkout.confirm(user, session_id, gateway=shop.gateway)
    states.log_in(page, user)
    return Subscriber(shop, page, user)

"""What people and hosts do that reaches Stripe, each with the calls that it makes there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from billing.database import db
from billing.domain.statuses import OrderState
from billing.models import Order, TokenLot, User
from billing.services import api_keys, checkout
from billing.settings import Settings
from tests import factories
from tests.shop import Shop
from tests.web.visitor import log_in, new_browser, post

AWAY = (
    *("could not reach the payment service", "payment service is busy"),
    *("payment service gave an error", "payment service refused"),
)
"""How pages and problems tell of a fault at Stripe."""
LIVE = (OrderState.OPEN, OrderState.PROCESSING, OrderState.PAID)


@dataclass
class Person:
    """Somebody at a browser, whose host may act for them too."""

    shop: Shop
    settings: Settings
    user: User = field(default_factory=factories.account)
    session_id: str = ""

    def __post_init__(self) -> None:
        """Log in."""
        self.browser: FlaskClient = new_browser(self.shop.app, self.settings)
        assert log_in(self.browser, email=self.user.email).status_code == 303
        self.key = api_keys.create(actor="test", user=self.user)

    def choose(self) -> None:
        """Be at Stripe's page, and have paid there."""
        self.session_id = self.shop.choose_tier(self.user, "starter")
        self.shop.pay(self.session_id)

    def subscribe(self) -> None:
        """Be on Starter."""
        self.choose()
        checkout.confirm(self.user, self.session_id, gateway=self.shop.gateway)

    def subscribe_and_cancel(self) -> None:
        """Be on Starter until the end of the period."""
        self.subscribe()
        assert self.form("/account/cancel").status_code == 303

    def open(self, path: str) -> TestResponse:
        return self.browser.get(path)

    def form(self, path: str, **fields: str) -> TestResponse:
        return post(self.browser, path, **fields)

    def call(self, path: str, **body: str) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.key}"}
        return self.browser.post(f"/api/v1{path}", json=body, headers=headers)

    def state(self) -> dict[str, Any]:
        """Return what all of it came to, here and at Stripe."""
        db.session.rollback()
        db.session.expire_all()
        plan = self.user.subscription
        mine = select(Order).where(Order.user_id == self.user.id, Order.state.in_(LIVE))
        lots = select(TokenLot.tokens).where(TokenLot.user_id == self.user.id)
        return {
            "plan": (plan.tier.slug, plan.status, plan.cancel_at_period_end),
            "orders": sorted((o.item, o.state) for o in db.session.scalars(mine)),
            "tokens": db.session.scalars(lots).all(),
            "at Stripe": self._at_stripe(),
        }

    def _at_stripe(self) -> dict[str, Any]:
        dashboard, email = self.shop.dashboard.v1, self.user.email
        customers = dashboard.customers.list({"email": email}).data
        found: dict[str, Any] = {"customers": len(customers)}
        for customer in customers:
            sessions = dashboard.checkout.sessions.list({"customer": customer.id}).data
            subscriptions = dashboard.subscriptions.list({"customer": customer.id}).data
            charges = dashboard.charges.list({"customer": customer.id}).data
            found |= {
                "open sessions": len([each for each in sessions if each.status == "open"]),
                "subscriptions": [each.cancel_at_period_end for each in subscriptions],
                "charges": sorted(charge.amount for charge in charges),
            }
        return found


@dataclass(frozen=True)
class Act:
    """One thing to do: what comes before it, and what it asks Stripe."""

    name: str
    do: Callable[[Person], TestResponse]
    calls: tuple[str, ...]
    before: Callable[[Person], None] = lambda _person: None

    def __str__(self) -> str:
        return self.name


SESSION, SUBSCRIPTION = "/v1/checkout/sessions/", "/v1/subscriptions/"
START = ("POST /v1/customers", "POST /v1/checkout/sessions")
TIER = {"tier": "pro", "interval": "month"}
ACTS = (
    Act("page: buy a plan", lambda p: p.form("/checkout/subscription", **TIER), START),
    Act("page: buy tokens", lambda p: p.form("/checkout/tokens", package="tokens-500"), START),
    Act("API: buy a plan", lambda p: p.call("/subscription/checkout", **TIER), START),
    Act("API: buy tokens", lambda p: p.call("/tokens/checkout", package="tokens-500"), START),
    Act(
        "page: come back from paying",
        lambda p: p.open(f"/checkout/success?session_id={p.session_id}"),
        (f"GET {SESSION}",),
        Person.choose,
    ),
    Act(
        "page: look at a change",
        lambda p: p.open("/account/change?tier=pro&interval=month"),
        ("POST /v1/invoices/create_preview",),
        Person.subscribe,
    ),
    Act(
        "API: change the plan",
        lambda p: p.call("/subscription/change", **TIER),
        ("POST /v1/invoices/create_preview", f"POST {SUBSCRIPTION}", f"GET {SUBSCRIPTION}"),
        Person.subscribe,
    ),
    Act(
        "page: cancel",
        lambda p: p.form("/account/cancel"),
        (f"POST {SUBSCRIPTION}", f"GET {SUBSCRIPTION}"),
        Person.subscribe,
    ),
    Act(
        "API: resume",
        lambda p: p.call("/subscription/resume"),
        (f"POST {SUBSCRIPTION}", f"GET {SUBSCRIPTION}"),
        Person.subscribe_and_cancel,
    ),
    Act(
        "page: open the portal",
        lambda p: p.form("/account/portal"),
        ("POST /v1/billing_portal/sessions",),
        Person.subscribe,
    ),
)

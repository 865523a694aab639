"""A shop: the demo catalog on sale at a Stripe account of the test's own in the sandbox."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import stripe
from flask import Flask

from billing.domain.interval import Interval
from billing.gateway import Gateway
from billing.models import User
from billing.services import catalog, checkout, users
from billing.services.checkout import ReturnPages
from billing.web import gateway
from tests.sandbox_process import SandboxControl

PAGES = ReturnPages(
    "http://shop.test/checkout/success?session_id={CHECKOUT_SESSION_ID}",
    "http://shop.test/checkout/cancel",
)
PERSON_KEY = "of a test"
WEBHOOK_SECRET = "whsec_of_a_test_endpoint_0123456789"


@dataclass(frozen=True)
class Shop:
    """The app with the demo catalog, what it sells through, and Stripe's other side."""

    app: Flask
    control: SandboxControl

    @property
    def gateway(self) -> Gateway:
        return gateway.current()

    def listen(self) -> str:
        """Have Stripe send its webhooks to the app's address; returns what they are signed with."""
        settings = self.app.extensions["billing_settings"]
        endpoint = self.dashboard.v1.webhook_endpoints.create(
            {"url": f"{settings.base_url}/webhooks/stripe", "enabled_events": ["*"]}
        )
        self.app.extensions["billing_settings"] = settings.model_copy(
            update={"configured_webhook_secrets": (endpoint.secret,)}
        )
        return endpoint.secret or ""

    def user(self, name: str = "ada") -> User:
        return users.create(f"{name}@example.com", actor="test")

    def choose_tier(self, user: User, tier: str = "pro", interval: str = "month") -> str:
        """Start the checkout of a tier; returns the session's id."""
        url = checkout.start_subscription(
            user,
            tier_slug=tier,
            interval=Interval(interval),
            pages=PAGES,
            person_key=PERSON_KEY,
            gateway=self.gateway,
        )
        return session_id_of(url)

    def choose_package(self, user: User, package: str = "tokens-500") -> str:
        """Start the checkout of a token package; returns the session's id."""
        url = checkout.start_tokens(user, package_slug=package, pages=PAGES, gateway=self.gateway)
        return session_id_of(url)

    def pay(self, session_id: str, **options: object) -> dict[str, Any]:
        """Pay at Stripe; the events wait there, unless an endpoint was registered."""
        return self.control.complete_checkout(session_id, **options)

    def events(self, *types: str) -> list[dict[str, Any]]:
        """Return what Stripe told, oldest first; only these types if any are named."""
        found = self.control.events()
        return [_sent(event) for event in found if not types or event["type"] in types]

    def sessions(self) -> list[dict[str, Any]]:
        """Return the checkout sessions that Stripe holds."""
        found = self.dashboard.v1.checkout.sessions.list({"limit": 100})
        return [each.to_dict() for each in found]

    @property
    def dashboard(self) -> stripe.StripeClient:
        """Somebody at work in Stripe's dashboard."""
        key = self.app.extensions["billing_settings"].stripe_secret_key
        return stripe.StripeClient(key, base_addresses={"api": self.control.base_url})

    def second_session(self, user: User, tier: str) -> str:
        """Open another payment page beside ours; returns the session's id."""
        version = catalog.get_tier(tier).current_version
        session = self.dashboard.v1.checkout.sessions.create(
            {
                "mode": "subscription",
                "customer": user.stripe_customer_id or "",
                "line_items": [{"price": version.stripe_price_month_id or "", "quantity": 1}],
                "success_url": PAGES.success_url,
            }
        )
        return session.id

    def refunded(self) -> list[int]:
        """Return the amounts of all refunds, in minor units."""
        return [refund.amount for refund in self.dashboard.v1.refunds.list({"limit": 100})]

    def deliver(self, event: dict[str, Any]) -> int:
        """Send an event to the app as Stripe would, signed; returns the status of the answer."""
        return post_event(self.app, event)


def _sent(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != "deliveries"}


def session_id_of(url: str) -> str:
    """Return the checkout session's id, which is the last part of its address."""
    return url.partition("#")[0].partition("?")[0].rstrip("/").rpartition("/")[2]


def post_event(app: Flask, event: dict[str, Any], secret: str = WEBHOOK_SECRET) -> int:
    """Post the event, signed with the secret; returns the status of the answer."""
    body = json.dumps(event)
    signature = stripe.WebhookSignature.generate_signature_header(body, secret)
    response = app.test_client().post(
        "/webhooks/stripe",
        data=body,
        headers={"Stripe-Signature": signature, "Content-Type": "application/json"},
    )
    return response.status_code

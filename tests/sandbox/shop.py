"""A small shop in a test's own account: a plan, a package, a customer, and ways to buy."""

from functools import cached_property
from typing import Any

import stripe

from tests.sandbox_process import Json, SandboxControl

SUCCESS_URL = "http://shop.test/done?session_id={CHECKOUT_SESSION_ID}"
CANCEL_URL = "http://shop.test/plans"


class Shop:
    """What is for sale is made on first use."""

    def __init__(self, client: stripe.StripeClient, control: SandboxControl) -> None:
        self.client, self.control = client, control

    @cached_property
    def customer(self) -> stripe.Customer:
        return self.client.v1.customers.create({"email": "mara@shop.test", "name": "Mara Lind"})

    @cached_property
    def plan(self) -> stripe.Price:
        return self.client.v1.prices.create(
            {
                "currency": "usd",
                "unit_amount": 4900,
                "recurring": {"interval": "month"},
                "product_data": {"name": "Pro"},
                "lookup_key": "pro_month",
            }
        )

    @cached_property
    def package(self) -> stripe.Price:
        return self.client.v1.prices.create(
            {
                "currency": "usd",
                "unit_amount": 2000,
                "product_data": {"name": "500 tokens"},
                "lookup_key": "tokens-500",
            }
        )

    def open_subscription(self, **more: Any) -> stripe.checkout.Session:
        params: Any = {
            "mode": "subscription",
            "customer": self.customer.id,
            "line_items": [{"price": self.plan.id, "quantity": 1}],
            "success_url": SUCCESS_URL,
            "cancel_url": CANCEL_URL,
        }
        return self.client.v1.checkout.sessions.create(params | more)

    def open_package(self, **more: Any) -> stripe.checkout.Session:
        params: Any = {
            "mode": "payment",
            "customer": self.customer.id,
            "line_items": [{"price": self.package.id, "quantity": 1}],
            "success_url": SUCCESS_URL,
            "cancel_url": CANCEL_URL,
        }
        return self.client.v1.checkout.sessions.create(params | more)

    def pay(self, session: stripe.checkout.Session, **options: object) -> stripe.checkout.Session:
        """Pay it and read it again, with its subscription."""
        self.control.complete_checkout(session.id, **options)
        return self.client.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]})

    def subscribe(self, **more: Any) -> stripe.Subscription:
        subscription = self.pay(self.open_subscription(**more)).subscription
        assert isinstance(subscription, stripe.Subscription)
        return subscription

    def types_since(self, count: int) -> list[str]:
        """The types of the events after the first `count`, in order of creation."""
        return [event["type"] for event in self.control.events()[count:]]

    def events_about(self, object_id: str) -> list[Json]:
        return self.control.events(object=object_id)

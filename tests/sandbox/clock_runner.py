"""A scenario on a test clock, as anybody would write it for Stripe: nothing here is the sandbox's
own, only the official client."""

import time
from datetime import UTC, datetime
from typing import Any

import stripe

READY_SECONDS = 60
HOUR_SECONDS, DAY_SECONDS = 3600, 24 * 3600


def at(moment: str) -> int:
    """A moment such as 2027-01-31 or 2027-01-31T10:00 in UTC, in whole seconds."""
    return int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp())


class ClockRunner:
    """One customer whose time is moved."""

    def __init__(self, client: stripe.StripeClient, start: str, card: str = "pm_card_visa") -> None:
        self.client = client
        self.clock = client.v1.test_helpers.test_clocks.create({"frozen_time": at(start)})
        customer = client.v1.customers.create(
            {"email": "ada@clock.test", "test_clock": self.clock.id}
        )
        self.customer_id = customer.id
        if card:
            self.use_card(card)

    def use_card(self, name: str) -> None:
        """Attach a test card and make it the default."""
        method = self.client.v1.payment_methods.attach(name, {"customer": self.customer_id})
        settings: Any = {"invoice_settings": {"default_payment_method": method.id}}
        self.client.v1.customers.update(self.customer_id, settings)

    def price(self, name: str, amount: int, interval: Any = "month") -> str:
        return self.client.v1.prices.create(
            {
                "currency": "usd",
                "unit_amount": amount,
                "recurring": {"interval": interval},
                "product_data": {"name": name},
            }
        ).id

    def subscribe(self, price: str, **more: Any) -> stripe.Subscription:
        params: Any = {"customer": self.customer_id, "items": [{"price": price}]}
        return self.client.v1.subscriptions.create(params | more)

    def advance(self, moment: str) -> None:
        """Move the clock and wait until all that was due has happened."""
        clocks = self.client.v1.test_helpers.test_clocks
        clocks.advance(self.clock.id, {"frozen_time": at(moment)})
        deadline = time.monotonic() + READY_SECONDS
        while clocks.retrieve(self.clock.id).status != "ready":
            if time.monotonic() > deadline:
                raise TimeoutError("the clock did not arrive")
            time.sleep(0.02)

    def clock_now(self) -> int:
        return self.client.v1.test_helpers.test_clocks.retrieve(self.clock.id).frozen_time

    def read(self, subscription: stripe.Subscription) -> stripe.Subscription:
        return self.client.v1.subscriptions.retrieve(
            subscription.id, {"expand": ["latest_invoice"]}
        )

    def invoices(self, subscription: stripe.Subscription) -> list[stripe.Invoice]:
        """Its invoices, oldest first."""
        found = self.client.v1.invoices.list({"subscription": subscription.id, "limit": 100})
        return found.data[::-1]

    def types(self) -> list[str]:
        """The types of the account's events in order of creation."""
        found = self.client.v1.events.list({"limit": 100}).auto_paging_iter()
        return [str(event.type) for event in found][::-1]


def latest_invoice(subscription: stripe.Subscription) -> stripe.Invoice:
    invoice = subscription.latest_invoice
    if not isinstance(invoice, stripe.Invoice):
        raise TypeError("latest_invoice is not expanded")
    return invoice


def day_of(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"

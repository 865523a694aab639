"""Subscriptions at Stripe. https://docs.stripe.com/api/subscriptions"""

from collections.abc import Iterator
from datetime import datetime

from billing.gateway.calls import Calls
from billing.gateway.subscription_reading import read_subscription
from billing.gateway.values import StripeSubscription

CUSTOMERS_CARD = "customer.invoice_settings.default_payment_method"
EXPANDED = ("default_payment_method", "schedule", CUSTOMERS_CARD)
EXPANDED_IN_LIST = [f"data.{path}" for path in EXPANDED]
PENDING_UNTIL_PAID = "pending_if_incomplete"
CHARGE_NOW = "always_invoice"


class Subscriptions:
    """What customers subscribe to."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def list_by_customer(self, customer_id: str) -> tuple[StripeSubscription, ...]:
        """Read all subscriptions of the customer, ended ones too, oldest first."""
        with self._calls.stripe("subscriptions.list") as client:
            page = client.v1.subscriptions.list(
                {
                    "customer": customer_id,
                    "status": "all",
                    "limit": 100,
                    "expand": EXPANDED_IN_LIST,
                }
            )
            newest_first = [read_subscription(each) for each in page.auto_paging_iter()]
        return tuple(reversed(newest_first))

    def list_live(self) -> Iterator[StripeSubscription]:
        """Read every live subscription of the account, newest first, a page at a time."""
        with self._calls.stripe("subscriptions.list") as client:
            page = client.v1.subscriptions.list({"limit": 100, "expand": EXPANDED_IN_LIST})
            for each in page.auto_paging_iter():
                found = read_subscription(each)
                if found.is_live:
                    yield found

    def retrieve(self, subscription_id: str) -> StripeSubscription:
        """Read the subscription as it is now; an ended one is still there.

        Raises:
            StripeObjectNotFound: there is no subscription with this id.
        """
        with self._calls.stripe("subscriptions.retrieve") as client:
            found = client.v1.subscriptions.retrieve(subscription_id, {"expand": list(EXPANDED)})
        return read_subscription(found)

    def change_price(
        self, subscription: StripeSubscription, price_id: str, *, proration_at: datetime
    ) -> None:
        """Move to another price at once and charge the difference; unpaid, nothing moves.

        Args:
            subscription: as it was read for the preview.
            price_id: the price to move to.
            proration_at: the moment that the preview was made for.

        Raises:
            StripeRefused: the subscription cannot be changed now.
        """
        proration_date = int(proration_at.timestamp())
        key = f"subscription:{subscription.id}:{price_id}:{proration_date}"
        with self._calls.stripe("subscriptions.update") as client:
            client.v1.subscriptions.update(
                subscription.id,
                {
                    "items": [{"id": subscription.item_id, "price": price_id}],
                    "proration_behavior": CHARGE_NOW,
                    "proration_date": proration_date,
                    "payment_behavior": PENDING_UNTIL_PAID,
                },
                {"idempotency_key": key},
            )

    def move_price(self, subscription: StripeSubscription, price_id: str) -> None:
        """Move to another price at once; what is paid stays paid, and nothing is charged now.

        Args:
            subscription: as it is now.
            price_id: the price of the next renewals.
        """
        with self._calls.stripe("subscriptions.update") as client:
            client.v1.subscriptions.update(
                subscription.id,
                {
                    "items": [{"id": subscription.item_id, "price": price_id}],
                    "proration_behavior": "none",
                },
            )

    def cancel_at_period_end(
        self, subscription_id: str, *, feedback: str | None, comment: str | None
    ) -> None:
        """Let the subscription end with the period that is paid.

        Args:
            subscription_id: Stripe's id.
            feedback: one of Stripe's words for the reason.
            comment: the person's own words.
        """
        with self._calls.stripe("subscriptions.update") as client:
            client.v1.subscriptions.update(
                subscription_id,
                {
                    "cancel_at_period_end": True,
                    "cancellation_details": {"feedback": feedback or "", "comment": comment or ""},
                },
            )

    def keep(self, subscription: StripeSubscription) -> None:
        """Undo a cancellation; the portal's is a date, ours is a flag, and only one may be sent."""
        with self._calls.stripe("subscriptions.update") as client:
            if subscription.cancel_at_period_end:
                client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": False})
            else:
                client.v1.subscriptions.update(subscription.id, {"cancel_at": ""})

    def cancel_now(self, subscription_id: str) -> None:
        """End the subscription at once, without a final invoice."""
        with self._calls.stripe("subscriptions.cancel") as client:
            client.v1.subscriptions.cancel(
                subscription_id, {}, {"idempotency_key": f"subscription:{subscription_id}:cancel"}
            )

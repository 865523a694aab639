"""Subscriptions at Stripe. https://docs.stripe.com/api/subscriptions"""

from stripe import PaymentMethod, Subscription

from billing.domain.statuses import SubscriptionStatus
from billing.gateway.calls import Calls
from billing.gateway.reading import id_of, moment, optional_moment
from billing.gateway.values import Card, StripeSubscription


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
                    "expand": ["data.default_payment_method"],
                }
            )
            newest_first = [_read(each) for each in page.auto_paging_iter()]
        return tuple(reversed(newest_first))

    def retrieve(self, subscription_id: str) -> StripeSubscription:
        """Read the subscription as it is now; an ended one is still there.

        Raises:
            StripeObjectNotFound: there is no subscription with this id.
        """
        with self._calls.stripe("subscriptions.retrieve") as client:
            return _read(client.v1.subscriptions.retrieve(subscription_id))

    def cancel_now(self, subscription_id: str) -> None:
        """End the subscription at once, without a final invoice."""
        with self._calls.stripe("subscriptions.cancel") as client:
            client.v1.subscriptions.cancel(
                subscription_id, {}, {"idempotency_key": f"subscription:{subscription_id}:cancel"}
            )


def _read(subscription: Subscription) -> StripeSubscription:
    item = subscription.items.data[0]
    return StripeSubscription(
        id=subscription.id,
        customer_id=id_of(subscription.customer) or "",
        status=SubscriptionStatus(subscription.status),
        price_id=item.price.id,
        billing_cycle_anchor=moment(subscription.billing_cycle_anchor),
        current_period_start=moment(item.current_period_start),
        current_period_end=moment(item.current_period_end),
        cancel_at_period_end=subscription.cancel_at_period_end,
        cancel_at=optional_moment(subscription.cancel_at),
        ended_at=optional_moment(subscription.ended_at),
        trial_end=optional_moment(subscription.trial_end),
        created_at=moment(subscription.created),
        latest_invoice_id=id_of(subscription.latest_invoice),
        card=_card(subscription.default_payment_method),
    )


def _card(method: str | PaymentMethod | None) -> Card | None:
    if not isinstance(method, PaymentMethod) or method.card is None:
        return None
    card = method.card
    return Card(card.brand, card.last4, card.exp_month, card.exp_year)

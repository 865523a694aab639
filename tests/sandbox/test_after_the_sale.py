"""Cancelling, keeping, refunding, and the portal."""

import pytest
import stripe

from tests.sandbox.shop import Shop


def test_cancelling_at_the_period_end_can_be_undone(
    client: stripe.StripeClient, shop: Shop
) -> None:
    subscription = shop.subscribe()

    ending = client.v1.subscriptions.update(
        subscription.id,
        {"cancel_at_period_end": True, "cancellation_details": {"feedback": "too_expensive"}},
    )
    kept = client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": False})

    assert (ending.status, ending.cancel_at_period_end) == ("active", True)
    assert ending.cancel_at == subscription.items.data[0].current_period_end
    assert ending.cancellation_details is not None
    assert ending.cancellation_details.reason == "cancellation_requested"
    assert (kept.cancel_at, kept.cancel_at_period_end, kept.canceled_at) == (None, False, None)
    assert shop.types_since(0)[-2:] == ["customer.subscription.updated"] * 2


def test_cancelling_now_is_final(client: stripe.StripeClient, shop: Shop) -> None:
    subscription = shop.subscribe()

    canceled = client.v1.subscriptions.cancel(subscription.id)

    assert (canceled.status, canceled.ended_at is None) == ("canceled", False)
    assert shop.types_since(0)[-1] == "customer.subscription.deleted"
    assert client.v1.subscriptions.list().data == []
    assert len(client.v1.subscriptions.list({"status": "all"}).data) == 1
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.subscriptions.update(subscription.id, {"metadata": {"a": "b"}})


def test_refunds_add_up_and_end_at_the_charge(client: stripe.StripeClient, shop: Shop) -> None:
    intent = str(shop.pay(shop.open_package()).payment_intent)
    before = len(shop.types_since(0))

    part = client.v1.refunds.create({"payment_intent": intent, "amount": 500})
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount"):
        client.v1.refunds.create({"payment_intent": intent, "amount": 1600})
    rest = client.v1.refunds.create({"payment_intent": intent})
    charge = client.v1.charges.retrieve(str(rest.charge), {"expand": ["refunds"]})

    assert (part.amount, rest.amount, part.status) == (500, 1500, "succeeded")
    assert (charge.amount_refunded, charge.refunded) == (2000, True)
    assert charge.refunds is not None
    assert [refund.id for refund in charge.refunds.data] == [rest.id, part.id]
    assert shop.types_since(before)[:2] == ["refund.created", "charge.refunded"]
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.refunds.create({"payment_intent": intent})
    assert refusal.value.code == "charge_already_refunded"


def test_the_saved_card_belongs_to_the_customer(client: stripe.StripeClient, shop: Shop) -> None:
    subscription = shop.subscribe()

    methods = client.v1.customers.payment_methods.list(shop.customer.id)

    assert [method.id for method in methods.data] == [subscription.default_payment_method]
    card = methods.data[0].card
    assert card is not None
    assert (card.brand, card.last4) == ("visa", "4242")


def test_an_invoice_is_found_from_its_payment_intent(
    client: stripe.StripeClient, shop: Shop
) -> None:
    subscription = shop.subscribe()
    intent = client.v1.payment_intents.list({"customer": shop.customer.id}).data[0]

    links = client.v1.invoice_payments.list(
        {"payment": {"type": "payment_intent", "payment_intent": intent.id}}
    )

    assert [link.invoice for link in links.data] == [subscription.latest_invoice]


def test_invoices_are_listed_by_subscription(client: stripe.StripeClient, shop: Shop) -> None:
    first, second = shop.subscribe(), shop.subscribe()

    found = client.v1.invoices.list({"subscription": first.id})

    assert [invoice.id for invoice in found.data] == [first.latest_invoice]
    numbers = [invoice.number for invoice in client.v1.invoices.list().data]
    assert len(set(numbers)) == 2
    assert second.latest_invoice != first.latest_invoice

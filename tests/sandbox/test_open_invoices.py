"""The hosted page of an invoice that is not paid: another card, and the bank's question."""

import pytest
import stripe

from tests.sandbox.shop import Shop
from tests.sandbox.visitor import open_page, press, visit

HOUR_SECONDS = 3600


@pytest.fixture
def unpaid(shop: Shop) -> stripe.Subscription:
    """A subscription whose renewal failed."""
    subscription = shop.subscribe()
    shop.control.fail_payments(subscription.id, "decline")
    shop.control.advance(to=subscription.items.data[0].current_period_end + 2 * HOUR_SECONDS)
    return shop.client.v1.subscriptions.retrieve(subscription.id, {"expand": ["latest_invoice"]})


def page_of(subscription: stripe.Subscription) -> str:
    assert isinstance(subscription.latest_invoice, stripe.Invoice)
    return str(subscription.latest_invoice.hosted_invoice_url)


def test_another_card_pays_an_open_invoice(
    client: stripe.StripeClient, unpaid: stripe.Subscription
) -> None:
    page = open_page(page_of(unpaid))
    assert unpaid.status == "past_due"
    assert "Your card was declined." in page.text

    press(page, "Pay $49.00", card="4242424242424242")

    assert "Pay $49.00" not in open_page(page_of(unpaid)).text
    assert client.v1.subscriptions.retrieve(unpaid.id).status == "active"


@pytest.mark.parametrize(("answer", "status"), [("Approve", "active"), ("Refuse", "past_due")])
def test_the_bank_asks_about_an_open_invoice(
    client: stripe.StripeClient, unpaid: stripe.Subscription, answer: str, status: str
) -> None:
    press(open_page(page_of(unpaid)), "Pay $49.00", card="4000000000003220")

    asked = open_page(page_of(unpaid))
    press(asked, answer)

    assert "Your bank asks you to confirm" in asked.text
    assert client.v1.subscriptions.retrieve(unpaid.id).status == status


def test_a_declined_card_leaves_the_invoice_open(unpaid: stripe.Subscription) -> None:
    press(open_page(page_of(unpaid)), "Pay $49.00", card="4000000000009995")

    assert "Your card has insufficient funds." in open_page(page_of(unpaid)).text
    assert visit(page_of(unpaid) + "/pay", data={"card": "4111"}).status == 400


def test_a_payment_is_confirmed_by_the_api_too(client: stripe.StripeClient, shop: Shop) -> None:
    subscription = client.v1.subscriptions.create(
        {
            "customer": shop.customer.id,
            "items": [{"price": shop.plan.id}],
            "payment_behavior": "default_incomplete",
            "expand": ["latest_invoice.confirmation_secret"],
        }
    )
    assert isinstance(subscription.latest_invoice, stripe.Invoice)
    assert subscription.latest_invoice.confirmation_secret is not None
    secret = subscription.latest_invoice.confirmation_secret.client_secret

    intent = client.v1.payment_intents.confirm(
        secret.partition("_secret_")[0], {"payment_method": "pm_card_visa"}
    )

    assert (subscription.status, intent.status) == ("incomplete", "succeeded")
    assert client.v1.subscriptions.retrieve(subscription.id).status == "active"

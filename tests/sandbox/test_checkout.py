"""Paying a checkout session: what is made, and which events in which order."""

import pytest
import stripe

from tests.sandbox.shop import Shop
from tests.sandbox_process import SandboxControl


def test_a_first_subscription_emits_stripes_events_in_order(shop: Shop) -> None:
    session = shop.open_subscription()
    before = len(shop.control.events())

    shop.pay(session)

    assert shop.types_since(before) == [
        "charge.succeeded",
        "payment_method.attached",
        "customer.updated",
        "checkout.session.completed",
        "customer.subscription.created",
        "payment_intent.created",
        "payment_intent.succeeded",
        "invoice.created",
        "invoice.finalized",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
    ]


def test_a_paid_subscription_is_linked_from_session_to_charge(
    shop: Shop, client: stripe.StripeClient
) -> None:
    session = shop.open_subscription(
        client_reference_id="42", subscription_data={"metadata": {"user": "42"}}
    )

    paid = shop.pay(session)
    subscription = paid.subscription
    assert isinstance(subscription, stripe.Subscription)
    invoice = client.v1.invoices.retrieve(str(paid.invoice), {"expand": ["payments"]})
    assert invoice.payments is not None
    intent_id = invoice.payments.data[0].payment.payment_intent
    intent = client.v1.payment_intents.retrieve(str(intent_id), {"expand": ["latest_charge"]})

    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert (paid.client_reference_id, paid.payment_intent) == ("42", None)
    assert (subscription.status, subscription.metadata.to_dict()) == ("active", {"user": "42"})
    assert subscription.latest_invoice == invoice.id
    assert (invoice.status, invoice.amount_paid) == ("paid", 4900)
    assert invoice.billing_reason == "subscription_create"
    assert invoice.parent is not None
    assert invoice.parent.subscription_details is not None
    assert invoice.parent.subscription_details.subscription == subscription.id
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert (intent.status, intent.latest_charge.paid) == ("succeeded", True)
    assert intent.latest_charge.customer == shop.customer.id


def test_the_period_is_a_calendar_month_on_the_item(shop: Shop) -> None:
    item = shop.subscribe().items.data[0]

    days = (item.current_period_end - item.current_period_start) / 86400
    assert 28 <= days <= 31


def test_a_new_buyer_becomes_a_customer(shop: Shop, client: stripe.StripeClient) -> None:
    session = client.v1.checkout.sessions.create(
        {
            "mode": "subscription",
            "line_items": [{"price": shop.plan.id, "quantity": 1}],
            "success_url": "http://shop.test/done",
        }
    )

    paid = shop.pay(session, email="new@shop.test")
    customer = client.v1.customers.retrieve(str(paid.customer))

    assert customer.email == "new@shop.test"
    assert paid.customer_details is not None
    assert paid.customer_details.email == "new@shop.test"


def test_a_one_time_purchase_emits_stripes_events_in_order(shop: Shop) -> None:
    session = shop.open_package()
    before = len(shop.control.events())

    paid = shop.pay(session)

    assert shop.types_since(before) == [
        "charge.succeeded",
        "payment_intent.succeeded",
        "payment_intent.created",
        "checkout.session.completed",
        "charge.updated",
    ]
    assert (paid.payment_status, paid.amount_total, paid.invoice) == ("paid", 2000, None)


def test_a_guest_stays_without_customer(shop: Shop, client: stripe.StripeClient) -> None:
    session = client.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "customer_email": "guest@shop.test",
            "line_items": [{"price": shop.package.id, "quantity": 2}],
            "success_url": "http://shop.test/done",
        }
    )

    paid = shop.pay(session)

    assert (paid.customer, paid.amount_total) == (None, 4000)


def test_metadata_for_the_payment_reaches_the_charge(
    shop: Shop, client: stripe.StripeClient
) -> None:
    session = shop.open_package(payment_intent_data={"metadata": {"order": "7"}})

    paid = shop.pay(session)
    charge = client.v1.charges.list({"payment_intent": str(paid.payment_intent)}).data[0]

    assert charge.metadata.to_dict() == {"order": "7"}
    assert (paid.metadata or stripe.StripeObject()).to_dict() == {}


def test_a_package_with_an_invoice_has_one(shop: Shop, client: stripe.StripeClient) -> None:
    paid = shop.pay(shop.open_package(invoice_creation={"enabled": True}))

    invoice = client.v1.invoices.retrieve(str(paid.invoice))
    assert (invoice.status, invoice.total, invoice.billing_reason) == ("paid", 2000, "manual")


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ("4000000000000002", "card_declined"),
        ("4000000000009995", "card_declined"),
        ("4000000000000069", "expired_card"),
        ("4000000000000127", "incorrect_cvc"),
    ],
)
def test_a_declined_card_leaves_the_session_open(
    card: str, code: str, shop: Shop, client: stripe.StripeClient
) -> None:
    session = shop.open_subscription()
    before = len(shop.control.events())

    answer = shop.control.complete_checkout(session.id, card=card)

    assert (answer["result"], answer["decline"]) == ("declined", code)
    assert answer["session"]["status"] == "open"
    assert shop.types_since(before) == [
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
    ]
    assert client.v1.subscriptions.list({"status": "all"}).data == []


def test_another_card_pays_after_a_decline(shop: Shop) -> None:
    session = shop.open_package()
    shop.control.complete_checkout(session.id, card="0002")

    paid = shop.pay(session)

    intents = [e for e in shop.control.events() if e["type"] == "payment_intent.created"]
    assert (paid.status, len(intents)) == ("complete", 1)


def test_a_bank_that_refuses_leaves_the_session_open(shop: Shop) -> None:
    session = shop.open_subscription()

    asked = shop.control.complete_checkout(session.id, card="3220")
    refused = shop.control.complete_checkout(session.id, card="3220", authenticate=False)
    approved = shop.control.complete_checkout(session.id, card="3220", authenticate=True)

    assert asked["result"] == "needs_authentication"
    assert refused["decline"] == "payment_intent_authentication_failure"
    assert (approved["result"], approved["session"]["status"]) == ("paid", "complete")


def test_a_late_payment_completes_unpaid_and_settles(shop: Shop) -> None:
    session = shop.open_package()
    before = len(shop.control.events())

    unpaid = shop.pay(session, card="000123456789")
    shop.control.settle_checkout(session.id)
    paid = shop.client.v1.checkout.sessions.retrieve(session.id)

    assert (unpaid.status, unpaid.payment_status) == ("complete", "unpaid")
    assert paid.payment_status == "paid"
    assert shop.types_since(before) == [
        "charge.pending",
        "payment_intent.processing",
        "payment_intent.created",
        "checkout.session.completed",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.async_payment_succeeded",
    ]


def test_a_late_payment_can_fail(shop: Shop) -> None:
    session = shop.open_subscription()
    shop.pay(session, card="000123456789")

    shop.control.fail_checkout(session.id)
    after = shop.client.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]})

    assert isinstance(after.subscription, stripe.Subscription)
    assert (after.payment_status, after.subscription.status) == ("unpaid", "past_due")
    assert shop.types_since(0)[-1] == "checkout.session.async_payment_failed"


def test_a_trial_charges_nothing_and_has_a_zero_invoice(
    shop: Shop, client: stripe.StripeClient
) -> None:
    session = shop.open_subscription(subscription_data={"trial_period_days": 14})

    paid = shop.pay(session)
    subscription = paid.subscription
    assert isinstance(subscription, stripe.Subscription)
    invoice = client.v1.invoices.retrieve(str(subscription.latest_invoice))

    assert (paid.amount_total, paid.payment_status) == (0, "no_payment_required")
    assert subscription.status == "trialing"
    assert subscription.trial_end == subscription.items.data[0].current_period_end
    assert (invoice.status, invoice.total) == ("paid", 0)
    assert client.v1.charges.list().data == []
    assert "setup_intent.succeeded" in shop.types_since(0)


def test_an_expired_session_cannot_be_paid(shop: Shop, client: stripe.StripeClient) -> None:
    session = shop.open_package()

    expired = client.v1.checkout.sessions.expire(session.id)

    assert (expired.status, expired.url) == ("expired", None)
    assert shop.types_since(0)[-1] == "checkout.session.expired"
    with pytest.raises(RuntimeError, match="expired"):
        shop.control.complete_checkout(session.id)
    with pytest.raises(stripe.InvalidRequestError, match="can be expired"):
        client.v1.checkout.sessions.expire(session.id)


def test_a_session_is_found_by_what_it_made(shop: Shop, client: stripe.StripeClient) -> None:
    subscription = shop.subscribe()
    shop.open_package()

    sessions = client.v1.checkout.sessions

    assert len(sessions.list({"subscription": subscription.id}).data) == 1
    assert len(sessions.list({"customer": shop.customer.id}).data) == 2
    assert [s.mode for s in sessions.list({"status": "open"}).data] == ["payment"]
    assert len(sessions.list({"customer_details": {"email": "mara@shop.test"}}).data) == 2


def test_line_items_are_listed_and_expanded(shop: Shop, client: stripe.StripeClient) -> None:
    session = shop.open_package()

    listed = client.v1.checkout.sessions.line_items.list(session.id)
    expanded = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["line_items"]})

    assert expanded.line_items is not None
    assert listed.data[0].price is not None
    assert listed.data[0].price.id == shop.package.id
    assert expanded.line_items.data[0].id == listed.data[0].id


def test_two_accounts_share_nothing(
    shop: Shop, client: stripe.StripeClient, control: SandboxControl
) -> None:
    session = shop.open_package()
    stranger = SandboxControl(control.base_url, "sk_test_stranger")

    with pytest.raises(RuntimeError, match="resource_missing"):
        stranger.complete_checkout(session.id)
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        client.v1.customers.retrieve(shop.customer.id, None, {"api_key": "sk_test_stranger"})

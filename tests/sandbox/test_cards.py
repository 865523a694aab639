"""Payment methods by name and number, setup intents, and Checkout in setup mode."""

from typing import Any

import pytest
import stripe

from tests.sandbox.shapes import Shapes
from tests.sandbox.shop import CANCEL_URL, SUCCESS_URL, Shop
from tests.sandbox.visitor import open_page, press
from tests.sandbox_process import SandboxControl

USED = "was previously used without being attached"


def open_setup(shop: Shop, **more: Any) -> stripe.checkout.Session:
    params: Any = {"mode": "setup", "currency": "usd", "success_url": SUCCESS_URL,
                   "cancel_url": CANCEL_URL, "customer": shop.customer.id}  # fmt: skip
    return shop.client.v1.checkout.sessions.create(params | more)


def attach(shop: Shop, name: str) -> stripe.PaymentMethod:
    return shop.client.v1.payment_methods.attach(name, {"customer": shop.customer.id})


def test_a_card_is_attached_by_its_name(client: stripe.StripeClient, shop: Shop) -> None:
    first, second = attach(shop, "pm_card_visa"), attach(shop, "pm_card_mastercard")

    listed = client.v1.customers.payment_methods.list(shop.customer.id, {"type": "card"})
    assert first.id.startswith("pm_1")
    assert [method.id for method in listed.data] == [second.id, first.id]
    assert second.card is not None
    assert (second.card.brand, second.card.last4) == ("mastercard", "4444")
    assert shop.types_since(0)[-2:] == ["payment_method.attached"] * 2


@pytest.mark.parametrize(
    ("name", "code", "decline_code"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
    ],
)
def test_a_declined_card_is_refused_on_attach(
    name: str, code: str, decline_code: str, client: stripe.StripeClient, shop: Shop
) -> None:
    with pytest.raises(stripe.CardError) as refusal:
        attach(shop, name)

    error = refusal.value
    assert (error.http_status, error.code) == (402, code)
    assert error.error is not None
    assert error.error.decline_code == decline_code
    assert client.v1.customers.payment_methods.list(shop.customer.id).data == []


@pytest.mark.parametrize("name", ["pm_card_chargeCustomerFail", "pm_card_authenticationRequired"])
def test_a_card_that_fails_later_is_attached(name: str, shop: Shop) -> None:
    assert attach(shop, name).customer == shop.customer.id


def test_a_new_customer_brings_a_card(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create(
        {
            "payment_method": "pm_card_visa",
            "invoice_settings": {"default_payment_method": "pm_card_visa"},
        }
    )

    methods = client.v1.customers.payment_methods.list(customer.id).data
    assert customer.invoice_settings is not None
    assert [method.id for method in methods] == [customer.invoice_settings.default_payment_method]


def test_the_default_must_be_attached(client: stripe.StripeClient, shop: Shop) -> None:
    method = attach(shop, "pm_card_visa")
    other = client.v1.customers.create({"email": "other@shop.test"})

    chosen = client.v1.customers.update(
        shop.customer.id, {"invoice_settings": {"default_payment_method": method.id}}
    )
    with pytest.raises(stripe.InvalidRequestError, match="must be attached to the customer"):
        client.v1.customers.update(
            other.id, {"invoice_settings": {"default_payment_method": method.id}}
        )

    assert chosen.invoice_settings is not None
    assert chosen.invoice_settings.default_payment_method == method.id


def test_a_detached_card_is_nobodys_and_used_up(client: stripe.StripeClient, shop: Shop) -> None:
    subscription = shop.subscribe()
    method_id = str(subscription.default_payment_method)
    client.v1.customers.update(
        shop.customer.id, {"invoice_settings": {"default_payment_method": method_id}}
    )

    detached = client.v1.payment_methods.detach(method_id)

    customer = client.v1.customers.retrieve(shop.customer.id)
    assert detached.customer is None
    assert customer.invoice_settings is not None
    assert customer.invoice_settings.default_payment_method is None
    assert client.v1.subscriptions.retrieve(subscription.id).default_payment_method is None
    assert shop.types_since(0)[-1] == "payment_method.detached"
    with pytest.raises(stripe.InvalidRequestError, match=USED):
        attach(shop, method_id)
    with pytest.raises(stripe.InvalidRequestError, match="detachment is impossible"):
        client.v1.payment_methods.detach(method_id)


def test_a_method_of_another_customer_is_not_found(client: stripe.StripeClient, shop: Shop) -> None:
    method = attach(shop, "pm_card_visa")
    other = client.v1.customers.create({"email": "other@shop.test"})

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.customers.payment_methods.retrieve(other.id, method.id)

    assert refusal.value.code == "resource_missing"
    with pytest.raises(stripe.InvalidRequestError, match="already been attached"):
        client.v1.payment_methods.attach(method.id, {"customer": other.id})


def test_a_card_is_made_from_a_test_number(client: stripe.StripeClient) -> None:
    method = client.v1.payment_methods.create(
        {
            "type": "card",
            "card": {"number": "4242424242424242", "exp_month": 5, "exp_year": 2031, "cvc": "314"},
            "billing_details": {"name": "Mara Lind", "address": {"country": "DE"}},
        }
    )
    changed = client.v1.payment_methods.update(method.id, {"metadata": {"main": "yes"}})

    assert method.card is not None
    assert (method.card.last4, method.card.exp_month, method.card.exp_year) == ("4242", 5, 2031)
    assert method.billing_details.name == "Mara Lind"
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"main": "yes"}


def test_a_real_number_is_refused(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError, match="used a non test card"):
        client.v1.payment_methods.create({"type": "card", "card": {"number": "4111111111111111"}})


def test_a_setup_intent_keeps_a_card(client: stripe.StripeClient, shop: Shop) -> None:
    before = len(shop.control.events())
    opened = client.v1.setup_intents.create({"customer": shop.customer.id})
    done = client.v1.setup_intents.confirm(opened.id, {"payment_method": "pm_card_visa"})

    assert (opened.status, done.status) == ("requires_payment_method", "succeeded")
    method = client.v1.payment_methods.retrieve(str(done.payment_method))
    assert method.customer == shop.customer.id
    assert shop.types_since(before)[-3:] == [
        "setup_intent.created",
        "setup_intent.succeeded",
        "payment_method.attached",
    ]
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.setup_intents.cancel(opened.id)
    assert refusal.value.code == "setup_intent_unexpected_state"


def test_a_declined_setup_leaves_its_error(client: stripe.StripeClient, shop: Shop) -> None:
    opened = client.v1.setup_intents.create({"customer": shop.customer.id})

    for _ in range(2):
        with pytest.raises(stripe.CardError) as refusal:
            client.v1.setup_intents.confirm(
                opened.id,
                {"payment_method": "pm_card_chargeDeclined"},
                {"idempotency_key": "once"},
            )

    failed = client.v1.setup_intents.retrieve(opened.id)
    assert refusal.value.http_status == 402
    assert failed.status == "requires_payment_method"
    assert failed.last_setup_error is not None
    assert failed.last_setup_error.decline_code == "generic_decline"
    assert shop.types_since(0).count("setup_intent.setup_failed") == 1


def test_the_bank_is_asked_before_a_card_is_kept(
    client: stripe.StripeClient, shop: Shop, control: SandboxControl
) -> None:
    asked = client.v1.setup_intents.create(
        {
            "customer": shop.customer.id,
            "payment_method": "pm_card_threeDSecure2Required",
            "confirm": True,
        }
    )

    control.authenticate_setup(asked.id, approved=True)

    assert asked.status == "requires_action"
    assert client.v1.setup_intents.retrieve(asked.id).status == "succeeded"


def test_checkout_in_setup_mode_keeps_a_card(client: stripe.StripeClient, shop: Shop) -> None:
    session = open_setup(shop, setup_intent_data={"metadata": {"for": "renewals"}})

    page = open_page(str(session.url))
    answer = press(page, "Save this card")

    done = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["setup_intent"]})
    assert "Nothing is charged now." in page.text
    assert answer.location == f"http://shop.test/done?session_id={session.id}"
    assert (done.status, done.payment_status) == ("complete", "no_payment_required")
    assert isinstance(done.setup_intent, stripe.SetupIntent)
    assert done.setup_intent.status == "succeeded"
    assert done.setup_intent.metadata is not None
    assert done.setup_intent.metadata.to_dict() == {"for": "renewals"}
    methods = client.v1.customers.payment_methods.list(shop.customer.id).data
    assert [method.id for method in methods] == [done.setup_intent.payment_method]


def test_checkout_in_setup_mode_asks_the_bank_too(client: stripe.StripeClient, shop: Shop) -> None:
    session = open_setup(shop)

    refused = press(open_page(str(session.url)), "Save this card", preset="4000000000000002")
    press(open_page(str(session.url)), "Save this card", preset="4000000000003220")
    press(open_page(f"{session.url}/authenticate"), "Approve")

    assert (refused.status, "The card was not saved" in refused.text) == (422, True)
    assert client.v1.checkout.sessions.retrieve(session.id).status == "complete"


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"currency": None}, "currency"),
        ({"line_items": [{"price": "price_1", "quantity": 1}]}, "line_items"),
        ({"subscription_data": {"description": "x"}}, "subscription_data"),
    ],
)
def test_setup_mode_sells_nothing(more: Any, param: str, shop: Shop) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        open_setup(shop, **more)

    assert refusal.value.param == param


def test_cards_have_the_shape_of_the_librarys_classes(
    client: stripe.StripeClient, shop: Shop, control: SandboxControl
) -> None:
    attach(shop, "pm_card_visa")
    opened = client.v1.setup_intents.create({"customer": shop.customer.id})
    with pytest.raises(stripe.CardError):
        client.v1.setup_intents.confirm(opened.id, {"payment_method": "pm_card_chargeDeclined"})
    client.v1.setup_intents.cancel(opened.id, {"cancellation_reason": "abandoned"})
    shop.control.complete_checkout(open_setup(shop).id)
    guest = open_setup(shop, customer=None, customer_creation="always")
    shop.control.complete_checkout(guest.id, email="guest@shop.test")
    shapes = Shapes()

    events = [
        {name: value for name, value in event.items() if name != "deliveries"}
        for event in control.events()
    ]
    lists = [
        client.v1.setup_intents.list({"expand": ["data.payment_method"]}).to_dict(for_json=True),
        client.v1.payment_methods.list().to_dict(for_json=True),
        client.v1.checkout.sessions.list({"expand": ["data.setup_intent"]}).to_dict(for_json=True),
    ]

    assert [p for event in events for p in shapes.problems(event)] == []
    assert [p for found in lists for p in shapes.problems(found)] == []

"""Bad requests are refused as Stripe refuses them: status, type, code, param and words."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.sandbox.shop import Shop

# The call, and the code, the parameter and the words of its refusal.
Refused = tuple[Callable[[Any, Shop], object], str | None, str, str]

REFUSED: list[Refused] = [
    (
        lambda v1, _: v1.customers.create({"emial": "a@b.test"}),
        "parameter_unknown",
        "emial",
        "Received unknown parameter: emial. Did you mean email?",
    ),
    (
        lambda _, shop: shop.open_package(sucess_url="http://x.test"),
        "parameter_unknown",
        "sucess_url",
        "Did you mean success_url?",
    ),
    (
        lambda _, shop: shop.open_package(payment_method_types=["card"]),
        "parameter_unknown",
        "payment_method_types",
        "Did you mean allowed_payment_method_types?",
    ),
    (
        lambda _, shop: shop.open_subscription(subscription_data={"items": [{"price": "p"}]}),
        "parameter_unknown",
        "subscription_data[items]",
        "unknown parameter: subscription_data[items]",
    ),
    (
        lambda _, shop: shop.open_package(ui_mode="hosted"),
        None,
        "ui_mode",
        "Invalid ui_mode: must be one of ",
    ),
    (
        lambda _, shop: shop.open_subscription(subscription_data={"trial_period_days": "two"}),
        "parameter_invalid_integer",
        "subscription_data[trial_period_days]",
        "Invalid integer: two",
    ),
    (
        lambda _, shop: shop.open_package(allow_promotion_codes="yes"),
        None,
        "allow_promotion_codes",
        "Invalid boolean: yes",
    ),
    (
        lambda _, shop: shop.open_package(metadata="x"),
        None,
        "metadata",
        "Invalid object",
    ),
    (
        lambda v1, _: v1.prices.create({"unit_amount": 900, "product": "prod_x"}),
        "parameter_missing",
        "currency",
        "Missing required param: currency.",
    ),
    (
        lambda v1, _: v1.prices.create({"currency": "usd", "unit_amount": 9, "product": "prod_x"}),
        "resource_missing",
        "product",
        "No such product: 'prod_x'",
    ),
    (
        lambda v1, _: v1.prices.create({"currency": "usd", "unit_amount": 9}),
        "parameter_missing",
        "product",
        "Missing required param: product.",
    ),
    (
        lambda v1, _: v1.checkout.sessions.create({"success_url": "http://x.test"}),
        "parameter_missing",
        "mode",
        "Missing required param: mode.",
    ),
    (
        lambda _, shop: shop.open_package(line_items=[{"price": "price_x", "quantity": 1}]),
        "resource_missing",
        "line_items[0][price]",
        "No such price: 'price_x'",
    ),
    (
        lambda _, shop: shop.open_package(line_items=[{"price": shop.plan.id, "quantity": 1}]),
        None,
        "mode",
        "You specified `payment` mode but passed a recurring price.",
    ),
    (
        lambda _, shop: shop.open_subscription(
            line_items=[{"price": shop.package.id, "quantity": 1}]
        ),
        None,
        "line_items",
        "You must provide at least one recurring price",
    ),
    (
        lambda _, shop: shop.open_package(customer_email="a@b.test"),
        "parameters_exclusive",
        "customer",
        "only specify one of these parameters: customer, customer_email",
    ),
    (
        lambda _, shop: shop.open_package(expires_at=1),
        None,
        "expires_at",
        "at least 30 minutes",
    ),
    (
        lambda _, shop: shop.open_package(customer="cus_gone"),
        "resource_missing",
        "customer",
        "No such customer: 'cus_gone'",
    ),
    (
        lambda v1, _: v1.webhook_endpoints.create(
            {"url": "http://x.test", "enabled_events": ["invoice.payed"]}
        ),
        None,
        "enabled_events[0]",
        "Invalid enabled_events",
    ),
    (
        lambda v1, _: v1.customers.list({"limit": 101}),
        "parameter_invalid_integer",
        "limit",
        "less than or equal to 100",
    ),
    (
        lambda v1, _: v1.subscriptions.list({"expand": ["data.items.data.price.product"]}),
        "property_expansion_max_depth",
        "expand",
        "You cannot expand more than 4 levels of a property.",
    ),
    (
        lambda v1, shop: v1.customers.retrieve(shop.customer.id, {"expand": ["emial"]}),
        None,
        "expand",
        "This property cannot be expanded (emial).",
    ),
    (
        lambda v1, shop: v1.customers.update(shop.customer.id, {"email": "nobody"}),
        "email_invalid",
        "email",
        "Invalid email address: nobody",
    ),
]


@pytest.mark.parametrize("refused", REFUSED)
def test_a_bad_parameter_is_a_400(
    refused: Refused, client: stripe.StripeClient, shop: Shop
) -> None:
    call, code, param, words = refused

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        call(client.v1, shop)

    error = refusal.value
    assert (error.http_status, error.code, error.param) == (400, code, param)
    assert words in (error.user_message or "")


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda v1: v1.customers.retrieve("x_1"), "customer"),
        (lambda v1: v1.checkout.sessions.retrieve("x_1"), "checkout.session"),
        (lambda v1: v1.subscriptions.retrieve("x_1"), "subscription"),
        (lambda v1: v1.invoices.retrieve("x_1"), "invoice"),
        (lambda v1: v1.payment_intents.retrieve("x_1"), "payment_intent"),
        (lambda v1: v1.events.retrieve("x_1"), "event"),
    ],
)
def test_a_missing_object_is_a_404(
    call: Callable[[Any], object], kind: str, client: stripe.StripeClient
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        call(client.v1)

    assert (refusal.value.http_status, refusal.value.code) == (404, "resource_missing")
    assert refusal.value.user_message == f"No such {kind}: 'x_1'"


def test_an_unknown_url_is_a_404(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL") as refusal:
        client.raw_request("get", "/v1/subscription")

    assert refusal.value.http_status == 404


def test_a_search_is_not_taken_for_an_id(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
        client.v1.customers.search({"query": "email:'a@b.test'"})


@pytest.mark.parametrize("key", [f"sk_{'live'}_0123456789", "pk_test_0123456789", "secret"])
def test_a_key_that_is_no_test_key_is_a_401(key: str, client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.AuthenticationError, match="Invalid API Key provided") as refusal:
        client.v1.customers.list(None, {"api_key": key})

    assert key not in str(refusal.value) or len(key) <= 12


def test_what_the_sandbox_cannot_do_is_said(shop: Shop) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="sandbox does not serve"):
        shop.open_package(shipping_options=[{"shipping_rate": "shr_1"}])

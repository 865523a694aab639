"""The billing portal: its configurations, its deep links, and what a customer changes there."""

from typing import Any

import pytest
import stripe

from tests.sandbox.shapes import Shapes
from tests.sandbox.shop import Shop
from tests.sandbox.visitor import Answer, open_page, press, visit
from tests.sandbox_process import SandboxControl

ACCOUNT_URL = "http://shop.test/account"


@pytest.fixture
def bigger(client: stripe.StripeClient) -> stripe.Price:
    return price(client, "Max", 9900)


@pytest.fixture
def smaller(client: stripe.StripeClient) -> stripe.Price:
    return price(client, "Mini", 900)


def price(client: stripe.StripeClient, name: str, amount: int) -> stripe.Price:
    return client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": amount,
            "recurring": {"interval": "month"},
            "product_data": {"name": name},
        }
    )


def configuration(
    client: stripe.StripeClient, *prices: stripe.Price, **more: Any
) -> stripe.billing_portal.Configuration:
    update: Any = {
        "enabled": True,
        "default_allowed_updates": ["price"],
        "products": [{"product": str(each.product), "prices": [each.id]} for each in prices],
        "proration_behavior": "always_invoice",
        "schedule_at_period_end": {"conditions": [{"type": "decreasing_item_amount"}]},
    }
    features: Any = {
        "subscription_cancel": {
            "enabled": True,
            "cancellation_reason": {"enabled": True, "options": ["too_expensive", "unused"]},
        },
        "payment_method_update": {"enabled": True},
    }
    if prices:
        features["subscription_update"] = update
    return client.v1.billing_portal.configurations.create({"features": features | more})


def portal(
    shop: Shop, flow: Any = None, chosen: stripe.billing_portal.Configuration | None = None
) -> stripe.billing_portal.Session:
    params: Any = {"customer": shop.customer.id, "return_url": ACCOUNT_URL}
    if flow:
        params["flow_data"] = flow
    if chosen:
        params["configuration"] = chosen.id
    return shop.client.v1.billing_portal.sessions.create(params)


def follow(url: str) -> Answer:
    """Open a deep link, and the page that it leads to."""
    answer = visit(url)
    base = url.split("/p/session")[0]
    return open_page(base + answer.location) if answer.status == 303 else open_page(url)


def test_a_configuration_is_kept_changed_and_listed(client: stripe.StripeClient) -> None:
    made = configuration(client)

    changed = client.v1.billing_portal.configurations.update(
        made.id, {"features": {"invoice_history": {"enabled": True}}, "name": "For teams"}
    )
    listed = client.v1.billing_portal.configurations.list({"active": True})

    assert (made.is_default, made.features.invoice_history.enabled) == (False, False)
    assert changed.features.invoice_history.enabled is True
    assert changed.features.subscription_cancel.enabled is True
    assert [each.id for each in listed.data] == [made.id]


def test_without_a_configuration_the_default_is_used(
    client: stripe.StripeClient, shop: Shop
) -> None:
    first, second = portal(shop), portal(shop)

    default = client.v1.billing_portal.configurations.retrieve(str(first.configuration))
    assert first.configuration == second.configuration
    assert default.is_default is True


def test_the_cancel_link_asks_why_and_sets_a_date(client: stripe.StripeClient, shop: Shop) -> None:
    subscription = shop.subscribe()
    flow = {
        "type": "subscription_cancel",
        "subscription_cancel": {"subscription": subscription.id},
        "after_completion": {"type": "redirect", "redirect": {"return_url": ACCOUNT_URL}},
    }

    page = follow(portal(shop, flow, configuration(client)).url)
    answer = press(page, "Cancel Pro", feedback="too_expensive")

    ending = client.v1.subscriptions.retrieve(subscription.id)
    assert page.h1 == "Cancel Pro"
    assert answer.location == ACCOUNT_URL
    assert ending.cancel_at == subscription.items.data[0].current_period_end
    assert ending.cancel_at_period_end is False
    assert ending.cancellation_details is not None
    assert ending.cancellation_details.feedback == "too_expensive"


def test_a_configuration_can_cancel_at_once(client: stripe.StripeClient, shop: Shop) -> None:
    subscription = shop.subscribe()
    at_once = configuration(client, subscription_cancel={"enabled": True, "mode": "immediately"})

    press(open_page(portal(shop, chosen=at_once).url), "Cancel Pro now")

    assert client.v1.subscriptions.retrieve(subscription.id).status == "canceled"


def test_the_card_link_shows_only_the_card(client: stripe.StripeClient, shop: Shop) -> None:
    shop.subscribe()
    confirmation = {"custom_message": "Thank you, Mara."}
    flow = {
        "type": "payment_method_update",
        "after_completion": {
            "type": "hosted_confirmation",
            "hosted_confirmation": confirmation,
        },
    }

    page = open_page(portal(shop, flow).url)
    answer = press(page, "Use this card", card="4000000000000341")

    assert (page.h1, "Invoices" in page.text) == ("Change your card", False)
    assert "Thank you, Mara." in follow(page.url.split("/p/")[0] + answer.location).text


def test_the_plan_link_charges_an_upgrade_now(
    client: stripe.StripeClient, shop: Shop, bigger: stripe.Price
) -> None:
    subscription = shop.subscribe()
    flow = {
        "type": "subscription_update",
        "subscription_update": {"subscription": subscription.id},
    }

    page = follow(portal(shop, flow, configuration(client, shop.plan, bigger)).url)
    confirm = visit_form(page, "Continue")
    press(confirm, "Confirm")

    changed = client.v1.subscriptions.retrieve(subscription.id, {"expand": ["latest_invoice"]})
    assert "Max" in page.text
    assert "Due today $50.00" in confirm.text
    assert changed.items.data[0].price.id == bigger.id
    assert isinstance(changed.latest_invoice, stripe.Invoice)
    assert (changed.latest_invoice.billing_reason, changed.latest_invoice.amount_paid) == (
        "subscription_update",
        5000,
    )


def test_a_downgrade_waits_for_the_period_end(
    client: stripe.StripeClient, shop: Shop, smaller: stripe.Price
) -> None:
    subscription = shop.subscribe()
    item = subscription.items.data[0]
    flow = {
        "type": "subscription_update_confirm",
        "subscription_update_confirm": {
            "subscription": subscription.id,
            "items": [{"id": item.id, "price": smaller.id}],
        },
    }

    page = follow(portal(shop, flow, configuration(client, shop.plan, smaller)).url)
    press(page, "Confirm")

    changed = client.v1.subscriptions.retrieve(subscription.id, {"expand": ["schedule"]})
    assert "Due today $0.00" in page.text
    assert changed.items.data[0].price.id == shop.plan.id
    assert isinstance(changed.schedule, stripe.SubscriptionSchedule)
    assert changed.schedule.phases[1].items[0].price == smaller.id


def test_a_declined_upgrade_changes_nothing(
    client: stripe.StripeClient, shop: Shop, bigger: stripe.Price
) -> None:
    subscription = shop.subscribe()
    item = subscription.items.data[0]
    failing = client.v1.payment_methods.attach(
        "pm_card_chargeCustomerFail", {"customer": shop.customer.id}
    )
    client.v1.subscriptions.update(subscription.id, {"default_payment_method": failing.id})
    flow = {
        "type": "subscription_update_confirm",
        "subscription_update_confirm": {
            "subscription": subscription.id,
            "items": [{"id": item.id, "price": bigger.id}],
        },
    }

    page = press(
        follow(portal(shop, flow, configuration(client, shop.plan, bigger)).url), "Confirm"
    )

    assert (page.status, "Your card was declined." in page.text) == (422, True)
    assert client.v1.subscriptions.retrieve(subscription.id).items.data[0].price.id == shop.plan.id


def test_the_customer_changes_the_billing_details(client: stripe.StripeClient, shop: Shop) -> None:
    press(open_page(portal(shop).url), "Save the details", name="Mara L.", email="m@shop.test")

    customer = client.v1.customers.retrieve(shop.customer.id)
    assert (customer.name, customer.email) == ("Mara L.", "m@shop.test")


def test_the_page_keeps_to_the_configuration(client: stripe.StripeClient, shop: Shop) -> None:
    subscription = shop.subscribe()
    closed = client.v1.billing_portal.configurations.create(
        {"features": {"invoice_history": {"enabled": True}}}
    )
    session = portal(shop, chosen=closed)

    page = open_page(session.url)
    forced = visit(f"{session.url}/subscriptions/{subscription.id}", data={"action": "cancel"})

    assert "Use this card" not in page.text
    assert "Cancel Pro" not in page.text
    assert forced.status == 403
    assert client.v1.subscriptions.retrieve(subscription.id).cancel_at is None


@pytest.mark.parametrize(
    ("flow", "words"),
    [
        ({"type": "subscription_cancel"}, "Missing required param"),
        ({"type": "subscription_update", "subscription_update": {"subscription": "sub_1"}}, "off"),
        (
            {"type": "subscription_cancel", "subscription_cancel": {"subscription": "sub_1"}},
            "No such subscription",
        ),
        ({"type": "subscription_pause"}, "does not serve"),
    ],
)
def test_a_link_that_cannot_be_is_refused(
    flow: Any, words: str, client: stripe.StripeClient, shop: Shop
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=words.replace("off", "disabled")):
        portal(shop, flow, configuration(client))


def test_a_subscription_that_ends_has_no_cancel_link(
    client: stripe.StripeClient, shop: Shop
) -> None:
    subscription = shop.subscribe()
    client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    flow = {
        "type": "subscription_cancel",
        "subscription_cancel": {"subscription": subscription.id},
    }

    with pytest.raises(stripe.InvalidRequestError, match="set to end"):
        portal(shop, flow)


def test_portal_objects_have_the_shape_of_the_librarys_classes(
    client: stripe.StripeClient, shop: Shop, control: SandboxControl, smaller: stripe.Price
) -> None:
    subscription = shop.subscribe()
    item = {"id": subscription.items.data[0].id, "price": smaller.id}
    chosen = configuration(client, shop.plan, smaller)
    flows: Any = [
        None,
        {"type": "payment_method_update"},
        {"type": "subscription_cancel", "subscription_cancel": {"subscription": subscription.id}},
        {"type": "subscription_update", "subscription_update": {"subscription": subscription.id}},
        {
            "type": "subscription_update_confirm",
            "subscription_update_confirm": {"subscription": subscription.id, "items": [item]},
        },
    ]
    shapes = Shapes()

    answers: list[Any] = [portal(shop, flow, chosen) for flow in flows]
    answers.append(client.v1.billing_portal.configurations.list())

    found = [each.to_dict(for_json=True) for each in answers]
    events = [
        {name: value for name, value in event.items() if name != "deliveries"}
        for event in control.events()
    ]
    assert [p for each in found + events for p in shapes.problems(each)] == []


def visit_form(page: Answer, button: str) -> Answer:
    """Press a button of a form that only asks (GET)."""
    form = next(f for f in page.root.iter("form") if f.get("method") == "get")
    chosen = [
        element
        for element in form.iter("input")
        if element.get("type") == "radio" and element.get("checked") is not None
    ]
    assert button in page.text
    base = page.url.split("/p/session")[0]
    return open_page(f"{base}{form.get('action')}?price_id={chosen[0].get('value')}")

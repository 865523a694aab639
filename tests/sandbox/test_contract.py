"""The sandbox against the installed stripe library: its parameters, its objects, its events."""

import ast
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import stripe

from scripts import generate_sandbox_contract as generator
from tests.sandbox.clock_runner import ClockRunner
from tests.sandbox.shapes import Shapes
from tests.sandbox.shop import Shop
from tests.sandbox_process import SandboxControl

RUNTIME = Path(generator.ROOT / "billing" / "sandbox")


@pytest.fixture(scope="module")
def shapes() -> Shapes:
    return Shapes()


def test_the_contract_file_is_what_the_library_says() -> None:
    written = generator.CONTRACT.read_text(encoding="utf-8")

    assert generator.generate() == written


def test_the_sandbox_never_imports_the_library() -> None:
    imported = {
        name
        for path in RUNTIME.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
        )
    }

    assert [name for name in imported if name.split(".")[0] == "stripe"] == []
    # Its entry point reads the app's settings and logs as the app does.
    ours = {name for name in imported if name.startswith("billing") and ".sandbox" not in name}
    assert ours <= {"billing", "billing.observability"}


def make_everything(shop: Shop) -> None:
    """One of each thing that the sandbox can make, by every road."""
    client = shop.client
    shop.subscribe()
    shop.subscribe(subscription_data={"trial_period_days": 7, "metadata": {"a": "b"}})
    bought = shop.pay(shop.open_package(invoice_creation={"enabled": True}))
    shop.control.complete_checkout(shop.open_package().id, card="9995")
    asked = shop.open_package()
    shop.control.complete_checkout(asked.id, card="3220")
    shop.control.complete_checkout(asked.id, card="3220", authenticate=False)
    late = shop.open_subscription()
    shop.pay(late, card="000123456789")
    shop.control.fail_checkout(late.id)
    settled = shop.open_package()
    shop.pay(settled, card="000123456789")
    shop.control.settle_checkout(settled.id)
    client.v1.checkout.sessions.expire(shop.open_package().id)
    client.v1.refunds.create({"payment_intent": str(bought.payment_intent), "amount": 500})
    client.v1.customers.update(shop.customer.id, {"metadata": {"seen": "yes"}})
    client.v1.products.update(str(shop.plan.product), {"description": "For teams"})
    client.v1.prices.update(shop.plan.id, {"nickname": "monthly"})
    subscription = client.v1.subscriptions.list({"customer": shop.customer.id}).data[0]
    client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    client.v1.subscriptions.cancel(subscription.id)


def test_every_event_has_the_shape_of_the_librarys_classes(shop: Shop, shapes: Shapes) -> None:
    make_everything(shop)

    events = [
        {name: value for name, value in event.items() if name != "deliveries"}
        for event in shop.control.events()
    ]
    problems = {f"{event['type']}: {p}" for event in events for p in shapes.problems(event)}

    assert len({event["type"] for event in events}) > 30
    assert problems == set()


def test_everything_that_time_brings_has_the_shape_too(
    client: stripe.StripeClient, shapes: Shapes
) -> None:
    runner = ClockRunner(client, "2027-01-31T10:00")
    subscription = live_through_everything(runner)

    preview = client.v1.invoices.create_preview({"subscription": subscription.id})
    answers: list[stripe.StripeObject] = [
        preview,
        runner.read(subscription),
        client.v1.test_helpers.test_clocks.list(),
        client.v1.subscription_schedules.list(),
        client.v1.customers.balance_transactions.list(runner.customer_id),
        client.v1.invoices.list({"limit": 100}),
        client.v1.invoices.line_items.list(str(runner.invoices(subscription)[-1].id)),
        *client.v1.events.list({"limit": 100}).auto_paging_iter(),
    ]
    bodies = [answer.to_dict(for_json=True) for answer in answers]

    assert [problem for body in bodies for problem in shapes.problems(body)] == []


def live_through_everything(runner: ClockRunner) -> stripe.Subscription:
    """Trial, renewal, failures, the bank, changes both ways, a schedule, a pause."""
    client, pro, team = runner.client, runner.price("Pro", 4900), runner.price("Team", 9900)
    subscription = runner.subscribe(pro, trial_period_days=7)
    runner.advance("2027-02-07T12:00")
    for price, moment in ((team, "2027-02-14T10:00"), (pro, "2027-02-20T10:00")):
        runner.advance(moment)
        item_id = subscription.items.data[0].id
        client.v1.subscriptions.update(
            subscription.id,
            {"items": [{"id": item_id, "price": price}], "proration_behavior": "always_invoice"},
        )
    schedules = client.v1.subscription_schedules
    schedules.release(schedules.create({"from_subscription": subscription.id}).id)
    client.v1.subscriptions.pause(subscription.id)
    client.v1.subscriptions.resume(subscription.id)
    for card in ("pm_card_chargeCustomerFail", "pm_card_threeDSecure2Required"):
        runner.use_card(card)
        item_id = subscription.items.data[0].id
        client.v1.subscriptions.update(
            subscription.id,
            {
                "items": [{"id": item_id, "price": team}],
                "proration_behavior": "always_invoice",
                "payment_behavior": "pending_if_incomplete",
            },
        )
    runner.advance("2027-03-20T12:00")
    runner.advance("2027-03-25T12:00")
    schedules.create({"from_subscription": subscription.id})
    return subscription


LISTS: dict[str, Callable[[stripe.StripeClient], Any]] = {
    "charges": lambda c: c.v1.charges.list({"expand": ["data.refunds", "data.payment_intent"]}),
    "checkout sessions": lambda c: c.v1.checkout.sessions.list(
        {"expand": ["data.line_items", "data.subscription"]}
    ),
    "customers": lambda c: c.v1.customers.list({"expand": ["data.subscriptions"]}),
    "events": lambda c: c.v1.events.list({"limit": 100}),
    "invoice payments": lambda c: c.v1.invoice_payments.list(),
    "invoices": lambda c: c.v1.invoices.list({"expand": ["data.payments", "data.customer"]}),
    "payment intents": lambda c: c.v1.payment_intents.list({"expand": ["data.latest_charge"]}),
    "payment methods": lambda c: c.v1.payment_methods.list(),
    "prices": lambda c: c.v1.prices.list({"expand": ["data.product"]}),
    "products": lambda c: c.v1.products.list(),
    "refunds": lambda c: c.v1.refunds.list({"expand": ["data.charge"]}),
    "setup intents": lambda c: c.v1.setup_intents.list(),
    "subscriptions": lambda c: c.v1.subscriptions.list(
        {"status": "all", "expand": ["data.latest_invoice", "data.default_payment_method"]}
    ),
}


def test_every_answer_has_the_shape_of_the_librarys_classes(shop: Shop, shapes: Shapes) -> None:
    make_everything(shop)

    lists = {name: read(shop.client).to_dict(for_json=True) for name, read in LISTS.items()}
    problems = {f"{name}: {p}" for name, found in lists.items() for p in shapes.problems(found)}

    assert [name for name, found in lists.items() if not found["data"]] == []
    assert problems == set()


def test_single_objects_have_the_shape_too(
    client: stripe.StripeClient, shop: Shop, shapes: Shapes
) -> None:
    portal = client.v1.billing_portal.sessions.create({"customer": shop.customer.id})
    endpoint = client.v1.webhook_endpoints.create(
        {"url": "http://127.0.0.1:1/", "enabled_events": ["invoice.paid"]}
    )
    account = client.v1.accounts.retrieve_current()

    answers = [answer.to_dict(for_json=True) for answer in (portal, endpoint, account)]
    assert [problem for answer in answers for problem in shapes.problems(answer)] == []


def test_the_version_of_the_call_is_echoed(control: SandboxControl) -> None:
    request = urllib.request.Request(f"{control.base_url}/v1/account")
    request.add_header("Authorization", f"Bearer {control.api_key}")
    with urllib.request.urlopen(request) as response:
        headers = response.headers

    assert headers["Stripe-Version"] == "2026-10-28.endive"
    assert headers["Request-Id"].startswith("req_")


@pytest.mark.parametrize(
    ("field", "value"),
    [("payment_status", None), ("mode", "subscribe"), ("created", "now"), ("invented", 1)],
)
def test_a_wrong_shape_would_be_seen(field: str, value: object, shop: Shop, shapes: Shapes) -> None:
    body = shop.open_package().to_dict(for_json=True)
    assert shapes.problems(body) == []

    body[field] = value

    assert len(shapes.problems(body)) == 1

"""Each code of the table in `docs/api.md` is what some call really gets."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from billing import clock, create_app
from billing.database import transaction
from billing.models import IdempotencyKey, User
from billing.services import api_keys
from tests.api.conftest import ApiClient, Reply, problem_of
from tests.architecture.source import ROOT
from tests.settings import make_settings
from tests.shop import Shop, session_id_of

ROW = re.compile(r"^\| [\d, ]+ \| (`[^|]+) \|", re.MULTILINE)
SCALE = {"user": "u-1", "tier": "scale", "interval": "month"}
WAIT_SECONDS = 10

pytestmark = pytest.mark.one_database


def _documented() -> set[str]:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    return {code for row in ROW.findall(text) for code in re.findall(r"`([a-z_]+)`", row)}


@pytest.fixture
def product(shop: Shop, app: Flask) -> ApiClient:
    """The host, with a user `u-1` on Free, `u-2` on Pro, and `u-3` who is out."""
    host = ApiClient(app.test_client(), api_keys.create(name="host", actor="test"))
    for name in ("u-1", "u-2", "u-3"):
        host.post("/users", {"external_id": name, "email": f"{name}@example.test"})
    bought = host.post("/subscription/checkout", {"user": "u-2", "tier": "pro"})
    shop.pay(session_id_of(bought.json["url"]))
    for event in shop.events("checkout.session.completed"):
        shop.deliver(event)
    with transaction() as session:
        out = session.scalars(select(User).where(User.external_id == "u-3")).one()
        out.disabled_at = clock.now()
    return host


def _user(external_id: str) -> User:
    with transaction() as session:
        return session.scalars(select(User).where(User.external_id == external_id)).one()


def _charge(shop: Shop, card: str) -> None:
    """Have changes of the plan of `u-2` charged to this card."""
    stripe, user = shop.dashboard.v1, _user("u-2")
    attached = stripe.payment_methods.attach(card, {"customer": user.stripe_customer_id or ""})
    stripe.subscriptions.update(
        user.subscription.stripe_subscription_id or "", {"default_payment_method": attached.id}
    )


def _asked(product: ApiClient) -> Iterator[Reply]:
    """Ask for what is refused for its own sake."""
    record: Callable[..., Reply] = lambda **body: product.post("/ai-requests", body)  # noqa: E731
    yield ApiClient(product.client, "").get("/usage")
    yield record(user="u-1", feature="ai_chat", quantity=100)
    yield record(user="u-1", feature="ai_mentor")
    yield record(user="u-1", feature="ai_nothing")
    yield record(user="u-1", feature="ai_chat", quantity=0)
    yield record(user="u-3", feature="ai_chat")
    yield record(user="nobody", feature="ai_chat")
    yield product.post("/subscription/checkout", {"user": "u-1", "tier": "gold"})
    yield product.post("/subscription/checkout", {"user": "u-1", "tier": "free"})
    yield product.post("/subscription/checkout", {**SCALE, "user": "u-2"})
    yield product.post("/subscription/change", {"user": "u-2", "tier": "pro"})
    yield product.post("/subscription/cancel", {"user": "u-1"})
    yield product.post("/tokens/checkout", {"user": "u-1", "package": "gold"})
    yield product.post("/holds/hold_999/release")
    yield product.post("/users", {"external_id": "u-9", "email": "u-1@example.test"})


def _sent_badly(product: ApiClient) -> Iterator[Reply]:
    """Send what HTTP itself has a refusal for."""
    key = {"Authorization": f"Bearer {product.key}"}
    yield product.post_raw("/usage", "{}", key)
    yield product.post_raw("/ai-requests", "{}", {**key, "Content-Type": "text/plain"})
    yield product.post_raw("/ai-requests", "{}", {**key, "Transfer-Encoding": "chunked"})
    yield product.post_raw("/ai-requests", " " * 300_000, key)


def _by_another_key(product: ApiClient) -> Iterator[Reply]:
    """Ask with keys that may not."""
    reader = api_keys.create(actor="test", scopes=["read"])
    own = api_keys.create(actor="test", user=_user("u-1"))
    yield ApiClient(product.client, reader).post("/ai-requests", {})
    yield ApiClient(product.client, own).post("/users/u-1/portal-link")


def _again(product: ApiClient) -> Iterator[Reply]:
    """Send what was sent before, or is being worked on."""
    held = product.post("/holds", {"user": "u-1", "feature": "ai_chat"}).json["id"]
    product.post(f"/holds/{held}/release", key="k")
    yield product.post(f"/holds/{held}/release")
    yield product.post(f"/holds/{held}/settle", {"quantity": 1}, key="k")
    with transaction() as session:
        row = session.scalars(select(IdempotencyKey).where(IdempotencyKey.key == "k")).one()
        row.status = row.body = None
        row.claimed_until = clock.now() + timedelta(minutes=1)
    yield product.post(f"/holds/{held}/release", key="k")


def _at_stripe(product: ApiClient, shop: Shop) -> Iterator[Reply]:
    """Buy while Stripe fails, and with cards that the bank does not charge."""
    for fault in (500, "reset"):
        shop.control.fail_next("", fault, times=100)
        yield product.post("/tokens/checkout", {"user": "u-1", "package": "tokens-500"})
        shop.control.heal()
    # To another price each: the same change in the same second is the same call to Stripe.
    for card, interval in (
        ("pm_card_chargeCustomerFail", "month"),
        ("pm_card_authenticationRequired", "year"),
    ):
        _charge(shop, card)
        change = {"user": "u-2", "tier": "scale", "interval": interval}
        yield product.post("/subscription/change", change)


def _while_the_amount_moves(product: ApiClient, shop: Shop) -> Reply:
    """Change the plan; between the look at the amount and the payment a credit comes in."""
    for seconds in (0.01, 1):
        shop.control.fail_next("/v1/invoices/create_preview", "slow", seconds=seconds)
    customer = _user("u-2").stripe_customer_id or ""
    with ThreadPoolExecutor(1) as pool:
        changing = pool.submit(product.post, "/subscription/change", {**SCALE, "user": "u-2"})
        while any(each["kind"] == "slow" for each in _faults(shop)):
            assert not changing.done()
        shop.dashboard.v1.customers.update(customer, {"balance": -500})
        return changing.result(WAIT_SECONDS)


def _faults(shop: Shop) -> list[dict[str, object]]:
    """Return what still waits to fail: the answer to adding one more, for a call nobody makes."""
    waiting: list[dict[str, object]] = shop.control.fail_next("/v1/nobody", 500)["waiting"]
    return waiting


def _too_often(product: ApiClient) -> Reply:
    settings = product.client.application.extensions["billing_settings"]
    product.client.application.extensions["billing_settings"] = settings.model_copy(
        update={"api_service_rate_limit": 1}
    )
    return product.get("/features", user="u-1")


def _without_a_database() -> Reply:
    app = create_app(make_settings(database_url="postgresql://nobody@127.0.0.1:1/none"))
    with app.app_context():
        return ApiClient(app.test_client(), f"bk_{'a' * 8}_{'A' * 43}").get("/usage")


def test_each_code_of_the_table_is_reached(product: ApiClient, shop: Shop) -> None:
    replies = [
        *_asked(product),
        *_sent_badly(product),
        *_by_another_key(product),
        *_again(product),
        _while_the_amount_moves(product, shop),
        *_at_stripe(product, shop),
        _too_often(product),
        _without_a_database(),
    ]

    problems = [problem_of(reply) for reply in replies]
    reached = [problem["code"] for problem in problems]
    assert len(reached) == len(set(reached)), json.dumps(reached)
    assert _documented() - {"no_catalog"} == set(reached)


def test_without_a_catalog_nobody_is_provisioned(app: Flask) -> None:
    host = ApiClient(app.test_client(), api_keys.create(name="host", actor="test"))

    refused = host.post("/users", {"external_id": "u-1", "email": "una@example.test"})

    assert (refused.status_code, problem_of(refused)["code"]) == (503, "no_catalog")

"""The subscription over HTTP: buying, changing, ending, and each way to be refused."""

from __future__ import annotations

import pytest
from flask import Flask

from billing.services import api_keys
from tests.api.conftest import ApiClient, problem_of
from tests.shop import Shop, session_id_of

pytestmark = pytest.mark.one_database

PRO = {"tier": "pro", "interval": "month"}


@pytest.fixture
def buyer(shop: Shop, app: Flask) -> ApiClient:
    """A user with a key of their own, at a shop that sells."""
    return ApiClient(app.test_client(), api_keys.create(user=shop.user(), actor="test"))


@pytest.fixture
def subscriber(shop: Shop, buyer: ApiClient) -> ApiClient:
    """A user on Pro, by the month."""
    answer = buyer.post("/subscription/checkout", PRO)
    assert answer.status_code == 201
    _pay(shop, answer.json["url"])
    return buyer


def _pay(shop: Shop, url: str) -> None:
    shop.pay(session_id_of(url))
    for event in shop.events("checkout.session.completed"):
        shop.deliver(event)


def test_checkout_leads_to_the_tier(subscriber: ApiClient) -> None:
    found = subscriber.get("/subscription").json

    assert (found["tier"], found["tier_name"], found["status"]) == ("pro", "Pro", "active")
    assert found["interval"] == "month"
    assert found["current_period_end"] > found["current_period_start"]
    assert found["cancel_at_period_end"] is False
    assert found["scheduled_change"] is None
    assert subscriber.get("/features/ai_mentor").json["allowed"] is True


def test_checkout_of_tokens_leads_to_tokens(shop: Shop, buyer: ApiClient) -> None:
    answer = buyer.post("/tokens/checkout", {"package": "tokens-500"})
    _pay(shop, answer.json["url"])

    assert buyer.get("/tokens/balance").json["balance"] == 500
    assert buyer.get("/tokens/transactions").json["data"][0]["delta"] == 500


def test_same_key_gets_the_same_payment_page(shop: Shop, buyer: ApiClient) -> None:
    first = buyer.post("/tokens/checkout", {"package": "tokens-500"}, key="k")
    again = buyer.post("/tokens/checkout", {"package": "tokens-500"}, key="k")

    assert first.json == again.json
    assert len(shop.sessions()) == 1


def test_payment_page_leads_back_to_the_host(shop: Shop, buyer: ApiClient) -> None:
    package = {"package": "tokens-500"}
    pages = {
        "success_url": "https://product.example/thanks?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://product.example/plans",
    }
    ours = buyer.post("/tokens/checkout", package)
    theirs = buyer.post("/tokens/checkout", {**package, **pages})
    again = buyer.post("/tokens/checkout", {**package, **pages})

    newest, first = shop.sessions()
    assert {name: newest[name] for name in pages} == pages
    assert (newest["status"], first["status"]) == ("open", "expired")
    assert again.json == theirs.json != ours.json


def test_addresses_that_lead_nowhere_are_refused(buyer: ApiClient) -> None:
    for address in (
        "product.example",
        "javascript:alert(1)",
        "http://",
        "https://a b",
        "https://[",
    ):
        answer = buyer.post("/tokens/checkout", {"package": "tokens-500", "success_url": address})
        assert (answer.status_code, list(problem_of(answer)["errors"])) == (422, ["success_url"])


def test_upgrade_happens_at_once(subscriber: ApiClient) -> None:
    answer = subscriber.post("/subscription/change", {"tier": "scale", "interval": "month"})

    assert answer.status_code == 200
    assert answer.json["tier"] == "scale"
    assert subscriber.get("/usage").json["quota"]["limit"] is None


def test_downgrade_waits_for_the_end_of_the_period(subscriber: ApiClient) -> None:
    answer = subscriber.post("/subscription/change", {"tier": "starter", "interval": "month"})

    assert answer.json["tier"] == "pro"
    assert answer.json["scheduled_change"]["tier"] == "starter"
    assert answer.json["scheduled_change"]["at"] == answer.json["current_period_end"]


def test_cancelling_can_be_undone(subscriber: ApiClient) -> None:
    cancelled = subscriber.post("/subscription/cancel").json
    resumed = subscriber.post("/subscription/resume").json

    assert (cancelled["tier"], cancelled["cancel_at_period_end"]) == ("pro", True)
    assert cancelled["ends_at"] == cancelled["current_period_end"]
    assert (resumed["tier"], resumed["ends_at"]) == ("pro", None)


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/subscription/checkout", {"tier": "gold"}, 404, "tier_not_found"),
        ("/subscription/checkout", {"tier": "free"}, 409, "tier_not_for_sale"),
        ("/subscription/change", {"tier": "pro"}, 409, "no_subscription"),
        ("/subscription/cancel", {}, 409, "no_subscription"),
        ("/subscription/resume", {}, 409, "no_subscription"),
        ("/tokens/checkout", {"package": "gold"}, 404, "package_not_found"),
        ("/subscription/checkout", {"tier": "pro", "interval": "week"}, 422, "invalid_input"),
        ("/subscription/checkout", {"tier": "pro", "price": 1}, 422, "invalid_input"),
        ("/subscription/checkout", {}, 422, "invalid_input"),
    ],
)
def test_person_on_free_is_refused(
    buyer: ApiClient, path: str, body: dict[str, str], status: int, code: str
) -> None:
    answer = buyer.post(path, body)

    assert (answer.status_code, problem_of(answer)["code"]) == (status, code)


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/subscription/checkout", {"tier": "scale"}, "already_subscribed"),
        ("/subscription/change", PRO, "nothing_to_change"),
        ("/subscription/change", {"tier": "free"}, "tier_not_for_sale"),
    ],
)
def test_subscriber_is_refused(
    subscriber: ApiClient, path: str, body: dict[str, str], code: str
) -> None:
    answer = subscriber.post(path, body)

    assert (answer.status_code, problem_of(answer)["code"]) == (409, code)


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [(500, 502, "gateway_error"), ("reset", 503, "gateway_unavailable")],
)
def test_failing_stripe_can_be_tried_again(
    shop: Shop, buyer: ApiClient, fault: int | str, status: int, code: str
) -> None:
    shop.control.fail_next("", fault, times=100)

    answer = buyer.post("/tokens/checkout", {"package": "tokens-500"}, key="k")

    assert (answer.status_code, problem_of(answer)["code"]) == (status, code)
    shop.control.heal()
    assert buyer.post("/tokens/checkout", {"package": "tokens-500"}, key="k").status_code == 201

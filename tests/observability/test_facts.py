"""What operators and auditors look for is in the log: once, at its level, with who and which."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete

from billing import can_access_feature
from billing.database import transaction
from billing.errors import GatewayUnavailable
from billing.gateway import Gateway
from billing.models import User, UserTokenBalance
from billing.observability.logging import configure
from billing.services import api_keys, provisioning
from tests.factories import PASSWORD, account, demo_catalog
from tests.page import PageClient
from tests.shop import WEBHOOK_SECRET, post_event

pytestmark = pytest.mark.one_database

Entry = dict[str, Any]
Facts = Callable[[], dict[str, Entry]]


@pytest.fixture
def facts(app: Flask, capsys: pytest.CaptureFixture[str]) -> Iterator[Facts]:
    """Return the lines since the last call by their event; an event twice is a mistake."""
    configure(level="INFO", as_json=True)
    demo_catalog()
    capsys.readouterr()

    def _read() -> dict[str, Entry]:
        entries = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
        events = [entry["event"] for entry in entries if entry["event"] != "request.finished"]
        assert len(events) == len(set(events)), entries
        return {entry["event"]: entry for entry in entries}

    yield _read
    configure(level="INFO", as_json=False)


@pytest.fixture
def user(facts: Facts) -> User:
    user = account("ada@example.test")
    facts()
    return user


def seen(entry: Entry, *names: str) -> tuple[Any, ...]:
    return tuple(entry.get(name) for name in ("level", *names))


def test_a_refused_request_says_whose_and_why(app: Flask, user: User, facts: Facts) -> None:
    key = api_keys.create(user=user, actor="test")
    headers = {"Authorization": f"Bearer {key}"}
    facts()

    app.test_client().post("/api/v1/ai-requests", json={"feature": "ai_mentor"}, headers=headers)

    told = facts()
    assert seen(told["ai_request.refused"], "user_id", "code", "feature") == (
        *("info", user.id, "feature_not_in_tier", "ai_mentor"),
    )
    assert {entry["user_id"] for entry in told.values()} == {user.id}
    assert {entry["request_id"] for entry in told.values()} == {
        told["request.finished"]["request_id"]
    }


def test_what_is_not_in_the_catalog_is_a_warning(app: Flask, user: User, facts: Facts) -> None:
    key = api_keys.create(user=user, actor="test")
    headers = {"Authorization": f"Bearer {key}"}
    client = app.test_client()
    facts()

    client.post("/api/v1/subscription/checkout", json={"tier": "gold"}, headers=headers)
    no_tier = facts()
    client.post("/api/v1/tokens/checkout", json={"package": "sack"}, headers=headers)
    no_package = facts()
    can_access_feature(user, "time_travel")
    no_feature = facts()

    assert seen(no_tier["catalog.tier_not_found"], "slug", "user_id") == (
        *("warning", "gold", user.id),
    )
    assert seen(no_package["catalog.package_not_found"], "slug") == ("warning", "sack")
    assert seen(no_feature["feature.unknown"], "feature") == ("warning", "time_travel")


def test_a_balance_that_went_missing_is_a_warning(user: User, facts: Facts) -> None:
    with transaction() as session:
        session.execute(delete(UserTokenBalance))
    provisioning.ensure(user)

    assert seen(facts()["token_balance.healed"], "user_id") == ("warning", user.id)


def test_a_webhook_that_is_not_ours_or_fails_is_a_warning(
    app: Flask, user: User, facts: Facts
) -> None:
    invoice = {"id": "evt_1", "type": "invoice.paid", "data": {"object": {"id": "in_1"}}}
    app.config["PROPAGATE_EXCEPTIONS"] = False

    post_event(app, invoice, "whsec_of_somebody_else_0123456789")
    forged = facts()
    app.extensions["billing_settings"] = app.extensions["billing_settings"].model_copy(
        update={"configured_webhook_secrets": (WEBHOOK_SECRET,)}
    )
    post_event(app, invoice)
    failed = facts()

    assert seen(forged["webhook.rejected"]) == ("warning",)
    assert seen(failed["stripe.error"], "operation") == ("warning", "invoices.retrieve")
    assert seen(failed["webhook.not_applied"], "event_type") == ("warning", "invoice.paid")
    assert {entry["event_id"] for entry in failed.values()} == {"evt_1"}


def test_a_silent_stripe_is_a_warning_with_its_operation(facts: Facts) -> None:
    unreachable = Gateway("sk_test_of_nobody", api_base="http://127.0.0.1:1")

    with pytest.raises(GatewayUnavailable):
        unreachable.checkout.retrieve("cs_test_1")

    assert seen(facts()["stripe.error"], "operation", "kind") == (
        *("warning", "checkout.sessions.retrieve", "APIConnectionError"),
    )


def test_log_ins_leave_one_line_each(page: PageClient, user: User, facts: Facts) -> None:
    page.open("/login")
    page.press("Log in", email="ada@example.test", password="not-the-password", status=401)
    failed = facts()
    page.press("Log in", email="ada@example.test", password=PASSWORD)
    succeeded = facts()

    assert seen(failed["login.failed"], "user_id") == ("info", user.id)
    assert seen(succeeded["login.succeeded"], "user_id") == ("info", user.id)

"""/metrics: for its reader only, and what it says is what happened."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text, update

from billing import can_access_feature, clock, create_app
from billing.database import transaction
from billing.domain.ledger import LotSource
from billing.domain.statuses import EventState
from billing.errors import FeatureNotInTier, InsufficientTokens, StripeObjectNotFound
from billing.models import UserTokenBalance, WebhookEvent
from billing.services import feature_access, gauges, holds, metering, orders, verification
from billing.services import ledger as ledger_service
from billing.settings import InvalidSettings, Settings
from tests.factories import account, demo_catalog
from tests.ledger import Ledger
from tests.queries import recorded
from tests.settings import make_settings
from tests.shop import WEBHOOK_SECRET, Shop, post_event

TOKEN = "a-token-of-the-tests-for-metrics"
Read = Callable[..., float]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"metrics_token": TOKEN})


def scrape(app: Flask, accept: str = "text/plain") -> str:
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept": accept}
    response = app.test_client().get("/metrics", headers=headers)
    assert response.status_code == 200
    return response.text


@pytest.fixture
def read(app: Flask) -> Read:
    """Return one sample's value as a scrape gives it, 0 where there is none."""

    def _read(sample: str, **labels: str) -> float:
        lines = scrape(app).splitlines(keepends=True)
        asked = "".join(line for line in lines if line.startswith(f"billhook_{sample}"))
        found = [
            each.value
            for family in text_string_to_metric_families(asked)
            for each in family.samples
            if each.name == f"billhook_{sample}" and each.labels == labels
        ]
        return sum(found)

    return _read


@pytest.mark.one_database
@pytest.mark.parametrize("header", [None, "", "Bearer", f"Basic {TOKEN}", f"Bearer {TOKEN}x"])
def test_nobody_reads_metrics_without_the_token(client: FlaskClient, header: str | None) -> None:
    response = client.get("/metrics", headers={"Authorization": header} if header else {})

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert "billhook_" not in response.text


@pytest.mark.one_database
def test_without_a_token_there_are_no_metrics(database: str) -> None:
    app = create_app(make_settings(database_url=database))

    response = app.test_client().get("/metrics", headers={"Authorization": "Bearer "})

    assert response.status_code == 404


def test_a_short_token_is_refused() -> None:
    with pytest.raises(InvalidSettings, match="METRICS_TOKEN must have at least 24 characters"):
        make_settings(metrics_token="short")


@pytest.mark.one_database
def test_a_scraper_may_ask_for_openmetrics(app: Flask) -> None:
    assert scrape(app, "application/openmetrics-text; version=1.0.0").endswith("# EOF\n")


@pytest.mark.one_database
def test_decisions_are_counted_by_source_and_result(ledger: Ledger, read: Read) -> None:
    user = ledger.user(quota=2, tokens=2)
    samples = [
        ("quota", "recorded"),
        ("both", "recorded"),
        ("tokens", "recorded"),
        ("quota", "replayed"),
        ("nothing", "insufficient_tokens"),
        ("nothing", "feature_not_in_tier"),
    ]

    def decisions() -> list[float]:
        name = "ai_request_decisions_total"
        return [read(name, source=source, result=result) for source, result in samples]

    before = decisions()
    metering.record(user, "chat", idempotency_key="first")
    metering.record(user, "chat", idempotency_key="first")
    metering.record(user, "chat", 2)
    metering.record(user, "chat")
    with pytest.raises(InsufficientTokens):
        metering.record(user, "chat")
    with pytest.raises(FeatureNotInTier):
        metering.record(user, "images")

    assert [after - was for after, was in zip(decisions(), before, strict=True)] == [1] * 6


@pytest.mark.one_database
def test_checks_and_verbs_are_timed_by_outcome(ledger: Ledger, read: Read) -> None:
    user = ledger.user(quota=1)
    labels = {"operation": "metering.record", "outcome": "insufficient_tokens"}
    refused = read("service_operation_seconds_count", **labels)
    checked = read("feature_checks_total", result="refused")

    with pytest.raises(InsufficientTokens):
        metering.record(user, "chat", 2)
    can_access_feature(user, "images")
    feature_access.get_access(user, "images")

    assert read("service_operation_seconds_count", **labels) == refused + 1
    assert read("feature_checks_total", result="refused") == checked + 2


def test_the_database_is_read_as_it_stands(
    ledger: Ledger, read: Read, frozen_time: time_machine.Traveller
) -> None:
    user = ledger.user(tokens=10, quota=0)
    holds.hold(user, "mentor", ttl_seconds=60)
    with transaction() as session:
        session.add(
            WebhookEvent(
                stripe_event_id="evt_1",
                type="invoice.paid",
                payload="{}",
                state=EventState.FAILED,
                received_at=clock.now() - timedelta(seconds=90),
            )
        )

    assert read("database_up") == 1
    assert read("inbox_events", state="failed") == 1
    assert read("inbox_lag_seconds") == 90
    assert read("orders", state="paid") == 0
    assert (read("holds_open"), read("held_tokens")) == (1, 5)
    assert read("subscriptions", tier="tier1", status="active") == 1
    assert read("ledger_drift_tokens", check="ledger") == 0
    assert read("ledger_verified_timestamp_seconds") == 0


@pytest.mark.one_database
def test_books_that_differ_are_seen(app: Flask, read: Read) -> None:
    demo_catalog()
    for tokens in (3, -2):
        user = account()
        ledger_service.grant(
            user.id,
            10,
            source=LotSource.GRANT,
            reason="A gift",
            actor="test",
            idempotency_key="gift",
        )
        with transaction() as session:
            session.execute(
                update(UserTokenBalance)
                .where(UserTokenBalance.user_id == user.id)
                .values(balance=10 + tokens)
            )

    assert gauges.read_drift() == gauges.Drift(ledger=5, lots=5, holds=0)
    assert verification.verify_daily() == 4
    assert verification.verify_daily() == 0, "the books were verified twice in a day"
    assert read("ledger_breaches", check="sums") == 4
    assert read("ledger_breaches", check="quota") == 0
    assert clock.now().timestamp() - read("ledger_verified_timestamp_seconds") < 60


@pytest.mark.one_database
def test_a_second_scrape_leaves_the_database_alone(app: Flask) -> None:
    demo_catalog()
    scrape(app)

    with recorded() as statements:
        scrape(app)

    assert statements == []


@pytest.mark.one_database
def test_a_scrape_takes_few_statements(app: Flask) -> None:
    demo_catalog()

    with recorded() as statements:
        scrape(app)

    assert len([each for each in statements if not each.startswith("BEGIN")]) == 9, statements


@pytest.mark.one_database
def test_a_database_that_is_away_is_said(app: Flask, read: Read) -> None:
    with transaction() as session:
        session.execute(text("DROP TABLE holds"))

    assert read("database_up") == 0


def test_monthly_revenue_is_what_subscriptions_come_to(shop: Shop, read: Read) -> None:
    for name, interval in (("ada", "month"), ("ben", "year")):
        session_id = shop.choose_tier(shop.user(name), interval=interval)
        shop.pay(session_id)
        orders.fulfil(orders.read(session_id, gateway=shop.gateway))

    assert read("mrr_minor", currency="USD") == 4900 + 49000 // 12
    assert read("orders", state="paid") == 2


@pytest.mark.one_database
def test_stripe_calls_and_deliveries_are_counted_by_outcome(shop: Shop, read: Read) -> None:
    called = {"operation": "checkout.sessions.retrieve", "outcome": "stripe_object_not_found"}
    delivered = [{"outcome": outcome} for outcome in ("processed", "duplicate", "rejected")]
    before = [read("webhook_deliveries_total", **each) for each in delivered]
    called_before = read("stripe_call_seconds_count", **called)
    with pytest.raises(StripeObjectNotFound):
        shop.gateway.checkout.retrieve("cs_test_unknown")
    shop.pay(shop.choose_package(shop.user()))
    (paid,) = shop.events("checkout.session.completed")
    for secret in (WEBHOOK_SECRET, WEBHOOK_SECRET, "whsec_of_somebody_else"):
        post_event(shop.app, paid, secret)

    after = [read("webhook_deliveries_total", **each) for each in delivered]
    assert [now - was for now, was in zip(after, before, strict=True)] == [1, 1, 1]
    assert read("stripe_call_seconds_count", **called) == called_before + 1


@pytest.mark.one_database
def test_requests_are_counted_by_template_not_by_path(app: Flask, read: Read) -> None:
    labels = {"method": "GET", "route": "/reset-password/<token>", "status": "400"}
    before = read("http_request_seconds_count", **labels)

    app.test_client().get("/reset-password/s3cret")

    assert read("http_request_seconds_count", **labels) == before + 1
    assert "s3cret" not in scrape(app)


@pytest.mark.one_database
def test_strangers_make_up_no_series(app: Flask, read: Read) -> None:
    app.test_client().open("/made/up", method="BREW")

    assert read("http_request_seconds_count", method="other", route="unknown", status="404") >= 1
    assert "BREW" not in scrape(app)

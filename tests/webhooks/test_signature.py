"""Who may post a webhook: only what Stripe signed, just now, to the byte."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import stripe
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from billing.database import db
from billing.models import WebhookEvent
from tests.shop import WEBHOOK_SECRET

pytestmark = [pytest.mark.usefixtures("sandbox"), pytest.mark.one_database]

OTHER_SECRET = "whsec_of_another_endpoint_0123456789"


def event(**changes: Any) -> dict[str, Any]:
    known = {
        "id": "evt_1",
        "object": "event",
        "type": "product.created",
        "api_version": "2026-10-28.endive",
        "livemode": False,
        "data": {"object": {"id": "prod_1", "object": "product"}},
    }
    return known | changes


def sign(body: str, *, secret: str = WEBHOOK_SECRET, age_seconds: int = 0) -> str:
    signed_at = int(time.time()) - age_seconds
    return str(stripe.WebhookSignature.generate_signature_header(body, secret, signed_at))


def post(client: FlaskClient, body: str | bytes, signature: str | bytes | None) -> int:
    headers = {} if signature is None else {"Stripe-Signature": signature}
    return client.post("/webhooks/stripe", data=body, headers=headers).status_code


def kept() -> int:
    return db.session.scalar(select(func.count()).select_from(WebhookEvent)) or 0


def test_a_signed_event_is_kept(client: FlaskClient) -> None:
    body = json.dumps(event())

    assert post(client, body, sign(body)) == 200
    assert kept() == 1


def test_the_same_event_again_is_one_row(client: FlaskClient) -> None:
    body = json.dumps(event())

    assert [post(client, body, sign(body)) for _ in range(3)] == [200, 200, 200]
    assert kept() == 1


@pytest.mark.parametrize(
    "signature",
    [None, "", "garbage", "t=1", "v1=abc", "t=1,v1=\xe9", f"t={'9' * 5000},v1=00", "t=x,v1=00"],
)
def test_a_malformed_signature_is_refused_and_nothing_kept(
    client: FlaskClient, signature: str | None
) -> None:
    encoded = None if signature is None else signature.encode("latin-1")

    assert post(client, json.dumps(event()), encoded) == 400
    assert kept() == 0


def test_another_secret_is_refused(client: FlaskClient) -> None:
    body = json.dumps(event())

    assert post(client, body, sign(body, secret=OTHER_SECRET)) == 400
    assert kept() == 0


def test_one_more_space_in_the_body_is_refused(client: FlaskClient) -> None:
    body = json.dumps(event())

    assert post(client, body + " ", sign(body)) == 400


def test_a_signature_of_the_test_scheme_only_is_refused(client: FlaskClient) -> None:
    body = json.dumps(event())

    assert post(client, body, sign(body).replace("v1=", "v0=")) == 400


@pytest.mark.parametrize(
    ("age_seconds", "status"), [(-330, 400), (-270, 200), (270, 200), (330, 400)]
)
def test_a_signature_is_good_for_five_minutes_both_ways(
    client: FlaskClient, age_seconds: int, status: int
) -> None:
    body = json.dumps(event())

    assert post(client, body, sign(body, age_seconds=age_seconds)) == status


def test_both_secrets_count_while_one_is_rotated(app: Flask, client: FlaskClient) -> None:
    settings = app.extensions["billing_settings"]
    app.extensions["billing_settings"] = settings.model_copy(
        update={"configured_webhook_secrets": (OTHER_SECRET, WEBHOOK_SECRET)}
    )
    body = json.dumps(event())

    assert post(client, body, sign(body)) == 200
    assert post(client, body, sign(body, secret=OTHER_SECRET)) == 200


def test_one_good_signature_among_two_is_enough(client: FlaskClient) -> None:
    body = json.dumps(event())
    stamp, good = sign(body).split(",")

    assert post(client, body, f"{stamp},v1={'0' * 64},{good}") == 200


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "null",
        "{",
        "",
        "[" * 60_000,
        json.dumps({"id": "evt_1", "object": "v2.core.event", "type": "v1.x"}),
        json.dumps({"type": "product.created", "data": {"object": {}}}),
        json.dumps(event(id=7)),
        json.dumps(event(data=None)),
    ],
)
def test_a_signed_body_that_is_no_event_is_refused(client: FlaskClient, body: str) -> None:
    assert post(client, body, sign(body)) == 400
    assert kept() == 0


def test_a_body_that_is_not_utf_8_is_refused(client: FlaskClient) -> None:
    assert post(client, b"\xff\xfe", sign("x")) == 400


def test_a_body_over_the_limit_is_refused(client: FlaskClient) -> None:
    body = json.dumps(event(padding="x" * 300_000))

    assert post(client, body, sign(body)) == 413
    assert kept() == 0


def test_a_get_is_refused_with_the_way_to_do_it(client: FlaskClient) -> None:
    response = client.get("/webhooks/stripe")

    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]


def test_an_event_of_live_mode_changes_nothing_in_a_test_install(client: FlaskClient) -> None:
    body = json.dumps(event(type="customer.subscription.updated", livemode=True))

    assert post(client, body, sign(body)) == 200
    assert db.session.scalars(select(WebhookEvent)).one().state == "ignored"


def test_a_refusal_is_a_problem_document(client: FlaskClient) -> None:
    response = client.post("/webhooks/stripe", data=b"{}")

    assert response.mimetype == "application/problem+json"
    assert response.get_json()["code"] == "invalid_signature"

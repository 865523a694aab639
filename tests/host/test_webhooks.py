"""Webhooks to the host: signed, at least once, later each time, and from the same transaction."""

from __future__ import annotations

from datetime import timedelta

import pytest
import stripe
import time_machine
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import select

from billing import clock
from billing.database import db, transaction
from billing.domain.ledger import LotSource
from billing.models import HostWebhook, User
from billing.services import ledger
from billing.web import host_endpoint
from tests.host.listener import SECRET, Host
from tests.shop import Shop


def _grant(user: User, tokens: int = 100, key: str = "gift") -> int:
    receipt = ledger.grant(
        user.id,
        tokens,
        source=LotSource.GRANT,
        reason="A gift",
        actor="test",
        idempotency_key=key,
    )
    return receipt.lot_id


def _webhook() -> HostWebhook:
    db.session.rollback()
    return db.session.scalars(select(HostWebhook)).one()


def test_grant_and_clawback_are_told(user: User, host: Host) -> None:
    lot_id = _grant(user)
    ledger.clawback(
        user.id, 30, lot_id=lot_id, reason="Refund", actor="test", idempotency_key="refund"
    )

    assert host_endpoint.deliver_pending() == 2

    granted, clawed_back = host.events()
    assert (granted["type"], clawed_back["type"]) == ("tokens.granted", "tokens.clawed_back")
    assert granted["data"]["object"]["user"] == "u-1"
    assert granted["data"]["object"]["tokens"] == 100
    assert clawed_back["data"]["object"]["token_balance"] == 70


def test_signature_is_stripes(user: User, host: Host) -> None:
    _grant(user)
    host_endpoint.deliver_pending()

    body, signature = host.received[0]
    event = stripe.Webhook.construct_event(body, signature, SECRET)
    assert event.type == "tokens.granted"
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body + b" ", signature, SECRET)


def test_secret_can_be_rotated(app: Flask, user: User, host: Host) -> None:
    settings = app.extensions["billing_settings"]
    app.extensions["billing_settings"] = settings.model_copy(
        update={"host_webhook_secrets": ("whsec_a_newer_secret_of_the_host", SECRET)}
    )
    _grant(user)

    host_endpoint.deliver_pending()

    assert host.types() == ["tokens.granted"]


def test_change_that_is_undone_tells_nothing(user: User, host: Host) -> None:
    def _fail() -> None:
        with transaction():
            _grant(user)
            raise LookupError

    with pytest.raises(LookupError):
        _fail()

    assert host_endpoint.deliver_pending() == 0
    assert host.received == []


def test_repetition_tells_nothing_new(user: User, host: Host) -> None:
    _grant(user)
    _grant(user)

    assert host_endpoint.deliver_pending() == 1
    assert host_endpoint.deliver_pending() == 0


def test_host_that_fails_is_tried_again_later(
    user: User, host: Host, frozen_time: time_machine.Traveller
) -> None:
    host.status = 500
    _grant(user)

    assert host_endpoint.deliver_pending() == 0
    assert host_endpoint.deliver_pending() == 0
    frozen_time.shift(timedelta(minutes=1))
    host.status = 204
    assert host_endpoint.deliver_pending() == 1

    assert [event["id"] for event in host.events()] == [_webhook().event_id] * 2
    assert _webhook().attempts == 2
    assert _webhook().last_error is None


def test_redirect_is_not_followed(user: User, host: Host) -> None:
    host.status, host.headers = 302, {"Location": host.url}
    _grant(user)

    assert host_endpoint.deliver_pending() == 0
    assert len(host.received) == 1
    assert _webhook().last_error == "the host answered 302"


def test_private_network_is_refused_where_the_operator_says_so(
    app: Flask, user: User, host: Host
) -> None:
    settings = app.extensions["billing_settings"]
    app.extensions["billing_settings"] = settings.model_copy(
        update={"configured_host_webhook_private": False}
    )
    _grant(user)

    assert host_endpoint.deliver_pending() == 0
    assert host.received == []
    assert _webhook().last_error == "the host's address is in a private network"


def test_host_that_is_away_is_noted(app: Flask, user: User, host: Host) -> None:
    settings = app.extensions["billing_settings"]
    app.extensions["billing_settings"] = settings.model_copy(
        update={"host_webhook_url": "http://127.0.0.1:1/"}
    )
    _grant(user)

    assert host_endpoint.deliver_pending() == 0
    assert _webhook().last_error == "no connection: ConnectionRefusedError"


def test_after_three_days_nobody_tries(
    user: User, host: Host, frozen_time: time_machine.Traveller
) -> None:
    _grant(user)
    frozen_time.shift(timedelta(days=3, seconds=1))

    assert host_endpoint.deliver_pending() == 0
    assert host.received == []


def test_subscription_is_told(shop: Shop, host: Host) -> None:
    user = shop.user()
    shop.pay(shop.choose_tier(user))
    for event in shop.events():
        shop.deliver(event)

    host_endpoint.deliver_pending()

    changed = [event for event in host.events() if event["type"] == "subscription.changed"]
    assert changed[0]["data"]["object"]["tier"] == "pro"
    assert changed[0]["data"]["object"]["previous"]["tier"] == "free"


@pytest.mark.one_database
def test_unpaid_renewal_and_its_end_are_told(shop: Shop, host: Host) -> None:
    user = shop.user()
    shop.pay(shop.choose_tier(user))
    for event in shop.events():
        shop.deliver(event)
    subscription_id = user.subscription.stripe_subscription_id or ""
    end = user.subscription.current_period_end or clock.now()
    shop.control.fail_payments(subscription_id, "decline")
    shop.control.advance(to=int((end + timedelta(hours=2)).timestamp()))
    with time_machine.travel(end + timedelta(hours=2)):
        for event in shop.events("invoice.payment_failed"):
            shop.deliver(event)
        shop.dashboard.v1.subscriptions.cancel(subscription_id)
        for event in shop.events("customer.subscription.deleted"):
            shop.deliver(event)
        host_endpoint.deliver_pending()

    told = {event["type"]: event["data"]["object"] for event in host.events()}
    assert told["subscription.past_due"]["tier"] == "pro"
    assert told["subscription.past_due"]["grace_until"]
    assert told["subscription.ended"]["tier"] == "free"


def test_operator_lists_shows_and_replays(user: User, host: Host, cli: FlaskCliRunner) -> None:
    _grant(user)
    event_id = _webhook().event_id

    delivered = cli.invoke(args=["billing", "host-webhooks", "deliver"])
    listed = cli.invoke(args=["billing", "host-webhooks", "list"])
    shown = cli.invoke(args=["billing", "host-webhooks", "show", event_id])
    replayed = cli.invoke(args=["billing", "host-webhooks", "replay", event_id])
    unknown = cli.invoke(args=["billing", "host-webhooks", "replay", "evt_none"])

    assert delivered.stdout == "Delivered 1.\n"
    assert f"{event_id}  tokens.granted  delivered  attempts=1" in listed.stdout
    assert '"tokens":100' in shown.stdout
    assert replayed.exit_code == 0
    assert len(host.received) == 2
    assert unknown.exit_code == 1


def test_replay_that_fails_says_so(user: User, host: Host, cli: FlaskCliRunner) -> None:
    host.status = 503
    _grant(user)

    replayed = cli.invoke(args=["billing", "host-webhooks", "replay", _webhook().event_id])

    assert replayed.exit_code == 1
    assert "the host answered 503" in replayed.stdout


def test_nobody_listens_without_an_address(cli: FlaskCliRunner) -> None:
    answer = cli.invoke(args=["billing", "host-webhooks", "deliver"])

    assert answer.exit_code == 1
    assert "HOST_WEBHOOK_URL" in answer.output

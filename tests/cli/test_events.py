"""`flask billing events`: what Stripe sent, looked at and applied again."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import delete, select

from billing import clock
from billing.database import db, transaction
from billing.domain.statuses import EventState
from billing.models import AuditEntry, Order, WebhookEvent
from billing.services import inbox
from tests.shop import Shop


def test_events_of_a_checkout_are_listed_newest_first(shop: Shop, cli: FlaskCliRunner) -> None:
    shop.pay(shop.choose_tier(shop.user()))
    events = shop.events("checkout.session.completed", "invoice.paid")
    for event in events:
        shop.deliver(event)

    result = cli.invoke(args=["billing", "events", "list"])

    listed = [line.split()[2] for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert listed == [event["id"] for event in reversed(events)]


def test_the_list_can_be_narrowed(shop: Shop, cli: FlaskCliRunner) -> None:
    shop.pay(shop.choose_tier(shop.user()))
    shop.deliver(shop.events("checkout.session.completed")[0])

    failed = cli.invoke(args=["billing", "events", "list", "--state", "failed"])
    processed = cli.invoke(args=["billing", "events", "list", "--state", "processed"])

    assert failed.stdout == ""
    assert "checkout.session.completed  processed  attempts=1" in processed.stdout


def test_an_event_is_shown_with_its_payload(shop: Shop, cli: FlaskCliRunner) -> None:
    shop.pay(shop.choose_tier(shop.user()))
    event = shop.events("checkout.session.completed")[0]
    shop.deliver(event)

    result = cli.invoke(args=["billing", "events", "show", event["id"]])

    assert result.exit_code == 0
    assert f'"id": "{event["id"]}"' in result.stdout


def test_a_replayed_event_does_its_work(shop: Shop, cli: FlaskCliRunner) -> None:
    user = shop.user()
    shop.pay(shop.choose_tier(user))
    event = shop.events("checkout.session.completed")[0]
    shop.deliver(event)

    result = cli.invoke(args=["billing", "events", "replay", event["id"]])

    assert result.exit_code == 0
    assert "processed  attempts=2" in result.stdout
    assert user.subscription.tier.slug == "pro"


def test_an_unknown_event_is_an_error(cli: FlaskCliRunner) -> None:
    result = cli.invoke(args=["billing", "events", "show", "evt_none"])

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: No event evt_none")


def test_a_parked_event_can_be_ignored(shop: Shop, cli: FlaskCliRunner) -> None:
    user = shop.user()
    shop.pay(shop.choose_package(user))
    (event,) = shop.events("checkout.session.completed")
    with transaction() as session:
        session.execute(delete(Order))
    shop.deliver(event)

    args = ["billing", "events", "ignore", event["id"], "--reason", "A test of the shop"]
    result = cli.invoke(args=args)

    assert result.exit_code == 0
    assert "ignored" in result.stdout
    assert inbox.get(event["id"]).state == "ignored"
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "event.ignored")).one()
    assert (entry.actor, entry.reason) == ("cli", "A test of the shop")


def test_an_applied_event_cannot_be_ignored(shop: Shop, cli: FlaskCliRunner) -> None:
    shop.pay(shop.choose_tier(shop.user()))
    (event,) = shop.events("checkout.session.completed")
    shop.deliver(event)

    result = cli.invoke(args=["billing", "events", "ignore", event["id"], "--reason", "No"])

    assert result.exit_code == 1
    assert "was applied already" in result.stderr


def test_old_settled_events_are_purged_and_the_others_stay(app: Flask, cli: FlaskCliRunner) -> None:
    now = clock.now()
    with transaction() as session:
        for number, (state, days) in enumerate(
            [("processed", 50), ("ignored", 50), ("processed", 30), ("failed", 50), ("parked", 50)]
        ):
            session.add(
                WebhookEvent(
                    stripe_event_id=f"evt_{number}",
                    type="invoice.paid",
                    payload="{}",
                    state=EventState(state),
                    received_at=now - timedelta(days=days),
                )
            )

    result = cli.invoke(args=["billing", "events", "purge", "--older-than", "40"])

    assert result.stdout == "Purged 2 events.\n"
    assert [event.stripe_event_id for event in inbox.list_events()] == ["evt_4", "evt_3", "evt_2"]


def test_events_that_stripe_may_still_name_are_not_purged(cli: FlaskCliRunner) -> None:
    result = cli.invoke(args=["billing", "events", "purge", "--older-than", "30"])

    assert result.exit_code == 2

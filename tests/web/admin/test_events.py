"""Webhook events at the desk: found, looked at, replayed, marked as ignored."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, insert, select

from billing import clock
from billing.database import db, transaction
from billing.domain.statuses import EventState
from billing.models import Order, WebhookEvent
from billing.services import inbox
from tests import factories, queries, states
from tests.page import PageClient
from tests.shop import Shop
from tests.web.admin import desk_log
from tests.web.admin.test_lists import MAX_QUERIES

pytestmark = pytest.mark.one_database


@pytest.fixture
def counter(shop: Shop, page: PageClient) -> PageClient:
    """The desk of a shop that really sells."""
    states.log_in(page, factories.account("admin@example.test", is_admin=True))
    return page


def parked(shop: Shop) -> dict[str, Any]:
    """Return an event that nobody but a person can settle: its order is gone."""
    shop.pay(shop.choose_package(shop.user()))
    (event,) = shop.events("checkout.session.completed")
    with transaction() as session:
        session.execute(delete(Order))
    shop.deliver(event)
    return event


def add_events(count: int, state: EventState = EventState.PROCESSED) -> None:
    rows = [
        {
            "stripe_event_id": f"evt_{state}_{number}",
            "type": "invoice.paid",
            "payload": json.dumps({"data": {"object": {"client_secret": "pi_1_secret_xyz"}}}),
            "state": state,
            "attempts": 1,
            "deliveries": 1,
            "received_at": clock.now(),
        }
        for number in range(count)
    ]
    with transaction() as session:
        session.execute(insert(WebhookEvent), rows)


def test_an_applied_event_shows_all_that_it_did(shop: Shop, counter: PageClient) -> None:
    user = shop.user()
    shop.pay(shop.choose_tier(user))
    (event,) = shop.events("invoice.paid")
    for _ in range(2):
        shop.deliver(event)

    db.session.rollback()
    listed = counter.open(f"/admin/events?q={user.email}")
    record = counter.open(f"/admin/search?q={event['id']}")

    assert "Came 2 times" in listed.main
    assert record.path == f"/admin/events/{inbox.get(event['id']).id}"
    assert "2 times; those after the first that was applied changed nothing" in record.main
    assert "Invoice 1 made" in record.main
    assert user.email in record.links
    assert event["data"]["object"]["hosted_invoice_url"] not in record.html
    assert '"hosted_invoice_url": "[redacted]"' in record.main


def test_a_replay_says_what_came_of_it(shop: Shop, counter: PageClient) -> None:
    event = parked(shop)
    counter.open("/admin/events?state=unapplied")
    counter.follow(f"checkout.session.completed {event['id']}")

    again = counter.press("Replay checkout.session.completed")

    assert "checkout.session.completed was not applied: No order belongs" in again.main
    (logged,) = desk_log.by_admins()
    assert (logged.action, logged.after) == (
        "event.replayed",
        {
            "state": "parked",
            "attempts": 2,
            "last_error": "No order belongs to this checkout session.",
        },
    )


def test_an_event_is_ignored_with_a_reason(shop: Shop, counter: PageClient) -> None:
    event = parked(shop)
    db.session.rollback()
    row = inbox.get(event["id"])
    counter.open(f"/admin/events/{row.id}/ignore")

    refused = counter.press("Mark as ignored", status=422)
    done = counter.press("Mark as ignored", reason="The order was a test")

    assert "Say why" in refused.main
    assert "1 event is marked as ignored." in done.main
    assert "Mark as ignored" not in done.links
    (logged,) = desk_log.by_admins()
    assert (logged.action, logged.reason) == ("event.ignored", "The order was a test")


def test_many_are_replayed_or_ignored_at_once(shop: Shop, counter: PageClient) -> None:
    user = shop.user()
    shop.pay(shop.choose_tier(user))
    shop.control.fail_next("", 503, times=9)
    for event in shop.events("invoice.paid", "customer.subscription.created"):
        shop.deliver(event)
    shop.control.heal()
    add_events(2, EventState.PARKED)

    counter.open("/admin/events?state=failed")
    asked = counter.press("Replay", all="yes")
    replayed = counter.press("Replay 2 events")
    counter.open("/admin/events?state=parked")
    counter.press("Mark as ignored", all="yes")
    ignored = counter.press("Mark 2 events as ignored", reason="Planted by a test")

    assert "Each runs again with what Stripe holds now; safe to repeat." in asked.main
    assert "2 events were applied." in replayed.main
    assert "2 events are marked as ignored." in ignored.main
    db.session.rollback()
    assert user.subscription.tier.slug == "pro"
    states_now = set(db.session.scalars(select(WebhookEvent.state)))
    assert states_now == {EventState.PROCESSED, EventState.IGNORED}


def test_list_asks_as_little_for_many_as_for_few(desk: PageClient, client: FlaskClient) -> None:
    counts = []
    for number in (100, 10_000):
        with transaction() as session:
            session.execute(delete(WebhookEvent))
        add_events(number)
        with queries.recorded() as statements:
            page = desk.open("/admin/events?size=100&state=processed&topic=invoice")
        counts.append(len(statements))
        assert f"1 to 100 of {number:,}" in page.main

    assert counts[0] == counts[1] <= MAX_QUERIES
    record = desk.open(f"/admin/events/{inbox.get('evt_processed_7').id}")
    assert "pi_1_secret_xyz" not in record.html
    assert len(client.get("/admin/events.csv?q=evt_processed_7").text.splitlines()) == 2

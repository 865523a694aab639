"""The inbox remembers each try: by whom, what came of it, what it touched. Admins hear of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select

from billing import clock
from billing.database import db, transaction
from billing.domain.statuses import EventState
from billing.models import Order, WebhookAttempt, WebhookEvent
from billing.services import inbox
from tests import factories
from tests.outbox import Outbox
from tests.shop import Shop


def attempts() -> list[WebhookAttempt]:
    db.session.rollback()
    return list(db.session.scalars(select(WebhookAttempt).order_by(WebhookAttempt.id)))


def paid_checkout(shop: Shop) -> dict[str, Any]:
    shop.pay(shop.choose_package(shop.user()))
    (event,) = shop.events("checkout.session.completed")
    return event


def test_an_applied_event_knows_what_it_touched_and_comes_once(shop: Shop) -> None:
    event = paid_checkout(shop)
    for _ in range(3):
        shop.deliver(event)

    (attempt,) = attempts()
    row = inbox.get(event["id"])
    order = db.session.scalars(select(Order)).one()
    assert (row.deliveries, row.attempts) == (3, 1)
    assert row.stripe_customer_id == event["data"]["object"]["customer"]
    assert (attempt.actor, attempt.state, attempt.error) == ("stripe", EventState.PROCESSED, None)
    assert {"table": "orders", "id": order.id, "made": False} in attempt.touched
    assert "token_lots" in {touch["table"] for touch in attempt.touched if touch["made"]}
    assert "webhook_events" not in {touch["table"] for touch in attempt.touched}


def test_a_failure_is_an_attempt_and_so_is_the_worker_that_mends_it(shop: Shop) -> None:
    event = paid_checkout(shop)
    shop.control.fail_next("checkout.sessions", 503, times=3)
    shop.deliver(event)
    with transaction() as session:
        session.get_one(WebhookEvent, inbox.get(event["id"]).id).next_attempt_at = None
    inbox.replay(inbox.get(event["id"]), gateway=shop.gateway, actor="cli")

    failed, applied = attempts()
    assert (failed.state, failed.error is None, failed.touched) == (EventState.FAILED, False, [])
    assert (applied.state, applied.actor) == (EventState.PROCESSED, "cli")


def test_admins_hear_once_a_day_of_what_nobody_tries_again(shop: Shop, outbox: Outbox) -> None:
    factories.account("admin@example.test", is_admin=True)
    with transaction():
        factories.account("left@example.test", is_admin=True).disabled_at = clock.now()
    event = paid_checkout(shop)
    with transaction() as session:
        session.execute(delete(Order))
    for _ in range(2):
        shop.deliver(event)

    letter = outbox.last("webhook")
    assert (letter.to, letter.subject) == (
        "admin@example.test",
        "1 webhook event was not applied",
    )
    assert "checkout.session.completed could not be applied: No order belongs" in letter.text
    assert len([each for each in outbox.subjects() if "webhook" in each]) == 1

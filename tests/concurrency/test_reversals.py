"""Refunds and spends at the same moment; workers that look into the same inbox."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from flask import Flask
from sqlalchemy import select

from billing import clock
from billing.database import db, transaction
from billing.domain.statuses import EventState
from billing.errors import InsufficientTokens
from billing.models import User, WebhookEvent
from billing.services import catalog, disputes, inbox, metering, refunds, users
from billing.web import gateway
from tests.factories import demo_catalog
from tests.reversals import Payment, paid_order, taken_from, tokens_of, use_up_quota
from tests.shop import Shop

THREADS = 6


def new_payment() -> tuple[User, Payment]:
    demo_catalog()
    user = users.create("ada@example.test", actor="test")
    use_up_quota(user)
    package = catalog.get_package("tokens-500")
    return user, paid_order(user, package, paid_minor=2000, tokens=500)


def spend_one_by_one(app: Flask, user_id: int) -> int:
    """Spend until nothing is left or forty are spent; returns how many were."""
    spent = 0
    with app.app_context(), suppress(InsufficientTokens):
        user = db.session.get_one(User, user_id)
        for _ in range(40):
            metering.record(user, "ai_chat")
            spent += 1
    return spent


def test_spends_and_refunds_at_once_lose_no_token(app: Flask) -> None:
    user, payment = new_payment()
    made = [payment.refund(number, 100) for number in range(10)]
    readings = [payment.reading(made[: count + 1]) for count in range(10)]

    def refund(index: int) -> None:
        with app.app_context():
            refunds.apply(readings[index])

    with ThreadPoolExecutor(THREADS) as threads:
        spends = [threads.submit(spend_one_by_one, app, user.id) for _ in range(4)]
        list(threads.map(refund, range(10)))
        spent = sum(each.result() for each in spends)

    assert taken_from(payment.order) == 250
    balance, debt, _ = tokens_of(user)
    assert balance - debt == 500 - 250 - spent


def test_spends_during_a_dispute_that_is_won_lose_no_token(app: Flask) -> None:
    user, payment = new_payment()
    readings = [
        payment.dispute("needs_response"),
        payment.dispute("needs_response", is_withdrawn=True),
        payment.dispute("won"),
    ]

    def follow() -> None:
        with app.app_context():
            for reading in readings:
                disputes.apply(reading)

    with ThreadPoolExecutor(THREADS) as threads:
        spends = [threads.submit(spend_one_by_one, app, user.id) for _ in range(3)]
        threads.submit(follow).result()
        spent = sum(each.result() for each in spends)

    assert tokens_of(user) == (500 - spent, 0, 0)


def test_workers_take_each_due_event_once(shop: Shop, app: Flask) -> None:
    with transaction() as session:
        for number in range(12):
            session.add(
                WebhookEvent(
                    stripe_event_id=f"evt_{number}",
                    type="customer.created",
                    stripe_object_id="cus_1",
                    payload="{}",
                    state=EventState.FAILED,
                    attempts=1,
                    next_attempt_at=clock.now(),
                )
            )

    def work(_: int) -> int:
        with app.app_context():
            return inbox.retry_due(gateway=gateway.current())

    with ThreadPoolExecutor(THREADS) as threads:
        tried = sum(threads.map(work, range(THREADS)))

    db.session.rollback()  # and so read anew
    assert tried == 12
    assert {event.attempts for event in db.session.scalars(select(WebhookEvent))} == {2}

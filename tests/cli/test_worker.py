"""`flask billing worker`: what happens without a request."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import select

from billing import clock
from billing.database import db, transaction
from billing.domain.ledger import LotSource
from billing.domain.statuses import EventState
from billing.models import User, UserSubscription, WebhookEvent
from billing.services import emails, ledger
from tests import states
from tests.outbox import Outbox
from tests.shop import Shop

ROOT = Path(__file__).parents[2]


def failed_purchase(shop: Shop) -> User:
    """Return a user whose payment was told while Stripe could not be read."""
    user = shop.user()
    shop.pay(shop.choose_package(user))
    (event,) = shop.events("checkout.session.completed")
    # Too many requests: the library does not wait and ask again.
    shop.control.fail_next("checkout.sessions", 429, times=5)
    shop.deliver(event)
    shop.control.heal()
    return user


def event() -> WebhookEvent:
    db.session.rollback()  # and so read anew
    return db.session.scalars(select(WebhookEvent)).one()


def test_an_event_that_failed_is_tried_again_when_it_is_due(
    shop: Shop, cli: FlaskCliRunner
) -> None:
    user = failed_purchase(shop)
    assert cli.invoke(args=["billing", "worker", "--once"]).exit_code == 0
    assert (event().state, event().attempts) == ("failed", 1)

    with time_machine.travel(clock.now() + timedelta(minutes=2)):
        assert cli.invoke(args=["billing", "worker", "--once"]).exit_code == 0

    assert (event().state, event().attempts, event().next_attempt_at) == ("processed", 2, None)
    assert user.token_balance.balance == 500


def test_a_new_installation_has_nothing_to_do(
    cli: FlaskCliRunner, caplog: pytest.LogCaptureFixture
) -> None:
    done = cli.invoke(args=["billing", "worker", "--once"])

    assert done.exit_code == 0
    assert "failed" not in done.output + caplog.text


def test_each_failure_waits_longer_and_the_last_waits_for_a_person(
    shop: Shop, cli: FlaskCliRunner
) -> None:
    failed_purchase(shop)
    waits = []
    with time_machine.travel(clock.now(), tick=False) as traveller:
        shop.control.fail_next("checkout.sessions", 429, times=100)
        while (due_at := event().next_attempt_at) is not None:
            waits.append(due_at - clock.now())
            traveller.move_to(due_at)
            cli.invoke(args=["billing", "worker", "--once"])

    assert waits == sorted(waits)
    assert waits[-1] == timedelta(days=1)
    assert event().state == "failed"


def test_an_event_that_a_fallen_process_left_behind_is_applied(
    shop: Shop, cli: FlaskCliRunner
) -> None:
    user = failed_purchase(shop)
    with transaction():
        left = event()
        left.state, left.attempts = EventState.PENDING, 0
        left.next_attempt_at = clock.now()
    cli.invoke(args=["billing", "worker", "--once"])

    assert event().state == "processed"
    db.session.refresh(user)
    assert user.token_balance.balance == 500


def test_emails_are_delivered(shop: Shop, cli: FlaskCliRunner, outbox: Outbox) -> None:
    user = shop.user()
    emails.enqueue(user, "password_changed", dedupe_key="test")
    cli.invoke(args=["billing", "worker", "--once"])

    assert len(list(outbox.directory.glob("*.eml"))) == 1


def test_tokens_expire(shop: Shop, cli: FlaskCliRunner) -> None:
    user = shop.user()
    ledger.grant(
        user.id,
        10,
        source=LotSource.GRANT,
        reason="A gift",
        actor="test",
        idempotency_key="gift",
        expires_at=clock.now() + timedelta(days=1),
    )
    with time_machine.travel(clock.now() + timedelta(days=2)):
        cli.invoke(args=["billing", "worker", "--once"])

    db.session.refresh(user.token_balance)
    assert user.token_balance.balance == 0


def test_it_drains_on_sigterm(app: Flask) -> None:
    environment = os.environ | {
        "BILLING_ENV": "development",
        "DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"],
    }
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "billing", "worker"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        started = next(line for line in process.stderr if b"worker.started" in line)
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()

    assert started
    assert b"worker.drained" in rest
    assert process.returncode == 0


def test_a_card_that_expires_is_told_of_once_a_month_before(
    cli: FlaskCliRunner, outbox: Outbox
) -> None:
    with time_machine.travel(datetime(2026, 10, 20, 9, tzinfo=UTC)) as traveller:
        states.catalog_at_stripe()
        for change in (expires_in_november, expires_in_november_and_is_cancelled):
            states.subscribed(change=change)
        subjects = []
        for days in (11, 2, 1):
            traveller.shift(timedelta(days=days))
            assert cli.invoke(args=["billing", "worker", "--once"]).exit_code == 0
            subjects.append(outbox.subjects())

        assert subjects == [[], *[["Your card ending 4242 expires on November 30, 2026"]] * 2]
        assert "Pro renews on" in outbox.last("expires").text


def expires_in_november(subscription: UserSubscription) -> None:
    subscription.card_exp_month, subscription.card_exp_year = 11, 2026


def expires_in_november_and_is_cancelled(subscription: UserSubscription) -> None:
    expires_in_november(subscription)
    subscription.cancel_at_period_end = True

"""Alerts: each mark once a period, from the very statement that reaches it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from billing.database import transaction
from billing.domain.ledger import LotSource
from billing.errors import InvalidInput
from billing.models import User
from billing.services import alerts, holds, ledger, metering
from billing.services.alerts import Thresholds
from billing.services.metering_batch import BatchRequest, record_batch
from billing.web import host_endpoint
from tests.factories import account
from tests.host.listener import Host
from tests.outbox import Outbox


def _told(host: Host) -> list[tuple[str, int]]:
    alerts.tell_pending()
    host_endpoint.deliver_pending()
    subjects = [(event["type"], event["data"]["object"]) for event in host.events()]
    warned = [(kind, each) for kind, each in subjects if kind in {"quota.warning", "tokens.low"}]
    return [(kind, each.get("percent") or each["below"]) for kind, each in warned]


def _grant(user: User, tokens: int) -> None:
    ledger.grant(
        user.id,
        tokens,
        source=LotSource.GRANT,
        reason="A gift",
        actor="test",
        idempotency_key=f"gift:{tokens}",
    )


def _by_call(user: User, quantity: int) -> None:
    metering.record(user, "ai_chat", quantity)


def _by_batch(user: User, quantity: int) -> None:
    record_batch([BatchRequest(user, "ai_chat", quantity)])


def _by_hold(user: User, quantity: int) -> None:
    holds.hold(user, "ai_chat", quantity).settle(quantity)


def _in_transaction(user: User, quantity: int) -> None:
    with transaction():
        metering.record(user, "ai_chat", quantity)


@pytest.mark.parametrize("use", [_by_call, _by_batch, _by_hold, _in_transaction])
def test_marks_of_the_quota_are_told_once(
    user: User, host: Host, use: Callable[[User, int], None]
) -> None:
    use(user, 15)
    assert _told(host) == []
    use(user, 1)
    assert _told(host) == [("quota.warning", 80)]
    use(user, 3)
    assert _told(host) == [("quota.warning", 80)]
    use(user, 1)
    assert _told(host) == [("quota.warning", 80), ("quota.warning", 100)]


def test_next_period_tells_again(
    frozen_time: time_machine.Traveller, user: User, host: Host
) -> None:
    metering.record(user, "ai_chat", 16)
    frozen_time.shift(timedelta(days=32))
    metering.record(user, "ai_chat", 19)

    assert _told(host) == [("quota.warning", 80), ("quota.warning", 80)]


def test_low_tokens_are_told(user: User, host: Host) -> None:
    _grant(user, 12)
    metering.record(user, "ai_chat", 20)
    metering.record(user, "ai_chat", 2)
    assert ("tokens.low", 10) not in _told(host)

    metering.record(user, "ai_chat", 1)

    assert ("tokens.low", 10) in _told(host)


def test_request_that_was_refused_warns_of_nothing(user: User, host: Host) -> None:
    with pytest.raises(Exception, match="tokens beyond the quota"):
        metering.record(user, "ai_chat", 21)

    assert _told(host) == []


def test_unlimited_quota_has_no_marks(app: Flask, user: User, host: Host) -> None:
    with transaction():
        user.token_balance.quota_limit = None
    metering.record(user, "ai_chat", 1000)

    assert _told(host) == []


def test_person_gets_an_email(user: User, outbox: Outbox) -> None:
    person = account("ada@example.test")
    metering.record(person, "ai_chat", 16)
    metering.record(user, "ai_chat", 16)
    alerts.tell_pending()

    letters = [letter for letter in outbox.letters() if "AI requests" in letter.subject]
    assert [(letter.to, letter.subject) for letter in letters] == [
        ("ada@example.test", "16 of 20 AI requests used")
    ]


def test_person_chooses_the_mark(app: Flask, user: User, outbox: Outbox) -> None:
    person = account("ada@example.test")
    alerts.set_thresholds(person.id, Thresholds(quota_percent=50, tokens_below=None))
    metering.record(person, "ai_chat", 20)
    alerts.tell_pending()

    subjects = sorted(each for each in outbox.subjects() if "AI requests" in each)
    assert subjects == ["20 of 20 AI requests used", "Your AI requests are used up"]


def test_person_who_wants_nothing_gets_nothing(user: User, outbox: Outbox) -> None:
    person = account("ada@example.test")
    alerts.set_thresholds(person.id, Thresholds(quota_percent=None, tokens_below=None))
    metering.record(person, "ai_chat", 20)
    alerts.tell_pending()

    assert [each for each in outbox.subjects() if "AI requests" in each] == []


def test_mark_that_is_none_is_refused(user: User) -> None:
    with pytest.raises(InvalidInput):
        alerts.set_thresholds(user.id, Thresholds(quota_percent=81, tokens_below=None))

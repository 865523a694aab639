"""T20: the clock is stepped back under charges, and Stripe's clock is not ours."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
import stripe
import time_machine
from flask import Flask
from sqlalchemy import func, select

from billing import clock
from billing.database import db
from billing.models import AiRequest, QuotaPeriod, User, WebhookEvent
from billing.services import metering, usage, verification
from tests.faults.report import Report
from tests.shop import WEBHOOK_SECRET, Shop

pytestmark = pytest.mark.one_database

TOLERATED, REFUSED = (-280, 0, 280), (-600, 600)


def charge(user: User, at: datetime, name: str) -> None:
    with time_machine.travel(at, tick=False):
        for number in range(20):
            metering.record(user, "ai_chat", idempotency_key=f"{name}:{number}")


def test_the_clock_is_stepped_back_and_forth(shop: Shop, report: Report) -> None:
    user = shop.user()
    now = clock.now()
    shop.pay(shop.choose_tier(user, "pro"))
    for event in shop.events():
        shop.deliver(event)
    steps = (0, -1, 1, -24, 24 * 40, 24 * 40 - 1)
    for hours in steps:
        charge(user, now + timedelta(hours=hours, minutes=5), f"{hours} h")
    for hours in steps:
        charge(user, now + timedelta(hours=hours, minutes=6), f"{hours} h")
    db.session.rollback()
    entries = db.session.scalars(
        select(AiRequest.entry).where(AiRequest.user_id == user.id).order_by(AiRequest.entry)
    ).all()
    starts = db.session.scalars(
        select(QuotaPeriod.period_start).where(QuotaPeriod.user_id == user.id)
    ).all()

    expected = list(range(1, 20 * len(steps) + 1))
    assert len(starts) == len(set(starts))
    with time_machine.travel(now + timedelta(days=40, hours=1)):
        used = usage.summary(user).quota.used
    breaches = len(list(verification.breaches()))
    figures = {"steps": "-24 h to +40 days", "charges": len(entries), "used in the period": used}
    lost = abs(len(expected) - len(entries)) + breaches
    report.add("the clock goes back and forth", figures, lost=lost)


def post_signed(app: Flask, skew_seconds: int) -> int:
    body = json.dumps(
        {
            "id": f"evt_{skew_seconds}",
            "object": "event",
            "type": "product.created",
            "livemode": False,
            "data": {"object": {"id": "prod_1", "object": "product"}},
        }
    )
    signed_at = int(clock.now().timestamp()) + skew_seconds
    signature = stripe.WebhookSignature.generate_signature_header(body, WEBHOOK_SECRET, signed_at)
    headers = {"Stripe-Signature": signature}
    return app.test_client().post("/webhooks/stripe", data=body, headers=headers).status_code


def test_webhooks_are_judged_by_the_tolerance(shop: Shop, report: Report) -> None:
    taken = [post_signed(shop.app, skew) for skew in TOLERATED]
    refused = [post_signed(shop.app, skew) for skew in REFUSED]
    kept = db.session.scalar(select(func.count()).select_from(WebhookEvent)) or 0

    assert [200] * len(TOLERATED) == taken
    assert [400] * len(REFUSED) == refused
    figures = {"within 5 min": f"{kept} kept", "10 min off": f"{len(refused)} refused"}
    report.add("Stripe's clock is not ours", figures, lost=len(taken) - kept)

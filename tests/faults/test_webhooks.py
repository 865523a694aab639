"""T6: every event of many purchases comes eight times, all at once, in any order."""

from __future__ import annotations

import http.client
import json
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import stripe
from sqlalchemy import func, select

from billing.database import db
from billing.models import Invoice, Order, TokenLot, User
from billing.services import verification
from billing.settings import Settings
from tests.faults.report import Report
from tests.shop import WEBHOOK_SECRET, Shop
from tests.web_process import WebProcess

BUYERS, COPIES, THREADS = 10, 8, 8


def send(settings: Settings, event: dict[str, Any]) -> int:
    """Post the event to the app's process, signed; return the status of the answer."""
    body = json.dumps(event)
    signature = stripe.WebhookSignature.generate_signature_header(body, WEBHOOK_SECRET)
    connection = http.client.HTTPConnection(settings.host, settings.port, timeout=60)
    headers = {"Stripe-Signature": signature, "Content-Type": "application/json"}
    connection.request("POST", "/webhooks/stripe", body, headers)
    status = connection.getresponse().status
    connection.close()
    return status


def has_what_was_bought(user: User) -> bool:
    """Whether they are on Pro and have 500 tokens, each once."""
    paid = select(func.count()).select_from(Order).where(Order.user_id == user.id)
    bills = select(func.count()).select_from(Invoice).where(Invoice.user_id == user.id)
    lots = db.session.scalars(select(TokenLot.tokens).where(TokenLot.user_id == user.id)).all()
    counts = db.session.scalar(paid.where(Order.state == "paid")), db.session.scalar(bills)
    return (user.subscription.tier.slug, counts, lots) == ("pro", (2, 1), [500])


def test_each_event_comes_eightfold_at_once(
    shop: Shop, web: WebProcess, settings: Settings, database_kind: str, report: Report
) -> None:
    web.start()
    buyers = [shop.user(f"buyer{number}") for number in range(BUYERS)]
    for buyer in buyers:
        shop.pay(shop.choose_tier(buyer, "pro"))
        shop.pay(shop.choose_package(buyer, "tokens-500"))
    events = shop.events() * COPIES
    random.shuffle(events)
    with ThreadPoolExecutor(THREADS) as threads:
        statuses = Counter(threads.map(lambda event: send(settings, event), events))
    db.session.rollback()
    db.session.expire_all()

    wrong = [buyer.email for buyer in buyers if not has_what_was_bought(buyer)]
    breaches = [str(breach) for breach in verification.breaches()]
    figures = {"events": len(events) // COPIES, "copies": COPIES, "200": statuses[200]}
    lost = len(wrong) + len(breaches) + len(events) - statuses[200]
    name = f"every event {COPIES} times at once, {database_kind}"
    report.add(name, figures, lost=lost)

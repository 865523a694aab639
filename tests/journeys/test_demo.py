"""The demo, as `./dev run` makes it at its first start: people with three months behind them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from billing.database import db
from billing.demo import people
from billing.demo.people import Person
from billing.demo.prepare import prepare
from billing.models import (
    AiRequest,
    Email,
    Feature,
    Invoice,
    Order,
    QuotaPeriod,
    TokenTransaction,
    User,
    WebhookEvent,
)
from billing.services import reconciliation, users, verification
from billing.settings import SANDBOX_SECRET_KEY, Settings
from billing.web import gateway
from tests.page import PageClient
from tests.sandbox_process import SandboxControl, SandboxProcess
from tests.settings import make_settings

pytestmark = pytest.mark.one_database
COUNTED = (User, Order, Invoice, AiRequest, TokenTransaction, WebhookEvent, Email)


@pytest.fixture
def settings(sandbox_process: SandboxProcess, database: str, tmp_path: Path) -> Iterator[Settings]:
    """What `./dev run` has when no Stripe key is set; the account of its key begins empty."""
    account = SandboxControl(sandbox_process.base_url, SANDBOX_SECRET_KEY)
    account.reset()
    yield make_settings(
        database_url=database,
        configured_stripe_api_base=sandbox_process.base_url,
        mail_url=f"outbox:{tmp_path / 'outbox'}",
    )
    account.reset()


def account_of(page: PageClient, person: Person) -> str:
    """Return what they read of their account, logged in with the password that is printed."""
    page.open("/login")
    page.press("Log in", email=person.email, password=person.password)
    account = page.open("/account").main
    page.press("Log out")
    return account


def counts() -> list[int | None]:
    db.session.rollback()
    return [db.session.scalar(select(func.count()).select_from(model)) for model in COUNTED]


def invoices_of(person: Person) -> list[tuple[str, int]]:
    mine = select(Invoice).where(Invoice.user_id == users.get(person.email).id)
    rows = db.session.scalars(mine.order_by(Invoice.issued_at))
    return [(row.status, row.total_minor) for row in rows]


def days_and_features_of(person: Person) -> tuple[int, set[str]]:
    """Return on how many days they asked for something, and for what."""
    asked = select(AiRequest.created_at, Feature.key).join(
        Feature, Feature.id == AiRequest.feature_id
    )
    mine = db.session.execute(asked.where(AiRequest.user_id == users.get(person.email).id)).all()
    return len({moment.date() for moment, _ in mine}), {feature for _, feature in mine}


@pytest.mark.slow
def test_everybody_has_a_history_and_it_is_made_once(page: PageClient, settings: Settings) -> None:
    printed = prepare(settings, before_push=lambda: None)

    assert {*people.CUSTOMERS, *people.VISITORS} == set(printed)
    assert list(verification.breaches()) == []
    assert list(reconciliation.reconcile(gateway=gateway.current(), is_dry_run=True)) == []

    everybody_reads(page)
    a_busy_customer_has_all_that_there_is_to_see(page)

    made = counts()
    assert prepare(settings, before_push=lambda: None) == printed
    assert counts() == made


def everybody_reads(page: PageClient) -> None:
    assert "Free" in account_of(page, people.VISITORS[0])
    assert "Your last payment did not go through" in account_of(page, people.PAST_DUE)
    assert "Keep Pro" in account_of(page, people.CANCELLING)
    assert "You move to Pro on" in account_of(page, people.DOWNGRADING)
    assert "$490.00 a year" in account_of(page, people.YEARLY)
    assert "Starter ended on" in account_of(page, people.ENDED)
    assert invoices_of(people.PAST_DUE) == [("paid", 1900)] * 3 + [("open", 1900)]
    assert users.get(people.VISITORS[1].email).is_admin


def a_busy_customer_has_all_that_there_is_to_see(page: PageClient) -> None:
    paula = users.get(people.PRO.email)
    account = account_of(page, people.PRO)
    periods = select(QuotaPeriod.quota_limit, QuotaPeriod.used)
    used_up = db.session.execute(periods.where(QuotaPeriod.user_id == paula.id)).all()
    tokens = select(AiRequest.tokens_charged).where(AiRequest.user_id == paula.id)
    days, features = days_and_features_of(people.PRO)

    assert "Renews on" in account
    assert "Refunded" in account
    assert invoices_of(people.PRO) == [("paid", 4900)] * 3
    assert (5000, 5000) in [tuple(each) for each in used_up]
    assert sum(db.session.scalars(tokens)) > 400
    assert features == {"ai_chat", "ai_mentor", "ai_images"}
    assert days > 60

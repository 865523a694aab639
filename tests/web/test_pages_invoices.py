"""The page of all invoices: in one list with purchases of tokens, by year, status and page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from billing import clock
from billing.database import transaction
from billing.models import Invoice, User
from tests import states
from tests.page import PageClient

pytestmark = pytest.mark.one_database

PATH = "/account/invoices"


@pytest.fixture
def mara(app: Flask, page: PageClient) -> User:
    """On Pro, with an invoice paid and one past due, one of two years ago, and tokens bought."""
    states.catalog_at_stripe()
    user = states.busy()
    states.open_invoice(user, stripe_invoice_id="in_open", number="BH-2001")
    two_years_ago = clock.now() - timedelta(days=730)
    _invoice(user, "BH-1001", issued_at=two_years_ago, amount_refunded_minor=1000)
    states.log_in(page, user)
    return user


def _invoice(user: User, number: str, **changes: object) -> None:
    with transaction() as session:
        invoice = Invoice(
            user_id=user.id,
            stripe_invoice_id=f"in_{number}",
            number=number,
            status="paid",
            description="Pro, monthly",
            total_minor=4900,
            amount_paid_minor=4900,
            currency="USD",
            issued_at=clock.now(),
        )
        for name, value in changes.items():
            setattr(invoice, name, value)
        session.add(invoice)


@pytest.mark.usefixtures("mara")
def test_account_leads_to_all_of_them(page: PageClient) -> None:
    page.open("/account")

    page.follow("All invoices")

    assert "1 to 4 of 4" in page.current.main
    assert "Past due" in page.current.main
    assert "2,000 tokens" in page.current.main


@pytest.mark.usefixtures("mara")
@pytest.mark.parametrize(
    ("status", "number"),
    [
        ("past_due", "BH-2001"),
        ("partly_refunded", "BH-1001"),
        ("open", None),
        ("refunded", None),
    ],
)
def test_status_narrows_the_list(page: PageClient, status: str, number: str | None) -> None:
    shown = page.open(f"{PATH}?status={status}").main

    assert (number or "No invoices match") in shown
    assert number is None or "1 to 1 of 1" in shown


def test_year_begins_where_the_reader_lives(page: PageClient, mara: User) -> None:
    _invoice(mara, "BH-3001", issued_at=datetime(2025, 12, 31, 15, 30, tzinfo=UTC))
    with transaction():
        mara.time_zone = "Asia/Tokyo"

    page.open(PATH)

    page.press("Apply the filter", year="2026")

    assert "BH-3001" in page.current.main
    assert "BH-3001" not in page.open(f"{PATH}?year=2025").main


def test_pages_are_numbered_and_beyond_the_last_is_the_first(page: PageClient, mara: User) -> None:
    for number in range(30):
        _invoice(mara, f"BH-4{number:03}")
    page.open(PATH)

    page.follow("Next")

    assert "26 to 34 of 34" in page.current.main
    assert ", page 2" in page.current.html
    assert "1 to 25 of 34" in page.open(f"{PATH}?page=99").main

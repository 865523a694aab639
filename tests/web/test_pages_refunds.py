"""What a person reads when money goes back or is disputed."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from billing.database import transaction
from billing.models import Invoice, User
from billing.services import catalog, disputes, refunds
from tests import states
from tests.page import PageClient
from tests.reversals import Payment, paid_order

pytestmark = pytest.mark.one_database


@pytest.fixture(autouse=True)
def _on_sale(app: Flask) -> None:
    states.catalog_at_stripe()


@pytest.fixture
def user(app: Flask) -> User:
    return states.free()


@pytest.fixture
def payment(user: User) -> Payment:
    package = catalog.get_package("tokens-500")
    return paid_order(user, package, paid_minor=2000, tokens=500)


def account(page: PageClient, user: User) -> str:
    states.log_in(page, user)
    return page.open("/account").main


@pytest.mark.parametrize(("amount_minor", "words"), [(2000, "Refunded"), (500, "Partly refunded")])
def test_a_receipt_says_what_went_back(
    page: PageClient, user: User, payment: Payment, amount_minor: int, words: str
) -> None:
    refunds.apply(payment.reading([payment.refund(1, amount_minor)]))

    assert f"Order 1 {words} $20.00" in account(page, user)


def test_a_refund_that_failed_leaves_the_receipt_paid(
    page: PageClient, user: User, payment: Payment
) -> None:
    refunds.apply(payment.reading([payment.refund(1, 2000)]))
    refunds.apply(payment.reading([payment.refund(1, 2000, "failed")]))

    assert "Order 1 Paid $20.00" in account(page, user)


def test_an_invoice_says_what_went_back(page: PageClient) -> None:
    user = states.busy()
    with transaction() as session:
        session.scalars(select(Invoice)).one().amount_refunded_minor = 4900

    assert "BH-1987 Refunded" in account(page, user)


def test_frozen_tokens_are_explained(page: PageClient, user: User, payment: Payment) -> None:
    disputes.apply(payment.dispute("needs_response"))

    text = account(page, user)
    assert "500 of them wait until your bank has decided about the disputed payment." in text


def test_ledger_of_a_german_reader_is_german(
    page: PageClient, user: User, payment: Payment
) -> None:
    refunds.apply(payment.reading([payment.refund(1, 500)]))
    disputes.apply(payment.dispute("needs_response"))
    with transaction():
        user.locale = "de"
    states.log_in(page, user)

    history = page.open("/usage/transactions").main

    assert "Bestellung 1: Die Zahlung ist angefochten (375 Token)" in history
    assert "Bestellung 1: 5.00 USD der Zahlung gingen zurück" in history
    assert "500 Token txn_1_" in history


def test_the_history_says_what_was_frozen(page: PageClient, user: User, payment: Payment) -> None:
    disputes.apply(payment.dispute("needs_response"))
    states.log_in(page, user)

    text = page.open("/usage/transactions").main
    assert "Frozen" in text
    assert "Order 1: the payment is disputed (500 tokens)" in text

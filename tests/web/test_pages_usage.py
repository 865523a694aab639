"""The usage pages: figures, history, paging and the CSV file."""

from __future__ import annotations

import csv
import io

import pytest
from flask import Flask
from flask.testing import FlaskClient

from billing.domain.ledger import LotSource
from billing.services import ledger, metering
from tests import queries, states
from tests.page import PageClient

HEADER = "when,type,feature,quantity,from_quota,tokens,balance_after,reason,reference"


@pytest.fixture(autouse=True)
def _on_sale(app: Flask) -> None:
    states.catalog_at_stripe()


def test_figures(page: PageClient) -> None:
    states.log_in(page, states.busy())

    text = page.open("/usage").main

    assert "4,130 of 5,000" in text
    assert "870 left, 83% of the quota used" in text
    assert "Token balance 1,200" in text


def test_history_says_what_paid(page: PageClient) -> None:
    states.log_in(page, states.on_tokens())

    text = page.open("/usage").main

    assert "AI chat, 30 requests 20 from the quota" in text
    assert "\N{MINUS SIGN}10" in text
    assert "+500" in text


def test_nothing_used_yet(page: PageClient) -> None:
    states.log_in(page, states.free())

    text = page.open("/usage").main

    assert "No requests yet" in text
    assert "Export CSV" not in page.current.links


def test_history_is_paged_without_a_gap(page: PageClient) -> None:
    user = states.subscribed()
    for _ in range(30):
        metering.record(user, "ai_chat")
    states.log_in(page, user)

    first = len(page.open("/usage/transactions").all("td", "data-table__first"))
    second = len(page.follow("Older").all("td", "data-table__first"))

    assert (25, 5) == (first, second)
    assert "Older" not in page.current.links
    assert "History, older" in page.current.html


def test_unknown_cursor_is_refused(page: PageClient) -> None:
    states.log_in(page, states.free())

    page.open("/usage/transactions?after=nonsense", status=422)

    assert "This cursor is none of ours." in page.current.main


def test_csv_has_plain_numbers_and_moments(page: PageClient, client: FlaskClient) -> None:
    states.log_in(page, states.on_tokens())

    answer = client.get("/usage/transactions.csv")

    header, newest, *_ = answer.text.splitlines()
    assert HEADER == header
    assert ",ai_request,ai_chat,30,20,-10,490,," in newest
    assert "text/csv" == answer.mimetype
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="usage-20')


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\N{FULLWIDTH EQUALS SIGN}"])
def test_no_cell_of_the_csv_is_a_formula(page: PageClient, client: FlaskClient, start: str) -> None:
    user = states.free()
    ledger.grant(
        user.id,
        5,
        source=LotSource.GRANT,
        reason=f"{start}HYPERLINK(1)",
        actor="test",
        idempotency_key="formula",
    )
    states.log_in(page, user)

    text = client.get("/usage/transactions.csv").get_data(as_text=True)

    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert f"'{start}HYPERLINK(1)" == rows[0]["reason"]


@pytest.mark.parametrize("path", ["/usage", "/usage/transactions", "/usage/transactions.csv"])
def test_a_stranger_logs_in_first(client: FlaskClient, path: str) -> None:
    answer = client.get(path)

    assert 302 == answer.status_code
    assert f"/login?next={path}" == answer.headers["Location"]


def test_it_needs_few_queries(page: PageClient) -> None:
    states.log_in(page, states.busy())

    with queries.recorded() as statements:
        page.open("/usage")

    assert len(statements) <= 12

"""The usage pages: figures, history, paging and the CSV file."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from billing.database import db, transaction
from billing.domain.ledger import LotSource
from billing.errors import FeatureNotInTier
from billing.services import alerts, ledger, metering
from billing.services.alerts import Thresholds
from tests import queries, states
from tests.markup import text_of
from tests.outbox import Outbox
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


class TestFilters:
    def test_one_type_is_shown_and_exported(self, page: PageClient, client: FlaskClient) -> None:
        states.log_in(page, states.on_tokens())
        page.open("/usage/transactions")

        page.press("Apply the filter", type="grant")

        assert ["+500"] == [text_of(cell) for cell in page.current.all("td", "data-table__second")]
        exported = client.get(page.current.links["Export CSV"]).text.splitlines()
        assert ["grant"] == [row.split(",")[1] for row in exported[1:]]

    def test_days_are_whole_in_the_zone_of_the_reader(self, page: PageClient) -> None:
        with time_machine.travel(datetime(2026, 6, 15, 23, 30, tzinfo=UTC)):
            user = states.on_tokens()
        with transaction():
            user.time_zone = "Asia/Tokyo"
        with time_machine.travel(datetime(2026, 6, 16, 12, 0, tzinfo=UTC)):
            states.log_in(page, user)
            before = page.open("/usage/transactions?from=2026-06-14&to=2026-06-15").main
            on_the_day = page.open("/usage/transactions?from=2026-06-16&to=2026-06-16").main

        assert "No entries match" in before
        assert "AI chat, 30 requests" in on_the_day

    def test_reference_is_ours_or_the_callers(self, page: PageClient) -> None:
        user = states.subscribed()
        metering.record(user, "ai_chat", 7, idempotency_key="order-4711")
        receipt = metering.record(user, "ai_chat", 8)
        states.log_in(page, user)

        ours = page.open(f"/usage/transactions?reference={receipt.id}").main
        theirs = page.open("/usage/transactions?reference=order-4711").main

        assert ("8 requests" in ours, "7 requests" in ours) == (True, False)
        assert ("8 requests" in theirs, "7 requests" in theirs) == (False, True)

    def test_pages_keep_the_filter(self, page: PageClient) -> None:
        user = states.subscribed()
        for _ in range(27):
            metering.record(user, "ai_chat")
        states.log_in(page, user)
        page.open("/usage/transactions?type=ai_request")

        page.follow("Older")

        assert "type=ai_request" in page.current.url
        assert 2 == len(page.current.all("td", "data-table__first"))

    def test_what_cannot_be_is_said_at_its_field(self, page: PageClient) -> None:
        states.log_in(page, states.on_tokens())

        page.open("/usage/transactions?type=gift&from=yesterday&to=2026-02-30", status=422)

        assert "Choose one of the types" in page.current.main
        assert 4 == page.current.main.count("Enter a date, such as 2026-11-14")

    def test_file_is_named_by_its_days(self, page: PageClient, client: FlaskClient) -> None:
        states.log_in(page, states.on_tokens())

        answer = client.get("/usage/transactions.csv?from=2026-11-14&to=2026-12-04")

        name = 'attachment; filename="usage-2026-11-14_2026-12-04.csv"'
        assert name == answer.headers["Content-Disposition"]


class TestExplanations:
    def test_request_and_refusal_are_told(self, page: PageClient) -> None:
        user = states.on_tokens()
        with pytest.raises(FeatureNotInTier):
            metering.record(user, "ai_images")
        states.log_in(page, user)

        page.open("/usage")
        page.follow("air_1_2 explained")
        request = page.current.main
        page.open("/usage")
        page.follow("ref_1 explained")

        assert "Why it cost what it did" in request
        assert "Quota first: 20 of 30." in request
        assert "Given by support" in request
        assert "Why it was refused" in page.current.main
        assert "AI images ref_1" in page.open("/usage/refusals").main

    def test_those_of_somebody_else_are_not_there(self, page: PageClient) -> None:
        stranger = states.on_tokens()
        states.log_in(page, states.free())

        page.open(f"/usage/explain/air_{stranger.id}_2", status=404)


class TestAlerts:
    def test_they_are_chosen(self, page: PageClient) -> None:
        states.log_in(page, states.free())
        page.open("/usage")

        page.press("Save alerts", quota_percent="never", tokens_below="100")

        assert "Alerts saved." in page.current.main
        chosen = [option.get("value") for option in page.current.all("option") if _is_set(option)]
        assert ["never", "100"] == chosen

    def test_link_in_the_letter_turns_one_off(self, page: PageClient, outbox: Outbox) -> None:
        user = states.free()
        metering.record(user, "ai_chat", 16)
        alerts.tell_pending()
        letter = outbox.last("AI requests used")
        link = re.search(r"http\S+/usage/alerts/off/\S+", letter.text)
        assert link

        page.open(link[0])
        still_on = alerts.get_thresholds(user.id)
        page.press("Turn off")

        assert "These emails are off" in page.current.main
        assert Thresholds(80, 10) == still_on
        db.session.rollback()
        assert Thresholds(None, 10) == alerts.get_thresholds(user.id)
        states.log_in(page, user)
        assert "Last sent " in page.open("/usage").main


def test_period_that_is_over_is_looked_at_again(page: PageClient) -> None:
    with time_machine.travel(datetime(2026, 6, 15, 12, 0, tzinfo=UTC)):
        user = states.free()
        metering.record(user, "ai_chat", 7)
    with time_machine.travel(datetime(2026, 7, 20, 12, 0, tzinfo=UTC)):
        states.log_in(page, user)
        now = page.open("/usage").main
        page.press("Show the period", period="20260615T120000")

        assert "0 of 20" in now
        assert "7 of 20" in page.current.main
        assert "Since Jul 15, 2026" in page.current.main
        page.open("/usage?period=20200101T000000", status=404)


def _is_set(option: Element) -> bool:
    return option.get("selected") is not None


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

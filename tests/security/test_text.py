"""What people type stays text, on every page that shows it (H7, H8, H13)."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from billing.database import transaction
from billing.domain.ledger import LotSource
from billing.models import User
from billing.services import api_keys, ledger, metering
from billing.settings import Settings
from tests.architecture.source import ROOT
from tests.architecture.test_routes import address_of
from tests.factories import account
from tests.states import catalog_at_stripe
from tests.web.visitor import EMAIL, log_in, new_browser, post

MARKS = "\"><svg onload=alert(7)>{{7*7}}</script>' OR 1=1--"
ADMIN = "root@northpier.test"
RAISING = re.compile(r"<svg onload|\{\{\s*49|>49<|</script>'")

pytestmark = pytest.mark.one_database


@pytest.fixture
def user(app: Flask) -> User:
    """A user whose every text is an attack."""
    catalog_at_stripe()
    user = account(EMAIL)
    with transaction():
        user.external_id = MARKS
    api_keys.create(user=user, name=MARKS, actor="test")
    ledger.grant(
        user.id,
        50,
        source=LotSource.GRANT,
        reason=MARKS,
        actor="test",
        idempotency_key=MARKS,
    )
    metering.record(user, "ai_chat", 1, idempotency_key=f"{MARKS}2")
    return user


def test_every_page_shows_it_as_text(
    app: Flask, user: User, client: FlaskClient, settings: Settings
) -> None:
    account(ADMIN, is_admin=True)
    desk = new_browser(app, settings)
    log_in(client)
    client.set_cookie("theme", MARKS)
    log_in(desk, email=ADMIN)
    pages = [
        rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or set()) and not rule.endpoint.startswith(("api.", "assets."))
    ]

    read = {
        (address, browser is desk): browser.get(
            address, query_string={"q": MARKS, "next": MARKS}, buffered=True
        )
        for browser in (client, desk)
        for address in (address_of(rule) for rule in pages)
    }

    html = {where: page.text for where, page in read.items() if page.mimetype == "text/html"}
    shown = [where for where, text in html.items() if "svg onload" in text.lower()]
    assert [where for where, text in html.items() if RAISING.search(text)] == []
    assert len(shown) >= 3
    assert [where for where, page in read.items() if page.status_code >= 500] == []


def test_a_quote_in_a_field_is_no_statement(user: User, client: FlaskClient) -> None:
    quote = "' OR 1=1--"
    assert log_in(client, email=f"x{quote}@northpier.test").status_code == 401
    log_in(client)

    answers = [
        post(client, "/checkout/subscription", tier=quote, interval="month"),
        post(client, "/checkout/tokens", package=quote),
        client.get("/usage/explain/air_1' OR '1'='1"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]


def test_a_line_break_makes_no_mail_header(user: User, client: FlaskClient) -> None:
    for address in ("a@b.test\r\nBcc: eve@b.test", "a@b.test\nSubject: x", "a\0@b.test"):
        answer = post(client, "/signup", email=address, password="seven-green-bottles")
        assert answer.status_code == 422


def test_more_fields_than_there_are_change_nothing(user: User, client: FlaskClient) -> None:
    log_in(client)
    extra = {"is_admin": "1", "balance": "9999", "id": "1", "email_verified_at": "2020-01-01"}

    post(client, "/account/settings", locale="en", time_zone="UTC", **extra)
    post(client, "/usage/alerts", quota_percent="80", tokens_below="10", **extra)

    with transaction() as session:
        session.refresh(user)
        assert (user.is_admin, user.token_balance.balance) == (False, 50)


def test_nothing_that_people_typed_is_taken_for_markup() -> None:
    """Markup is made in a few places, of our own words alone; templates never lift the escape."""
    made = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "billing").rglob("*.py")
        if "sandbox" not in path.parts and "Markup(" in path.read_text(encoding="utf-8")
    }
    lifted = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "templates").rglob("*.html")
        if re.search(r"\|\s*safe\b|autoescape false", path.read_text(encoding="utf-8"))
    ]

    assert lifted == []
    # Each escapes what it was given first.
    escaping = ("filters", "charts", "assets", "api/reference")
    assert made <= {f"billing/web/{name}.py" for name in escaping}

"""What a life in the app leaves in the log: who did what, and nothing secret (L1, L4)."""

from __future__ import annotations

import json
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from billing.models import User
from billing.observability.logging import configure
from billing.services import api_keys
from billing.settings import Settings
from tests.factories import PASSWORD, account
from tests.outbox import Outbox
from tests.shop import WEBHOOK_SECRET, Shop, post_event, session_id_of
from tests.web.visitor import (
    EMAIL,
    OTHER_PASSWORD,
    csrf_token,
    log_in,
    new_browser,
    post,
    session_cookie,
)

NEW_EMAIL = "noor@northpier.test"
CARD = "4242424242424242"
API = "/api/v1"
KEY = re.compile(r"bk_[A-Za-z0-9]{8}_[\w-]{20,}")
TOLD = {
    *("login.succeeded", "login.failed", "webhook.rejected", "password.changed"),
    *("api_key.created", "api_key.revoked", "api_key.refused", "request.refused"),
}
# Who did it, or whose it was.
WHO = {"user_id", "actor", "api_key_id"}
# Refusals of a call without a key and of an event that somebody else has signed.
BY_STRANGERS = {"webhook.rejected", "request.refused"}

pytestmark = pytest.mark.one_database


@pytest.fixture
def user(shop: Shop, app: Flask) -> User:
    return account(EMAIL)


def test_the_log_knows_who_and_no_secret(
    app: Flask,
    user: User,
    shop: Shop,
    settings: Settings,
    outbox: Outbox,
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure(level="INFO", as_json=True)
    capsys.readouterr()
    browser = new_browser(app, settings)

    secrets = _live(browser, outbox)
    _be_refused(app, user)
    session_id = session_id_of(
        post(browser, "/checkout/tokens", package="tokens-500").headers["Location"]
    )
    shop.pay(session_id, number=CARD)
    for event in shop.events():
        shop.deliver(event)
    secrets |= {session_cookie(browser), csrf_token(browser)}

    written = capsys.readouterr().err
    configure(level="INFO", as_json=False)
    lines = [json.loads(line) for line in written.splitlines()]
    assert {line["event"] for line in lines} >= TOLD
    assert {line["event"] for line in lines if "request_id" not in line} == set()
    nameless = {line["event"] for line in lines if not WHO & line.keys()}
    assert nameless & TOLD <= BY_STRANGERS
    never = {EMAIL, NEW_EMAIL, PASSWORD, OTHER_PASSWORD, CARD, WEBHOOK_SECRET, *secrets}
    never |= {settings.secret_key, settings.stripe_secret_key}
    assert [secret for secret in never if secret in written] == []


def _live(browser: FlaskClient, outbox: Outbox) -> set[str]:
    """Log in, fail to, make a key and drop it, change the password; returns what was secret."""
    log_in(browser, OTHER_PASSWORD)
    log_in(browser)
    page = post(browser, "/account/settings/keys", name="mine", scopes="read write")
    key = KEY.search(page.text)
    assert key
    headers = {"Authorization": f"Bearer {key[0]}"}
    assert browser.get(f"{API}/usage", headers=headers).status_code == 200
    browser.get(f"{API}/usage?api_key={key[0]}")
    listed = browser.get("/account/settings/keys").text
    revoke = re.search(r"/account/settings/keys/\d+/revoke", listed)
    assert revoke
    post(browser, revoke[0])
    assert browser.get(f"{API}/usage", headers=headers).status_code == 401
    post(browser, "/account/settings/email", email=NEW_EMAIL, current_password=PASSWORD)
    link = outbox.last("Confirm your new email address").link
    browser.get(link)
    fields = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}
    post(browser, "/account/settings/password", **fields)
    return {key[0], link.rpartition("/")[2]}


def _be_refused(app: Flask, user: User) -> None:
    read_only = api_keys.create(user=user, scopes=("read",), actor="test")
    headers = {"Authorization": f"Bearer {read_only}"}
    client = app.test_client()
    answer = client.post(f"{API}/ai-requests", json={"feature": "ai_chat"}, headers=headers)
    assert answer.status_code == 403
    post_event(app, {"id": "evt_1", "type": "invoice.paid"}, "whsec_of_somebody_else_0123456789")

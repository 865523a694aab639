"""Forms are taken from our own pages only (security H1)."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from billing.settings import Settings
from tests import states
from tests.page import OriginClient, PageClient

pytestmark = pytest.mark.one_database

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@pytest.fixture(autouse=True)
def _logged_in(page: PageClient) -> None:
    states.catalog_at_stripe()
    states.log_in(page, states.free())


def _token(client: FlaskClient) -> str:
    found = TOKEN.search(client.get("/pricing").text)
    assert found
    return found[1]


def test_form_without_token_says_that_nothing_was_charged(client: FlaskClient) -> None:
    answer = client.post("/checkout/tokens", data={"package": "tokens-500"})

    assert 400 == answer.status_code
    assert "This page was open too long" in answer.text
    assert "Nothing was saved or charged." in answer.text


def test_form_with_a_wrong_token_is_refused(client: FlaskClient) -> None:
    assert 400 == client.post("/logout", data={"csrf_token": _token(client)[:-1]}).status_code


def test_token_of_another_session_is_refused(
    app: Flask, client: FlaskClient, settings: Settings
) -> None:
    other = OriginClient(app, app.response_class, origin=settings.base_url)

    answer = client.post("/logout", data={"csrf_token": _token(other)})

    assert 400 == answer.status_code


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.test"},
        {"Origin": "null"},
    ],
)
def test_right_token_from_another_site_is_refused(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    answer = client.post("/logout", data={"csrf_token": _token(client)}, headers=headers)

    assert 403 == answer.status_code


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin"}, {}])
def test_right_token_from_our_page_is_taken(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = client.post("/logout", data={"csrf_token": _token(client)}, headers=headers)

    assert 303 == answer.status_code


def test_webhook_needs_no_token(client: FlaskClient) -> None:
    answer = client.post("/webhooks/stripe", data=b"{}", headers={"Sec-Fetch-Site": "cross-site"})

    assert 400 == answer.status_code
    assert "invalid_signature" == answer.get_json(force=True)["code"]


def test_api_needs_no_token(client: FlaskClient) -> None:
    answer = client.post("/api/v1/nowhere", json={})

    assert 404 == answer.status_code

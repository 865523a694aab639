"""A browser of its own for each person, which speaks HTTP where a form would not let it."""

from __future__ import annotations

import re

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from billing.settings import Settings
from tests.factories import PASSWORD
from tests.page import OriginClient

EMAIL = "mara@northpier.test"
OTHER_PASSWORD = "a calm harbor at dawn"
COOKIE = "billhook_session"
HOST = "127.0.0.1"
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def new_browser(app: Flask, settings: Settings) -> FlaskClient:
    app.test_client_class = OriginClient
    return app.test_client(origin=settings.base_url)


def csrf_token(client: FlaskClient) -> str:
    found = TOKEN.search(client.get("/forgot-password").text)
    assert found
    return found[1]


def post(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    return client.post(path, data={"csrf_token": csrf_token(client), **fields})


def log_in(client: FlaskClient, password: str = PASSWORD, email: str = EMAIL) -> TestResponse:
    return post(client, "/login", email=email, password=password)


def session_cookie(client: FlaskClient) -> str:
    cookie = client.get_cookie(COOKIE, HOST)
    assert cookie
    return cookie.value


def plant(client: FlaskClient, cookie: str) -> FlaskClient:
    client.set_cookie(COOKIE, cookie, domain=HOST)
    return client


def is_logged_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def without_token(response: TestResponse) -> str:
    """Return the page without what is random on every page."""
    return TOKEN.sub("", response.text)

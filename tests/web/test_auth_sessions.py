"""The session and its cookie, as a browser and a thief see them."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from billing import clock, create_app
from billing.database import db, transaction
from billing.models import User
from billing.settings import Settings
from tests.factories import account, demo_catalog
from tests.web.visitor import (
    COOKIE,
    EMAIL,
    csrf_token,
    is_logged_in,
    log_in,
    new_browser,
    plant,
    post,
    session_cookie,
)

pytestmark = pytest.mark.one_database


@pytest.fixture(autouse=True)
def _catalog(app: Flask) -> None:
    demo_catalog()


@pytest.fixture
def user(app: Flask) -> User:
    return account(EMAIL)


def test_log_out_ends_the_session_on_the_server(
    app: Flask, settings: Settings, client: FlaskClient, user: User
) -> None:
    log_in(client)
    copied = session_cookie(client)

    answer = post(client, "/logout")

    assert answer.status_code == 303
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    thief = plant(new_browser(app, settings), copied)
    refused = thief.get("/account")
    assert (refused.status_code, refused.location) == (302, "/login?next=/account")


def test_logging_in_starts_another_session(
    app: Flask, settings: Settings, client: FlaskClient, user: User
) -> None:
    old_token = csrf_token(client)
    planted = session_cookie(client)

    log_in(client)

    assert session_cookie(client) != planted
    assert not is_logged_in(plant(new_browser(app, settings), planted))
    assert client.post("/logout", data={"csrf_token": old_token}).status_code == 400


def test_cookie_is_out_of_reach_of_scripts_and_other_sites(client: FlaskClient) -> None:
    cookie = client.get("/login").headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    assert "Expires" not in cookie


def test_cookie_is_bound_to_https_and_the_host(settings: Settings) -> None:
    secured = settings.model_copy(update={"configured_base_url": "https://billing.example.test"})
    secured.__dict__.pop("base_url", None)
    app = create_app(secured)

    cookie = app.test_client().get("/login", base_url=secured.base_url).headers["Set-Cookie"]

    assert cookie.startswith(f"__Host-{COOKIE}=")
    assert "Secure" in cookie
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize("is_kept", [True, False])
def test_secret_key_can_be_rotated(
    app: Flask,
    settings: Settings,
    client: FlaskClient,
    user: User,
    *,
    is_kept: bool,
) -> None:
    log_in(client)
    old_keys = (settings.secret_key,) if is_kept else ()
    new_key = "another-key-of-at-least-32-characters"
    rotated = create_app(
        settings.model_copy(update={"secret_key": new_key, "secret_key_fallbacks": old_keys})
    )

    browser = plant(new_browser(rotated, settings), session_cookie(client))

    assert is_logged_in(browser) is is_kept
    with rotated.app_context():
        db.engine.dispose()


def test_idle_session_ends(
    client: FlaskClient, user: User, frozen_time: time_machine.Traveller
) -> None:
    log_in(client)

    frozen_time.shift(timedelta(hours=23))
    assert is_logged_in(client)
    frozen_time.shift(timedelta(hours=25))
    assert not is_logged_in(client)


def test_disabled_user_is_out_at_once(client: FlaskClient, user: User) -> None:
    log_in(client)

    with transaction():
        user.disabled_at = clock.now()

    assert not is_logged_in(client)

"""The second factor: set up with an app, asked for at the log-in, passed once by each code."""

from __future__ import annotations

import re
from datetime import timedelta

import pyotp
import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import select

from billing import clock
from billing.database import db
from billing.models import AuditEntry, RecoveryCode, SecondFactor, User
from billing.services import portal_links
from billing.settings import Settings
from billing.web import portal_token
from tests.factories import PASSWORD, account, demo_catalog
from tests.web.visitor import (
    EMAIL,
    csrf_token,
    is_logged_in,
    log_in,
    new_browser,
    plant,
    post,
    session_cookie,
)

PAGE = "/account/settings/second-factor"
SECRET = re.compile(r"<code>([A-Z2-7]{32})</code>")
RECOVERY_CODE = re.compile(r"<code>([a-z2-7]{4}(?:-[a-z2-7]{4}){3})</code>")

pytestmark = [pytest.mark.one_database, pytest.mark.usefixtures("frozen_time")]


@pytest.fixture
def user(app: Flask) -> User:
    demo_catalog()
    return account(EMAIL)


@pytest.fixture
def secret(user: User, client: FlaskClient) -> str:
    """What the app of the user knows; the user has set it up and is logged in by it."""
    return set_up(client)[0]


def set_up(client: FlaskClient) -> tuple[str, list[str]]:
    """Log in, turn the second factor on, and return its secret and the recovery codes."""
    log_in(client)
    found = SECRET.search(client.get(PAGE).text)
    assert found
    answer = post(client, PAGE, code=code_of(found[1]))
    assert answer.status_code == 201
    return found[1], RECOVERY_CODE.findall(answer.text)


def code_of(secret: str, *, later: int = 0) -> str:
    return pyotp.TOTP(secret).at(clock.now() + timedelta(seconds=30 * later))


def _row() -> SecondFactor:
    db.session.rollback()
    return db.session.scalars(select(SecondFactor)).one()


def test_password_alone_opens_nothing(secret: str, app: Flask, settings: Settings) -> None:
    browser = new_browser(app, settings)
    answer = log_in(browser)

    assert answer.headers["Location"] == "/login/code"
    assert not is_logged_in(browser)
    given = post(browser, "/login/code?next=/usage", code=code_of(secret, later=1))
    assert given.headers["Location"] == "/usage"
    assert is_logged_in(browser)


def test_code_passes_once(secret: str, app: Flask, settings: Settings) -> None:
    first, second = new_browser(app, settings), new_browser(app, settings)
    log_in(first)
    log_in(second)
    code = code_of(secret, later=1)

    assert post(first, "/login/code", code=code).status_code == 303
    refused = post(second, "/login/code", code=code)

    assert refused.status_code == 422
    assert "This is not the code that the app shows now" in refused.text
    assert not is_logged_in(second)


def test_older_and_later_codes_are_refused(
    secret: str, app: Flask, settings: Settings, frozen_time: time_machine.Traveller
) -> None:
    frozen_time.shift(timedelta(minutes=5))
    browser = new_browser(app, settings)
    log_in(browser)

    for wrong in (code_of(secret, later=-2), code_of(secret, later=2), "", "000000", "é" * 6):
        assert post(browser, "/login/code", code=wrong).status_code == 422
    assert not is_logged_in(browser)


def test_recovery_code_passes_once(user: User, app: Flask, settings: Settings) -> None:
    codes = set_up(new_browser(app, settings))[1]
    assert len(set(codes)) == 10
    stored = db.session.scalars(select(RecoveryCode.code_hash)).all()
    assert not set(codes) & set(stored)

    answers = []
    for _ in range(2):
        browser = new_browser(app, settings)
        log_in(browser)
        answers.append(post(browser, "/login/code", code=codes[0].upper()).status_code)

    assert answers == [303, 422]


def test_guessing_is_limited(
    secret: str, app: Flask, settings: Settings, frozen_time: time_machine.Traveller
) -> None:
    browser = new_browser(app, settings)
    log_in(browser)

    guesses = [post(browser, "/login/code", code=f"{n:06}").status_code for n in range(5)]

    assert guesses == [422] * 5
    assert post(browser, "/login/code", code=code_of(secret, later=1)).status_code == 429
    frozen_time.shift(timedelta(minutes=16))
    log_in(browser)
    assert post(browser, "/login/code", code=code_of(secret)).status_code == 303


def test_waiting_ends_after_ten_minutes_and_with_the_password(
    secret: str, user: User, app: Flask, settings: Settings, frozen_time: time_machine.Traveller
) -> None:
    slow = new_browser(app, settings)
    log_in(slow)
    kept = session_cookie(slow)
    frozen_time.shift(timedelta(minutes=11))
    assert slow.get("/login/code").headers["Location"] == "/login"
    assert not is_logged_in(plant(new_browser(app, settings), kept))


def test_sign_up_is_no_way_around(secret: str, app: Flask, settings: Settings) -> None:
    browser = new_browser(app, settings)

    post(browser, "/signup", email=EMAIL, password=PASSWORD)

    assert not is_logged_in(browser)


def test_row_alone_makes_no_code(secret: str) -> None:
    row = _row()

    assert secret not in row.salt
    assert row.last_step > 0


def test_setting_it_up_logs_out_everywhere_else(user: User, app: Flask, settings: Settings) -> None:
    other, browser = new_browser(app, settings), new_browser(app, settings)
    log_in(other)

    set_up(browser)

    assert (is_logged_in(other), is_logged_in(browser)) == (False, True)


def test_wrong_first_code_turns_nothing_on(user: User, client: FlaskClient) -> None:
    log_in(client)

    assert post(client, PAGE, code="123456").status_code == 422
    assert client.get("/account").status_code == 200
    assert _row().confirmed_at is None


def test_turning_off_takes_the_password(
    secret: str, user: User, client: FlaskClient, app: Flask, settings: Settings
) -> None:
    assert "10 recovery codes left" in client.get(f"{PAGE}/off").text
    assert post(client, f"{PAGE}/off", password="a wrong password").status_code == 422
    assert post(client, f"{PAGE}/off", password=PASSWORD).status_code == 303

    browser = new_browser(app, settings)
    log_in(browser)
    assert is_logged_in(browser)
    db.session.rollback()
    actions = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions[-2:] == ["second_factor.on", "second_factor.off"]


def test_operator_helps_who_lost_the_phone(
    secret: str, cli: FlaskCliRunner, app: Flask, settings: Settings
) -> None:
    done = cli.invoke(args=["billing", "turn-off-second-factor", EMAIL])

    browser = new_browser(app, settings)
    log_in(browser)
    assert done.exit_code == 0
    assert is_logged_in(browser)


class TestAdmin:
    def test_who_has_one_gives_it(self, app: Flask, settings: Settings) -> None:
        demo_catalog()
        admin = account(EMAIL, is_admin=True)
        secret = set_up(new_browser(app, settings))[0]
        link = portal_links.create(admin.id, actor="test")
        browser = new_browser(app, settings)
        browser.get(f"/portal/{portal_token.sign(link.nonce)}")
        assert is_logged_in(browser)

        asked = browser.get("/admin/users")
        assert asked.headers["Location"] == "/login/code?next=/admin/users"
        given = post(browser, asked.headers["Location"], code=code_of(secret, later=1))

        assert given.headers["Location"] == "/admin/users"
        assert browser.get("/admin/users").status_code == 200

    def test_in_production_each_has_one(self, app: Flask, settings: Settings) -> None:
        demo_catalog()
        account(EMAIL, is_admin=True)
        app.extensions["billing_settings"] = settings.model_copy(
            update={"environment": "production"}
        )
        browser = new_browser(app, settings)
        log_in(browser)

        assert browser.get("/admin/users").headers["Location"] == PAGE
        set_up(browser)
        assert browser.get("/admin/users").status_code == 200


def test_form_needs_its_token(secret: str, client: FlaskClient) -> None:
    assert csrf_token(client)
    assert client.post(f"{PAGE}/off", data={"password": PASSWORD}).status_code == 400

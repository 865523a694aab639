"""Signing up, logging in and out, and forgotten passwords, through the pages."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from billing.database import db
from billing.models import User
from billing.settings import Settings
from tests.factories import PASSWORD, account, demo_catalog
from tests.outbox import Outbox
from tests.page import PageClient
from tests.web.visitor import EMAIL, OTHER_PASSWORD, csrf_token, post

pytestmark = pytest.mark.one_database


@pytest.fixture(autouse=True)
def _catalog(app: Flask) -> None:
    demo_catalog()


@pytest.fixture
def user(app: Flask) -> User:
    return account(EMAIL)


def _count_users() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(User.id))) or 0


def test_new_person_signs_up_and_lands_on_the_account(page: PageClient) -> None:
    page.open("/signup")
    account_page = page.press("Create account", email=EMAIL, password=PASSWORD)

    assert account_page.path == "/account"
    assert f"We sent an email to {EMAIL}" in account_page.text


@pytest.mark.parametrize(("guess", "kept"), [("Asia/Tokyo", "Asia/Tokyo"), ("Moon/Sea", "UTC")])
def test_time_zone_of_the_browser_is_the_first_guess(
    page: PageClient, guess: str, kept: str
) -> None:
    page.open("/signup")

    page.press("Create account", email=EMAIL, password=PASSWORD, time_zone=guess)

    assert db.session.scalar(select(User.time_zone)) == kept


def test_plan_that_was_chosen_first_is_named_and_come_back_to(page: PageClient) -> None:
    sign_up = page.open("/signup?next=/pricing?tier%3Dpro%26interval%3Dyear")
    assert "Then you can go on with Pro, $490.00 a year." in sign_up.main

    pricing = page.press("Create account", email=EMAIL, password=PASSWORD)

    assert pricing.url.endswith("/pricing?tier=pro&interval=year")


def test_person_logs_in_and_out(page: PageClient, user: User) -> None:
    page.open("/account")
    assert page.current.h1 == "Log in"

    account_page = page.press("Log in", email=EMAIL, password=PASSWORD)
    assert account_page.path == "/account"

    assert page.press("Log out").h1 == "Log in"
    assert page.open("/account").h1 == "Log in"


def test_errors_stand_at_the_fields_and_keep_what_was_typed(page: PageClient) -> None:
    page.open("/signup")
    refused = page.press("Create account", email="mara", password="tooBrief", status=422)

    assert "Error: Create your account" in refused.html
    assert refused.main.count("Enter an email address with an @") == 2
    assert refused.main.count("Make the password 12 characters or longer") == 2
    assert 'value="mara"' in refused.html
    assert "tooBrief" not in refused.html


def test_empty_form_asks_for_each_field(page: PageClient) -> None:
    page.open("/login")
    refused = page.press("Log in", email="", password="", status=422)

    assert "Enter your email address" in refused.main
    assert "Enter your password" in refused.main


def test_extra_fields_change_nothing(client: FlaskClient) -> None:
    post(
        client,
        "/signup",
        email=EMAIL,
        password=PASSWORD,
        is_admin="1",
        balance="9999",
        id="1000",
        email_verified_at="2026-01-01",
    )

    user = db.session.scalars(select(User)).one()
    assert (user.is_admin, user.id, user.email_verified_at) == (False, 1, None)
    assert user.token_balance.balance == 0


@pytest.mark.parametrize(
    "email",
    [
        "mara@northpier.test\r\nBcc: eve@evil.test",
        "mara@northpier.test,eve@evil.test",
        '"><svg onload=alert(1)>@x.test',
        "{{7*7}}@x.test ",
        "' OR 1=1--",
        "mara\0@northpier.test",
    ],
)
def test_strange_address_is_refused_as_text(client: FlaskClient, email: str) -> None:
    answer = post(client, "/signup", email=email, password=PASSWORD)

    assert answer.status_code in {303, 422}
    assert "<svg onload" not in answer.text
    assert "49@x.test" not in answer.text
    assert _count_users() == (1 if answer.status_code == 303 else 0)


@pytest.mark.parametrize("path", ["/login", "/signup", "/forgot-password"])
def test_missing_fields_are_asked_for(client: FlaskClient, path: str) -> None:
    assert post(client, path).status_code == 422


def test_forgotten_password_is_replaced(page: PageClient, user: User, outbox: Outbox) -> None:
    page.open("/login")
    page.follow("Forgot your password?")
    sent = page.press("Send the link", email=EMAIL)
    assert f"If {EMAIL} has an account, we sent it a link." in sent.text

    link = outbox.last("Reset").link
    page.open(link)
    logged_out = page.press("Change password", password=OTHER_PASSWORD)

    assert "Password changed" in logged_out.text
    assert page.press("Log in", email=EMAIL, password=OTHER_PASSWORD).path == "/account"
    assert page.open(link, status=400).h1 == "This link has expired"
    assert page.follow("Ask for a new link").h1 == "Reset your password"


def test_link_leads_to_the_base_url_whatever_the_host_header(
    client: FlaskClient, settings: Settings, user: User, outbox: Outbox
) -> None:
    token = csrf_token(client)
    client.post(
        "/forgot-password",
        data={"csrf_token": token, "email": EMAIL},
        base_url=settings.base_url,
        headers={"X-Forwarded-Host": "evil.test"},
    )

    assert outbox.last("Reset").link.startswith(f"{settings.base_url}/reset-password/")


def test_token_of_the_link_is_in_no_file_and_no_log(
    page: PageClient,
    user: User,
    outbox: Outbox,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    page.open("/forgot-password")
    page.press("Send the link", email=EMAIL)
    token = outbox.last("Reset").token
    page.open(f"/reset-password/{token}")

    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".eml"]
    shown = capfd.readouterr()
    assert [path for path in files if token.encode() in path.read_bytes()] == []
    assert token not in shown.out + shown.err


def test_poor_new_password_can_be_mended(page: PageClient, user: User, outbox: Outbox) -> None:
    page.open("/forgot-password")
    page.press("Send the link", email=EMAIL)
    page.open(outbox.last("Reset").link)

    refused = page.press("Change password", password="password1234", status=422)
    assert "Choose a password that is harder to guess" in refused.main
    assert "Password changed" in page.press("Change password", password=OTHER_PASSWORD).text


def test_opening_the_verification_link_does_not_use_it(page: PageClient, outbox: Outbox) -> None:
    page.open("/signup")
    page.press("Create account", email=EMAIL, password=PASSWORD)
    link = outbox.last("Welcome").link

    page.open(link)
    asked = page.open(link)
    assert asked.h1 == "Confirm your email address"
    confirmed = page.press(f"Confirm {EMAIL}")

    assert "Email address confirmed" in confirmed.text
    assert page.open(link, status=400).h1 == "This link has expired"


@pytest.mark.parametrize("path", ["/reset-password/made-up", "/verify-email/%00"])
def test_made_up_link_is_refused(page: PageClient, path: str) -> None:
    assert page.open(path, status=400).h1 == "This link has expired"

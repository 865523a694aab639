"""What a guesser gets: the same answer for everybody, and soon none."""

from __future__ import annotations

import re
from statistics import median
from time import perf_counter

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from billing import create_app
from billing.database import db
from billing.models import User
from billing.settings import Settings
from tests.factories import account, demo_catalog
from tests.outbox import Outbox
from tests.web.visitor import (
    COOKIE,
    EMAIL,
    OTHER_PASSWORD,
    csrf_token,
    is_logged_in,
    log_in,
    new_browser,
    post,
    without_token,
)


@pytest.fixture(autouse=True)
def _catalog(app: Flask) -> None:
    demo_catalog()


@pytest.fixture
def user(app: Flask) -> User:
    return account(EMAIL)


def test_refusal_does_not_say_which_part_was_wrong(client: FlaskClient, user: User) -> None:
    known = log_in(client, OTHER_PASSWORD)
    unknown = log_in(client, OTHER_PASSWORD, "noor@northpier.test")

    assert known.status_code == unknown.status_code == 401
    assert "The email address or the password is not right." in known.text
    assert without_token(known).replace(EMAIL, "noor@northpier.test") == without_token(unknown)
    assert OTHER_PASSWORD not in known.text


def test_sixth_wrong_try_waits_and_says_until_when(client: FlaskClient, user: User) -> None:
    account("noor@northpier.test")
    answers = [log_in(client, OTHER_PASSWORD) for _ in range(7)]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 2
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 15 * 60 + 1
    assert "Too many tries" in answers[-1].text
    assert log_in(client).status_code == 429
    assert log_in(client, email="noor@northpier.test").status_code == 303


def test_limit_survives_a_restart(app: Flask, settings: Settings, user: User) -> None:
    for _ in range(6):
        log_in(new_browser(app, settings), OTHER_PASSWORD)

    restarted = create_app(settings)

    assert log_in(new_browser(restarted, settings)).status_code == 429
    with restarted.app_context():
        db.engine.dispose()


def test_forged_address_does_not_reset_the_limit(client: FlaskClient) -> None:
    token = csrf_token(client)
    statuses = [
        client.post(
            "/login",
            data={"csrf_token": token, "email": f"p{number}@x.test", "password": OTHER_PASSWORD},
            headers={"X-Forwarded-For": f"198.51.100.{number}"},
        ).status_code
        for number in range(30)
    ]

    assert statuses == [401] * 29 + [429]


def test_sign_up_answers_alike_for_a_taken_address(
    app: Flask, settings: Settings, user: User, outbox: Outbox
) -> None:
    taken, free = new_browser(app, settings), new_browser(app, settings)

    for_taken = post(taken, "/signup", email=EMAIL, password=OTHER_PASSWORD)
    for_free = post(free, "/signup", email="noor@northpier.test", password=OTHER_PASSWORD)

    assert for_taken.status_code == for_free.status_code == 303
    assert for_taken.text == for_free.text
    assert _shape_of_headers(for_taken) == _shape_of_headers(for_free)
    assert not is_logged_in(taken)
    assert is_logged_in(free)
    assert sorted((letter.to, letter.subject[:14]) for letter in outbox.letters()) == [
        (EMAIL, "You already ha"),
        ("noor@northpier.test", "Welcome to Bil"),
    ]


def test_reset_answers_alike_for_an_unknown_address(
    app: Flask, settings: Settings, user: User
) -> None:
    known, unknown = new_browser(app, settings), new_browser(app, settings)

    for_known = post(known, "/forgot-password", email=EMAIL)
    for_unknown = post(unknown, "/forgot-password", email="noor@northpier.test")

    assert for_known.status_code == for_unknown.status_code == 303
    assert for_known.text == for_unknown.text
    assert for_known.location == for_unknown.location
    known_page, unknown_page = known.get("/forgot-password"), unknown.get("/forgot-password")
    assert without_token(known_page) == without_token(unknown_page).replace(
        "noor@northpier.test", EMAIL
    )


@pytest.mark.slow
def test_unknown_address_takes_as_long_as_a_known_one(app: Flask, settings: Settings) -> None:
    client = new_browser(app, settings)
    token = csrf_token(client)
    known: list[float] = []
    unknown: list[float] = []
    for number in range(12):
        account(f"known-{number}@northpier.test")
        for email, times in ((f"known-{number}", known), (f"unknown-{number}", unknown)):
            fields = {"email": f"{email}@northpier.test", "password": OTHER_PASSWORD}
            began = perf_counter()
            client.post("/login", data={"csrf_token": token, **fields})
            times.append(perf_counter() - began)

    assert 0.65 < median(known) / median(unknown) < 1.35


def _shape_of_headers(response: TestResponse) -> dict[str, str]:
    """The headers, with what is random or typed in them masked by its length."""
    headers = dict(response.headers)
    del headers["X-Request-Id"]
    signed = re.escape(f"{COOKIE}=")
    headers["Set-Cookie"] = re.sub(f"{signed}[^;]+", COOKIE, headers["Set-Cookie"])
    return headers

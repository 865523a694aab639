"""Which language a page speaks, and how a person changes it, without JavaScript."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from billing.database import db
from billing.settings import Settings
from tests import states
from tests.page import PageClient

pytestmark = pytest.mark.one_database


@pytest.mark.parametrize(
    ("accepted", "spoken"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.5", "de"),
        ("fr,de;q=0.5,en;q=0.4", "de"),
        ("en-GB,de;q=0.5", "en"),
        ("fr", "en"),
        ("*", "en"),
        ("", "en"),
    ],
)
def test_stranger_gets_what_the_browser_asks_for(
    client: FlaskClient, accepted: str, spoken: str
) -> None:
    answer = client.get("/login", headers={"Accept-Language": accepted})

    assert f'<html lang="{spoken}" dir="ltr">' in answer.text


def test_choice_of_a_stranger_wins_over_the_browser(page: PageClient) -> None:
    assert page.open("/login").root.get("lang") == "en"

    page.press("Deutsch", action="/language")

    assert page.current.path == "/login"
    assert page.current.root.get("lang") == "de"
    assert page.open("/signup").root.get("lang") == "de"


def test_cookie_of_another_hand_changes_nothing(client: FlaskClient, settings: Settings) -> None:
    client.set_cookie("locale", "../../etc", domain=settings.host)

    assert '<html lang="en" dir="ltr">' in client.get("/login").text


def test_choice_of_a_user_is_kept_with_the_user(page: PageClient) -> None:
    states.catalog_at_stripe()
    user = states.free()
    states.log_in(page, user)
    page.open("/usage")

    page.press("Deutsch", action="/language")

    db.session.rollback()  # and so read anew
    assert page.current.path == "/usage"
    assert page.current.root.get("lang") == "de"
    assert user.locale == "de"


def test_user_without_a_choice_gets_what_the_browser_asks_for(
    page: PageClient, client: FlaskClient
) -> None:
    states.catalog_at_stripe()
    states.log_in(page, states.free())

    answer = client.get("/account", headers={"Accept-Language": "de"})

    assert '<html lang="de" dir="ltr">' in answer.text

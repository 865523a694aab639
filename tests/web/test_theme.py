"""Light or dark, chosen in the account menu, without JavaScript."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from billing.settings import Settings
from tests import states
from tests.page import PageClient

pytestmark = pytest.mark.one_database


@pytest.fixture(autouse=True)
def _logged_in(page: PageClient) -> None:
    states.catalog_at_stripe()
    states.log_in(page, states.free())


def test_chosen_theme_is_in_the_page_from_then_on(page: PageClient) -> None:
    page.open("/account")

    page.press("Dark colors")

    assert page.current.root.get("data-theme") == "dark"
    assert page.open("/usage").root.get("data-theme") == "dark"


def test_system_decides_again(page: PageClient) -> None:
    page.open("/account")
    page.press("Light colors")

    page.press("System colors")

    assert page.current.root.get("data-theme") is None


def test_cookie_of_another_hand_changes_nothing(
    page: PageClient, client: FlaskClient, settings: Settings
) -> None:
    client.set_cookie("theme", '"><script>', domain=settings.host)

    assert page.open("/account").root.get("data-theme") is None


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("{base}/usage?a=b", "/usage?a=b"),
        ("{base}//evil.test/", "/evil.test/"),
        ("http://evil.test/usage", "/pricing"),
        ("", "/pricing"),
    ],
)
def test_it_leads_back_to_our_own_page_only(
    page: PageClient, client: FlaskClient, settings: Settings, referer: str, back: str
) -> None:
    form, _button = page.open("/account").find_form("Dark colors", "/theme")
    token = next(form.iter("input")).get("value")

    answer = client.post(
        "/theme",
        data={"csrf_token": token, "theme": "dark"},
        headers={"Referer": referer.format(base=settings.base_url)},
    )

    assert answer.location == back

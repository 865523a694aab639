"""The settings in a real browser: with keys and scripts, and without any script."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from billing.errors import FeatureNotInTier
from billing.models import User
from billing.services import metering
from tests import factories, states
from tests.browser.faults import Faults
from tests.browser.hands import Hands, Keys, Mouse, button, link
from tests.shop import Shop

pytestmark = [pytest.mark.slow, pytest.mark.one_database]

NEW_PASSWORD = "a calm harbor at dawn"


@pytest.fixture
def mara(shop: Shop, live_app: Flask) -> User:
    user = states.on_tokens()
    with pytest.raises(FeatureNotInTier):
        metering.record(user, "ai_images")
    return user


def test_by_keys_alone(mara: User, browser_page: Page) -> None:
    found = live_through_the_settings(Keys(browser_page), mara.email)

    assert found == []


def test_without_javascript(mara: User, plain_page: Page) -> None:
    live_through_the_settings(Mouse(plain_page), mara.email, runs_scripts=False)


def live_through_the_settings(hands: Hands, email: str, *, runs_scripts: bool = True) -> list[str]:
    """Go through all of them; return what axe and the narrowest screen have against a page."""
    faults = Faults(hands.tab, runs_scripts=runs_scripts)
    log_in(hands.tab, email)
    hands.press(link(hands.tab, "All settings"))

    change_password(hands, faults)
    have_a_key_for_a_while(hands, faults)
    ask_why(hands, faults)
    close_account(hands, faults, email)
    return faults.found


def change_password(hands: Hands, faults: Faults) -> None:
    tab = hands.tab
    hands.press(link(tab, "Change the password"))
    hands.press(button(tab, "Change password"))
    faults.look("password, with problems")
    hands.write(tab.get_by_label("Current password"), factories.PASSWORD)
    hands.write(tab.get_by_label("New password"), NEW_PASSWORD)
    hands.press(button(tab, "Change password"))
    expect(tab.get_by_role("status").first).to_contain_text("Password changed.")


def have_a_key_for_a_while(hands: Hands, faults: Faults) -> None:
    tab = hands.tab
    hands.press(link(tab, "Manage API keys"))
    hands.write(tab.get_by_label("Name"), "Nightly import")
    hands.choose(tab.get_by_label("Read only"))
    hands.select(tab.get_by_label("Expires"), "After 90 days")
    hands.press(button(tab, "Create key"))
    expect(tab.get_by_role("textbox", name="API key")).to_have_value(re.compile("^bk_"))
    faults.look("key, shown once")
    hands.press(link(tab, "I have copied it"))
    faults.look("keys")
    hands.press(link(tab, "Revoke Nightly import"))
    faults.look("key, before it is revoked")
    hands.press(button(tab, "Revoke key"))
    expect(tab.get_by_role("main")).to_contain_text("No keys yet")


def ask_why(hands: Hands, faults: Faults) -> None:
    tab = hands.tab
    for kind in ("air", "ref"):
        tab.goto("/usage")
        hands.press(link(tab, re.compile(f"^{kind}_.* explained$")))
        expect(tab.get_by_role("heading", name="Step by step")).to_be_visible()
        faults.look(f"explained: {kind}")


def close_account(hands: Hands, faults: Faults, email: str) -> None:
    tab = hands.tab
    tab.goto("/account/settings")
    hands.press(link(tab, "Close the account"))
    faults.look("closing")
    hands.write(tab.get_by_label("Current password"), NEW_PASSWORD)
    hands.press(button(tab, f"Close {email} now"))
    expect(tab.get_by_role("status")).to_contain_text("Your account is closed.")


@pytest.mark.usefixtures("live_app")
def test_keys_alone_lead_to_a_new_time_zone(browser_page: Page) -> None:
    hands = Keys(browser_page)
    states.catalog_at_stripe()
    log_in(browser_page, states.free().email)
    browser_page.goto("/account/settings")

    hands.select(browser_page.get_by_label("Time zone", exact=True), "Tokyo")
    hands.press(button(browser_page, "Save language and time zone"))

    expect(browser_page.get_by_role("status").first).to_be_focused()
    expect(browser_page.get_by_label("Time zone", exact=True)).to_have_value("Asia/Tokyo")


def log_in(tab: Page, email: str) -> None:
    tab.goto("/login")
    tab.get_by_label("Email").fill(email)
    tab.get_by_label("Password", exact=True).fill(factories.PASSWORD)
    tab.get_by_role("main").get_by_role("button", name="Log in", exact=True).click()
    tab.wait_for_url("**/account")

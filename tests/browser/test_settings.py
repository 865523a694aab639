"""The settings in a real browser: with keys and scripts, and without any script."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Page, expect

from billing.errors import FeatureNotInTier
from billing.models import User
from billing.services import metering
from tests import factories, states
from tests.shop import Shop

pytestmark = [pytest.mark.slow, pytest.mark.one_database]

NEW_PASSWORD = "a calm harbor at dawn"
SCROLLS_SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
def mara(shop: Shop, live_app: Flask) -> User:
    user = states.on_tokens()
    with pytest.raises(FeatureNotInTier):
        metering.record(user, "ai_images")
    return user


def test_with_javascript(mara: User, browser_page: Page) -> None:
    found = live_through_the_settings(browser_page, mara.email)

    assert found == []


def test_without_javascript(mara: User, plain_page: Page) -> None:
    live_through_the_settings(plain_page, mara.email, runs_scripts=False)


def live_through_the_settings(tab: Page, email: str, *, runs_scripts: bool = True) -> list[str]:
    """Go through all of them; return what axe and the narrowest screen have against a page."""
    faults = Faults(tab, runs_scripts=runs_scripts)
    log_in(tab, email)
    tab.get_by_role("link", name="All settings").click()

    change_password(tab, faults)
    have_a_key_for_a_while(tab, faults)
    ask_why(tab, faults)
    close_account(tab, faults, email)
    return faults.found


def change_password(tab: Page, faults: Faults) -> None:
    tab.get_by_role("link", name="Change the password").click()
    press(tab, "Change password")
    faults.look("password, with problems")
    tab.get_by_label("Current password").fill(factories.PASSWORD)
    tab.get_by_label("New password").fill(NEW_PASSWORD)
    press(tab, "Change password")
    expect(tab.get_by_role("status").first).to_contain_text("Password changed.")


def have_a_key_for_a_while(tab: Page, faults: Faults) -> None:
    tab.get_by_role("link", name="Manage API keys").click()
    tab.get_by_label("Name").fill("Nightly import")
    tab.get_by_label("Read only").check()
    tab.get_by_label("Expires").select_option(label="After 90 days")
    press(tab, "Create key")
    expect(tab.get_by_role("textbox", name="API key")).to_have_value(re.compile("^bk_"))
    faults.look("key, shown once")
    tab.get_by_role("link", name="I have copied it").click()
    faults.look("keys")
    tab.get_by_role("link", name="Revoke Nightly import").click()
    faults.look("key, before it is revoked")
    press(tab, "Revoke key")
    expect(tab.get_by_role("main")).to_contain_text("No keys yet")


def ask_why(tab: Page, faults: Faults) -> None:
    for kind in ("air", "ref"):
        tab.goto("/usage")
        tab.get_by_role("link", name=re.compile(f"^{kind}_.* explained$")).first.click()
        expect(tab.get_by_role("heading", name="Step by step")).to_be_visible()
        faults.look(f"explained: {kind}")


def close_account(tab: Page, faults: Faults, email: str) -> None:
    tab.goto("/account/settings")
    tab.get_by_role("link", name="Close the account").click()
    faults.look("closing")
    tab.get_by_label("Current password").fill(NEW_PASSWORD)
    press(tab, f"Close {email} now")
    expect(tab.get_by_role("status")).to_contain_text("Your account is closed.")


class Faults:
    """What axe finds, and what is wider than 320 pixels; without scripts nobody looks."""

    def __init__(self, tab: Page, *, runs_scripts: bool) -> None:
        self.tab, self.runs_scripts = tab, runs_scripts
        self.found: list[str] = []
        tab.set_viewport_size({"width": 320, "height": 800})

    def look(self, where: str) -> None:
        if not self.runs_scripts:
            return
        result = Axe().run(self.tab)
        if result.violations_count:
            self.found.append(f"{where}: {result.generate_report()}")
        if self.tab.evaluate(SCROLLS_SIDEWAYS):
            self.found.append(f"{where} scrolls")


@pytest.mark.usefixtures("live_app")
def test_keys_alone_lead_to_a_new_time_zone(browser_page: Page) -> None:
    states.catalog_at_stripe()
    log_in(browser_page, states.free().email)
    browser_page.goto("/account/settings")

    go_to(browser_page, "Time zone")
    browser_page.keyboard.type("Tokyo")
    go_to(browser_page, "Save language and time zone")
    browser_page.keyboard.press("Enter")

    expect(browser_page.get_by_role("status").first).to_be_focused()
    expect(browser_page.get_by_label("Time zone", exact=True)).to_have_value("Asia/Tokyo")


def go_to(tab: Page, name: str) -> None:
    """Press Tab until the focus is there."""
    focused = "(document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim()"
    for _ in range(40):
        tab.keyboard.press("Tab")
        if " ".join(str(tab.evaluate(focused)).split()) == name:
            return
    raise AssertionError(f"no way to {name!r} by keys")


def press(tab: Page, name: str) -> None:
    tab.get_by_role("main").get_by_role("button", name=name).first.click()


def log_in(tab: Page, email: str) -> None:
    tab.goto("/login")
    tab.get_by_label("Email").fill(email)
    tab.get_by_label("Password", exact=True).fill(factories.PASSWORD)
    tab.get_by_role("main").get_by_role("button", name="Log in", exact=True).click()
    tab.wait_for_url("**/account")

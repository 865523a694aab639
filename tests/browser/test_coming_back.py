"""Who comes back: a forgotten password, what was used since, alerts, the history as CSV."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from billing.models import User
from tests import states
from tests.browser.faults import Faults
from tests.browser.hands import Hands, Keys, Mouse, button, link
from tests.outbox import Outbox

pytestmark = [pytest.mark.slow, pytest.mark.one_database]

NEW_PASSWORD = "a calm harbor at dawn"


@pytest.fixture
def mara(live_app: Flask) -> User:
    states.catalog_at_stripe()
    return states.on_tokens()


def test_by_keys_alone(mara: User, browser_page: Page, outbox: Outbox) -> None:
    faults = Faults(browser_page)

    come_back(Keys(browser_page), mara.email, outbox, faults)

    assert faults.found == []


def test_without_javascript(mara: User, plain_page: Page, outbox: Outbox) -> None:
    come_back(Mouse(plain_page), mara.email, outbox, Faults(plain_page, runs_scripts=False))


def come_back(hands: Hands, email: str, outbox: Outbox, faults: Faults) -> None:
    choose_a_new_password(hands, email, outbox, faults)
    log_in_with_it(hands, email, faults)
    look_at_the_history(hands, faults)
    set_an_alert(hands)


def choose_a_new_password(hands: Hands, email: str, outbox: Outbox, faults: Faults) -> None:
    tab = hands.tab
    tab.goto("/login")
    hands.press(link(tab, "Forgot your password?"))
    hands.press(button(tab, "Send the link"))
    faults.look("no address given")
    hands.write(tab.get_by_label("Email"), email)
    hands.press(button(tab, "Send the link"))
    expect(tab.get_by_role("status")).to_contain_text(f"If {email} has an account")
    faults.look("link sent")

    tab.goto(outbox.last("Reset").link)
    hands.write(tab.get_by_label("New password"), "too short")
    hands.press(button(tab, "Change password"))
    faults.look("password too short")
    hands.write(tab.get_by_label("New password"), NEW_PASSWORD)
    hands.press(button(tab, "Change password"))


def log_in_with_it(hands: Hands, email: str, faults: Faults) -> None:
    tab = hands.tab
    hands.write(tab.get_by_label("Email"), email)
    hands.write(tab.get_by_label("Password", exact=True), "not the one")
    hands.press(button(tab, "Log in"))
    expect(tab.get_by_role("alert")).to_be_visible()
    faults.look("wrong password")
    hands.write(tab.get_by_label("Password", exact=True), NEW_PASSWORD)
    hands.press(button(tab, "Log in"))
    expect(tab.get_by_role("heading", level=1)).to_have_text("Account")


def look_at_the_history(hands: Hands, faults: Faults) -> None:
    tab, rows = hands.tab, hands.tab.get_by_role("main").locator("tbody tr")
    hands.press(link(tab, "See usage"))
    hands.press(link(tab, "All history, with filters"))
    hands.select(tab.get_by_label("Type"), "Added")
    hands.press(button(tab, "Apply the filter"))
    expect(rows).to_have_count(1)
    with tab.expect_download() as download:
        link(tab, "Export CSV").press("Enter")
    assert re.fullmatch(r"usage.*\.csv", download.value.suggested_filename)

    hands.write(tab.get_by_label("Reference"), "nothing like it")
    hands.press(button(tab, "Apply the filter"))
    expect(tab.get_by_role("main")).to_contain_text("No entries match")
    faults.look("no entries match")
    hands.press(link(tab, "Clear filters"))
    expect(rows).to_have_count(2)


def set_an_alert(hands: Hands) -> None:
    tab = hands.tab
    hands.press(link(tab, "Back to usage"))
    hands.select(tab.get_by_label("Email me when quota use reaches"), "90%")
    hands.press(button(tab, "Save alerts"))
    expect(tab.get_by_role("status").first).to_contain_text("Alerts saved.")

"""A plan's life in a real browser: more, less, undone, cancelled and kept."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from flask import Flask
from playwright.sync_api import Page, ViewportSize, expect

from billing.models import User
from billing.services import checkout, portal
from tests import factories
from tests.browser.faults import scrolls_sideways, violations
from tests.browser.hands import Hands, Keys, Mouse, button, link
from tests.shop import Shop

pytestmark = pytest.mark.one_database

PAGES = [
    "/account/change?tier=scale&interval=month",
    "/account/change?tier=scale&interval=year",
    "/account/change?tier=starter&interval=month",
    "/account/change?tier=pro&interval=year",
    "/account/cancel",
]
VIEWS: list[tuple[int, Literal["light", "dark"]]] = [(1280, "light"), (390, "dark")]
SMALLEST: ViewportSize = {"width": 320, "height": 800}


@pytest.fixture
def mara(shop: Shop, live_app: Flask) -> User:
    assert live_app
    user = factories.account()
    session_id = shop.choose_tier(user)
    shop.pay(session_id)
    checkout.confirm(user, session_id, gateway=shop.gateway)
    return user


def test_by_keys_alone(mara: User, browser_page: Page) -> None:
    live_through_a_plan(Keys(browser_page), mara.email)


def test_without_javascript(mara: User, plain_page: Page) -> None:
    live_through_a_plan(Mouse(plain_page), mara.email)


def live_through_a_plan(hands: Hands, email: str) -> None:
    tab = hands.tab
    log_in(tab, email)
    tab.goto("/pricing")
    hands.press(button(tab, "Upgrade to Scale"))
    hands.press(button(tab, "Pay $100.00 and switch"))
    expect(tab.get_by_role("main")).to_contain_text("Plan changed to Scale. You paid $100.00.")

    tab.goto("/pricing")
    hands.press(button(tab, "Switch to Starter"))
    expect(tab.get_by_role("main")).to_contain_text("You lose")
    hands.press(button(tab, "Switch to Starter"))
    expect(tab.get_by_role("main")).to_contain_text("You move to Starter on")
    hands.press(button(tab, "Undo change"))
    expect(tab.get_by_role("main")).to_contain_text("You stay on Scale.")

    hands.press(link(tab, "Cancel plan"))
    hands.choose(tab.get_by_label("It costs too much"))
    hands.press(button(tab, re.compile("^Cancel Scale on")))
    expect(tab.get_by_role("main")).to_contain_text("We will not charge your card again.")
    hands.press(button(tab, "Keep Scale"))
    expect(tab.get_by_role("main")).to_contain_text("Scale continues. Next payment $149.00 on")


@pytest.mark.slow
def test_its_pages_are_accessible_and_fit_the_smallest_phone(
    mara: User, shop: Shop, browser_page: Page
) -> None:
    found: list[str] = []
    log_in(browser_page, mara.email)
    session = shop.dashboard.v1.checkout.sessions.retrieve(shop.choose_package(mara))
    portal_url = portal.open(mara, return_url="http://shop.test/account", gateway=shop.gateway)
    at_the_sandbox = [session.url or "", portal_url, shop.control.base_url]
    for width, theme in VIEWS:
        browser_page.emulate_media(color_scheme=theme)
        for path in [*PAGES, *at_the_sandbox]:
            browser_page.set_viewport_size({"width": width, "height": 800})
            browser_page.goto(path)
            found += faults_of(browser_page, f"{path} at {width} px, {theme}")

    assert found == []


def faults_of(tab: Page, where: str) -> list[str]:
    found = [f"{where}: {report}" for report in violations(tab)]
    found += [f"{where} scrolls"] if scrolls_sideways(tab) else []
    tab.set_viewport_size(SMALLEST)
    return [*found, f"{where}, made small, scrolls"] if scrolls_sideways(tab) else found


def log_in(tab: Page, email: str) -> None:
    tab.goto("/login")
    tab.get_by_label("Email").fill(email)
    tab.get_by_label("Password", exact=True).fill(factories.PASSWORD)
    tab.get_by_role("main").get_by_role("button", name="Log in", exact=True).click()
    tab.wait_for_url("**/account")

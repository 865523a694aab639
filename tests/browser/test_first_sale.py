"""The first sale, as a person makes it: sign up, buy Pro, use it, buy tokens."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskCliRunner
from playwright.sync_api import Page, expect

from tests.browser.hands import Hands, Keys, Mouse, button
from tests.shop import Shop

EMAIL, PASSWORD = "ada@example.com", "correct horse battery staple"

Record = Callable[[], None]


@pytest.fixture
def record(shop: Shop, cli: FlaskCliRunner) -> Record:
    """One AI request, by the command line."""

    def run() -> None:
        result = cli.invoke(args=["billing", "record", EMAIL, "ai_mentor"])
        assert result.exit_code == 0, result.output

    return run


@pytest.mark.usefixtures("live_app")
class TestFirstSale:
    def test_with_javascript(self, shop: Shop, browser_page: Page, record: Record) -> None:
        shop.listen()

        buy_pro_use_it_and_buy_tokens(Mouse(browser_page), record)

    @pytest.mark.one_database
    def test_without_javascript(self, shop: Shop, plain_page: Page, record: Record) -> None:
        shop.listen()

        buy_pro_use_it_and_buy_tokens(Mouse(plain_page), record)

    @pytest.mark.one_database
    @pytest.mark.usefixtures("shop")
    def test_by_keys_alone_and_without_any_webhook(
        self, browser_page: Page, record: Record
    ) -> None:
        buy_pro_use_it_and_buy_tokens(Keys(browser_page), record)

    @pytest.mark.one_database
    @pytest.mark.usefixtures("shop")
    def test_a_declined_card_is_told_and_another_one_pays(self, browser_page: Page) -> None:
        hands = Mouse(browser_page)
        sign_up(hands)
        choose_pro(hands)
        browser_page.get_by_label("Card is declined").check()
        press_pay(hands)
        expect(browser_page.get_by_role("link", name="Your card was declined")).to_be_visible()
        browser_page.get_by_label("Payment succeeds").check()
        browser_page.get_by_label("Security code").fill("123")
        press_pay(hands)

        expect(browser_page.get_by_role("heading", level=1)).to_have_text("You are on Pro")

    @pytest.mark.one_database
    @pytest.mark.usefixtures("shop")
    def test_who_turns_back_was_not_charged(self, browser_page: Page) -> None:
        hands = Mouse(browser_page)
        sign_up(hands)
        choose_pro(hands)
        browser_page.get_by_role("link", name="Cancel and go back").click()

        expect(browser_page.get_by_role("heading", level=1)).to_have_text("Nothing was charged")
        browser_page.goto("/account")
        expect(browser_page.get_by_role("heading", name="Free")).to_be_visible()


def buy_pro_use_it_and_buy_tokens(hands: Hands, record: Record) -> None:
    tab = hands.tab
    sign_up(hands)
    choose_pro(hands)
    press_pay(hands)
    expect(tab.get_by_role("heading", level=1)).to_have_text("You are on Pro")

    tab.goto("/account")
    expect(tab.get_by_role("heading", name="Pro", exact=True)).to_be_visible()

    for _ in range(3):
        record()
    tab.goto("/usage")
    expect(tab.get_by_role("main")).to_contain_text(re.compile(r"3\s*of 5,000"))
    expect(tab.get_by_role("main")).to_contain_text("AI mentor")

    tab.goto("/pricing")
    hands.press(button(tab, "500 tokens for $20.00"))
    press_pay(hands)
    expect(tab.get_by_role("heading", level=1)).to_have_text("500 tokens added")
    tab.goto("/account")
    expect(tab.get_by_role("region", name="Token balance")).to_contain_text("500")


def sign_up(hands: Hands) -> None:
    tab = hands.tab
    tab.goto("/signup")
    hands.write(tab.get_by_label("Email"), EMAIL)
    hands.write(tab.get_by_label("Password", exact=True), PASSWORD)
    hands.press(button(tab, "Create account"))
    expect(tab).not_to_have_url(re.compile("/signup"))


def choose_pro(hands: Hands) -> None:
    hands.tab.goto("/pricing")
    hands.press(button(hands.tab, "Choose Pro"))
    expect(hands.tab.get_by_text("Subscribe to Pro")).to_be_visible()


def press_pay(hands: Hands) -> None:
    hands.press(hands.tab.get_by_role("button", name=re.compile("^Pay")))

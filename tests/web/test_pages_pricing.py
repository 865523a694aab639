"""The pricing page: what it says and what can be pressed, for each kind of reader."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import update

from billing import clock
from billing.database import transaction
from billing.models import SubscriptionTier
from billing.services import catalog
from tests import factories, queries, states
from tests.page import PageClient

pytestmark = pytest.mark.one_database


@pytest.fixture
def _on_sale(app: Flask) -> None:
    states.catalog_at_stripe()


@pytest.mark.usefixtures("_on_sale")
class TestVisitor:
    def test_prices_by_the_month_and_by_the_year_are_both_in_the_page(
        self, page: PageClient
    ) -> None:
        page.open("/pricing")

        assert "$49" in page.current.main
        assert "$490 billed once a year, $98 less than monthly" in page.current.main

    def test_a_twelfth_of_the_yearly_price_is_rounded_up(self, page: PageClient) -> None:
        page.open("/pricing")

        assert "$40.84" in page.current.main

    def test_the_saving_is_computed_and_rounded_down(self, page: PageClient) -> None:
        page.open("/pricing")

        assert "Save up to 16%" in page.current.main

    def test_the_home_page_is_the_pricing_page(self, page: PageClient) -> None:
        page.open("/")

        assert page.current.path == "/pricing"

    def test_a_choice_leads_through_sign_up_and_back(self, page: PageClient) -> None:
        page.open("/pricing")

        links = {link.get("href") for link in page.current.all("a", "button")}
        assert "/signup?next=/pricing?tier%3Dpro%26interval%3Dyear" in links

    def test_the_year_is_preselected_by_the_address(self, page: PageClient) -> None:
        page.open("/pricing?interval=year")

        checked = [
            radio.get("value")
            for radio in page.current.all("input", "segmented__input")
            if radio.get("checked") is not None
        ]
        assert ["year"] == checked

    def test_nothing_can_be_bought_without_an_account(self, page: PageClient) -> None:
        page.open("/pricing")

        assert page.current.buttons == ["English", "Deutsch"]


@pytest.mark.usefixtures("_on_sale")
class TestFreeUser:
    @pytest.fixture(autouse=True)
    def _logged_in(self, page: PageClient, _on_sale: None) -> None:
        states.log_in(page, states.free())

    def test_paid_tiers_and_packages_can_be_chosen(self, page: PageClient) -> None:
        page.open("/pricing")

        assert {"Choose Starter", "Choose Pro", "Choose Scale"} <= set(page.current.buttons)
        assert "Buy 500 tokens for $20.00" in page.current.buttons

    def test_the_free_tier_is_their_plan(self, page: PageClient) -> None:
        page.open("/pricing")

        assert "Your plan" in page.current.main

    def test_the_choice_from_before_sign_up_is_one_button_away(self, page: PageClient) -> None:
        page.open("/pricing?tier=pro&interval=year")

        assert "$490.00 a year" in page.current.main
        assert "Go to checkout" in page.current.buttons

    def test_without_stripe_there_is_a_notice_and_no_button(self, page: PageClient) -> None:
        page.open("/pricing")

        page.press("Choose Pro")

        assert "We could not reach the payment service. Nothing was charged." in page.current.main
        assert "$49" in page.current.main
        assert "Choose Pro" not in page.current.buttons

    def test_the_buttons_are_back_on_the_next_visit(self, page: PageClient) -> None:
        page.open("/pricing")
        page.press("Choose Pro")

        page.open("/pricing")

        assert "Choose Pro" in page.current.buttons


@pytest.mark.usefixtures("_on_sale")
class TestSubscriber:
    def test_their_tier_is_marked_and_the_others_cannot_be_bought_on_top(
        self, page: PageClient
    ) -> None:
        states.log_in(page, states.subscribed("pro"))

        page.open("/pricing")

        assert "Your plan" in page.current.main
        assert not [button for button in page.current.buttons if button.startswith("Choose")]

    def test_a_plan_that_ends_can_be_kept(self, page: PageClient) -> None:
        states.log_in(page, states.ending())

        page.open("/pricing")

        assert "Keep Pro" in page.current.links

    def test_a_failed_payment_comes_first(self, page: PageClient) -> None:
        states.log_in(page, states.past_due())

        page.open("/pricing")

        assert "Update card first to have Pro" in page.current.links


class TestCatalog:
    def test_without_tiers_it_says_so(self, page: PageClient) -> None:
        page.open("/pricing")

        assert "No plans are on sale" in page.current.main
        assert "Create a plan" not in page.current.links

    def test_without_tiers_an_admin_is_led_to_a_new_one(self, page: PageClient) -> None:
        states.catalog_at_stripe()
        admin = factories.account(is_admin=True)
        states.log_in(page, admin)
        with transaction() as session:
            session.execute(update(SubscriptionTier).values(archived_at=clock.now()))

        page.open("/pricing")

        assert page.current.links["Create a plan"].startswith("/admin/")

    def test_a_tier_that_stripe_does_not_know_is_not_for_sale(self, page: PageClient) -> None:
        factories.demo_catalog()
        states.log_in(page, states.free())

        page.open("/pricing")

        assert "Payments are not available right now" in page.current.main
        assert "Choose Pro" not in page.current.buttons

    def test_an_archived_tier_is_gone(self, page: PageClient) -> None:
        states.catalog_at_stripe()
        with transaction():
            starter = catalog.get_tier("starter")
            starter.archived_at = starter.created_at

        page.open("/pricing")

        assert "Starter" not in page.current.main

    def test_it_needs_few_queries(self, page: PageClient) -> None:
        states.catalog_at_stripe()
        states.log_in(page, states.busy())

        with queries.recorded() as statements:
            page.open("/pricing")

        assert len(statements) <= 12


@pytest.mark.usefixtures("_on_sale")
def test_reader_sees_where_they_stand(page: PageClient) -> None:
    states.log_in(page, states.busy())

    text = page.open("/pricing").main

    assert "You are on Pro, with 1,200 tokens." in text
    assert "Prices in US dollars." in page.current.text

"""Changing the plan: the amounts first, then the change at the same amounts."""

from __future__ import annotations

import pytest

from billing.services import metering
from tests import factories, states
from tests.outbox import Outbox
from tests.page import PageClient
from tests.shop import Shop
from tests.subscribers import Subscriber, subscriber

pytestmark = pytest.mark.one_database

PAY = "Pay $100.00 and switch"


@pytest.fixture
def mara(shop: Shop, page: PageClient) -> Subscriber:
    return subscriber(shop, page)


class TestUpgrade:
    def test_pricing_leads_to_the_amounts(self, mara: Subscriber, page: PageClient) -> None:
        page.open("/pricing")
        page.press("Upgrade to Scale")

        assert page.current.h1 == "Move from Pro to Scale"
        for words in (
            "AI requests a month5,000Unlimited",
            "Added Audit log",
            "Scale $149.00",
            "Unused time on Pro \N{MINUS SIGN}$49.00",
            "Total $100.00",
            "Then $149.00, before tax, on",
            "Charged to Visa ending 4242",
        ):
            assert words in page.current.main
        assert PAY in page.current.buttons
        assert "Keep Pro" in page.current.links
        assert mara.tier == "pro"

    def test_it_is_paid_and_made_at_once(
        self, mara: Subscriber, page: PageClient, outbox: Outbox
    ) -> None:
        page.open("/account/change?tier=scale&interval=month")
        page.press(PAY)

        assert "Plan changed to Scale. You paid $100.00." in page.current.main
        assert mara.tier == "scale"
        assert mara.invoices_paid() == [10000, 4900]
        mara.hear()
        assert sorted(outbox.subjects()) == [
            "Receipt for $100.00 from Billhook",
            "Receipt for $49.00 from Billhook",
            "You are on Scale now",
        ]

    def test_the_form_sent_twice_charges_once(self, mara: Subscriber, page: PageClient) -> None:
        page.open("/account/change?tier=scale&interval=month")
        form = page.current
        page.press(PAY)
        page.back(form)
        page.press(PAY)

        assert "You are on Scale already." in page.current.main
        assert mara.invoices_paid() == [10000, 4900]

    def test_another_amount_is_shown_and_asked_again(
        self, mara: Subscriber, page: PageClient
    ) -> None:
        page.open("/account/change?tier=scale&interval=month")
        page.press(PAY, due_now_minor="2867", status=409)

        assert (
            "The amount changed from $28.67 to $100.00. Check it, then confirm."
            in page.current.main
        )
        assert mara.tier == "pro"
        page.press(PAY)
        assert mara.tier == "scale"

    def test_nobody_chooses_the_moment_to_count_from(
        self, mara: Subscriber, page: PageClient
    ) -> None:
        end = mara.user.subscription.current_period_end
        assert end is not None
        page.open("/account/change?tier=scale&interval=month")
        page.press(PAY, proration_at=str(int(end.timestamp()) - 60), due_now_minor="0", status=409)

        assert mara.tier == "pro"
        assert mara.invoices_paid() == [4900]

    @pytest.mark.parametrize("field", ["proration_at", "due_now_minor"])
    def test_without_the_amount_it_is_asked_for(
        self, mara: Subscriber, page: PageClient, field: str
    ) -> None:
        page.open("/account/change?tier=scale&interval=month")
        page.press(PAY, status=409, **{field: "soon"})

        assert mara.tier == "pro"
        assert PAY in page.current.buttons

    def test_a_declined_card_changes_nothing(
        self, mara: Subscriber, page: PageClient, outbox: Outbox
    ) -> None:
        mara.pay_with("pm_card_chargeCustomerFail")
        page.open("/account/change?tier=scale&interval=month")
        page.press(PAY, status=402)

        assert "The payment did not go through" in page.current.main
        assert "You are still on Pro." in page.current.main
        assert mara.tier == "pro"
        mara.hear()
        assert mara.tier == "pro"
        assert outbox.subjects() == ["Receipt for $49.00 from Billhook"]

    def test_the_bank_is_asked_and_the_plan_waits(self, mara: Subscriber, page: PageClient) -> None:
        mara.pay_with("pm_card_authenticationRequired")
        page.open("/account/change?tier=scale&interval=month")
        page.press(PAY, status=402)

        assert "Your bank wants you to confirm the payment" in page.current.main
        assert "Confirm payment" in page.current.links
        assert mara.tier == "pro"
        page.open("/account")
        assert "Confirm the payment of $100.00" in page.current.main

    def test_who_cancelled_and_upgrades_stays(self, mara: Subscriber, page: PageClient) -> None:
        page.open("/account/cancel")
        page.press(next(each for each in page.current.buttons if each.startswith("Cancel Pro")))
        page.open("/account/change?tier=scale&interval=month")
        assert "Your cancellation is undone." in page.current.main
        page.press(PAY)

        assert mara.tier == "scale"
        assert mara.plan.ends_at is None


class TestDowngrade:
    def test_it_waits_for_the_end_of_the_period_and_can_be_undone(
        self, mara: Subscriber, page: PageClient
    ) -> None:
        page.open("/pricing")
        page.press("Switch to Starter")
        for words in ("Total $0.00", "You lose AI images", "when you pay $19.00"):
            assert words in page.current.main
        page.press("Switch to Starter")

        assert "You move to Starter on" in page.current.main
        assert "You keep Pro until then." in page.current.main
        assert mara.tier == "pro"
        page.press("Undo change")
        assert "The change is undone. You stay on Pro." in page.current.main
        assert "Renews on" in page.current.main

    def test_undone_twice_is_no_error(self, mara: Subscriber, page: PageClient) -> None:
        page.open("/account/change?tier=starter&interval=month")
        page.press("Switch to Starter")
        form = page.current
        page.press("Undo change")
        page.back(form)
        page.press("Undo change")

        assert "You stay on Pro." in page.current.main
        assert mara.tier == "pro"

    def test_it_warns_of_more_use_than_the_plan_has(
        self, mara: Subscriber, page: PageClient
    ) -> None:
        metering.record(mara.user, "ai_chat", 600)
        page.open("/account/change?tier=starter&interval=month")

        assert "You made 600 AI requests this month; Starter has 500." in page.current.main

    def test_another_choice_replaces_the_first(self, mara: Subscriber, page: PageClient) -> None:
        page.open("/account/change?tier=starter&interval=month")
        page.press("Switch to Starter")
        page.open("/account/change?tier=starter&interval=year")
        page.press("Switch to Starter")

        assert mara.plan.scheduled_interval == "year"


class TestInterval:
    def test_a_year_begins_when_the_month_ends(self, mara: Subscriber, page: PageClient) -> None:
        page.open("/pricing")
        page.follow("Switch to yearly")
        assert page.current.h1 == "Pay Pro by the year"
        assert "when you pay $490.00" in page.current.main
        page.press("Switch to yearly")

        assert "You pay Pro by the year from" in page.current.main
        assert mara.tier == "pro"
        assert mara.plan.scheduled_interval == "year"
        assert "Pro, yearly $490.00" in page.current.main


class TestRefusals:
    @pytest.mark.usefixtures("shop")
    def test_who_has_no_plan_buys_one(self, page: PageClient) -> None:
        states.log_in(page, factories.account())
        page.open("/account/change?tier=scale&interval=year")

        assert page.current.path == "/pricing"
        assert "Go to checkout" in page.current.buttons

    @pytest.mark.usefixtures("mara")
    def test_the_same_plan_is_nothing_to_change(self, page: PageClient) -> None:
        page.open("/account/change?tier=pro&interval=month")

        assert page.current.path == "/account"
        assert "You are on Pro already." in page.current.main

    @pytest.mark.usefixtures("mara")
    def test_free_is_not_changed_to(self, page: PageClient) -> None:
        page.open("/account/change?tier=free&interval=month")

        assert page.current.path == "/pricing"

    @pytest.mark.usefixtures("mara")
    @pytest.mark.parametrize(
        ("query", "status"), [("tier=gold&interval=month", 404), ("tier=pro&interval=week", 422)]
    )
    def test_what_is_not_sold_is_refused(self, page: PageClient, query: str, status: int) -> None:
        page.open(f"/account/change?{query}", status=status)

    def test_stripe_away_says_where_to_look(self, mara: Subscriber, page: PageClient) -> None:
        page.open("/account/change?tier=scale&interval=month")
        mara.shop.control.fail_next("POST /v1/subscriptions", 503, times=9)
        page.press(PAY)

        assert "We could not reach the payment service." in page.current.main
        assert mara.tier == "pro"

    def test_a_lost_answer_is_found_by_the_next_try(
        self, mara: Subscriber, page: PageClient
    ) -> None:
        page.open("/account/change?tier=scale&interval=month")
        form = page.current
        mara.shop.control.fail_next("POST /v1/subscriptions", 503, times=9, when="after")
        page.press(PAY)
        mara.shop.control.heal()
        page.back(form)
        page.press(PAY)

        assert "You are on Scale already." in page.current.main
        assert mara.tier == "scale"
        assert mara.invoices_paid() == [10000, 4900]

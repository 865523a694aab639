"""Cancelling, keeping, paying what is due, and giving up what was never paid."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine

from tests import factories, states
from tests.outbox import Outbox
from tests.page import PageClient
from tests.shop import Shop
from tests.subscribers import Subscriber, subscriber

pytestmark = pytest.mark.one_database


@pytest.fixture
def mara(shop: Shop, page: PageClient) -> Subscriber:
    return subscriber(shop, page)


def press_cancel(page: PageClient, *, status: int = 200, **fields: str) -> None:
    button = next(each for each in page.current.buttons if each.startswith("Cancel Pro"))
    page.press(button, status=status, **fields)


class TestCancel:
    def test_it_says_what_is_kept_and_lost(self, mara: Subscriber, page: PageClient) -> None:
        page.open("/account")
        page.follow("Cancel plan")

        assert page.current.h1 == "Cancel Pro"
        for words in (
            "Pro works as it does now. 5,000 AI requests are left this month.",
            "You move to Free, 20 AI requests a month. We will not charge your card again.",
            "AI mentor",
        ):
            assert words in page.current.main
        assert mara.plan.ends_at is None

    def test_the_plan_ends_with_the_period(
        self, mara: Subscriber, page: PageClient, outbox: Outbox
    ) -> None:
        page.open("/account/cancel")
        press_cancel(page, reason="too_expensive", comment="Too much for me alone")

        assert "We will not charge your card again." in page.current.main
        assert mara.tier == "pro"
        assert mara.plan.ends_at == mara.plan.current_period_end
        held = mara.shop.dashboard.v1.subscriptions.retrieve(mara.subscription_id)
        assert held.cancellation_details is not None
        assert held.cancellation_details.feedback == "too_expensive"
        assert held.cancellation_details.comment == "Too much for me alone"
        mara.hear()
        assert [each for each in outbox.subjects() if "ends on" in each] == [
            outbox.last("Pro ends on").subject
        ]

    def test_without_a_reason_it_is_cancelled_too(self, mara: Subscriber, page: PageClient) -> None:
        page.open("/account/cancel")
        press_cancel(page)

        assert mara.plan.ends_at is not None

    def test_sent_twice_it_is_cancelled_once(
        self, mara: Subscriber, page: PageClient, outbox: Outbox
    ) -> None:
        page.open("/account/cancel")
        form = page.current
        press_cancel(page)
        page.back(form)
        press_cancel(page)

        assert mara.plan.ends_at is not None
        assert len([each for each in outbox.subjects() if "ends on" in each]) == 1

    @pytest.mark.parametrize(
        ("field", "text", "said"),
        [
            ("reason", "boredom", "Choose one of the reasons"),
            ("comment", "x" * 501, "Write at most 500 characters"),
        ],
    )
    def test_what_cannot_be_read_is_asked_again(
        self, mara: Subscriber, page: PageClient, field: str, text: str, said: str
    ) -> None:
        page.open("/account/cancel")
        press_cancel(page, status=422, **{field: text})

        assert said in page.current.main
        assert mara.plan.ends_at is None

    def test_a_scheduled_change_goes_with_it(self, mara: Subscriber, page: PageClient) -> None:
        page.open("/account/change?tier=starter&interval=month")
        page.press("Switch to Starter")
        page.open("/account/cancel")
        press_cancel(page)

        assert mara.plan.scheduled_at is None
        assert mara.plan.ends_at is not None

    def test_who_has_no_plan_is_told(self, shop: Shop, page: PageClient) -> None:
        assert shop
        states.log_in(page, factories.account())
        page.open("/account/cancel")

        assert page.current.path == "/account"
        assert "You have no paid plan." in page.current.main


class TestKeep:
    def test_one_press_undoes_it(self, mara: Subscriber, page: PageClient, outbox: Outbox) -> None:
        page.open("/account/cancel")
        press_cancel(page)
        page.press("Keep Pro")

        assert "Pro continues. Next payment $49.00 on" in page.current.main
        assert mara.plan.ends_at is None
        assert outbox.last().subject == "Pro continues"

    def test_kept_twice_is_no_error(self, mara: Subscriber, page: PageClient) -> None:
        page.open("/account/cancel")
        press_cancel(page)
        form = page.current
        page.press("Keep Pro")
        page.back(form)
        page.press("Keep Pro")

        assert mara.plan.ends_at is None

    def test_too_late_it_says_so(self, mara: Subscriber, page: PageClient) -> None:
        page.open("/account/cancel")
        press_cancel(page)
        form = page.current
        mara.shop.dashboard.v1.subscriptions.cancel(mara.subscription_id)
        mara.hear()
        page.back(form)
        page.press("Keep Pro")

        assert "You have no paid plan." in page.current.main
        assert "Pro ended on" in page.current.main


class TestPastDue:
    @pytest.fixture
    def late(self, mara: Subscriber) -> Iterator[Subscriber]:
        with mara.at_renewal("decline"):
            yield mara

    def test_the_page_and_one_e_mail_say_both_dates(
        self, late: Subscriber, page: PageClient, outbox: Outbox
    ) -> None:
        page.open("/account")

        assert "$49.00 is due. Next try on" in page.current.main
        assert "Pro stays on until" in page.current.main
        failed = [each for each in outbox.letters() if "did not go through" in each.subject]
        assert len(failed) == 1
        assert "We will try again on" in failed[0].text
        assert "Pro stays on until" in failed[0].text
        assert late.tier == "pro"

    def test_one_press_pays_it(self, late: Subscriber, page: PageClient, outbox: Outbox) -> None:
        page.open("/account")
        form = page.current
        page.press("Pay $49.00 now")

        assert "You paid $49.00. The receipt is in Invoices." in page.current.main
        assert "Renews on" in page.current.main
        page.back(form)
        page.press("Pay $49.00 now")
        assert "Nothing is due." in page.current.main
        assert late.invoices_paid() == [4900, 4900]
        late.hear()
        assert outbox.subjects().count("Receipt for $49.00 from Billhook") == 2

    def test_a_card_that_is_declined_again_is_told(
        self, late: Subscriber, page: PageClient
    ) -> None:
        late.shop.control.fail_payments(late.subscription_id, "decline")
        page.open("/account")
        page.press("Pay $49.00 now")

        assert "Update your card, or try again." in page.current.main
        assert late.plan.status == "past_due"

    def test_after_the_grace_the_plan_is_off_until_it_is_paid(
        self, late: Subscriber, page: PageClient, outbox: Outbox
    ) -> None:
        grace_until = late.plan.grace_until
        assert grace_until is not None
        with time_machine.travel(grace_until + timedelta(minutes=1)):
            states.log_in(page, late.user)
            page.open("/account")
            assert "$49.00 is due for Pro: pay it to be back on it." in page.current.main
            assert [each for each in outbox.subjects() if "ended" in each] == ["Pro has ended"]
            page.follow("Cancel plan")
            assert page.current.h1 == "Cancel Pro"
            page.open("/account")
            page.press("Pay $49.00 now")

        assert late.tier == "pro"

    def test_cancelling_ends_it_now(
        self, late: Subscriber, page: PageClient, outbox: Outbox
    ) -> None:
        page.open("/account")
        page.follow("Cancel plan")
        assert "This ends Pro now and stops further payment tries." in page.current.main
        page.press("Cancel Pro now")

        assert "Pro has ended. You are on Free." in page.current.main
        assert late.tier == "free"
        late.hear()
        assert [each for each in outbox.subjects() if "ended" in each] == ["Pro has ended"]
        assert "was not paid" in outbox.last("ended").text


def test_the_bank_is_confirmed_on_the_page_of_the_invoice(
    mara: Subscriber, page: PageClient, outbox: Outbox
) -> None:
    with mara.at_renewal("authenticate"):
        page.open("/account")

        assert "Your bank wants you to confirm the $49.00 renewal." in page.current.main
        address = page.current.links["Confirm payment"]
        assert address.startswith(mara.shop.control.base_url)
        subjects = [each for each in outbox.subjects() if "Receipt" not in each]
        assert subjects == ["Confirm your payment of $49.00 with your bank"]
        assert address in outbox.last("Confirm").text

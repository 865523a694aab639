"""A year in the life of one customer, read as a calendar.

Stripe's clock and ours go on together; after each date the account says what its owner should read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import select

from billing.database import db
from billing.domain.interval import Interval
from billing.models import Invoice, User, UserSubscription
from billing.services import (
    checkout,
    metering,
    open_invoices,
    plan_changes,
    reconciliation,
    usage,
    verification,
)
from tests import factories, states
from tests.one_clock import OneClock, sandbox_here
from tests.outbox import Outbox
from tests.page import PageClient
from tests.sandbox_process import SandboxControl
from tests.shop import Shop

BOUGHT_AT = datetime(2027, 1, 31, 10, tzinfo=UTC)


@dataclass
class Year:
    """One customer, whose days pass at Stripe and here."""

    shop: Shop
    user: User
    clock: OneClock
    page: PageClient
    outbox: Outbox
    heard: set[str] = field(default_factory=set)
    letters_read: int = 0

    def on(self, day: str) -> None:
        """Let time pass up to 14:00 of that day, and hear what Stripe tells meanwhile."""
        moment = datetime.fromisoformat(f"{day}T14:00+00:00")
        self.clock.move_to(moment)
        self.hear()

    def hear(self) -> None:
        """Receive Stripe's webhooks, each once."""
        for event in self.shop.events():
            if event["id"] not in self.heard:
                assert self.shop.deliver(event) == 200
                self.heard.add(event["id"])
        assert list(verification.breaches()) == []

    def buy(self, tier: str, interval: str) -> None:
        """Pay at the checkout and come back from it."""
        session_id = self.shop.choose_tier(self.user, tier, interval)
        self.shop.pay(session_id)
        checkout.confirm(self.user, session_id, gateway=self.shop.gateway)
        self.hear()

    def buy_tokens(self, package: str) -> None:
        """Pay at the checkout and close the window there: only the webhook tells of it."""
        self.shop.pay(self.shop.choose_package(self.user, package))
        self.hear()

    def change_to(self, tier: str) -> int:
        """Look at the change and confirm it; returns what is charged now, in minor units."""
        seen = plan_changes.preview(
            self.user, tier_slug=tier, interval=Interval.MONTH, gateway=self.shop.gateway
        )
        plan_changes.confirm(
            self.user,
            tier_slug=tier,
            interval=Interval.MONTH,
            proration_at=seen.proration_at,
            due_now_minor=seen.due_now.amount_minor,
            gateway=self.shop.gateway,
        )
        self.hear()
        return seen.due_now.amount_minor

    def decline_payments(self, times: int) -> None:
        """Have the bank decline that many payments that Stripe tries by itself."""
        subscription_id = self.plan.stripe_subscription_id or ""
        self.shop.control.fail_payments(subscription_id, "decline", times=times)

    def pay_with(self, name: str) -> None:
        """Leave another card, and pay what is open with it."""
        stripe = self.shop.dashboard.v1
        card = stripe.payment_methods.attach(name, {"customer": self.user.stripe_customer_id or ""})
        stripe.subscriptions.update(
            self.plan.stripe_subscription_id or "", {"default_payment_method": card.id}
        )
        open_invoices.pay(self.user, gateway=self.shop.gateway)
        self.hear()

    @property
    def plan(self) -> UserSubscription:
        db.session.rollback()
        db.session.expire_all()
        return self.user.subscription

    def standing(self) -> tuple[str, str, str | None]:
        """The tier, its status, and the day to which it is paid."""
        plan = self.plan
        return plan.tier.slug, plan.status, _day(plan.current_period_end)

    def quota(self) -> tuple[int | None, int, str | None]:
        """The month's limit, what of it was used, and the day on which it begins anew."""
        db.session.rollback()
        quota = usage.summary(self.user).quota
        return quota.limit, quota.used, _day(quota.resets_at)

    @property
    def tokens(self) -> int:
        return usage.summary(self.user).tokens.balance

    @property
    def invoices(self) -> list[tuple[str, int]]:
        """Each invoice's status and total in minor units, oldest first."""
        mine = select(Invoice).where(Invoice.user_id == self.user.id)
        found = db.session.scalars(mine.order_by(Invoice.issued_at, Invoice.id))
        return [(each.status, each.total_minor) for each in found]

    @property
    def account_page(self) -> str:
        """What they read on it, logged in anew: a login does not last from month to month."""
        states.log_in(self.page, self.user)
        return self.page.open("/account").main

    def new_letters(self) -> list[str]:
        """Return the subjects of the e-mails since the last look, sorted."""
        subjects = self.outbox.subjects()
        new, self.letters_read = subjects[self.letters_read :], len(subjects)
        return sorted(new)


def _day(moment: datetime | None) -> str | None:
    return f"{moment:%Y-%m-%d}" if moment else None


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxControl]:
    with sandbox_here(tmp_path) as control:
        yield control


@pytest.fixture
def clock(sandbox: SandboxControl) -> Iterator[OneClock]:
    with time_machine.travel(BOUGHT_AT, tick=False) as traveller:
        yield OneClock(traveller, sandbox)


@pytest.fixture
def year(clock: OneClock, shop: Shop, page: PageClient, outbox: Outbox) -> Year:
    return Year(shop, factories.account(), clock, page, outbox)


@pytest.mark.slow
def test_a_year(year: Year) -> None:
    buy_and_renew(year)
    upgrade_fail_and_recover(year)
    go_down_and_leave(year)
    come_back(year)
    assert list(reconciliation.reconcile(gateway=year.shop.gateway)) == []


def buy_and_renew(year: Year) -> None:
    # 31 January: buy Pro.
    year.buy("pro", "month")
    assert year.standing() == ("pro", "active", "2027-02-28")
    assert year.quota() == (5000, 0, "2027-02-28")
    assert year.new_letters() == ["Receipt for $49.00 from Billhook"]

    # 10 February: use the month up, and go on with tokens.
    year.on("2027-02-10")
    year.buy_tokens("tokens-500")
    metering.record(year.user, "ai_chat", 5200)
    assert (year.quota(), year.tokens) == ((5000, 5000, "2027-02-28"), 300)
    assert year.new_letters() == ["Receipt for $20.00 from Billhook"]

    # 28 February: February has no 31st, and the plan renews on its last day.
    year.on("2027-02-28")
    assert year.standing() == ("pro", "active", "2027-03-31")
    assert year.quota() == (5000, 0, "2027-03-31")
    assert year.invoices == [("paid", 4900)] * 2
    assert year.new_letters() == ["Receipt for $49.00 from Billhook"]

    # 31 March: the 31st again, not the 28th.
    year.on("2027-03-31")
    assert year.standing() == ("pro", "active", "2027-04-30")
    assert year.invoices == [("paid", 4900)] * 3
    assert year.new_letters() == ["Receipt for $49.00 from Billhook"]


def upgrade_fail_and_recover(year: Year) -> None:
    # 15 April: upgrade in mid-period, at once, for half of the difference.
    year.on("2027-04-15")
    metering.record(year.user, "ai_chat", 40)
    assert year.change_to("scale") == 4944
    assert year.standing() == ("scale", "active", "2027-04-30")
    assert year.quota() == (None, 40, "2027-04-30")
    assert year.invoices == [("paid", 4900)] * 3 + [("paid", 4944)]
    assert year.new_letters() == ["Receipt for $49.44 from Billhook", "You are on Scale now"]

    # 30 April: the renewal is declined; the plan stays on for a week.
    year.decline_payments(2)
    year.on("2027-04-30")
    assert year.standing() == ("scale", "past_due", "2027-05-31")
    assert _day(year.plan.grace_until) == "2027-05-07"
    assert year.invoices[-1] == ("open", 14900)
    assert year.new_letters() == ["Your payment of $149.00 did not go through"]
    assert "Your last payment did not go through" in year.account_page

    # 3 May: Stripe's first retry is declined too, and that changes nothing.
    year.on("2027-05-03")
    assert _day(year.plan.grace_until) == "2027-05-07"
    assert year.new_letters() == ["Your payment of $149.00 did not go through"]

    # 4 May: another card, and all is well.
    year.on("2027-05-04")
    year.pay_with("pm_card_mastercard")
    assert year.standing() == ("scale", "active", "2027-05-31")
    assert year.plan.grace_until is None
    assert year.invoices[-1] == ("paid", 14900)
    assert year.new_letters() == ["Receipt for $149.00 from Billhook"]


def go_down_and_leave(year: Year) -> None:
    # 20 May: downgrade to Starter, free of charge, and Scale stays until it is used up.
    year.on("2027-05-20")
    assert year.change_to("starter") == 0
    assert year.standing() == ("scale", "active", "2027-05-31")
    assert _day(year.plan.scheduled_at) == "2027-05-31"
    assert year.new_letters() == []
    assert "You move to Starter on May 31, 2027" in year.account_page

    # 31 May: it is Starter.
    year.on("2027-05-31")
    assert year.standing() == ("starter", "active", "2027-06-30")
    assert year.plan.scheduled_at is None
    assert year.quota() == (500, 0, "2027-06-30")
    assert year.invoices[-2:] == [("paid", 14900), ("paid", 1900)]
    assert year.new_letters() == ["Receipt for $19.00 from Billhook", "You are on Starter now"]

    # 10 June: cancel; what is paid stays until the end of the period.
    year.on("2027-06-10")
    plan_changes.cancel(year.user, feedback="too_expensive", gateway=year.shop.gateway)
    year.hear()
    assert year.standing() == ("starter", "active", "2027-06-30")
    assert _day(year.plan.ends_at) == "2027-06-30"
    assert year.new_letters() == ["Starter ends on June 30, 2027"]
    assert "You will move to Free and keep your 300 tokens" in year.account_page

    # 30 June: back on Free, and the tokens are still there.
    year.on("2027-06-30")
    assert year.standing() == ("free", "canceled", None)
    assert year.quota() == (20, 0, "2027-07-31")
    assert year.tokens == 300
    assert year.new_letters() == ["Starter has ended"]


def come_back(year: Year) -> None:
    # 1 September: come back, for a year; its quota is a month's.
    year.on("2027-09-01")
    year.buy("pro", "year")
    assert year.standing() == ("pro", "active", "2028-09-01")
    assert year.quota() == (5000, 0, "2027-10-01")
    assert year.invoices[-1] == ("paid", 49000)
    assert year.new_letters() == ["Receipt for $490.00 from Billhook"]

    # 31 January: a year after the first day.
    metering.record(year.user, "ai_chat", 100)
    year.on("2028-01-31")
    assert year.standing() == ("pro", "active", "2028-09-01")
    assert year.quota() == (5000, 0, "2028-02-01")
    assert len(year.invoices) == 7
    assert year.tokens == 300
    assert year.new_letters() == []

"""E-mails of a plan's life and of its payments: each once, whatever the number of events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from billing.database import db, transaction
from billing.domain.interval import Interval
from billing.domain.money import Money
from billing.domain.statuses import SubscriptionStatus
from billing.gateway import InvoiceLine, StripeInvoice
from billing.models import Email, User
from billing.services import catalog, checkout, invoices, plan_emails, subscriptions
from tests.outbox import Outbox
from tests.shop import Shop

pytestmark = pytest.mark.one_database

DECEMBER_14 = datetime(2026, 12, 14, 12, tzinfo=UTC)


def subscriber(shop: Shop, tier: str = "pro", interval: str = "month") -> User:
    user = shop.user()
    session_id = shop.choose_tier(user, tier, interval)
    shop.pay(session_id)
    checkout.confirm(user, session_id, gateway=shop.gateway)
    db.session.refresh(user)
    return user


def follow(shop: Shop, user: User) -> None:
    assert user.stripe_customer_id is not None
    subscriptions.apply(subscriptions.read(user.stripe_customer_id, gateway=shop.gateway))


def at_stripe(user: User) -> str:
    return user.subscription.stripe_subscription_id or ""


def kinds() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Email.kind).order_by(Email.id)))


def renewal(user: User, **changes: object) -> StripeInvoice:
    """An open invoice of a renewal that was tried once."""
    price = Money(4900, "USD")
    invoice = StripeInvoice(
        id="in_renewal",
        customer_id=user.stripe_customer_id,
        subscription_id=user.subscription.stripe_subscription_id,
        number="BH-0002",
        status="open",
        billing_reason="subscription_cycle",
        description="1 x Pro (at $49.00 / month)",
        lines=(InvoiceLine("1 x Pro (at $49.00 / month)", price, DECEMBER_14, DECEMBER_14),),
        tax=Money(0, "USD"),
        total=price,
        amount_due=price,
        amount_paid=Money(0, "USD"),
        attempt_count=1,
        next_attempt_at=DECEMBER_14 + timedelta(days=3),
        needs_confirmation=False,
        hosted_invoice_url="https://invoice.stripe.com/i/test",
        issued_at=DECEMBER_14,
    )
    return replace(invoice, **changes)  # type: ignore[arg-type]


class TestReceipts:
    def test_a_plan_is_receipted_once_however_often_the_events_come(
        self, shop: Shop, outbox: Outbox
    ) -> None:
        subscriber(shop)
        events = shop.events()
        for event in [*reversed(events), *events]:
            shop.deliver(event)

        assert outbox.subjects() == ["Receipt for $49.00 from Billhook"]
        assert "Pro" in outbox.last().text

    def test_a_package_is_receipted_with_its_tokens(self, shop: Shop, outbox: Outbox) -> None:
        user = shop.user()
        session_id = shop.choose_package(user, "tokens-2000")
        shop.pay(session_id)
        for _ in range(2):
            checkout.confirm(user, session_id, gateway=shop.gateway)
        for event in shop.events():
            shop.deliver(event)

        assert outbox.subjects() == ["Receipt for $60.00 from Billhook"]
        assert "2,200 tokens were added to your balance." in outbox.last().text

    def test_credit_and_tax_stand_in_the_receipt(self, shop: Shop, outbox: Outbox) -> None:
        user = subscriber(shop)
        paid = {"status": "paid", "next_attempt_at": None, "tax": Money(931, "USD")}
        invoices.apply(
            renewal(
                user,
                total=Money(5831, "USD"),
                amount_due=Money(5364, "USD"),
                amount_paid=Money(5364, "USD"),
                **paid,
            )
        )

        letter = outbox.last()
        assert letter.subject == "Receipt for $53.64 from Billhook"
        assert "$9.31" in letter.text
        assert "Account credit" in letter.html
        assert "\N{MINUS SIGN}$4.67" in letter.html

    def test_nothing_to_pay_is_no_receipt(self, shop: Shop) -> None:
        user = subscriber(shop)
        nothing = Money(0, "USD")
        invoices.apply(renewal(user, status="paid", total=nothing, amount_due=nothing))

        assert kinds() == []


class TestFailedPayment:
    def test_each_attempt_is_told_once(self, shop: Shop) -> None:
        user = subscriber(shop)
        for attempt in (1, 1, 2, 2):
            invoices.apply(renewal(user, attempt_count=attempt))

        assert kinds() == ["payment_failed", "payment_failed"]

    def test_it_says_when_it_is_tried_again_and_until_when_the_plan_stays(
        self, shop: Shop, outbox: Outbox
    ) -> None:
        user = subscriber(shop)
        with transaction():
            user.subscription.grace_until = DECEMBER_14 + timedelta(days=7)
        invoices.apply(renewal(user))

        letter = outbox.last()
        assert letter.subject == "Your payment of $49.00 did not go through"
        assert "We will try again on December 17, 2026." in letter.text
        assert "Pro stays on until December 21, 2026." in letter.text
        assert "/account" in letter.text

    def test_the_last_attempt_says_that_none_follows(self, shop: Shop, outbox: Outbox) -> None:
        invoices.apply(renewal(subscriber(shop), next_attempt_at=None))

        assert "We will not try again by ourselves." in outbox.last().text

    def test_the_bank_is_another_e_mail_with_the_way_to_it(
        self, shop: Shop, outbox: Outbox
    ) -> None:
        user = subscriber(shop)
        for _ in range(2):
            invoices.apply(renewal(user, needs_confirmation=True))

        assert outbox.subjects() == ["Confirm your payment of $49.00 with your bank"]
        assert "https://invoice.stripe.com/i/test" in outbox.last().text

    @pytest.mark.parametrize("reason", ["subscription_create", "subscription_update"])
    def test_who_is_at_the_page_reads_it_there(self, shop: Shop, reason: str) -> None:
        invoices.apply(renewal(subscriber(shop), billing_reason=reason))

        assert kinds() == []


class TestPlan:
    def test_cancelled_then_kept_then_cancelled(self, shop: Shop, outbox: Outbox) -> None:
        user = subscriber(shop)
        for ends in (True, False, True):
            shop.dashboard.v1.subscriptions.update(at_stripe(user), {"cancel_at_period_end": ends})
            follow(shop, user)
            follow(shop, user)

        assert kinds() == ["plan_cancelled", "plan_resumed", "plan_cancelled"]
        assert "It works as it does now until" in outbox.last("Pro ends on").text

    def test_the_end_is_told_once_and_names_the_plan(self, shop: Shop, outbox: Outbox) -> None:
        user = subscriber(shop)
        shop.dashboard.v1.subscriptions.cancel(at_stripe(user))
        events = shop.events("customer.subscription.deleted", "customer.subscription.updated")
        for event in [*reversed(events), *events]:
            shop.deliver(event)

        letter = outbox.last("ended")
        assert [letter.subject] == [each for each in outbox.subjects() if "ended" in each]
        assert letter.subject == "Pro has ended"
        assert "You are on Free." in letter.text

    def test_another_tier_is_told_with_its_next_payment(self, shop: Shop, outbox: Outbox) -> None:
        user = subscriber(shop)
        before = plan_emails.standing_of(user.subscription)
        with transaction():
            user.subscription.tier_version = catalog.get_tier("scale").current_version
            for _ in range(2):
                plan_emails.tell_of_change(user, before=before, ticket=7)

        assert outbox.subjects() == ["You are on Scale now"]
        assert "from Pro to Scale, $149.00 a month" in outbox.last().text
        assert "unlimited AI requests" in outbox.last().text


def trial(user: User) -> None:
    user.subscription.status = SubscriptionStatus.TRIALING
    user.subscription.current_period_end = DECEMBER_14


def year(user: User) -> None:
    user.subscription.interval = Interval.YEAR
    user.subscription.current_period_end = DECEMBER_14


@pytest.mark.parametrize(
    ("change", "subject"),
    [
        (trial, "Your Pro trial ends on December 14, 2026: $49.00 will be charged"),
        (year, "Pro renews on December 14, 2026 for $490.00"),
    ],
)
def test_a_payment_ahead_is_announced_once(
    shop: Shop, outbox: Outbox, change: Callable[[User], None], subject: str
) -> None:
    user = subscriber(shop)
    with transaction():
        change(user)
    for _ in range(2):
        plan_emails.announce_next_payment(user.stripe_customer_id or "")

    assert outbox.subjects() == [subject]


def test_a_month_renews_without_a_word(shop: Shop) -> None:
    user = subscriber(shop)
    plan_emails.announce_next_payment(user.stripe_customer_id or "")

    assert kinds() == []


def test_a_year_that_ends_is_not_announced(shop: Shop) -> None:
    user = subscriber(shop)
    with transaction():
        year(user)
        user.subscription.cancel_at_period_end = True
    plan_emails.announce_next_payment(user.stripe_customer_id or "")

    assert kinds() == []


def test_a_refund_is_told_once(shop: Shop, outbox: Outbox) -> None:
    user = shop.user()
    session_id = shop.choose_package(user)
    shop.pay(session_id)
    order = checkout.confirm(user, session_id, gateway=shop.gateway)
    shop.dashboard.v1.refunds.create(
        {"payment_intent": order.stripe_payment_intent_id or "", "amount": 500}
    )
    events = shop.events("charge.refunded", "refund.created", "refund.updated")
    for event in [*events, *events]:
        shop.deliver(event)

    assert outbox.subjects()[1:] == ["Refund of $5.00 from Billhook"]
    assert "for 500 tokens" in outbox.last().text


def test_it_is_written_in_the_language_and_zone_of_its_reader(shop: Shop, outbox: Outbox) -> None:
    user = subscriber(shop)
    with transaction():
        user.locale, user.time_zone = "de", "Pacific/Auckland"
        year(user)
    plan_emails.announce_next_payment(user.stripe_customer_id or "")

    assert "15. Dezember 2026" in outbox.last().subject
    assert "490,00" in outbox.last().subject


def test_a_year_renews_after_one_word_of_it(shop: Shop, outbox: Outbox) -> None:
    user = subscriber(shop, interval="year")
    end = user.subscription.current_period_end
    assert end is not None
    ahead = end - timedelta(days=1)
    shop.control.advance(to=int(ahead.timestamp()))
    with time_machine.travel(ahead):
        for event in [*shop.events(), *shop.events()]:
            shop.deliver(event)

        assert [each for each in outbox.subjects() if "renews on" in each] == [
            f"Pro renews on {end:%B} {end.day}, {end.year} for $490.00"
        ]

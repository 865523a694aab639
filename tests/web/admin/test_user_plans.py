"""Plans and payments by an admin's hand: given, cancelled, resumed, refunded."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from billing import clock
from billing.database import db
from billing.models import Invoice, User
from billing.services import (
    checkout,
    complimentary_plans,
    entitlements,
    usage,
    verification,
)
from tests import factories, reversals, states
from tests.page import Page, PageClient
from tests.shop import Shop
from tests.subscribers import Subscriber, subscriber
from tests.web.admin import desk_log

pytestmark = pytest.mark.one_database


class TestComplimentary:
    @pytest.fixture
    def user(self, admin: User) -> User:
        assert admin.is_admin
        return states.free()

    def _give(self, desk: PageClient, user: User, days: int = 30) -> Page:
        last_day = (clock.now() + timedelta(days=days)).date()
        desk.open(f"/admin/users/{user.id}")
        desk.follow("Give a plan")
        return desk.press("Give the plan", tier="pro", until=f"{last_day}", reason="Press")

    def test_rights_and_quota_come_at_once(self, desk: PageClient, user: User) -> None:
        page = self._give(desk, user)

        db.session.rollback()
        assert f"{user.email} is on Pro." in page.main
        assert entitlements.can_access_feature(user, "ai_mentor")
        assert 5_000 == usage.summary(user).quota.limit
        (logged,) = desk_log.by_admins()
        assert ("subscription.complimentary_given", "Press") == (logged.action, logged.reason)
        assert logged.before == {"tier": "free", "until": None}

    def test_user_reads_until_when(self, desk: PageClient, user: User) -> None:
        self._give(desk, user)
        states.log_in(desk, user)

        page = desk.open("/account")

        assert "Pro is yours free of charge until" in page.main
        assert "Choose Pro" in desk.open("/pricing").text

    def test_it_ends_by_itself_after_the_last_day(self, desk: PageClient, user: User) -> None:
        self._give(desk, user)
        db.session.rollback()
        until = user.subscription.complimentary_until
        assert until is not None
        with time_machine.travel(until - timedelta(minutes=1)):
            assert entitlements.can_access_feature(user, "ai_mentor")
            assert 0 == complimentary_plans.end_overdue()

        with time_machine.travel(until + timedelta(minutes=1)):
            assert 20 == usage.summary(user).quota.limit
            assert not entitlements.can_access_feature(user, "ai_mentor")
            assert [1, 0] == [complimentary_plans.end_overdue() for _ in range(2)]
            assert ("free", None) == (
                user.subscription.tier.slug,
                user.subscription.complimentary_until,
            )
        assert [] == list(verification.breaches())

    def test_admin_ends_it(self, desk: PageClient, user: User) -> None:
        self._give(desk, user)

        desk.follow("End complimentary plan")
        desk.press("End Pro", reason="A mistake")

        db.session.rollback()
        assert ("free", 20) == (user.subscription.tier.slug, usage.summary(user).quota.limit)
        assert 2 == len(desk_log.by_admins())

    @pytest.mark.parametrize("days", [-1, -400])
    def test_last_day_has_not_passed(self, desk: PageClient, user: User, days: int) -> None:
        last_day = (clock.now() + timedelta(days=days)).date()
        desk.open(f"/admin/users/{user.id}/complimentary")

        page = desk.press("Give the plan", tier="pro", until=f"{last_day}", reason="x", status=422)

        assert "Choose a day in the future" in page.main

    def test_who_pays_is_given_nothing(self, desk: PageClient) -> None:
        payer = states.subscribed()
        desk.open(f"/admin/users/{payer.id}/complimentary")

        page = desk.press("Give the plan", tier="scale", until="2099-01-01", reason="x")

        assert "The user pays for a plan. Cancel it first." in page.main


class TestAtStripe:
    """An admin at the desk, and a person whose plan and tokens are at the sandbox."""

    @pytest.fixture
    def person(self, shop: Shop, page: PageClient) -> Subscriber:
        return subscriber(shop, page)

    @pytest.fixture
    def stripe_desk(self, person: Subscriber, page: PageClient) -> PageClient:
        assert person.user.stripe_customer_id
        states.log_in(page, factories.account("admin@example.test", is_admin=True))
        return page

    def test_what_is_bought_takes_the_place_of_what_was_given(
        self, shop: Shop, page: PageClient
    ) -> None:
        user = factories.account()
        states.log_in(page, factories.account("admin@example.test", is_admin=True))
        page.open(f"/admin/users/{user.id}/complimentary")
        page.press("Give the plan", tier="scale", until="2099-01-01", reason="x")
        session_id = shop.choose_tier(user, "starter", "month")
        shop.pay(session_id)

        checkout.confirm(user, session_id, gateway=shop.gateway)

        db.session.rollback()
        assert ("starter", None) == (
            user.subscription.tier.slug,
            user.subscription.complimentary_until,
        )
        assert 500 == usage.summary(user).quota.limit

    def test_plan_is_cancelled_at_its_end_and_resumed(
        self, person: Subscriber, stripe_desk: PageClient
    ) -> None:
        stripe_desk.open(f"/admin/users/{person.user.id}")
        stripe_desk.follow("Cancel plan")
        stripe_desk.press("Cancel Pro", reason="Asked by phone")
        assert person.plan.ends_at is not None

        stripe_desk.follow("Resume plan")
        stripe_desk.press("Resume Pro", reason="Asked by phone")

        assert person.plan.ends_at is None
        cancelled, resumed = desk_log.by_admins()
        assert ("subscription.cancelled", "subscription.resumed") == (
            cancelled.action,
            resumed.action,
        )
        assert cancelled.before is not None
        assert cancelled.after is not None
        assert (None, True) == (cancelled.before["ends_at"], bool(cancelled.after["ends_at"]))

    def test_plan_is_cancelled_now(self, person: Subscriber, stripe_desk: PageClient) -> None:
        stripe_desk.open(f"/admin/users/{person.user.id}/cancel")

        stripe_desk.press("Cancel Pro", when="now", reason="Fraud")

        assert ("free", False) == (person.tier, person.plan.is_paid)
        held = person.shop.gateway.subscriptions.retrieve(person.subscription_id)
        assert "canceled" == held.status

    def test_nothing_to_cancel_is_said(self, desk: PageClient) -> None:
        user = states.free()

        page = desk.open(f"/admin/users/{user.id}/cancel")

        assert "The user pays for no plan." in page.main

    def test_stripe_being_away_changes_nothing(self, desk: PageClient) -> None:
        user = states.subscribed()
        desk.open(f"/admin/users/{user.id}/cancel")

        page = desk.press("Cancel Pro", reason="x")

        assert "We could not reach the payment service." in page.main
        assert [] == desk_log.by_admins()

    def test_order_is_refunded_in_part(
        self, shop: Shop, person: Subscriber, stripe_desk: PageClient
    ) -> None:
        order = reversals.buy(shop, person.user)
        stripe_desk.open(f"/admin/orders/{order.id}/refund")
        page = stripe_desk.press("Preview", amount="15.00", reason="Ticket 12")
        assert "550 of 2,200" in page.main

        page = stripe_desk.press("Refund $15.00")
        stripe_desk.back(page)

        assert "$15.00 goes back." in page.main
        assert [1_500] == shop.refunded()
        assert (1_650, 0, 0) == reversals.tokens_of(person.user)
        (logged,) = desk_log.by_admins()
        assert "payment.refunded" == logged.action
        assert logged.after is not None
        assert (1_500, f"order:{order.id}") == (
            logged.after["refunded_minor"],
            logged.after["of"],
        )

    def test_second_press_refunds_nothing_more(
        self, shop: Shop, person: Subscriber, stripe_desk: PageClient
    ) -> None:
        order = reversals.buy(shop, person.user)
        stripe_desk.open(f"/admin/orders/{order.id}/refund")
        confirm = stripe_desk.press("Preview", amount="15.00", reason="Ticket 12")

        stripe_desk.press("Refund $15.00")
        stripe_desk.back(confirm)
        stripe_desk.press("Refund $15.00")

        assert [1_500] == shop.refunded()

    def test_invoice_is_refunded_and_the_plan_stays(
        self, shop: Shop, person: Subscriber, stripe_desk: PageClient
    ) -> None:
        person.hear()
        db.session.rollback()
        invoice = db.session.scalars(select(Invoice).where(Invoice.user_id == person.user.id)).one()
        stripe_desk.open(f"/admin/users/{person.user.id}")
        stripe_desk.follow(f"Refund {invoice.number}")
        stripe_desk.press("Preview", reason="Goodwill")

        stripe_desk.press("Refund $49.00")

        db.session.rollback()
        assert [4_900] == shop.refunded()
        assert invoice.is_refunded
        assert "pro" == person.tier

    @pytest.mark.parametrize("amount", ["0", "-1", "60.01", "1.005", "NaN", "1e3", "x", ""])
    def test_amount_that_cannot_go_back_is_refused(self, desk: PageClient, amount: str) -> None:
        user = states.busy()
        invoice = db.session.scalars(select(Invoice).where(Invoice.user_id == user.id)).one()
        desk.open(f"/admin/invoices/{invoice.id}/refund")

        page = desk.press("Preview", amount=amount, reason="x", status=422)

        assert "amount" in page.main

    @pytest.mark.parametrize("path", ["orders/0", "orders/99999999999999999999", "invoices/7"])
    def test_unknown_payment_is_not_found(self, desk: PageClient, path: str) -> None:
        desk.open(f"/admin/{path}/refund", status=404)

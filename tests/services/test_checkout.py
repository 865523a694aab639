"""Starting a checkout: one order, one session, our price."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from billing import clock
from billing.database import db, transaction
from billing.domain.interval import Interval
from billing.errors import (
    AlreadySubscribed,
    GatewayError,
    GatewayUnavailable,
    OrderNotFound,
    PackageNotFound,
    StripeObjectNotFound,
    TierNotForSale,
    TierNotFound,
)
from billing.gateway import Gateway
from billing.models import Order, SubscriptionTier, TierVersion, TokenPackage, User
from billing.services import checkout
from tests.shop import PAGES, Shop, session_id_of


def orders() -> list[Order]:
    db.session.rollback()  # and so read anew
    return list(db.session.scalars(select(Order).order_by(Order.id)))


class TestStartSubscription:
    def test_the_order_snapshots_our_price(self, shop: Shop) -> None:
        shop.choose_tier(shop.user(), "starter", "year")

        (order,) = orders()
        assert (order.item, order.amount_minor, order.currency) == (
            "tier:starter:year",
            19000,
            "USD",
        )

    def test_two_clicks_get_the_same_session(self, shop: Shop) -> None:
        user = shop.user()

        assert shop.choose_tier(user) == shop.choose_tier(user)
        assert len(orders()) == 1

    def test_two_tabs_at_once_get_the_same_session(self, shop: Shop) -> None:
        user_id = shop.user().id

        def choose(_tab: int) -> str:
            with shop.app.app_context():
                return shop.choose_tier(db.session.get_one(User, user_id))

        with ThreadPoolExecutor(6) as threads:
            sessions = set(threads.map(choose, range(6)))

        assert len(sessions) == 1
        assert len(orders()) == 1

    def test_another_choice_closes_the_first_payment_page(self, shop: Shop) -> None:
        user = shop.user()
        first = shop.choose_tier(user, "starter")
        shop.choose_tier(user, "pro")

        assert [order.state for order in orders()] == ["expired", "open"]
        assert shop.gateway.checkout.retrieve(first).is_expired

    def test_a_choice_paid_in_another_tab_wins_over_a_new_one(self, shop: Shop) -> None:
        user = shop.user()
        shop.pay(shop.choose_tier(user, "starter"))

        with pytest.raises(AlreadySubscribed):
            shop.choose_tier(user, "pro")
        assert user.subscription.tier.slug == "starter"

    def test_who_has_a_paid_tier_is_refused(self, shop: Shop) -> None:
        user = shop.user()
        session_id = shop.choose_tier(user)
        shop.pay(session_id)
        checkout.confirm(user, session_id, gateway=shop.gateway)

        with pytest.raises(AlreadySubscribed):
            shop.choose_tier(user, "scale")

    def test_a_price_that_moved_makes_a_new_order(self, shop: Shop) -> None:
        user = shop.user()
        first = shop.choose_package(user)
        with transaction() as session:
            session.execute(
                update(TokenPackage).where(TokenPackage.slug == "tokens-500").values(tokens=600)
            )
        second = shop.choose_package(user)

        assert first != second
        assert [(order.tokens, order.state) for order in orders()] == [
            (500, "expired"),
            (600, "open"),
        ]

    def test_after_a_day_there_is_a_new_session(self, shop: Shop) -> None:
        user = shop.user()
        first = shop.choose_tier(user)
        with transaction() as session:
            yesterday = clock.now() - timedelta(hours=1)
            session.execute(update(Order).values(stripe_session_expires_at=yesterday))
        second = shop.choose_tier(user)

        assert first != second

    def test_the_free_tier_is_not_sold(self, shop: Shop) -> None:
        with pytest.raises(TierNotForSale):
            shop.choose_tier(shop.user(), "free")
        assert orders() == []

    def test_an_unknown_tier_is_named_in_a_warning(
        self, shop: Shop, capfd: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(TierNotFound):
            shop.choose_tier(shop.user(), "platinum")
        assert "catalog.tier_not_found" in capfd.readouterr().err

    def test_an_archived_tier_is_not_sold(self, shop: Shop) -> None:
        with transaction() as session:
            session.execute(
                update(SubscriptionTier)
                .where(SubscriptionTier.slug == "pro")
                .values(archived_at=clock.now())
            )

        with pytest.raises(TierNotFound):
            shop.choose_tier(shop.user(), "pro")

    def test_a_tier_that_stripe_does_not_know_yet_is_not_sold(self, shop: Shop) -> None:
        with transaction() as session:
            session.execute(update(TierVersion).values(stripe_price_month_id=None))

        with pytest.raises(TierNotForSale):
            shop.choose_tier(shop.user(), "pro", Interval.MONTH)


class TestStartTokens:
    def test_an_unknown_package_is_refused(self, shop: Shop) -> None:
        with pytest.raises(PackageNotFound):
            shop.choose_package(shop.user(), "tokens-1")

    def test_a_second_purchase_of_the_same_package_is_a_new_order(self, shop: Shop) -> None:
        user = shop.user()
        first = shop.choose_package(user)
        shop.pay(first)
        second = shop.choose_package(user)

        assert first != second
        assert [order.state for order in orders()] == ["paid", "open"]
        assert user.token_balance.balance == 500


class TestStripeAway:
    def test_no_answer_keeps_the_order_and_a_retry_goes_on_with_it(self, shop: Shop) -> None:
        user = shop.user()
        shop.control.fail_next("checkout.sessions", "reset", times=4)
        with pytest.raises(GatewayUnavailable):
            shop.choose_tier(user)
        shop.control.heal()
        shop.choose_tier(user)

        (order,) = orders()
        assert order.stripe_session_id is not None

    def test_an_answer_that_got_lost_is_not_a_second_session(self, shop: Shop) -> None:
        user = shop.user()
        shop.control.fail_next("checkout.sessions", "reset", times=3, when="after")
        with pytest.raises(GatewayUnavailable):
            shop.choose_tier(user)
        shop.control.heal()
        shop.choose_tier(user)

        assert len(shop.sessions()) == 1

    def test_a_definite_error_gets_a_new_key_next_time(self, shop: Shop) -> None:
        user = shop.user()
        shop.control.fail_next("checkout.sessions", 500, times=3)
        with pytest.raises(GatewayError):
            shop.choose_tier(user)
        shop.choose_tier(user)

        assert [order.state for order in orders()] == ["failed", "open"]


class TestConfirm:
    def test_the_return_page_fulfils_without_any_webhook(self, shop: Shop) -> None:
        user = shop.user()
        session_id = shop.choose_tier(user)
        shop.pay(session_id)

        assert checkout.confirm(user, session_id, gateway=shop.gateway).state == "paid"
        assert user.subscription.tier.slug == "pro"

    def test_coming_back_unpaid_gives_nothing(self, shop: Shop) -> None:
        user = shop.user()
        session_id = shop.choose_package(user)

        assert checkout.confirm(user, session_id, gateway=shop.gateway).state == "open"
        assert user.token_balance.balance == 0

    def test_somebody_else_is_told_nothing(self, shop: Shop) -> None:
        session_id = shop.choose_package(shop.user("ada"))
        shop.pay(session_id)

        with pytest.raises(OrderNotFound):
            checkout.confirm(shop.user("eve"), session_id, gateway=shop.gateway)

    @pytest.mark.parametrize("session_id", ["cs_test_made_up", "", "../customers", "cs_1?x=1"])
    def test_a_made_up_session_is_not_found(self, shop: Shop, session_id: str) -> None:
        with pytest.raises((OrderNotFound, StripeObjectNotFound)):
            checkout.confirm(shop.user(), session_id, gateway=shop.gateway)

    def test_a_crash_before_the_session_was_stored_loses_nothing(self, shop: Shop) -> None:
        user = shop.user()
        session_id = shop.choose_package(user)
        shop.pay(session_id)
        with transaction() as session:
            session.execute(update(Order).values(stripe_session_id=None, stripe_session_url=None))

        assert checkout.confirm(user, session_id, gateway=shop.gateway).state == "paid"
        assert user.token_balance.balance == 500


def test_no_call_to_stripe_is_made_inside_a_transaction(shop: Shop) -> None:
    user = shop.user()

    with pytest.raises(RuntimeError, match="inside a database transaction"), transaction():
        checkout.start_tokens(user, package_slug="tokens-100", pages=PAGES, gateway=shop.gateway)


class TestTermsOfSale:
    def test_a_promotion_code_lowers_what_is_paid_and_still_fulfils(self, shop: Shop) -> None:
        user = shop.user()
        coupon = shop.dashboard.v1.coupons.create({"percent_off": 20, "duration": "once"})
        shop.dashboard.v1.promotion_codes.create(
            {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "HARVEST"}
        )
        session_id = shop.choose_tier(user)
        shop.pay(session_id, promotion_code="HARVEST")
        order = checkout.confirm(user, session_id, gateway=shop.gateway)

        assert (order.state, order.amount_paid_minor) == ("paid", 3920)
        assert user.subscription.tier.slug == "pro"

    def test_with_automatic_tax_the_tax_comes_on_top(self, shop: Shop) -> None:
        user = shop.user()
        settings = shop.app.extensions["billing_settings"]
        taxed = Gateway(
            settings.stripe_secret_key, api_base=settings.stripe_api_base, collects_tax=True
        )
        url = checkout.start_tokens(user, package_slug="tokens-500", pages=PAGES, gateway=taxed)
        shop.pay(session_id_of(url), country="DE")
        order = checkout.confirm(user, session_id_of(url), gateway=taxed)

        assert order.state == "paid"
        assert order.amount_paid_minor is not None
        assert order.amount_paid_minor > order.amount_minor
        assert user.token_balance.balance == 500

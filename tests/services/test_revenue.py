"""The monthly recurring revenue and its log: what Stripe holds, written down as it changes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from billing import clock
from billing.database import db, transaction
from billing.domain.money import Money
from billing.domain.revenue import MovementKind
from billing.domain.statuses import SubscriptionStatus
from billing.models import RevenueMovement, TierVersion, User, UserSubscription
from billing.services import catalog, checkout, revenue, subscriptions
from billing.services.revenue import Part
from tests import factories, states
from tests.queries import recorded
from tests.shop import Shop

BEFORE_THE_LOG = "0025"


def movements() -> list[tuple[MovementKind, int, int]]:
    rows = db.session.scalars(select(RevenueMovement).order_by(RevenueMovement.id))
    return [(row.kind, row.delta_minor, row.monthly_minor) for row in rows]


def put(user: User, tier: str, status: SubscriptionStatus, *, version: int = 0) -> None:
    """Make the row say it, as `subscriptions.apply` does, and log what that brings."""
    with transaction():
        row: UserSubscription = user.subscription
        row.tier_version = catalog.get_tier(tier).versions[version]
        row.status = status
        row.ended_at = clock.now() if status == SubscriptionStatus.CANCELED else None
        revenue.follow(row)


def come_and_go(shop: Shop) -> None:
    """Have somebody buy a year, by all doors, and leave."""
    user = shop.user()
    session_id = shop.choose_tier(user, "pro", "year")
    shop.pay(session_id)
    for event in shop.events():
        shop.deliver(event)
    checkout.confirm(user, session_id, gateway=shop.gateway)
    shop.dashboard.v1.subscriptions.cancel(user.subscription.stripe_subscription_id or "")
    held = subscriptions.read(user.stripe_customer_id or "", gateway=shop.gateway)
    subscriptions.apply(held)


def test_all_doors_of_a_subscription_write_each_change_once(shop: Shop) -> None:
    come_and_go(shop)

    assert movements() == [(MovementKind.NEW, 4083, 4083), (MovementKind.CHURN, -4083, 0)]


def test_an_older_database_gets_the_log_from_its_audit_log(shop: Shop) -> None:
    come_and_go(shop)
    written = movements()
    db.session.remove()

    downgrade(revision=BEFORE_THE_LOG)
    upgrade()

    assert movements() == written


@pytest.mark.one_database
def test_a_report_adds_up_currency_by_currency(app: Flask) -> None:
    states.catalog_at_stripe()
    with transaction() as session:
        session.add(
            TierVersion(
                tier=catalog.get_tier("scale"),
                version=2,
                price_month_minor=12000,
                price_year_minor=120000,
                currency="EUR",
            )
        )
    stayed, grew, shrank, left, came_back, moved = (states.subscribed() for _ in range(6))
    states.trialing()
    active = SubscriptionStatus.ACTIVE
    put(came_back, "free", SubscriptionStatus.CANCELED)
    put(moved, "scale", active)
    start = clock.now()
    put(stayed, "pro", SubscriptionStatus.PAST_DUE)
    put(grew, "scale", active)
    put(shrank, "starter", active)
    put(left, "free", SubscriptionStatus.CANCELED)
    put(came_back, "pro", active)
    put(moved, "scale", active, version=1)
    end = clock.now() + timedelta(seconds=1)

    euros, dollars = revenue.report(start, end)

    assert (euros.monthly, euros.paying) == (Money(12000, "EUR"), 1)
    assert dollars.opening == Money(4 * 4900 + 14900, "USD")
    assert dollars.parts == {
        MovementKind.NEW: Part(Money(0, "USD"), 0),
        MovementKind.EXPANSION: Part(Money(10000, "USD"), 1),
        MovementKind.CONTRACTION: Part(Money(-3000, "USD"), 1),
        MovementKind.CHURN: Part(Money(-4900 - 14900, "USD"), 2),
        MovementKind.REACTIVATION: Part(Money(4900, "USD"), 1),
    }
    assert dollars.monthly == dollars.opening + dollars.change == Money(26600, "USD")
    assert (dollars.paying_before, dollars.paying) == (5, 4)
    assert (str(dollars.churn), dollars.per_account) == ("0.4", Money(6650, "USD"))
    assert revenue.monthly_by_currency() == [euros.monthly, dollars.monthly]


@pytest.mark.usefixtures("app")
def test_nothing_sold_is_no_report_and_one_statement() -> None:
    with recorded() as statements:
        assert revenue.monthly_by_currency() == []
        assert revenue.report(clock.now() - timedelta(days=30), clock.now()) == []

    assert len([each for each in statements if each.startswith("SELECT")]) == 2


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(
    "change", ["UPDATE revenue_movements SET kind = 'churn'", "DELETE FROM revenue_movements"]
)
def test_the_database_refuses_to_change_the_log(change: str) -> None:
    factories.demo_catalog()
    states.subscribed()

    with pytest.raises(DatabaseError, match="append-only"), transaction() as session:
        session.execute(text(change))

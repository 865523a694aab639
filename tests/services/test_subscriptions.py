"""Applying what Stripe holds: the newest reading wins, two subscriptions become one."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from billing.database import db, transaction
from billing.errors import GatewayUnavailable, UnknownCustomer, UnknownPrice
from billing.models import AuditEntry, TierVersion, User
from billing.services import catalog, checkout, inbox, plan_changes, subscriptions, users
from tests.outbox import Outbox
from tests.shop import Shop


def subscriber(shop: Shop, tier: str = "pro", interval: str = "month") -> User:
    user = shop.user()
    session_id = shop.choose_tier(user, tier, interval)
    shop.pay(session_id)
    checkout.confirm(user, session_id, gateway=shop.gateway)
    db.session.refresh(user)
    return user


def customer_id(user: User) -> str:
    assert user.stripe_customer_id is not None
    return user.stripe_customer_id


def test_a_yearly_tier_has_its_interval_and_card(shop: Shop) -> None:
    user = subscriber(shop, "scale", "year")

    row = user.subscription
    assert (row.tier.slug, row.interval, row.status) == ("scale", "year", "active")
    assert (row.card_brand, row.card_last4) == ("visa", "4242")
    assert user.token_balance.quota_limit is None


def test_a_slow_reading_does_not_overwrite_a_newer_one(shop: Shop) -> None:
    user = subscriber(shop)
    slow = subscriptions.read(customer_id(user), gateway=shop.gateway)
    shop.dashboard.v1.subscriptions.cancel(user.subscription.stripe_subscription_id or "")
    subscriptions.apply(subscriptions.read(customer_id(user), gateway=shop.gateway))
    subscriptions.apply(slow)

    assert user.subscription.tier.slug == "free"


def test_a_subscription_that_came_and_went_unheard_is_known_to_have_ended(shop: Shop) -> None:
    user = shop.user()
    shop.pay(shop.choose_tier(user))
    (held,) = shop.dashboard.v1.subscriptions.list({"customer": customer_id(user)}).data
    shop.dashboard.v1.subscriptions.cancel(held.id)
    for _ in range(2):
        subscriptions.apply(subscriptions.read(customer_id(user), gateway=shop.gateway))

    row = user.subscription
    assert (row.tier.slug, row.status) == ("free", "canceled")
    assert (row.stripe_subscription_id, row.ended_at is None) == (held.id, False)
    assert row.anchor.timestamp() == held.billing_cycle_anchor
    assert user.token_balance.anchor == row.anchor


def test_a_cancelled_subscription_falls_to_free_and_keeps_the_tokens(shop: Shop) -> None:
    user = subscriber(shop)
    tokens = shop.choose_package(user)
    shop.pay(tokens)
    checkout.confirm(user, tokens, gateway=shop.gateway)
    shop.dashboard.v1.subscriptions.cancel(user.subscription.stripe_subscription_id or "")
    subscriptions.apply(subscriptions.read(customer_id(user), gateway=shop.gateway))

    assert (user.subscription.tier.slug, user.subscription.status) == ("free", "canceled")
    assert user.subscription.ended_at is not None
    assert user.token_balance.quota_limit == 20
    assert user.token_balance.balance == 500


def test_who_left_may_come_back(shop: Shop) -> None:
    user = subscriber(shop)
    shop.dashboard.v1.subscriptions.cancel(user.subscription.stripe_subscription_id or "")
    subscriptions.apply(subscriptions.read(customer_id(user), gateway=shop.gateway))
    session_id = shop.choose_tier(user, "starter")
    shop.pay(session_id)
    checkout.confirm(user, session_id, gateway=shop.gateway)

    assert (user.subscription.tier.slug, user.subscription.status) == ("starter", "active")
    assert user.subscription.ended_at is None


def test_an_end_at_the_period_end_is_followed(shop: Shop) -> None:
    user = subscriber(shop)
    shop.dashboard.v1.subscriptions.update(
        user.subscription.stripe_subscription_id or "", {"cancel_at_period_end": True}
    )
    subscriptions.apply(subscriptions.read(customer_id(user), gateway=shop.gateway))

    assert user.subscription.tier.slug == "pro"
    assert user.subscription.ends_at == user.subscription.current_period_end


def test_a_portals_cancellation_is_a_date_and_can_be_undone(shop: Shop) -> None:
    user = subscriber(shop)
    subscription_id = user.subscription.stripe_subscription_id or ""
    period_end = user.subscription.current_period_end
    assert period_end is not None
    shop.dashboard.v1.subscriptions.update(
        subscription_id, {"cancel_at": int(period_end.timestamp())}
    )
    subscriptions.apply(subscriptions.read(customer_id(user), gateway=shop.gateway))
    ends = (user.subscription.cancel_at_period_end, user.subscription.ends_at)
    plan_changes.resume(user, gateway=shop.gateway)

    assert ends == (False, period_end)
    assert user.subscription.ends_at is None
    assert shop.gateway.subscriptions.retrieve(subscription_id).cancel_at is None


def test_a_paused_subscription_is_free_until_it_goes_on_or_ends(shop: Shop, outbox: Outbox) -> None:
    user = subscriber(shop)
    stripe_side = shop.dashboard.v1.subscriptions
    subscription_id = user.subscription.stripe_subscription_id or ""
    stands = []
    for act in (stripe_side.pause, stripe_side.resume, stripe_side.pause, stripe_side.cancel):
        act(subscription_id)
        for _ in range(2):
            subscriptions.apply(subscriptions.read(customer_id(user), gateway=shop.gateway))
        stands.append((user.subscription.tier.slug, user.subscription.status))

    paused = ("free", "paused")
    assert stands == [paused, ("pro", "active"), paused, ("free", "canceled")]
    assert outbox.subjects() == []


def test_a_second_live_subscription_is_cancelled_and_refunded(shop: Shop, outbox: Outbox) -> None:
    user = shop.user()
    users.create("admin@example.com", actor="test", is_admin=True)
    first = shop.choose_tier(user, "pro")
    db.session.refresh(user)
    second = shop.second_session(user, "starter")
    shop.pay(first)
    shop.pay(second)
    for _ in range(2):
        subscriptions.apply(subscriptions.read(customer_id(user), gateway=shop.gateway))

    held = shop.gateway.subscriptions.list_by_customer(customer_id(user))
    assert [each.status for each in held] == ["active", "canceled"]
    assert user.subscription.tier.slug == "pro"
    assert shop.refunded() == [1900]
    entries = db.session.scalars(select(AuditEntry.action)).all()
    assert entries.count("subscription.duplicate_refunded") == 1
    assert outbox.subjects() == ["A second subscription was cancelled and refunded"]


def test_who_falls_before_the_second_is_cancelled_goes_on_there(shop: Shop) -> None:
    user = shop.user()
    first = shop.choose_tier(user, "pro")
    db.session.refresh(user)
    second = shop.second_session(user, "starter")
    shop.pay(first)
    shop.pay(second)
    shop.control.fail_next("DELETE /v1/subscriptions", 429)
    with pytest.raises(GatewayUnavailable):
        subscriptions.read(customer_id(user), gateway=shop.gateway)
    subscriptions.apply(subscriptions.read(customer_id(user), gateway=shop.gateway))

    held = shop.gateway.subscriptions.list_by_customer(customer_id(user))
    assert [each.status for each in held] == ["active", "canceled"]
    assert shop.refunded() == [1900]


def test_an_unknown_price_never_changes_the_tier(shop: Shop, outbox: Outbox) -> None:
    user = subscriber(shop)
    users.create("admin@example.com", actor="test", is_admin=True)
    with transaction() as session:
        session.execute(update(TierVersion).values(stripe_price_month_id=None))

    with pytest.raises(UnknownPrice):
        subscriptions.apply(subscriptions.read(customer_id(user), gateway=shop.gateway))
    (told,) = shop.events("customer.subscription.created")
    assert shop.deliver(told) == 200
    db.session.rollback()  # and so read anew
    assert user.subscription.tier.slug == "pro"
    assert inbox.get(told["id"]).state == "parked"
    assert outbox.subjects() == ["1 webhook event was not applied"]


def test_an_unknown_customer_is_refused(shop: Shop) -> None:
    with pytest.raises(UnknownCustomer):
        subscriptions.read("cus_nobody", gateway=shop.gateway)


def test_each_change_is_in_the_audit_log(shop: Shop) -> None:
    user = subscriber(shop)

    entry = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "subscription.changed")
    ).one()
    assert entry.subject_id == user.id
    assert entry.before is not None
    assert entry.after is not None
    assert (entry.before["tier"], entry.after["tier"]) == ("free", "pro")


def test_a_schedule_made_in_the_dashboard_is_followed_by_its_own_events(shop: Shop) -> None:
    user = subscriber(shop)
    starter = catalog.get_tier("starter").current_version
    made = shop.dashboard.v1.subscription_schedules.create(
        {"from_subscription": user.subscription.stripe_subscription_id or ""}
    )
    present = made.phases[0]
    shop.dashboard.v1.subscription_schedules.update(
        made.id,
        {
            "end_behavior": "release",
            "phases": [
                {
                    "items": [{"price": user.subscription.stripe_price_id or "", "quantity": 1}],
                    "start_date": present.start_date,
                    "end_date": present.end_date,
                },
                {
                    "items": [{"price": starter.stripe_price_month_id or "", "quantity": 1}],
                    "duration": {"interval": "month", "interval_count": 1},
                },
            ],
        },
    )
    (updated,) = shop.events("subscription_schedule.updated")[-1:]

    assert shop.deliver(updated) == 200
    db.session.rollback()
    assert user.subscription.tier.slug == "pro"
    assert user.subscription.scheduled_tier_version == starter

    shop.dashboard.v1.subscription_schedules.release(made.id)
    (released,) = shop.events("subscription_schedule.released")

    assert shop.deliver(released) == 200
    db.session.rollback()
    assert user.subscription.scheduled_tier_version is None

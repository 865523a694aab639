"""Reconciliation: every drift that was planted is found once, mended, and gone the second time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select, update

from billing import clock
from billing.database import db, transaction
from billing.models import (
    Dispute,
    Invoice,
    Order,
    Refund,
    TierVersion,
    User,
    UserSubscription,
    WebhookEvent,
)
from billing.services import catalog, reconciliation
from billing.services.stripe_events import HANDLERS
from tests.reversals import buy, charge_of, refund, tokens_of
from tests.shop import Shop


def run(shop: Shop, *, is_dry_run: bool = False) -> list[str]:
    """Reconcile and return the lines, without the events'."""
    db.session.rollback()  # and so read anew
    found = reconciliation.reconcile(gateway=shop.gateway, is_dry_run=is_dry_run)
    return [str(each) for each in found if not each.subject.startswith("event ")]


def keep_events(shop: Shop) -> None:
    for event in shop.events(*HANDLERS):
        shop.deliver(event)


def subscriber(shop: Shop) -> User:
    user = shop.user()
    shop.pay(shop.choose_tier(user, "pro"))
    keep_events(shop)
    return user


def plant(statement: object) -> None:
    """Change rows by hand, as nobody should."""
    with transaction() as session:
        session.execute(statement)  # type: ignore[call-overload]


def test_a_purchase_whose_events_were_all_lost_is_given(shop: Shop) -> None:
    user = shop.user()
    shop.pay(shop.choose_package(user))
    run(shop)

    assert tokens_of(user) == (500, 0, 0)
    assert list(reconciliation.reconcile(gateway=shop.gateway)) == []


def test_a_subscription_whose_events_were_all_lost_is_followed(shop: Shop) -> None:
    user = shop.user()
    shop.pay(shop.choose_tier(user, "pro"))
    run(shop)

    assert user.subscription.tier.slug == "pro"
    assert db.session.scalars(select(Invoice.status)).all() == ["paid"]
    assert list(reconciliation.reconcile(gateway=shop.gateway)) == []


def test_a_dry_run_names_the_differences_and_changes_nothing(shop: Shop) -> None:
    user = shop.user()
    session_id = shop.choose_tier(user, "pro")
    shop.pay(session_id)
    first = run(shop, is_dry_run=True)
    second = run(shop, is_dry_run=True)

    assert first == second
    assert len(first) == 4
    assert first[0].endswith("we have another subscription, tier, period (found)")
    assert first[1].endswith("it is paid, and we do not know it (found)")
    assert first[2].startswith(f"checkout session {session_id}: it is paid, and order ")
    assert db.session.scalars(select(WebhookEvent)).all() == []
    assert user.subscription.tier.slug == "free"


def test_an_event_that_failed_is_applied(shop: Shop) -> None:
    user = shop.user()
    shop.pay(shop.choose_package(user))
    (event,) = shop.events("checkout.session.completed")
    shop.control.fail_next("checkout.sessions", 500, times=5)
    shop.deliver(event)
    shop.control.heal()

    lines = [str(each) for each in reconciliation.reconcile(gateway=shop.gateway)]

    assert lines == [f"event {event['id']}: checkout.session.completed is failed (repaired)"]
    assert tokens_of(user) == (500, 0, 0)


def test_an_invoice_that_is_lost_or_out_of_date_is_copied_again(shop: Shop) -> None:
    subscriber(shop)
    plant(delete(Invoice))
    (lost,) = run(shop)
    plant(update(Invoice).values(status="open", amount_paid_minor=0))
    (outdated,) = run(shop)

    assert lost.endswith("it is paid, and we do not know it (repaired)")
    assert outdated.endswith("we have another status, amount paid (repaired)")
    assert run(shop) == []


def test_a_tier_that_was_edited_by_hand_is_put_right(shop: Shop) -> None:
    user = subscriber(shop)
    scale = catalog.get_tier("scale").current_version
    plant(update(UserSubscription).values(tier_version_id=scale.id))
    (line,) = run(shop)

    assert line.endswith("we have another tier, quota (repaired)")
    assert user.subscription.tier.slug == "pro"
    assert run(shop) == []


def test_a_subscription_that_was_forgotten_is_followed_again(shop: Shop) -> None:
    user = subscriber(shop)
    plant(delete(UserSubscription))
    run(shop)

    db.session.refresh(user)
    assert user.subscription.tier.slug == "pro"
    assert run(shop) == []


def test_a_subscription_that_ended_unnoticed_ends_here(shop: Shop) -> None:
    user = subscriber(shop)
    shop.dashboard.v1.subscriptions.cancel(user.subscription.stripe_subscription_id or "")
    plant(
        insert(WebhookEvent).values(
            [
                {
                    "stripe_event_id": event["id"],
                    "type": event["type"],
                    "payload": "{}",
                    "state": "ignored",
                    "attempts": 0,
                    "received_at": clock.now(),
                }
                for event in shop.events("customer.subscription.deleted")
            ]
        )
    )
    (line,) = run(shop)

    assert line.endswith("it is not live at Stripe (repaired)")
    assert user.subscription.tier.slug == "free"
    assert run(shop) == []


def test_a_subscription_at_an_unknown_price_waits_for_a_person(shop: Shop) -> None:
    user = subscriber(shop)
    plant(update(TierVersion).values(stripe_price_month_id=None))
    (line,) = run(shop)

    assert "not repaired: No tier version has the Stripe price" in line
    assert user.subscription.tier.slug == "pro"
    assert run(shop) == [line]


def test_a_paid_order_whose_commit_was_lost_is_paid(shop: Shop) -> None:
    user = shop.user()
    shop.pay(shop.choose_package(user))
    plant(update(Order).values(stripe_session_id=None, stripe_session_url=None))
    run(shop)

    assert db.session.scalars(select(Order.state)).all() == ["paid"]
    assert tokens_of(user) == (500, 0, 0)


def test_an_order_that_never_got_a_checkout_is_closed(shop: Shop) -> None:
    user = shop.user()
    shop.choose_package(user)
    past = clock.now() - timedelta(hours=1)
    plant(update(Order).values(stripe_session_id=None, stripe_session_expires_at=past))

    assert run(shop)[-1].endswith("it never had a checkout session (repaired)")
    assert db.session.scalars(select(Order.state)).all() == ["expired"]
    assert run(shop) == []


def test_a_checkout_that_expired_unnoticed_closes_its_order(shop: Shop) -> None:
    user = shop.user()
    session_id = shop.choose_package(user)
    shop.dashboard.v1.checkout.sessions.expire(session_id)
    run(shop)

    assert db.session.scalars(select(Order.state)).all() == ["expired"]
    assert run(shop) == []


def test_an_open_checkout_is_no_difference(shop: Shop) -> None:
    shop.choose_package(shop.user())

    assert list(reconciliation.reconcile(gateway=shop.gateway)) == []


@pytest.mark.parametrize("statement", [delete(Refund), update(Refund).values(status="failed")])
def test_a_refund_that_was_lost_or_edited_is_mended(shop: Shop, statement: object) -> None:
    user = shop.user()
    order = buy(shop, user, "tokens-500")
    refund_id = refund(shop, order)
    keep_events(shop)
    plant(statement)
    (line,) = run(shop)

    assert line.startswith(f"refund {refund_id}: it is succeeded, and we ")
    assert tokens_of(user) == (0, 0, 0)
    assert run(shop) == []


def test_what_belongs_to_nobody_is_reported_and_left(shop: Shop) -> None:
    subscriber(shop)
    plant(update(User).values(stripe_customer_id="cus_another"))
    lines = run(shop)

    assert any("we follow none of its customer (not repaired: No user is" in line for line in lines)


@pytest.mark.parametrize("statement", [delete(Dispute), update(Dispute).values(status="won")])
def test_a_dispute_that_was_lost_or_edited_is_mended(shop: Shop, statement: object) -> None:
    user = shop.user()
    order = buy(shop, user, "tokens-500")
    dispute = shop.control.dispute(charge_of(shop, order))
    keep_events(shop)
    plant(statement)
    (line,) = run(shop)

    assert line.startswith(f"dispute {dispute['id']}: it is needs_response, and we ")
    assert tokens_of(user) == (0, 0, 0)
    assert run(shop) == []


def test_a_refund_that_failed_unnoticed_gives_back(shop: Shop) -> None:
    user = shop.user()
    order = buy(shop, user, "tokens-500")
    refund_id = refund(shop, order)
    keep_events(shop)
    shop.control.fail_refund(refund_id)
    run(shop)

    assert tokens_of(user) == (500, 0, 0)
    assert list(reconciliation.reconcile(gateway=shop.gateway)) == []


def test_many_drifts_at_once_are_all_found_and_mended(shop: Shop) -> None:
    buyer, reader = shop.user("buyer"), shop.user("reader")
    order = buy(shop, buyer, "tokens-500")
    shop.control.dispute(charge_of(shop, order))
    shop.pay(shop.choose_tier(reader, "pro"))
    keep_events(shop)
    plant(delete(Dispute))
    plant(update(UserSubscription).values(cancel_at_period_end=True))
    plant(update(Order).values(state="open", paid_at=None, amount_paid_minor=None))

    assert len(run(shop)) == 4
    assert run(shop) == []
    assert tokens_of(buyer) == (0, 0, 0)

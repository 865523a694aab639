"""The events of refunds and disputes: lost, late, twice or shuffled, they end in one state."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select

from billing.database import db, transaction
from billing.models import Dispute, Invoice, Refund, User, WebhookEvent
from billing.services import checkout
from tests.reversals import (
    buy,
    charge_of,
    lines_of,
    refund,
    spend,
    taken_from,
    tokens_of,
    use_up_quota,
)
from tests.shop import Shop

REFUND_EVENTS = ("refund.created", "charge.refunded", "refund.updated", "charge.refund.updated")
DISPUTE_EVENTS = tuple(
    f"charge.dispute.{name}"
    for name in ("created", "updated", "funds_withdrawn", "closed", "funds_reinstated")
)


@pytest.fixture
def buyer(shop: Shop) -> User:
    """A user without quota, who pays each request in tokens."""
    user = shop.user()
    use_up_quota(user)
    return user


def deliver_all(shop: Shop, *types: str) -> set[int]:
    """Deliver what Stripe has told so far of these types; returns the statuses."""
    return {shop.deliver(event) for event in shop.events(*types)}


def subscribe(shop: Shop) -> tuple[User, str]:
    """Return a user on Pro and the charge that paid for it."""
    user = shop.user()
    session_id = shop.choose_tier(user, "pro")
    shop.pay(session_id)
    checkout.confirm(user, session_id, gateway=shop.gateway)
    return user, shop.dashboard.v1.charges.list().data[0].id


class TestRefunds:
    @pytest.mark.one_database
    def test_every_order_of_the_events_each_twice_takes_once(self, shop: Shop, buyer: User) -> None:
        order = buy(shop, buyer, "tokens-500")
        spend(buyer, 100)
        refund(shop, order, 1500)
        events = shop.events(*REFUND_EVENTS)
        assert len(events) == len(REFUND_EVENTS)

        for number, shuffled in enumerate(permutations(events)):
            copies = [event | {"id": f"{event['id']}_{number}"} for event in shuffled]
            assert {shop.deliver(event) for event in copies for _ in range(2)} == {200}

        assert tokens_of(buyer) == (25, 0, 0)
        assert lines_of(buyer, "clawback") == [("clawback", -375)]

    @pytest.mark.parametrize("only", REFUND_EVENTS)
    def test_any_one_event_is_enough(self, shop: Shop, buyer: User, only: str) -> None:
        order = buy(shop, buyer, "tokens-500")
        refund(shop, order)
        deliver_all(shop, only)

        assert tokens_of(buyer) == (0, 0, 0)

    def test_events_in_parallel_take_once(self, shop: Shop, buyer: User) -> None:
        order = buy(shop, buyer, "tokens-500")
        refund(shop, order, 500)
        refund(shop, order, 500)
        events = shop.events(*REFUND_EVENTS)

        with ThreadPoolExecutor(8) as threads:
            statuses = list(threads.map(shop.deliver, events * 2))

        assert set(statuses) == {200}
        assert taken_from(order) == 250
        assert tokens_of(buyer) == (250, 0, 0)

    @pytest.mark.parametrize("is_reversed", [False, True])
    def test_events_before_the_purchase_was_told(
        self, shop: Shop, buyer: User, is_reversed: bool
    ) -> None:
        session_id = shop.choose_package(buyer)
        shop.pay(session_id)
        session = shop.gateway.checkout.retrieve(session_id)
        shop.dashboard.v1.refunds.create(
            {"payment_intent": session.payment_intent_id or "", "amount": 1000}
        )
        events = shop.events("checkout.session.completed", *REFUND_EVENTS)

        for event in reversed(events) if is_reversed else events:
            assert shop.deliver(event) == 200

        assert tokens_of(buyer) == (250, 0, 0)

    def test_a_refund_that_fails_later_is_undone(self, shop: Shop, buyer: User) -> None:
        order = buy(shop, buyer, "tokens-500")
        spend(buyer, 100)
        refund_id = refund(shop, order)
        deliver_all(shop, *REFUND_EVENTS)
        assert tokens_of(buyer) == (0, 100, 0)

        shop.control.fail_refund(refund_id)
        assert deliver_all(shop, "refund.failed", *REFUND_EVENTS) == {200}
        assert tokens_of(buyer) == (400, 0, 0)
        assert db.session.scalars(select(Refund.status)).one() == "failed"

    def test_a_refund_of_a_subscription_marks_the_invoice(self, shop: Shop) -> None:
        user, charge_id = subscribe(shop)
        shop.control.refund(charge_id)
        deliver_all(shop, "charge.refunded")

        invoice = db.session.scalars(select(Invoice)).one()
        assert invoice.is_refunded
        assert user.subscription.tier.slug == "pro"

    def test_a_refund_to_somebody_unknown_is_parked(self, shop: Shop, buyer: User) -> None:
        order = buy(shop, buyer, "tokens-500")
        refund(shop, order)
        with transaction():
            db.session.get_one(User, buyer.id).stripe_customer_id = None

        assert deliver_all(shop, "charge.refunded") == {200}
        (event,) = db.session.scalars(select(WebhookEvent)).all()
        assert (event.state, event.next_attempt_at) == ("parked", None)


class TestDisputes:
    def test_a_disputed_purchase_is_taken_and_restored_when_won(
        self, shop: Shop, buyer: User
    ) -> None:
        order = buy(shop, buyer, "tokens-500")
        spend(buyer, 100)
        dispute = shop.control.dispute(charge_of(shop, order))
        deliver_all(shop, *DISPUTE_EVENTS)
        assert tokens_of(buyer) == (0, 100, 0)

        shop.control.close_dispute(dispute["id"], "won")
        assert deliver_all(shop, *DISPUTE_EVENTS) == {200}
        assert tokens_of(buyer) == (400, 0, 0)

    def test_a_lost_dispute_stays_taken(self, shop: Shop, buyer: User) -> None:
        order = buy(shop, buyer, "tokens-500")
        dispute = shop.control.dispute(charge_of(shop, order))
        shop.control.close_dispute(dispute["id"], "lost")
        deliver_all(shop, *DISPUTE_EVENTS)

        assert tokens_of(buyer) == (0, 0, 0)
        assert db.session.scalars(select(Dispute.status)).one() == "lost"

    def test_an_inquiry_that_ends_well_moves_nothing(self, shop: Shop, buyer: User) -> None:
        order = buy(shop, buyer, "tokens-500")
        dispute = shop.control.dispute(charge_of(shop, order), inquiry=True)
        deliver_all(shop, *DISPUTE_EVENTS)
        shop.control.close_dispute(dispute["id"], "warning_closed")
        deliver_all(shop, *DISPUTE_EVENTS)

        assert tokens_of(buyer) == (500, 0, 0)
        assert lines_of(buyer, "clawback", "freeze") == []
        assert db.session.scalars(select(Dispute.status)).one() == "warning_closed"

    def test_an_inquiry_that_is_escalated_takes_the_tokens(self, shop: Shop, buyer: User) -> None:
        order = buy(shop, buyer, "tokens-500")
        dispute = shop.control.dispute(charge_of(shop, order), inquiry=True)
        deliver_all(shop, *DISPUTE_EVENTS)
        shop.control.escalate_dispute(dispute["id"])
        deliver_all(shop, *DISPUTE_EVENTS)

        assert tokens_of(buyer) == (0, 0, 0)

    def test_the_events_in_parallel_after_the_end_restore_once(
        self, shop: Shop, buyer: User
    ) -> None:
        order = buy(shop, buyer, "tokens-500")
        dispute = shop.control.dispute(charge_of(shop, order))
        shop.deliver(shop.events("charge.dispute.created")[0])
        shop.control.close_dispute(dispute["id"], "won")
        events: list[dict[str, Any]] = shop.events(*DISPUTE_EVENTS)

        with ThreadPoolExecutor(8) as threads:
            statuses = list(threads.map(shop.deliver, events * 3))

        assert set(statuses) == {200}
        assert tokens_of(buyer) == (500, 0, 0)

    def test_a_dispute_of_a_subscription_flags_the_user_and_nothing_else(self, shop: Shop) -> None:
        user, charge_id = subscribe(shop)
        dispute = shop.control.dispute(charge_id)
        deliver_all(shop, *DISPUTE_EVENTS)
        db.session.refresh(user)

        assert user.disputed_at is not None
        assert (user.subscription.tier.slug, user.subscription.status) == ("pro", "active")
        row = db.session.scalars(select(Dispute)).one()
        assert row.invoice is not None

        shop.control.close_dispute(dispute["id"], "won")
        deliver_all(shop, *DISPUTE_EVENTS)
        db.session.refresh(user)
        assert user.disputed_at is None

    def test_a_dispute_that_is_told_before_the_purchase_counts_then(
        self, shop: Shop, buyer: User
    ) -> None:
        session_id = shop.choose_package(buyer)
        shop.pay(session_id)
        session = shop.gateway.checkout.retrieve(session_id)
        shop.control.dispute(session.payment_intent_id or "")
        deliver_all(shop, *DISPUTE_EVENTS)
        deliver_all(shop, "checkout.session.completed")

        assert tokens_of(buyer) == (0, 0, 0)
        assert lines_of(buyer, "grant", "clawback") == [("grant", 500), ("clawback", -500)]

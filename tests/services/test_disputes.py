"""Disputes: tokens wait while a bank decides, leave with the money, and come back with it."""

from __future__ import annotations

from itertools import permutations

import pytest
from sqlalchemy import select

from billing import clock
from billing.database import db
from billing.errors import InsufficientTokens
from billing.models import AuditEntry, Dispute, User
from billing.services import catalog, disputes, holds, refunds
from tests.reversals import Payment, lines_of, paid_order, spend, tokens_of, use_up_quota
from tests.shop import Shop


@pytest.fixture
def buyer(shop: Shop) -> User:
    """A user without quota, who pays each request in tokens."""
    user = shop.user()
    use_up_quota(user)
    return user


@pytest.fixture
def payment(buyer: User) -> Payment:
    """1,000 tokens and 100 as a bonus, for 60.00."""
    package = catalog.get_package("tokens-2000")
    return paid_order(buyer, package, paid_minor=6000, tokens=1000, bonus=100)


def test_a_disputed_purchase_is_frozen(payment: Payment, buyer: User) -> None:
    spend(buyer, 400)
    disputes.apply(payment.dispute("needs_response"))

    assert tokens_of(buyer) == (700, 0, 700)
    with pytest.raises(InsufficientTokens):
        spend(buyer, 1)


def test_frozen_tokens_of_one_purchase_leave_the_others(payment: Payment, buyer: User) -> None:
    disputes.apply(payment.dispute("needs_response"))
    package = catalog.get_package("tokens-500")
    paid_order(buyer, package, paid_minor=2000, tokens=500)
    spend(buyer, 500)

    assert tokens_of(buyer) == (1100, 0, 1100)


def test_a_part_of_a_payment_may_be_disputed(payment: Payment, buyer: User) -> None:
    disputes.apply(payment.partial_dispute("needs_response", 1500))

    assert tokens_of(buyer) == (1100, 0, 275)


def test_withdrawn_funds_take_the_tokens(payment: Payment, buyer: User) -> None:
    spend(buyer, 400)
    disputes.apply(payment.dispute("needs_response"))
    disputes.apply(payment.dispute("needs_response", is_withdrawn=True))

    assert tokens_of(buyer) == (0, 400, 0)


def test_a_dispute_that_is_won_restores_all(payment: Payment, buyer: User) -> None:
    spend(buyer, 400)
    disputes.apply(payment.dispute("needs_response"))
    disputes.apply(payment.dispute("needs_response", is_withdrawn=True))
    disputes.apply(payment.dispute("won"))

    assert tokens_of(buyer) == (700, 0, 0)
    assert buyer.disputed_at is None


def test_a_dispute_that_is_lost_takes_the_tokens_for_good(payment: Payment, buyer: User) -> None:
    spend(buyer, 400)
    disputes.apply(payment.dispute("lost", is_withdrawn=True))

    assert tokens_of(buyer) == (0, 400, 0)
    assert buyer.disputed_at is not None


@pytest.mark.parametrize(
    "status", ["warning_needs_response", "warning_under_review", "warning_closed", "prevented"]
)
def test_an_inquiry_moves_nothing(payment: Payment, buyer: User, status: str) -> None:
    disputes.apply(payment.dispute(status))

    assert tokens_of(buyer) == (1100, 0, 0)
    assert buyer.disputed_at is None
    assert lines_of(buyer, "freeze", "clawback") == []


def test_an_inquiry_may_become_a_dispute(payment: Payment, buyer: User) -> None:
    disputes.apply(payment.dispute("warning_needs_response"))
    disputes.apply(payment.dispute("needs_response"))

    assert tokens_of(buyer) == (1100, 0, 1100)


def test_a_lost_dispute_may_be_appealed_and_won(payment: Payment, buyer: User) -> None:
    disputes.apply(payment.dispute("lost", is_withdrawn=True))
    disputes.apply(payment.dispute("appeal_under_review", is_withdrawn=True))
    assert tokens_of(buyer) == (0, 0, 0)

    disputes.apply(payment.dispute("won"))
    assert tokens_of(buyer) == (1100, 0, 0)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_readings_in_any_order_each_twice_end_in_the_newest(
    payment: Payment, buyer: User, order: tuple[int, ...]
) -> None:
    spend(buyer, 400)
    readings = [
        payment.dispute("needs_response"),
        payment.dispute("under_review", is_withdrawn=True),
        payment.dispute("won"),
    ]
    for index in order:
        disputes.apply(readings[index])
        disputes.apply(readings[index])

    assert tokens_of(buyer) == (700, 0, 0)
    assert db.session.scalars(select(Dispute.status)).one() == "won"


def test_a_refund_and_a_dispute_take_no_token_twice(payment: Payment, buyer: User) -> None:
    refunds.apply(payment.reading([payment.refund(1, 3000)]))
    disputes.apply(payment.dispute("lost", is_withdrawn=True))

    assert tokens_of(buyer) == (0, 0, 0)
    assert sum(delta for _, delta in lines_of(buyer, "clawback")) == -1100


def test_tokens_under_a_hold_are_not_frozen(payment: Payment, buyer: User) -> None:
    held = holds.hold(buyer, "ai_chat", 300)
    disputes.apply(payment.dispute("needs_response"))
    held.settle(300)

    assert tokens_of(buyer) == (800, 0, 800)


def test_freezing_and_thawing_stand_in_the_history(payment: Payment, buyer: User) -> None:
    disputes.apply(payment.dispute("needs_response"))
    disputes.apply(payment.dispute("won"))

    assert lines_of(buyer, "freeze", "thaw") == [
        ("freeze", 0),
        ("freeze", 0),
        ("thaw", 0),
        ("thaw", 0),
    ]


def test_the_user_is_flagged_and_the_change_is_in_the_audit_log(
    payment: Payment, buyer: User
) -> None:
    disputes.apply(payment.dispute("needs_response"))
    disputes.apply(payment.dispute("needs_response"))

    assert buyer.disputed_at is not None
    assert buyer.disputed_at < clock.now()
    entry = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "dispute.changed")
    ).one()
    assert (entry.subject_id, (entry.after or {})["status"]) == (buyer.id, "needs_response")

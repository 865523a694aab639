"""Refunds: tokens go back in proportion to the money, once, whatever happened in between."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from billing.database import db, transaction
from billing.errors import UnknownCustomer
from billing.models import AuditEntry, Invoice, Order, Refund, User
from billing.services import catalog, checkout, holds, orders, refunds
from tests.reversals import (
    Payment,
    buy,
    charge_of,
    lines_of,
    paid_order,
    refund,
    spend,
    tokens_of,
    use_up_quota,
)
from tests.shop import Shop


def apply(shop: Shop, order: Order) -> None:
    refunds.apply(refunds.read(charge_of(shop, order), gateway=shop.gateway))


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


def test_a_full_refund_takes_all_the_tokens_back(shop: Shop, buyer: User) -> None:
    order = buy(shop, buyer)
    refund(shop, order)
    apply(shop, order)

    assert tokens_of(buyer) == (0, 0, 0)
    assert lines_of(buyer, "clawback") == [("clawback", -200), ("clawback", -2000)]


def test_a_partial_refund_takes_its_share_rounded_down(shop: Shop, buyer: User) -> None:
    order = buy(shop, buyer)
    refund(shop, order, 1001)
    apply(shop, order)

    taken = 2200 * 1001 // order.amount_minor
    assert tokens_of(buyer) == (2200 - taken, 0, 0)


def test_many_small_refunds_round_as_one(payment: Payment, buyer: User) -> None:
    made = [payment.refund(number, 1) for number in range(12)]
    for count in range(1, 13):
        refunds.apply(payment.reading(made[:count]))

    # Each alone is worth less than a token.
    assert tokens_of(buyer) == (1100 - 1100 * 12 // 6000, 0, 0)


def test_the_same_refund_again_takes_nothing(shop: Shop, buyer: User) -> None:
    order = buy(shop, buyer)
    refund(shop, order, 1000)
    apply(shop, order)
    before = tokens_of(buyer)
    apply(shop, order)

    assert tokens_of(buyer) == before
    assert len(lines_of(buyer, "clawback")) <= 2
    assert len(db.session.scalars(select(Refund)).all()) == 1


def test_what_was_spent_becomes_a_debt(payment: Payment, buyer: User) -> None:
    spend(buyer, 400)
    refunds.apply(payment.reading([payment.refund(1, 6000)]))

    assert tokens_of(buyer) == (0, 400, 0)


def test_the_next_purchase_repays_the_debt_first(payment: Payment, buyer: User) -> None:
    spend(buyer, 400)
    refunds.apply(payment.reading([payment.refund(1, 6000)]))
    package = catalog.get_package("tokens-2000")
    paid_order(buyer, package, paid_minor=3000, tokens=500)

    assert tokens_of(buyer) == (100, 0, 0)


def test_what_is_left_goes_before_anything_is_owed(payment: Payment, buyer: User) -> None:
    spend(buyer, 600)
    refunds.apply(payment.reading([payment.refund(1, 3000)]))

    assert tokens_of(buyer) == (0, 50, 0)


def test_a_refund_that_fails_gives_all_back(payment: Payment, buyer: User) -> None:
    spend(buyer, 400)
    refunds.apply(payment.reading([payment.refund(1, 6000, "pending")]))
    refunds.apply(payment.reading([payment.refund(1, 6000, "failed")]))

    assert tokens_of(buyer) == (700, 0, 0)
    assert sum(delta for _, delta in lines_of(buyer, "clawback", "restore")) == 0


def test_a_refund_that_fails_after_its_debt_was_repaid_gives_that_back(
    payment: Payment, buyer: User
) -> None:
    spend(buyer, 400)
    refunds.apply(payment.reading([payment.refund(1, 6000)]))
    package = catalog.get_package("tokens-2000")
    paid_order(buyer, package, paid_minor=3000, tokens=500)
    refunds.apply(payment.reading([payment.refund(1, 6000, "failed")]))

    assert tokens_of(buyer) == (700 + 500, 0, 0)


def test_one_of_two_refunds_fails(payment: Payment, buyer: User) -> None:
    spend(buyer, 400)
    first, second = payment.refund(1, 2000), payment.refund(2, 4000)
    refunds.apply(payment.reading([first, second]))
    refunds.apply(payment.reading([first, payment.refund(2, 4000, "failed")]))

    assert tokens_of(buyer) == (1100 - 400 - 1100 * 2000 // 6000, 0, 0)


def test_an_older_reading_does_not_undo_a_newer_one(payment: Payment, buyer: User) -> None:
    older = payment.reading([payment.refund(1, 6000)])
    newer = payment.reading([payment.refund(1, 6000, "failed")])
    refunds.apply(newer)
    refunds.apply(older)

    assert tokens_of(buyer) == (1100, 0, 0)
    assert db.session.scalars(select(Refund.status)).one() == "failed"


def test_tokens_under_a_hold_are_taken_when_it_ends(payment: Payment, buyer: User) -> None:
    held = holds.hold(buyer, "ai_chat", 300)
    refunds.apply(payment.reading([payment.refund(1, 6000)]))
    assert tokens_of(buyer) == (300, 300, 0)

    held.release()
    assert tokens_of(buyer) == (0, 0, 0)


def test_a_refund_that_comes_before_the_purchase_is_known_counts_then(
    shop: Shop, buyer: User
) -> None:
    session_id = shop.choose_package(buyer)
    shop.pay(session_id)
    session = shop.gateway.checkout.retrieve(session_id)
    made = shop.dashboard.v1.refunds.create({"payment_intent": session.payment_intent_id or ""})
    refunds.apply(refunds.read(str(made.charge), gateway=shop.gateway))
    assert tokens_of(buyer) == (0, 0, 0)

    order = orders.fulfil(orders.read(session_id, gateway=shop.gateway))

    assert order.state == "paid"
    assert tokens_of(buyer) == (0, 0, 0)
    assert db.session.scalars(select(Refund.order_id)).one() == order.id


def test_a_refunded_invoice_is_marked_and_the_tier_stays(shop: Shop) -> None:
    user = shop.user()
    session_id = shop.choose_tier(user, "pro")
    shop.pay(session_id)
    checkout.confirm(user, session_id, gateway=shop.gateway)
    charge = shop.dashboard.v1.charges.list().data[0]
    shop.dashboard.v1.refunds.create({"charge": charge.id, "amount": 1000})
    refunds.apply(refunds.read(charge.id, gateway=shop.gateway))
    partly = db.session.scalars(select(Invoice)).one()
    assert (partly.is_partly_refunded, partly.amount_refunded_minor) == (True, 1000)

    shop.dashboard.v1.refunds.create({"charge": charge.id})
    refunds.apply(refunds.read(charge.id, gateway=shop.gateway))

    db.session.refresh(partly)
    assert (partly.is_refunded, partly.is_partly_refunded) == (True, False)
    assert user.subscription.tier.slug == "pro"


def test_each_refund_is_in_the_audit_log(payment: Payment, buyer: User) -> None:
    refunds.apply(payment.reading([payment.refund(1, 100, "pending")]))
    refunds.apply(payment.reading([payment.refund(1, 100)]))
    refunds.apply(payment.reading([payment.refund(1, 100)]))

    entries = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "refund.changed").order_by(AuditEntry.id)
    ).all()
    assert [(entry.after or {})["status"] for entry in entries] == ["pending", "succeeded"]
    assert {entry.subject_id for entry in entries} == {buyer.id}


def test_a_refund_to_nobody_of_ours_is_refused(shop: Shop, buyer: User) -> None:
    order = buy(shop, buyer)
    charge_id = charge_of(shop, order)
    refund(shop, order)
    with transaction() as session:
        session.execute(update(User).values(stripe_customer_id=None))

    with pytest.raises(UnknownCustomer):
        refunds.read(charge_id, gateway=shop.gateway)

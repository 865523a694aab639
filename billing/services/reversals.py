"""Reversals: the tokens of an order follow what became of its payment.

All refunds and disputes of the payment together say how many tokens are to be taken back and how
many frozen; here the order's lots are brought there, from wherever they stand. So it does not
matter which event came first, or how often.
"""

from collections.abc import Sequence

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing import clock
from billing.database import transaction
from billing.domain import ledger_reasons
from billing.domain.money import Money
from billing.domain.reversals import DisputeEffect, Reversal, reverse
from billing.domain.statuses import OrderKind, OrderState
from billing.models import Dispute, Order, Refund, TokenLot
from billing.observability.timing import log_service_operation
from billing.services import due, lot_moves, lots
from billing.services.lot_moves import Books

log = structlog.get_logger(__name__)


@log_service_operation
def follow(order: Order) -> None:
    """Take back, restore, freeze and free the order's tokens as its payment has it now.

    Joins the open transaction, in which the order's user is locked.

    Args:
        order: any order; only a paid one of tokens has something to follow.
    """
    if order.kind != OrderKind.TOKENS or order.state != OrderState.PAID:
        return
    now = clock.now()
    with transaction() as session:
        refunds, disputes = _link(session, order)
        if not refunds and not disputes:
            return
        target, returned = _target(order, refunds, disputes)
        balance = due.lock_current(session, order.user_id, now)
        lots.settle(session, balance)
        books = Books(session, balance, _lots_of(session, order), now)
        _follow(books, order, target, returned)
        due.catch_up(session, balance, now)


def _follow(books: Books, order: Order, target: Reversal, returned: Money) -> None:
    about = ledger_reasons.payment_went_back(order.id, returned)
    disputed = ledger_reasons.payment_is_disputed(order.id)
    undisputed = ledger_reasons.no_longer_disputed(order.id)
    lot_moves.thaw(books, books.frozen - target.frozen, undisputed)
    lot_moves.take(books, target.taken - books.taken, about)
    lot_moves.restore(books, books.taken - target.taken, about)
    lot_moves.freeze(books, target.frozen - books.frozen, disputed)
    log.info(
        "order.reversed",
        order_id=order.id,
        user_id=order.user_id,
        taken=books.taken,
        frozen=books.frozen,
    )


def _link(session: Session, order: Order) -> tuple[Sequence[Refund], Sequence[Dispute]]:
    """Find what came of the payment, also where it was told before the order was fulfilled."""
    intent = order.stripe_payment_intent_id
    if intent is None:
        return (), ()
    refunds = session.scalars(select(Refund).where(Refund.stripe_payment_intent_id == intent)).all()
    disputes = session.scalars(
        select(Dispute).where(Dispute.stripe_payment_intent_id == intent)
    ).all()
    for refund in refunds:
        refund.order = order
    for dispute in disputes:
        dispute.order = order
    return refunds, disputes


def _target(
    order: Order, refunds: Sequence[Refund], disputes: Sequence[Dispute]
) -> tuple[Reversal, Money]:
    order.amount_refunded_minor = sum(row.amount_minor for row in refunds if not row.has_failed)
    returned_minor = order.amount_refunded_minor + _sum(disputes, DisputeEffect.TAKES)
    target = reverse(
        order.tokens + order.bonus_tokens,
        paid_minor=order.amount_paid_minor or 0,
        returned_minor=returned_minor,
        disputed_minor=_sum(disputes, DisputeEffect.FREEZES),
    )
    return target, Money(returned_minor, order.currency)


def _sum(disputes: Sequence[Dispute], effect: DisputeEffect) -> int:
    return sum(row.amount_minor for row in disputes if row.effect == effect)


def _lots_of(session: Session, order: Order) -> Sequence[TokenLot]:
    # The bonus is the younger lot, and goes first.
    of_order = select(TokenLot).where(TokenLot.order_id == order.id).order_by(TokenLot.id.desc())
    return session.scalars(of_order.execution_options(populate_existing=True)).all()
